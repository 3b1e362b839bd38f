"""What a person does with the rows of a grid besides moving: mark, choose a column, sort, copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from textual.geometry import Region

from widgets.cells import Cell, Column, Placed, lay_out, plain
from widgets.grid_marks import Marks
from widgets.grid_messages import GridMessages
from widgets.line import Toned
from widgets.pager import Pager
from widgets.window import Window

if TYPE_CHECKING:
    from widgets.grid import Grid


class Choosing(GridMessages, Toned):
    """The part of ``Grid`` that acts on rows and columns."""

    columns: tuple[Column, ...]
    cells: Callable[[Any], Sequence[Cell]]
    window: Window[Any]
    marks: Marks
    cursor: int
    #: index of the column that ``[``, ``]`` and ``y`` act on
    column: int
    _pager: Pager[Any]
    #: whether all rows are to be marked when a page of them is held
    _owes_marks: bool

    @property
    def _grid(self) -> Grid[Any]:
        return cast("Grid[Any]", self)

    @property
    def chosen(self) -> tuple[Any, ...]:
        """The marked rows that are held, in order; without marks the row under the cursor."""
        held = tuple(row for row, key in zip(self.window.rows, self.window.keys, strict=True) if key in self.marks)
        return held or self.window.rows_at(self.cursor)

    def placed(self) -> tuple[Placed, ...]:
        """The columns that fit now, with their widths."""
        return lay_out(self.columns, self.size.width)

    def action_move(self, rows: int) -> None:
        """Move the cursor by ``rows``."""
        raise NotImplementedError

    def refresh_row(self, index: int) -> None:
        """Repaint the row with ``index`` if it is in view."""
        raise NotImplementedError

    # -- marks --------------------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark or unmark the row and go one down."""
        if self.window.rows_at(self.cursor):
            self.marks.toggle(self.window.keys[self.cursor])
            self._marks_changed()
            self.refresh_row(self.cursor)
            self.action_move(1)

    def action_range(self) -> None:
        """Start marking from here on while moving, or stop."""
        if self.window.rows_at(self.cursor):
            self.marks.toggle_range(self.window.keys[self.cursor])
            self._marks_changed()
            self.refresh_row(self.cursor)

    def action_mark_all(self) -> None:
        """Mark every row held, a whole page at least; a second time unmarks."""
        if self._pager.fill():
            self._owes_marks = True
        else:
            self.mark_held()

    def mark_held(self) -> None:
        """Mark every row held, or unmark them if they are."""
        self.marks.toggle_all(self.window.keys)
        self._marks_changed()
        self.refresh()

    def clear_marks(self) -> bool:
        """Unmark everything (Esc). Return whether there was anything to unmark."""
        if not self.marks.clear():
            return False
        self._marks_changed()
        self.refresh()
        return True

    def _marks_changed(self) -> None:
        self.post_message(self.MarksChanged(self._grid, len(self.marks)))

    # -- columns ------------------------------------------------------------------------------------------------------

    def action_column(self, step: int) -> None:
        """Choose the column that ``[``, ``]`` and ``y`` act on."""
        shown = [placed.index for placed in self.placed()]
        if shown:
            at = shown.index(self.column) if self.column in shown else 0
            self.column = shown[max(0, min(at + step, len(shown) - 1))]
            self.refresh_heading()

    def refresh_heading(self) -> None:
        """Repaint the heading."""
        self.refresh(Region(0, 0, self.size.width, 1))

    def action_sort(self, descending: bool) -> None:
        """Ask the screen to sort by the chosen column; where it can't be, by the sorted one."""
        sortable = {column.sort for column in self.columns if column.sort}
        now = self._grid.sorted_by[0] if self._grid.sorted_by is not None else ""
        name = self.columns[self.column].sort or (now if now in sortable else "")
        if name:
            self.post_message(self.SortRequested(self._grid, name, descending))
        else:
            self.app.bell()

    # -- copying ------------------------------------------------------------------------------------------------------

    def action_copy_cell(self) -> None:
        """Ask the screen to copy the chosen column's cell."""
        for row in self.window.rows_at(self.cursor):
            column = self.columns[self.column]
            text = plain(self.cells(row)[self.column])
            self.post_message(self.CopyRequested(self._grid, text, column.label.lower() or column.key))

    def action_copy_row(self) -> None:
        """Ask the screen to copy the row, its cells separated by tabs; with marks, all marked rows."""
        lines = ["\t".join(plain(cell) for cell in self.cells(row)) for row in self.chosen]
        if lines:
            what = "row" if len(lines) == 1 else f"{len(lines)} rows"
            self.post_message(self.CopyRequested(self._grid, "\n".join(lines), what))
