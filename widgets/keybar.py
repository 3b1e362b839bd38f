"""Row 24: what can I do. The keys that matter here and now; those that are not possible are dim."""

from __future__ import annotations

from typing import NamedTuple

from widgets.line import OneLine, Piece
from widgets.text import width_of


class KeyHint(NamedTuple):
    """One key with its label; ``reason`` says why it is not possible now (empty: it is)."""

    key: str
    label: str
    reason: str = ""


class KeyBar(OneLine):
    """Keys in order of importance; what does not fit is left out from the end, the last hint always stays."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints: tuple[KeyHint, ...] = ()

    def show(self, hints: tuple[KeyHint, ...]) -> None:
        """Show ``hints``, most important first; the last one (``? keys``) is never left out."""
        self._hints = hints
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """As many hints as fit."""
        if not self._hints:
            return []
        *others, last = self._hints
        room = width - _cells(last)
        kept: list[KeyHint] = []
        for hint in others:
            need = _cells(hint) + 2
            if need > room:
                continue
            kept.append(hint)
            room -= need
        pieces: list[Piece] = []
        for hint in [*kept, last]:
            if pieces:
                pieces.append(Piece("  "))
            pieces.append(Piece(hint.key, "muted" if hint.reason else "key"))
            if hint.label:
                pieces.append(Piece(f" {hint.label}", "muted" if hint.reason else "plain"))
        return pieces


def _cells(hint: KeyHint) -> int:
    return width_of(hint.key) + (1 + width_of(hint.label) if hint.label else 0)
