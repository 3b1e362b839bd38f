"""A shell screen that shows hostile strings in every kind of place that data can reach. Run by test_hostile."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static, TextArea

from bench.support.terminal_app import nobody_opens
from data.settings import Settings
from data.types import Facet, FacetValue, Page, StatusMark
from screens.action import Action
from screens.base import AppScreen
from screens.places import Place
from tests.hostile import HOSTILE
from tui.app import Shell
from widgets.cells import Column, Highlighted, Runs
from widgets.facets import FacetPanel
from widgets.field import Field, LineInput
from widgets.grid import Grid
from widgets.line import Piece
from widgets.queryline import QueryLine
from widgets.sheet import Sheet, SheetLine, facts


class HostileScreen(AppScreen):
    """Shows string number ``at`` everywhere; ``n`` goes to the next."""

    NAME = "dashboard"
    ACTIONS = (
        Action("hostile.next", "n", "next", "next", help="The next string"),
        Action("hostile.confirm", "a", "ask", "ask", help="Ask with it"),
        Action("hostile.copy", "c", "copy", "copy", help="Copy it"),
        Action("hostile.problem", "X", "fail", "fail", help="Fail with it"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.at = -1
        self.query_line = QueryLine()
        columns = (Column("a", "A", 20), Column("b", "B", 12, flex=1), Column("c", "C", 9), Column("d", "D", 9))
        self.grid: Grid[str] = Grid(columns, self._cells, lambda row: row)
        self.sheet = Sheet(focusable=False)
        self.facets = FacetPanel()
        self.static = Static(markup=False)
        self.input = LineInput()
        self.area = TextArea()
        self.field = Field("name", "Name")

    def _cells(self, row: str) -> tuple[object, ...]:
        return row, Highlighted(row, ((0, 3),)), StatusMark("●", row, "good"), Runs(((row, "warn"), (row, "bad")))

    def compose_query(self) -> Iterable[Widget]:
        yield self.query_line

    def compose_body(self) -> Iterable[Widget]:
        for widget, height in (
            (self.grid, 3), (self.sheet, 3), (self.facets, 3), (self.static, 1),
            (self.input, 1), (self.area, 2), (self.field, 2),
        ):  # fmt: skip
            widget.styles.height = height
            yield widget

    def on_mount(self) -> None:
        self.grid.focus()

    def next(self) -> None:
        self.at += 1
        text = HOSTILE[self.at]

        async def fetch(**_: object) -> Page[str]:
            return Page((text, "second"))

        self.grid.show(fetch)
        self.sheet.show(lambda width: [SheetLine((Piece(text),)), *facts([("name", text)])])
        self.facets.show_facets([Facet("f", text, (FacetValue(text, 3),))])
        self.static.update(Content(text))
        for target in (self.input, self.query_line.input, self.field.input):
            target.value = text
        self.area.text = text
        self.field.show_error(text)
        self.show_crumbs(f"shown {self.at}", text, text)
        self.top_rule.show(text, text)
        self.status.facts(text)
        self.query_line.note(text)
        self.app.title = text
        self.status.say(text)

    def ask(self) -> None:
        self.shell.confirm(HOSTILE[self.at], lambda: None, count=3)

    def copy(self) -> None:
        self.shell.copy_text(HOSTILE[self.at], "string")

    def fail(self) -> None:
        raise LookupError(HOSTILE[self.at])


if __name__ == "__main__":
    place = Place("dashboard", "tests.pty.hostile_app:HostileScreen", "hostile", ("f2", "g d"))
    Shell(Settings(home=Path("/nonexistent"), theme=sys.argv[1]), nobody_opens, places=(place,)).run()
