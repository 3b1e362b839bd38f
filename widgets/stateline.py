"""Row 2 of a screen that shows one thing: its state at the left, a small fact (version, age) at the right."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.line import OneLine, Piece, spread


class StateLine(OneLine):
    """One line of pieces at its two ends; nothing is typed here."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: tuple[Piece, ...] = ()
        self._right: tuple[Piece, ...] = ()

    def show(self, left: Sequence[Piece], right: Sequence[Piece] = ()) -> None:
        """Show ``left`` and ``right``; the left end is cut where both do not fit."""
        self._left, self._right = tuple(left), tuple(right)
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """Both ends."""
        return spread(self._left, self._right, width)
