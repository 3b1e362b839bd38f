"""Section rule: ``─ Lines ─────────``, with an optional note at the right end."""

from __future__ import annotations

from widgets.line import OneLine, Piece
from widgets.text import fit, visible, width_of


class SectionRule(OneLine):
    """A rule that separates, with a heading that names."""

    def __init__(self, title: str = "", note: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._note = note

    def show(self, title: str, note: str = "") -> None:
        """Change heading and note."""
        self._title = title
        self._note = note
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """The rule across the whole width."""
        title, tail = visible(self._title), f" {visible(self._note)} ──" if self._note else ""
        head = f"─ {fit(title, min(width_of(title), width - width_of(tail) - 4))} " if title else ""
        dashes = max(width - width_of(head) - width_of(tail), 0)
        if not self._title and not self._note:
            return [Piece("─" * width, "muted")]
        return [Piece(head, "strong"), Piece("─" * dashes, "muted"), Piece(tail, "muted")]
