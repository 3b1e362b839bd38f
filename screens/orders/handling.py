"""How the desk handles an order, in few words: on hold, its tags, whose it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from data.types import StatusMark
from widgets.line import Piece

__all__ = ["HELD", "Handled", "handling_pieces", "tags_told"]

#: An order that is held back from shipping.
HELD = StatusMark("‖", "on hold", "warn")


class Handled(Protocol):
    """What both a row of the list and an order as read know."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        ...

    @property
    def assigned_to(self) -> str:
        """Whose it is, ``""`` for nobody's."""
        ...

    @property
    def hold_reason(self) -> str:
        """Why it is held, ``""`` where it is not."""
        ...


def tags_told(tags: Sequence[str]) -> str:
    """Return tags as the screens show them: ``#rush #gift``."""
    return " ".join(f"#{tag}" for tag in tags)


def handling_pieces(order: Handled, *, reason: bool = False) -> list[Piece]:
    """Return what there is to say, each piece with a blank after it; nothing for an order that nobody handles yet."""
    pieces: list[Piece] = []
    if order.hold_reason:
        pieces.append(Piece(f"{HELD}{f': {order.hold_reason}' if reason else ''}  ", HELD.tone))
    if order.tags:
        pieces.append(Piece(f"{tags_told(order.tags)}  ", "key"))
    if order.assigned_to:
        pieces.append(Piece(f"→ {order.assigned_to}  ", "muted"))
    return pieces
