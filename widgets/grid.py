"""Grid: the one list of the program, on the line API, over a paged source.

Shape: a plain line-API widget with a sliding window of pages and its own first visible row; a cursor step repaints two
lines. Rejected: ``DataTable`` (14 s for 100,000 rows) and ``ScrollView`` (its virtual size needs a total). The grid
knows no store: it is given an async ``fetch`` and calls it when the rows near the cursor are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import BindingType
from textual.strip import Strip

from data.types import Page
from widgets.cells import Cell, Column
from widgets.grid_keys import KEYS
from widgets.grid_marks import Marks
from widgets.grid_moving import Moving, Place, Seat
from widgets.grid_paint import Painter
from widgets.pager import Fetch, Pager
from widgets.window import Window

Row = TypeVar("Row")


class Grid(Moving, Generic[Row], can_focus=True):
    """A list with a cursor, marks, sorting and live rows.

    ``columns`` say what is shown, ``cells`` turns a row into one cell per column (also for columns not shown), ``key``
    gives a row's identity. ``show`` connects it with a source. A ``quick`` list begins with the rows near the view, and
    the rest of its first page follows at rest: for lists that a person makes anew with every letter.
    """

    BINDINGS: ClassVar[list[BindingType]] = KEYS
    #: seconds until the rest of a quick list's first page is fetched
    REST: ClassVar[float] = 0.3

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
        quick: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.cells = cells
        self.empty = empty
        self.quick = quick
        self._pager: Pager[Row] = Pager(self, key)
        self.window: Window[Row] = self._pager.window
        self.marks = Marks()
        self.cursor = 0
        self.top = 0
        self.column = 0
        self.sorted_by: tuple[str, bool] | None = None
        self.state = "empty"
        self.notice = empty
        self.stale = False
        self.flashing: set[str] = set()
        self._owed = 0
        self._owes_choice = self._owes_marks = False
        self._keep: Seat | None = None
        self._painter = Painter(self)

    # -- what the screen asks ---------------------------------------------------------------------------------------

    def show(self, fetch: Fetch, *, sorted_by: tuple[str, bool] | None = None) -> None:
        """List what ``fetch`` gives, from its first page; the rows of the old list stay, dim, until it is there."""
        self._pager.fetch = fetch
        self.sorted_by = sorted_by
        self.marks.clear()
        self._begin()

    def reload(self) -> None:
        """Fetch the same list again and stay at the same row."""
        if self._pager.fetch is None:
            return
        self.resume(self.seat)

    @property
    def seat(self) -> Seat:
        """Where a person stands in the list, or will once it is there: to come back to with ``resume``."""
        if self._keep is not None:
            return self._keep
        row_key = self.window.keys[self.cursor] if self.window.keys else ""
        return Seat(*self.window.origin, Place(row_key, self.cursor, self.cursor - self.top))

    def resume(self, seat: Seat) -> None:
        """Fetch the list from ``seat`` of it, and stand there."""
        self._begin(after=seat.after, before=seat.before, keep=seat)

    def show_error(self, sentence: str, hint: str = "") -> None:
        """Say inside the grid why there are no rows; rows already there stay, dim."""
        self.notice = (sentence, hint)
        if not len(self.window):
            self.state = "error"
        self._set_stale(True)
        self.refresh()

    @property
    def in_view(self) -> Sequence[Row]:
        """The rows that are shown now."""
        return self.window.rows[max(self.top, 0) : self.top + self.visible_rows]

    def update_row(self, key: str, row: Row, *, flash: bool = True) -> bool:
        """Show ``row`` in place of the one with ``key`` (a live change). Return whether it is held."""
        index = self.window.replace(key, row)
        if index is None:
            return False
        if flash:
            self.flashing.add(key)
            self.set_timer(0.8, lambda: self._unflash(key))
        self.refresh_row(index)
        return True

    @property
    def failed(self) -> bool:
        """Whether the last page asked for could not be had."""
        return self._pager.failed

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row with ``key``. Return whether it is held."""
        index = self.window.index_of(key)
        if index is None:
            return False
        self._move_to(index)
        return True

    # -- pages (called by the pager) ----------------------------------------------------------------------------------

    def _begin(self, *, after: str | None = None, before: str | None = None, keep: Seat | None = None) -> None:
        self._owed, self._owes_choice, self._owes_marks = 0, False, False
        self._keep = keep
        self._pager.start(after=after, before=before, rows=self._rows_at_first(keep))
        if not len(self.window):
            self.state, self.notice = "loading", ("Loading …", "")
            self.refresh()
        else:
            # Old rows go dim only if the new ones keep a person waiting.
            self.set_timer(0.15, lambda: self._set_stale(True) if self._pager.starting else None)

    def _rows_at_first(self, keep: Seat | None) -> int:
        page = self._pager.PAGE
        if keep is not None:
            return max(page, keep.place.at + page // 2)
        # One row more than what would have the next page asked for at once.
        return min(page, 2 * self.visible_rows + 1) if self.quick and self.size.height else page

    def start_job(self, job: Coroutine[Any, Any, None]) -> None:
        """Run ``job`` as a worker of this grid."""
        self.run_worker(job, group="grid", exit_on_error=False)

    def list_started(self, page: Page[Any], *, from_end: bool) -> None:
        """Stand on the row one stood on, else on the first (or last) one."""
        self.stale = False
        self.state = "ready" if page.rows else "empty"
        self.notice = self.empty
        last = max(len(self.window) - 1, 0)
        self.cursor = self.top = last if from_end else 0
        if self._keep is not None:
            place, self._keep = self._keep.place, None
            found = self.window.index_of(place.key)
            self.cursor = found if found is not None else min(place.at, last)
            self.top = self.cursor - place.offset
        if self.quick:
            self.set_timer(self.REST, self._pager.fill)
        self.post_message(self.Loaded(self, page.estimate, page.exact))

    def rows_shifted(self, by: int) -> None:
        """Keep pointing at the same rows."""
        self.cursor += by
        self.top += by

    def page_arrived(self) -> None:
        """Pay the steps still owed, keep the view inside, ask for what is near, repaint."""
        owed, self._owed = self._owed, 0
        if owed:
            self.action_move(owed)
        self._clamp()
        self.refresh()
        self._pager.look_ahead(self.top, self.visible_rows)
        self._tell_moved()
        if self._owes_choice and not self._owed:
            self._owes_choice = False
            self.action_choose()
        if self._owes_marks:
            self._owes_marks = False
            self.mark_held()

    def page_failed(self, error: Exception) -> None:
        """Let the screen say why."""
        self._owed, self._owes_choice, self._owes_marks = 0, False, False
        self.post_message(self.LoadFailed(self, error))

    # -- painting -----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Paint one line: the heading, a row, a notice, or nothing."""
        return self._painter.line(y)

    def _unflash(self, key: str) -> None:
        self.flashing.discard(key)
        index = self.window.index_of(key)
        if index is not None:
            self.refresh_row(index)

    def _set_stale(self, stale: bool) -> None:
        if stale != self.stale:
            self.stale = stale
            self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._clamp()
        self._pager.look_ahead(self.top, self.visible_rows)

    def on_focus(self) -> None:
        """The bar becomes bright, and the heading shows the column that keys act on."""
        self.refresh_row(self.cursor)
        self.refresh_heading()

    def on_blur(self) -> None:
        """The bar becomes quiet."""
        self.refresh_row(self.cursor)
        self.refresh_heading()
