"""One dead letter, whole, where there is no room for it beside the list; it is mended, sent and let go from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from screens.events.sheet import letter_lines
from screens.overlay import Overlay
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from data.events.reads import DeadLetterRow
    from screens.action import Action


class LetterOverlay(Overlay["Action"]):
    """Shows ``row``; answers with the one of ``entries`` (key and action) whose key was pressed."""

    DEFAULT_CSS = """
    LetterOverlay .overlay { width: 90%; height: 80%; }
    """

    def __init__(self, row: DeadLetterRow, entries: Sequence[tuple[str, Action]]) -> None:
        super().__init__()
        self._row = row
        self._entries = dict(entries)
        self.sheet = Sheet(margin=1)

    def compose(self) -> ComposeResult:
        """The letter and the keys."""
        verbs = "".join(f"   {key} {action.label}s" for key, action in self._entries.items())
        with Vertical(classes="overlay"):
            yield self.sheet
            yield Static(Content(f"↑↓ scroll{verbs}   Esc leaves"), classes="hint")

    def on_mount(self) -> None:
        """Scroll at once."""
        self.sheet.show(lambda width: letter_lines(self._row, width))
        self.sheet.focus()

    def on_key(self, event: events.Key) -> None:
        """The key of an action does it to this letter."""
        if event.character is not None and (action := self._entries.get(event.character)) is not None:
            event.stop()
            self.dismiss(action)
