"""Two small lists over a list: its saved views, and the columns it can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from screens.overlay import Overlay
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine
from widgets.text import fit

if TYPE_CHECKING:
    from uuid import UUID

    from data.estimate import Approximate
    from data.views.rules import View

_NAME = 24
_MOST_LINES = 14


class _ListOverlay:
    DEFAULT_CSS = """
    ViewsOverlay Sheet, ColumnsOverlay Sheet { height: 14; }
    ViewsOverlay .title, ColumnsOverlay .title { text-style: bold; margin-bottom: 1; }
    """


class ViewsOverlay(_ListOverlay, Overlay["tuple[str, View]"]):
    """Answers with what to do with which view: ``("open", view)`` or ``("remove", view)``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,d", "remove", "remove", id="views.remove")]

    def __init__(self, views: Sequence[View], counts: Mapping[UUID, Approximate] | None = None) -> None:
        super().__init__()
        self._views = tuple(views)
        self._counts = counts or {}
        self.sheet = Sheet(id="views")

    def compose(self) -> ComposeResult:
        """Title, views, keys."""
        with Vertical(classes="overlay"):
            yield Static(Content("Saved views"), classes="title")
            yield self.sheet
            yield Static(Content("Enter opens   d removes   Esc leaves"), classes="hint")

    def on_mount(self) -> None:
        """Show them."""
        if self._views:
            self.sheet.show(self._lay)
        else:
            self.sheet.say("None yet.", "B in the list saves what its line asks for")
        self.sheet.focus()

    def _lay(self, width: int) -> list[SheetLine]:
        lines = []
        for view in self._views:
            count = self._counts.get(view.view_id)
            about = f"{'' if count is None else str(count):>6}  " if self._counts else ""
            pieces = (
                Piece(f"{view.key or ' '}  ", "key"),
                Piece(fit(view.name, _NAME)),
                Piece(f"  {view.whose:<10}", "muted"),
                Piece(about),
                Piece(fit(view.query or "everything", max(width - _NAME - 15 - len(about), 1)), "muted"),
            )
            lines.append(SheetLine(pieces, str(view.view_id), view))
        return lines

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter: open it."""
        self._answer("open")

    def action_remove(self) -> None:
        """``d``: take it away."""
        self._answer("remove")

    def _answer(self, verb: str) -> None:
        line = self.sheet.current
        view = next((one for one in self._views if line is not None and str(one.view_id) == line.key), None)
        if view is not None:
            self.dismiss((verb, view))


class ColumnsOverlay(_ListOverlay, Overlay["tuple[str, ...]"]):
    """Answers with the names of the columns to show, in order."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn", "show or hide", id="columns.turn"),
        Binding("J", "shift(1)", "later", id="columns.later"),
        Binding("K", "shift(-1)", "earlier", id="columns.earlier"),
        Binding("ctrl+s", "keep", "keep", id="columns.keep"),
    ]

    def __init__(self, columns: Sequence[tuple[str, str]], shown: Sequence[str]) -> None:
        super().__init__()
        labels = dict(columns)
        first = [name for name in shown if name in labels]
        self._labels = labels
        self._order = [*first, *(name for name in labels if name not in first)]
        self._shown = set(first)
        self.sheet = Sheet(id="columns")

    def compose(self) -> ComposeResult:
        """Title, columns, keys."""
        with Vertical(classes="overlay"):
            yield Static(Content("Columns"), classes="title")
            yield self.sheet
            yield Static(Content("Space shows or hides   J K move   Enter keeps   Esc leaves"), classes="hint")

    def on_mount(self) -> None:
        """Show them."""
        self.sheet.show(self._lay)
        self.sheet.focus()

    def _lay(self, width: int) -> list[SheetLine]:
        return [
            SheetLine(
                (
                    Piece("▣ " if name in self._shown else "▢ ", "key" if name in self._shown else "muted"),
                    Piece(fit(self._labels[name], max(width - 2, 1))),
                ),
                name,
            )
            for name in self._order
        ]

    def action_turn(self) -> None:
        """Show or hide the column."""
        self._shown ^= {self.sheet.key}
        self.sheet.show(self._lay)

    def action_shift(self, steps: int) -> None:
        """Move the column."""
        at = self._order.index(self.sheet.key)
        to = at + steps
        if 0 <= to < len(self._order):
            self._order[at], self._order[to] = self._order[to], self._order[at]
            self.sheet.show(self._lay)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter: keep them."""
        self.action_keep()

    def action_keep(self) -> None:
        """Keep what is chosen."""
        self.dismiss(tuple(name for name in self._order if name in self._shown))
