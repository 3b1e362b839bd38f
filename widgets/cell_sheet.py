"""CellSheet: a table whose cells are changed in place, on the line API; what it means is the screen's.

It paints a ``CellTable`` and moves in it. Changed cells carry ``•``, wrong ones ``▲``: colour is not the only sign.
Rejected: an input widget in every cell (500 rows are 3,000 widgets), and one that floats over the cell, which the
terminal repaints with every letter; what is typed stands in row 2, as in every spreadsheet's line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from widgets.cell_table import CellColumn, CellTable
from widgets.line import Piece, Toned
from widgets.text import fit, visible

_GAP = 2
#: The keys that begin to type over a cell; letters are keys of the screen.
_TYPED = frozenset("0123456789.-")


@dataclass(frozen=True)
class Aside:
    """A column that only tells: no cell of the table, no place of the cursor, shown from ``min_total`` cells on."""

    label: str
    width: int
    min_total: int
    #: what stands there, by the row's index
    text: Callable[[int], str]
    right: bool = False


class CellSheet(Toned, can_focus=True):
    """The table with its cursor and range."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "go(1,0)", "down", id="cells.down"),
        Binding("up,k", "go(-1,0)", "up", id="cells.up"),
        Binding("left,h", "go(0,-1)", "left", id="cells.left"),
        Binding("right,l", "go(0,1)", "right", id="cells.right"),
        Binding("shift+down", "stretch(1,0)", "range down", id="cells.range_down"),
        Binding("shift+up", "stretch(-1,0)", "range up", id="cells.range_up"),
        Binding("shift+left", "stretch(0,-1)", "range left", id="cells.range_left"),
        Binding("shift+right", "stretch(0,1)", "range right", id="cells.range_right"),
        Binding("pagedown", "page(1)", "page down", id="cells.page_down"),
        Binding("pageup", "page(-1)", "page up", id="cells.page_up"),
        Binding("home", "edge(-1)", "first row", id="cells.top"),
        Binding("end", "edge(1)", "last row", id="cells.bottom"),
        Binding("v", "draw", "draw a range", id="cells.draw"),
        Binding("enter", "type", "type", id="cells.type"),
    ]

    DEFAULT_CSS = """
    CellSheet { height: 1fr; width: 1fr; }
    """

    class Moved(Message):
        """The cursor or the range is another."""

    class TypeRequested(Message):
        """Somebody wants to write into the range; ``text`` is what was typed already."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    class Pasted(Message):
        """Text was pasted."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table: CellTable | None = None
        self.notice = "Loading …"
        self.drawing = False
        self._asides: Sequence[Aside] = ()
        self._top = 0

    def show(self, table: CellTable | None, notice: str = "", asides: Sequence[Aside] = ()) -> None:
        """Show ``table``, or ``notice`` where there is none; ``asides`` stand behind its flexible column."""
        self.table, self.notice, self._asides = table, notice, asides
        self._keep_in_view()
        self.refresh()

    # -- moving -------------------------------------------------------------------------------------------------------

    def action_go(self, rows: int, columns: int) -> None:
        """Move; while a range is drawn it grows."""
        self._go(rows, columns, stretch=self.drawing)

    def action_stretch(self, rows: int, columns: int) -> None:
        """Let the range grow."""
        self._go(rows, columns, stretch=True)

    def action_page(self, pages: int) -> None:
        """Move by a screen."""
        self._go(pages * max(self.size.height - 2, 1), 0, stretch=self.drawing)

    def action_edge(self, where: int) -> None:
        """Go to the first or the last row."""
        if self.table is not None:
            self._go(where * len(self.table.rows), 0, stretch=self.drawing)

    def action_draw(self) -> None:
        """Begin to draw a range with the arrows, or end it."""
        self.drawing = not self.drawing
        self.post_message(self.Moved())

    def action_type(self) -> None:
        """Write into the range."""
        self.post_message(self.TypeRequested(None))

    def _go(self, rows: int, columns: int, *, stretch: bool) -> None:
        if self.table is not None and self.table.rows:
            self.table.go(rows, columns, stretch=stretch)
            self._keep_in_view()
            self.refresh()
            self.post_message(self.Moved())

    def _keep_in_view(self) -> None:
        row = self.table.cursor[0] if self.table is not None else 0
        room = max(self.size.height - 1, 1)
        self._top = max(min(self._top, row), row - room + 1, 0)

    def on_key(self, event: events.Key) -> None:
        """A digit begins to type over the cell."""
        if event.character is not None and event.character in _TYPED:
            event.stop()
            event.prevent_default()
            self.post_message(self.TypeRequested(event.character))

    def on_paste(self, event: events.Paste) -> None:
        """Cells from a spreadsheet."""
        event.stop()
        self.post_message(self.Pasted(event.text))

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._keep_in_view()

    def on_focus(self) -> None:
        """The bar becomes bright."""
        self.refresh()

    def on_blur(self) -> None:
        """The bar becomes quiet."""
        self.refresh()

    # -- painting -----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Paint the heading, a row, or the notice."""
        width, table = self.size.width, self.table
        if table is None or not table.rows:
            return self.strip((Piece(f"  {self.notice}", "muted"),) if y == 1 else (), width)
        asides = [aside for aside in self._asides if width >= aside.min_total]
        widths = _widths(table.columns, width - sum(aside.width + _GAP for aside in asides))
        if y == 0:
            return self.strip(self._heading(table, widths, asides), width)
        row = self._top + y - 1
        return self.strip(self._row(table, row, widths, asides) if row < len(table.rows) else (), width)

    @staticmethod
    def _heading(table: CellTable, widths: list[int], asides: Sequence[Aside]) -> list[Piece]:
        pieces = []
        for column, size in zip(table.columns, widths, strict=True):
            pieces.append(Piece(f"  {fit(column.label, size, right=column.right)}", "muted"))
            behind = asides if column.flex else ()
            pieces += [Piece(f"  {fit(aside.label, aside.width, right=aside.right)}", "muted") for aside in behind]
        return pieces

    def _row(self, table: CellTable, row: int, widths: list[int], asides: Sequence[Aside]) -> list[Piece]:
        pieces: list[Piece] = []
        rows, columns = table.chosen
        for at, (column, size) in enumerate(zip(table.columns, widths, strict=True)):
            cell = table.cell(row, at)
            sign = "▲" if cell.problem else "•" if cell.changed else ""
            tone = "bad" if cell.problem else "warn" if cell.changed else "plain" if column.normal else "muted"
            if (row, at) == table.cursor:
                tone = "bar" if self.has_focus else "bar-quiet"
            elif row in rows and at in columns:
                tone = "bar-quiet"
            pieces += [Piece(" " * _GAP), Piece(fit(sign + (cell.text or "–"), size, right=column.right), tone)]
            for aside in asides if column.flex else ():
                told = fit(visible(aside.text(row)) or "–", aside.width, right=aside.right)
                pieces += [Piece(" " * _GAP), Piece(told, "muted")]
        return pieces


def _widths(columns: tuple[CellColumn, ...], total: int) -> list[int]:
    """Return the width of every column: the flexible one takes what the others leave."""
    fixed = sum(column.width for column in columns if not column.flex) + _GAP * len(columns)
    return [max(total - fixed, column.width) if column.flex else column.width for column in columns]
