"""The same task with Textual's own parts and defaults: what ``bench.terminal`` compares with.

A ``DataTable`` of 1,000 rows (100,000 take it 14 s to mount), an ``Input``, a ``Footer``, a second screen, a modal.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import DataTable, Footer, Input, Static

from bench.support.rows import COLUMNS, MadeRow, cells
from widgets.cells import plain

ROWS = 1_000


class Ask(ModalScreen[None]):
    """A dialog in Textual's default looks."""

    DEFAULT_CSS = """
    Ask { align: center middle; }
    Ask > Vertical { width: 60; height: 9; border: thick $primary; background: $surface; padding: 1 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """A sentence."""
        with Vertical():
            yield Static("Ships 2 parcels of K7M2-QX4C.")
            yield Static("Enter does it   Esc leaves")


class TableScreen(Screen[None]):
    """Input over table over footer."""

    BINDINGS: ClassVar[list[BindingType]] = [("slash", "type", "Filter"), ("a", "ask", "Ask")]

    def compose(self) -> ComposeResult:
        """The widgets."""
        yield Input(placeholder="filter")
        yield DataTable(cursor_type="row")
        yield Footer()

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(DataTable)
        table.add_columns(*(column.label for column in COLUMNS))
        for number in range(ROWS):
            table.add_row(*(plain(cell) for cell in cells(MadeRow(number))))
        table.focus()

    def action_type(self) -> None:
        """Focus the input."""
        self.query_one(Input).focus()

    def action_ask(self) -> None:
        """Open the dialog."""
        self.app.push_screen(Ask())


class Baseline(App[None]):
    """Two installed screens."""

    BINDINGS: ClassVar[list[BindingType]] = [("f2", "go('one')", "One"), ("f7", "go('two')", "Two")]

    def on_mount(self) -> None:
        """Show the first."""
        self.install_screen(TableScreen(), "one")
        self.install_screen(TableScreen(), "two")
        self.push_screen("one")

    def action_go(self, name: str) -> None:
        """Switch."""
        self.switch_screen(name)


if __name__ == "__main__":
    Baseline().run()
