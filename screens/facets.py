"""Row 3 of the catalog: what the facets and the list beside them are headed with, in one rule across both."""

from __future__ import annotations

from widgets.line import OneLine, Piece
from widgets.text import visible, width_of


class CatalogHead(OneLine):
    """``─ Facets ──── f ─┬─ 214 found · 7 ms ───── best match ──``; without facets only the list's part."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = self._note = ""
        self._facets_width = 0

    def show(self, title: str, note: str) -> None:
        """Say what was found, and its order."""
        self._title, self._note = title, note
        self.changed()

    def split(self, facets_width: int) -> None:
        """Head the facets too: they take ``facets_width`` cells, their border included; 0 where they are away."""
        self._facets_width = facets_width
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """The rule."""
        found = _rule(self._title, self._note, width - self._facets_width)
        if not self._facets_width:
            return found
        return [*_rule("Facets", "f", self._facets_width - 1), Piece("┬", "muted"), *found]


def _rule(title: str, note: str, width: int) -> list[Piece]:
    head = f"─ {visible(title)} " if title else ""
    tail = f" {visible(note)} ─" if note else ""
    return [
        Piece(head, "strong"),
        Piece("─" * max(width - width_of(head) - width_of(tail), 0), "muted"),
        Piece(tail, "muted"),
    ]
