"""The ``?`` sheet: every key of this screen, from the registry, with the reason where one is not possible now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from screens.action import Action, show_key
from screens.overlay import Overlay
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine, heading
from widgets.text import fit

#: a heading, and (keys, action, why it is not possible now)
Section = tuple[str, Sequence[tuple[tuple[str, ...], Action, str]]]
_KEYS = 18


class HelpSheet(Overlay[None]):
    """A page of keys; scrolls like any list."""

    AUTO_FOCUS = "Sheet"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1,q", "close", "close", id="help.close")]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = sections
        self.sheet = Sheet(id="help-sheet")

    def compose(self) -> ComposeResult:
        """The sheet fills the overlay."""
        with Vertical(classes="overlay -full"):
            yield self.sheet

    def on_mount(self) -> None:
        """Lay the keys out."""
        self.sheet.show(self._lay)

    def _lay(self, width: int) -> list[SheetLine]:
        lines: list[SheetLine] = []
        for title, rows in self._sections:
            if not rows:
                continue
            lines.append(heading(title, width))
            for keys, action, reason in rows:
                shown = "  ".join(show_key(key) for key in keys) or "no key"
                tone = "muted" if reason else "plain"
                said = action.help or action.label
                text = f"{said} (not now: {reason})" if reason else said
                lines.append(SheetLine((Piece(fit(shown, _KEYS), "muted" if reason else "key"), Piece(text, tone))))
            lines.append(SheetLine())
        lines.append(SheetLine((Piece("Esc closes. Keys can be changed: docs/keymap.md", "muted"),)))
        return lines
