"""How the cursor of a grid moves: over the rows held, and with what it owes while their page is on its way."""

from __future__ import annotations

from typing import Any, NamedTuple

from textual import events
from textual.geometry import Region

from widgets.grid_choosing import Choosing


class Place(NamedTuple):
    """Where a person stood in a list: the row's key, its index, its distance from the top of the view."""

    key: str
    at: int
    offset: int


class Seat(NamedTuple):
    """A place, and the cursors by which the rows around it are asked for."""

    after: str | None
    before: str | None
    place: Place


class Moving(Choosing):
    """The part of ``Grid`` that moves. Keys pressed ahead of the rows are owed, and paid when the rows are there."""

    top: int
    _keep: Seat | None
    #: steps to go when the next page arrives
    _owed: int
    #: whether Enter was pressed for a row that is not there yet
    _owes_choice: bool

    def _begin(self, *, after: str | None = None, before: str | None = None, keep: Seat | None = None) -> None:
        raise NotImplementedError

    @property
    def current(self) -> Any | None:
        """The row under the cursor."""
        return self.window.rows[self.cursor] if self.cursor < len(self.window) else None

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
            self.refresh_row(old_cursor)
            self.refresh_row(self.cursor)
        if marked:
            self._marks_changed()
        if self.cursor != old_cursor:
            self._tell_moved()
        self._pager.look_ahead(self.top, self.visible_rows)

    def _tell_moved(self) -> None:
        self.post_message(self.RowMoved(self._grid, self.current))

    def _owe(self, wanted: int) -> None:
        """Remember the steps beyond the rows held while their page is on its way."""
        beyond = wanted - (len(self.window) - 1)
        if beyond > 0 and self.window.next_cursor is not None:
            self._owed = beyond
        elif wanted < 0 and self.window.previous_cursor is not None:
            self._owed = wanted

    @property
    def _anew(self) -> bool:
        """Whether another list is on its way: keys pressed now are meant for its rows, not for those still shown."""
        return self._pager.starting and self._keep is None

    def action_move(self, rows: int) -> None:
        """Move the cursor by ``rows``."""
        if self._owed or self._anew or not len(self.window):
            self._owed += rows
            return
        wanted = self.cursor + rows
        self._move_to(wanted)
        self._owe(wanted)

    def action_page(self, pages: int) -> None:
        """Move by ``pages`` screens."""
        step = pages * self.visible_rows
        if self._owed or self._anew or not len(self.window):
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
            self._begin()

    def action_bottom(self) -> None:
        """Go to the last row of the list, fetching its page if it is not held."""
        if self.window.next_cursor is None:
            self._owed = 0
            self._move_to(len(self.window) - 1)
        else:
            self._begin(before="")

    def action_choose(self) -> None:
        """Open the row under the cursor, or the first row of the list that is on its way."""
        if self._anew or self._owed:
            self._owes_choice = True
        elif self.current is not None:
            self.post_message(self.RowChosen(self._grid, self.current, self.window.keys[self.cursor]))

    def refresh_row(self, index: int) -> None:
        """Repaint the row with ``index`` if it is in view."""
        y = index - self.top + 1
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # -- mouse --------------------------------------------------------------------------------------------------------

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
