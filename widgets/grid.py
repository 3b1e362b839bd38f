"""Grid: the one list of the program, on the line API, over a paged source.

Shape: a plain line-API widget with a sliding window of pages and its own first visible row; a cursor step repaints two
lines. Rejected: ``DataTable`` (14 s for 100,000 rows) and ``ScrollView`` (its virtual size needs a total). The grid
knows no store: it is given an async ``fetch`` and calls it when the rows near the cursor are missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip

from data.types import Page
from widgets.cells import Cell, Column, Placed, lay_out, plain
from widgets.grid_marks import Marks
from widgets.grid_messages import GridMessages
from widgets.grid_paint import Painter
from widgets.line import Toned
from widgets.window import Window

Row = TypeVar("Row")


class Fetch(Protocol):
    """How a grid gets a page: awaited on the event loop, must not block it; raises whatever the source raises."""

    def __call__(self, *, after: str | None, before: str | None, limit: int) -> Awaitable[Page[Any]]:
        """Return the page after ``after`` (``None``: the first), or before ``before`` (``""``: the last)."""
        ...


class Grid(GridMessages, Toned, Generic[Row], can_focus=True):
    """A list with a cursor, marks, sorting and live rows.

    ``columns`` say what is shown, ``cells`` turns a row into one cell per column (also for columns not shown), ``key``
    gives a row's identity. ``show`` connects it with a source.
    """

    PAGE = 100

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", id="grid.down"),
        Binding("up,k", "move(-1)", "up", id="grid.up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", id="grid.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", id="grid.page_up"),
        Binding("home,ctrl+home", "top", "first row", id="grid.top"),
        Binding("end,ctrl+end,G", "bottom", "last row", id="grid.bottom"),
        Binding("enter", "choose", "open", id="grid.open"),
        Binding("space", "mark", "mark", id="grid.mark"),
        Binding("v", "range", "mark a range", id="grid.range"),
        Binding("ctrl+a", "mark_all", "mark all rows shown so far", id="grid.mark_all"),
        Binding("left", "column(-1)", "column to the left", id="grid.column_left"),
        Binding("right", "column(1)", "column to the right", id="grid.column_right"),
        Binding("left_square_bracket", "sort(False)", "sort ascending", id="grid.sort_up"),
        Binding("right_square_bracket", "sort(True)", "sort descending", id="grid.sort_down"),
        Binding("y", "copy_cell", "copy the cell", id="grid.copy_cell"),
        Binding("Y", "copy_row", "copy the row", id="grid.copy_row"),
    ]

    DEFAULT_CSS = """
    Grid { height: 1fr; width: 1fr; }
    """

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[Row], Sequence[Cell]],
        key: Callable[[Row], str],
        *,
        empty: tuple[str, str] = ("Nothing here.", ""),
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.cells = cells
        self.empty = empty
        self.window: Window[Row] = Window(key)
        self.marks = Marks()
        self.cursor = 0
        self.top = 0
        self.column = 0
        self.sorted_by: tuple[str, bool] | None = None
        self.state = "empty"
        self.notice = empty
        self.stale = False
        self.flashing: set[str] = set()
        self._fetch: Fetch | None = None
        self._failed = False
        self._generation = 0
        self._fetching: set[str] = set()
        self._owed = 0
        self._keep: tuple[str, int, int] | None = None
        self._painter = Painter(self)

    # -- what the screen asks ---------------------------------------------------------------------------------------

    def show(self, fetch: Fetch, *, sorted_by: tuple[str, bool] | None = None) -> None:
        """List what ``fetch`` gives, from its first page; the rows of the old list stay, dim, until it is there."""
        self._fetch = fetch
        self.sorted_by = sorted_by
        self.marks.clear()
        self._begin(None, None, keep=None)

    def reload(self) -> None:
        """Fetch the same list again and stay at the same row."""
        if self._fetch is None:
            return
        after, before = self.window.origin
        row_key = self.window.keys[self.cursor] if self.window.keys else ""
        self._begin(after, before, keep=(row_key, self.cursor, self.cursor - self.top))

    def show_error(self, sentence: str, hint: str = "") -> None:
        """Say inside the grid why there are no rows; rows already there stay, dim."""
        self.notice = (sentence, hint)
        if not len(self.window):
            self.state = "error"
        self._set_stale(True)
        self.refresh()

    def update_row(self, key: str, row: Row, *, flash: bool = True) -> bool:
        """Show ``row`` in place of the one with ``key`` (a live change). Return whether it is held."""
        index = self.window.replace(key, row)
        if index is None:
            return False
        if flash:
            self.flashing.add(key)
            self.set_timer(0.8, lambda: self._unflash(key))
        self._refresh_row(index)
        return True

    @property
    def failed(self) -> bool:
        """Whether the last page asked for could not be had."""
        return self._failed

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.window.rows[self.cursor] if self.cursor < len(self.window) else None

    @property
    def chosen(self) -> tuple[Row, ...]:
        """The marked rows that are held, in order; without marks the row under the cursor."""
        held = tuple(row for row, key in zip(self.window.rows, self.window.keys, strict=True) if key in self.marks)
        return held or ((self.current,) if self.current is not None else ())

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row with ``key``. Return whether it is held."""
        index = self.window.index_of(key)
        if index is None:
            return False
        self._move_to(index)
        return True

    # -- fetching ---------------------------------------------------------------------------------------------------

    def _begin(self, after: str | None, before: str | None, keep: tuple[str, int, int] | None) -> None:
        self._generation += 1
        self._fetching.clear()
        self._owed = 0
        self._keep = keep
        if not len(self.window):
            self.state, self.notice = "loading", ("Loading …", "")
            self.refresh()
        else:
            generation = self._generation
            self.set_timer(
                0.15,
                lambda: self._set_stale(True) if "start" in self._fetching and generation == self._generation else None,
            )
        self._ask("start", after, before)

    def _ask(self, where: str, after: str | None, before: str | None) -> None:
        if self._fetch is None or where in self._fetching:
            return
        self._fetching.add(where)
        self.run_worker(
            self._bring(where, self._generation, after, before),
            group=f"grid:{where}:{self._generation}",
            exit_on_error=False,
        )

    async def _bring(self, where: str, generation: int, after: str | None, before: str | None) -> None:
        assert self._fetch is not None
        limit = self.PAGE
        if where == "start" and self._keep is not None and before is None:
            limit = max(limit, min(self._keep[1] + self.PAGE // 2, 500))
        try:
            page = await self._fetch(after=after, before=before, limit=limit)
        except Exception as error:  # noqa: BLE001 - shown inside the grid by the screen, never raised into the loop
            if generation == self._generation:
                self._fetching.discard(where)
                self._failed = True
                self._owed = 0
                self.post_message(self.LoadFailed(self, error))
            return
        if generation != self._generation or not self.is_attached:
            return
        self._fetching.discard(where)
        self._failed = False
        if where == "start":
            self._started(page, after, before)
        elif where == "after":
            dropped = self.window.append(page, after or "")
            self.cursor -= dropped
            self.top -= dropped
        else:
            added = self.window.prepend(page, before or "")
            self.cursor += added
            self.top += added
        self._settle()

    def _started(self, page: Page[Row], after: str | None, before: str | None) -> None:
        self.window.start(page, after=after, before=before)
        self.stale = False
        self.state = "ready" if page.rows else "empty"
        self.notice = self.empty
        self.cursor = self.top = 0
        if before == "":
            self.cursor = max(len(self.window) - 1, 0)
            self.top = self.cursor
        if self._keep is not None:
            key, index, offset = self._keep
            found = self.window.index_of(key)
            self.cursor = found if found is not None else min(index, max(len(self.window) - 1, 0))
            self.top = self.cursor - offset
            self._keep = None
        self.post_message(self.Loaded(self, page.estimate, page.exact))

    def _settle(self) -> None:
        """After rows arrived: pay the steps still owed, keep the view inside, ask for what is near, repaint."""
        owed, self._owed = self._owed, 0
        if owed:
            self.action_move(owed)
        self._clamp()
        self.refresh()
        self._ask_around()
        self._tell_moved()

    def _ask_around(self) -> None:
        ahead = self.visible_rows
        following, preceding = self.window.next_cursor, self.window.previous_cursor
        if following is not None and self.top + 2 * ahead >= len(self.window):
            self._ask("after", following, None)
        if preceding is not None and self.top - ahead < 0:
            self._ask("before", None, preceding)

    # -- moving -----------------------------------------------------------------------------------------------------

    @property
    def visible_rows(self) -> int:
        """How many rows fit under the heading."""
        return max(self.size.height - 1, 1)

    def _clamp(self) -> None:
        count = len(self.window)
        self.cursor = max(0, min(self.cursor, count - 1))
        last_top = max(count - self.visible_rows, 0)
        if self.window.next_cursor is not None:
            last_top = max(count - 1, 0)
        self.top = max(0, min(self.top, last_top))
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + self.visible_rows:
            self.top = self.cursor - self.visible_rows + 1

    def _move_to(self, index: int, *, top: int | None = None) -> None:
        old_cursor, old_top = self.cursor, self.top
        self.cursor = max(0, min(index, len(self.window) - 1))
        if top is not None:
            self.top = top
        elif not self.top <= self.cursor < self.top + self.visible_rows:
            # Leaving the view scrolls half a page: a held-down key then repaints the screen seldom, not at each step.
            half = self.visible_rows // 2
            self.top = self.cursor - (half if self.cursor > old_cursor else self.visible_rows - 1 - half)
        self._clamp()
        marked = self.marks.stretch(self.window.keys, self.cursor)
        if self.top != old_top or marked:
            self.refresh()
        elif self.cursor != old_cursor:
            self._refresh_row(old_cursor)
            self._refresh_row(self.cursor)
        if marked:
            self.post_message(self.MarksChanged(self, len(self.marks)))
        if self.cursor != old_cursor:
            self._tell_moved()
        self._ask_around()

    def _tell_moved(self) -> None:
        self.post_message(self.RowMoved(self, self.current))

    def _owe(self, wanted: int) -> None:
        """Remember the steps beyond the rows held while their page is on its way."""
        beyond = wanted - (len(self.window) - 1)
        if beyond > 0 and self.window.next_cursor is not None:
            self._owed = beyond
        elif wanted < 0 and self.window.previous_cursor is not None:
            self._owed = wanted

    def action_move(self, rows: int) -> None:
        """Move the cursor by ``rows``."""
        if self._owed or not len(self.window):
            self._owed += rows
            return
        wanted = self.cursor + rows
        self._move_to(wanted)
        self._owe(wanted)

    def action_page(self, pages: int) -> None:
        """Move by ``pages`` screens."""
        step = pages * self.visible_rows
        if self._owed or not len(self.window):
            self._owed += step
            return
        wanted = self.cursor + step
        self._move_to(wanted, top=self.top + step)
        self._owe(wanted)

    def action_top(self) -> None:
        """Go to the first row of the list, fetching its page if it is not held."""
        if self.window.previous_cursor is None:
            self._owed = 0
            self._move_to(0)
        else:
            self._begin(None, None, keep=None)

    def action_bottom(self) -> None:
        """Go to the last row of the list, fetching its page if it is not held."""
        if self.window.next_cursor is None:
            self._owed = 0
            self._move_to(len(self.window) - 1)
        else:
            self._begin(None, "", keep=None)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.current is not None:
            self.post_message(self.RowChosen(self, self.current, self.window.keys[self.cursor]))

    # -- marks, columns, copying --------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark or unmark the row and go one down."""
        if self.current is not None:
            self.marks.toggle(self.window.keys[self.cursor])
            self._refresh_row(self.cursor)
            self.post_message(self.MarksChanged(self, len(self.marks)))
            self.action_move(1)

    def action_range(self) -> None:
        """Start marking from here on while moving, or stop."""
        if self.current is not None:
            self.marks.toggle_range(self.window.keys[self.cursor])
            self._refresh_row(self.cursor)
            self.post_message(self.MarksChanged(self, len(self.marks)))

    def action_mark_all(self) -> None:
        """Mark every row held; a second time unmarks."""
        self.marks.toggle_all(self.window.keys)
        self.refresh()
        self.post_message(self.MarksChanged(self, len(self.marks)))

    def clear_marks(self) -> bool:
        """Unmark everything (Esc). Return whether there was anything to unmark."""
        if not self.marks.clear():
            return False
        self.refresh()
        self.post_message(self.MarksChanged(self, 0))
        return True

    def action_column(self, step: int) -> None:
        """Choose the column that ``[``, ``]`` and ``y`` act on."""
        shown = [placed.index for placed in self.placed()]
        if shown:
            at = shown.index(self.column) if self.column in shown else 0
            self.column = shown[max(0, min(at + step, len(shown) - 1))]
            self.refresh(Region(0, 0, self.size.width, 1))

    def action_sort(self, descending: bool) -> None:
        """Ask the screen to sort by the chosen column."""
        column = self.columns[self.column]
        if column.sort:
            self.post_message(self.SortRequested(self, column.sort, descending))

    def action_copy_cell(self) -> None:
        """Ask the screen to copy the chosen column's cell."""
        if self.current is not None:
            column = self.columns[self.column]
            text = plain(self.cells(self.current)[self.column])
            self.post_message(self.CopyRequested(self, text, column.label.lower() or column.key))

    def action_copy_row(self) -> None:
        """Ask the screen to copy the row, its cells separated by tabs; with marks, all marked rows."""
        lines = ["\t".join(plain(cell) for cell in self.cells(row)) for row in self.chosen]
        if lines:
            self.post_message(
                self.CopyRequested(self, "\n".join(lines), "row" if len(lines) == 1 else f"{len(lines)} rows")
            )

    # -- painting -----------------------------------------------------------------------------------------------------

    def placed(self) -> tuple[Placed, ...]:
        """The columns that fit now, with their widths."""
        return lay_out(self.columns, self.size.width)

    def render_line(self, y: int) -> Strip:
        """Paint one line: the heading, a row, a notice, or nothing."""
        return self._painter.line(y)

    def _refresh_row(self, index: int) -> None:
        y = index - self.top + 1
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _unflash(self, key: str) -> None:
        self.flashing.discard(key)
        index = self.window.index_of(key)
        if index is not None:
            self._refresh_row(index)

    def _set_stale(self, stale: bool) -> None:
        if stale != self.stale:
            self.stale = stale
            self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._clamp()
        self._ask_around()

    def on_focus(self) -> None:
        """The bar becomes bright, and the heading shows the column that keys act on."""
        self._refresh_row(self.cursor)
        self.refresh(Region(0, 0, self.size.width, 1))

    def on_blur(self) -> None:
        """The bar becomes quiet."""
        self._refresh_row(self.cursor)
        self.refresh(Region(0, 0, self.size.width, 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three rows down."""
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three rows up."""
        event.stop()
        self.action_move(-3)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; a second click opens it."""
        index = self.top + event.y - 1
        if event.y >= 1 and index < len(self.window):
            self._move_to(index)
            if event.chain > 1:
                self.action_choose()
