"""The shell with screens over made rows: what ``bench.terminal`` measures, and tests/pty type into.

It is the real shell, grid, query line and gate; only the rows come from ``bench.support.rows``, as in the baseline app.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.support.rows import COLUMNS, MadeRow, MadeRows, cells
from data.errors import Unavailable
from data.memory import calm_collector
from data.settings import Settings
from data.types import ReportProgress
from screens.action import Action
from screens.base import AppScreen
from screens.places import Place
from tui.app import Shell
from widgets.grid import Grid
from widgets.queryline import QueryLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from data.shop import Shop

ROWS = 1_000_000


class ListScreen(AppScreen):
    """A query line over a long list."""

    NAME = "dashboard"
    TITLE_CRUMBS: ClassVar[tuple[str, ...]] = ("Orders", "To ship")
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("made.filter", "/", "filter", "filter", help="Edit the query", rank=10),
        Action("made.ask", "a", "ask", "ask", help="Ask before doing", rank=20),
        Action("made.crash", "X", "crash", "crash", help="Raise something unforeseen", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.query_line = QueryLine()
        self.grid: Grid[MadeRow] = Grid(COLUMNS, cells, lambda row: row.key)

    def compose_query(self) -> Iterable[Widget]:
        """The query."""
        yield self.query_line

    def compose_body(self) -> Iterable[Widget]:
        """The list."""
        yield self.grid

    def on_mount(self) -> None:
        """Fill the list."""
        self.grid.show(MadeRows(ROWS).fetch)
        self.grid.focus()
        self.status.facts("~1,000,000 match · newest first")

    def filter(self) -> None:
        """Type into the query."""
        self.query_line.type()

    def ask(self) -> None:
        """The confirm shape."""
        self.shell.confirm("Ships 2 parcels of K7M2-QX4C.", lambda: self.status.say("shipped", "good", undo=True))

    def crash(self) -> None:
        """Something nobody foresaw."""
        raise ZeroDivisionError("made on purpose")


class OtherScreen(ListScreen):
    """A second list, to go to."""

    NAME = "catalog"
    TITLE_CRUMBS: ClassVar[tuple[str, ...]] = ("Catalog",)


PLACES = (
    Place("dashboard", "bench.support.terminal_app:ListScreen", "list", ("f2", "g d")),
    Place("catalog", "bench.support.terminal_app:OtherScreen", "products", ("f7", "g p")),
)


def nobody_opens(report: ReportProgress) -> Shop:
    """There is no shop here: the rows are made."""
    raise Unavailable("postgresql", "this program measures the terminal only")


def main() -> None:
    """Run it; the first argument names the theme."""
    theme = sys.argv[1] if len(sys.argv) > 1 else "dark"
    shell = Shell(Settings(home=Path("/nonexistent"), theme=theme), nobody_opens, places=PLACES)
    calm_collector()  # as tui.main does
    shell.run()


if __name__ == "__main__":
    main()
