"""FamilyMenu: the actions that share a first key, each with its second key and why it is not possible now.

Shape: the actions are ordinary ones with sequences as keys (``$ c``), so palette, ``?`` sheet, keymap and docs/keys.md
know them like any other, and who knows the sequence types it without looking. Rejected: a list of choices beside the
registry, which permissions and the keymap would not reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from screens.action import Action, normal_key, show_key
from screens.overlay import Overlay
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine
from widgets.text import visible

if TYPE_CHECKING:
    from screens.base import AppScreen

_HINT = "a key or Enter does it   Esc leaves"


class Entry(NamedTuple):
    """One line: the second key, the action, and why it is not possible now (``""``: it is)."""

    key: str
    action: Action
    reason: str


def open_menu(screen: AppScreen, first: str, heading: str) -> None:
    """Show the actions of ``screen`` whose keys begin with ``first``; the one chosen is done."""
    shell, beginning = screen.shell, f"{first} "
    entries = [
        Entry(key.removeprefix(beginning), action, shell.why_not(action))
        for action in screen.ACTIONS
        for key in shell.keys_of(action)
        if key.startswith(beginning)
    ]
    shell.overlay(FamilyMenu(heading, entries), lambda action: shell.do(action) if action is not None else None)


class FamilyMenu(Overlay[Action]):
    """Answers with the action chosen. What is not possible stands there dim, with the reason."""

    AUTO_FOCUS = "Sheet"

    DEFAULT_CSS = """
    FamilyMenu .title { text-style: bold; margin-bottom: 1; }
    FamilyMenu .trouble { color: $error; }
    """

    def __init__(self, heading: str, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._heading = visible(heading)
        self._entries = tuple(entries)
        self.sheet = Sheet(id="family")
        self.sheet.styles.height = len(self._entries)
        self._hint = Static(Content(_HINT), classes="hint")

    def compose(self) -> ComposeResult:
        """Heading, one line for each, the keys."""
        with Vertical(classes="overlay") as box:
            box.styles.width, box.styles.max_width = 80, "100%"  # a reason is a sentence
            yield Static(Content(self._heading), classes="title")
            yield self.sheet
            yield self._hint

    def on_mount(self) -> None:
        """Lay the entries out; the bar stands on the first that is possible."""
        self.sheet.show(self._lay)
        first = next((entry for entry in self._entries if not entry.reason), None)
        if first is not None:
            self.call_after_refresh(self.sheet.go_to, first.action.name)  # it has no lines before it has a size

    def _lay(self, width: int) -> list[SheetLine]:
        lines = []
        for entry in self._entries:
            tone = "muted" if entry.reason else "plain"
            said = entry.reason or entry.action.help
            key = Piece(f"{show_key(entry.key):<3}", "muted" if entry.reason else "key")
            pieces = (key, Piece(f"{entry.action.label:<16}", tone), Piece(said, "muted"))
            lines.append(SheetLine(pieces, entry.action.name, entry))
        return lines

    def on_key(self, event: events.Key) -> None:
        """The second key of an entry does it."""
        entry = next((entry for entry in self._entries if normal_key(entry.key) == event.key), None)
        if entry is not None:
            event.stop()
            self._choose(entry)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter on an entry."""
        event.stop()
        if isinstance(event.what, Entry):
            self._choose(event.what)

    def _choose(self, entry: Entry) -> None:
        if entry.reason:
            self.app.bell()
            self._hint.add_class("trouble")
            self._hint.update(Content(visible(f"{entry.action.label}: {entry.reason}")))
        else:
            self.dismiss(entry.action)
