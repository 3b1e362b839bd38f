"""What a line being typed may become: a short list under it, chosen with ``↓`` while the typing goes on.

Shape: one widget that paints its lines and never has the focus, so that letters go on into the line. Rejected: a list
that takes the focus (the next letter would be lost) and Textual's inline suggester (it shows one, and of what kind is
not said).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.strip import Strip

from widgets.line import Piece, Toned, spread
from widgets.text import fit

_KIND = 10


@dataclass(frozen=True)
class Offer:
    """One thing that may be meant. ``line`` is the line it makes; ``ref`` names a thing to open instead."""

    kind: str
    text: str
    note: str = ""
    line: str = ""
    ref: str = ""


class OfferList(Toned):
    """The offers, one a line; hidden while there are none."""

    DEFAULT_CSS = """
    OfferList { dock: top; layer: above; height: auto; margin-top: 1; display: none; background: $surface; }
    OfferList.-shown { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.offers: tuple[Offer, ...] = ()
        self._at = -1

    @property
    def chosen(self) -> Offer | None:
        """The offer under the bar, ``None`` while the line itself is meant."""
        return self.offers[self._at] if 0 <= self._at < len(self.offers) else None

    def show(self, offers: Sequence[Offer]) -> None:
        """Show ``offers``, none of them chosen."""
        if tuple(offers) == self.offers and self._at < 0:
            return
        self.offers, self._at = tuple(offers), -1
        self.styles.height = len(self.offers)
        self.set_class(bool(self.offers), "-shown")
        self.refresh()

    def clear(self) -> bool:
        """Show nothing. Return whether there was something."""
        shown = bool(self.offers)
        self.show(())
        return shown

    def move(self, steps: int) -> None:
        """Choose the next offer; above the first one the line is meant again."""
        self._at = max(-1, min(self._at + steps, len(self.offers) - 1))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one offer."""
        width = self.size.width
        if not 0 <= y < len(self.offers):
            return self.strip((), width)
        offer, chosen = self.offers[y], y == self._at
        tone = "bar" if chosen else "plain"
        left = [
            Piece("▸ " if chosen else "  ", tone),
            Piece(fit(offer.kind, _KIND), "bar" if chosen else "muted"),
            Piece(offer.text, tone),
        ]
        right = [Piece(f"{offer.note} ", "bar" if chosen else "muted")] if offer.note else []
        pieces = spread(left, right, width)
        return self.strip([piece._replace(tone=tone) for piece in pieces] if chosen else pieces, width)
