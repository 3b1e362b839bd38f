"""ListScreen: a list behind a query line, and the record under the bar beside it. What all list screens share.

Typing searches a moment after the last letter, or at once where that is cheap, Enter always at once; Esc goes from the
line to the list, then gives up the marks, then what was typed, then the screen. A line that can't be read leaves the
list as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from screens.base import AppScreen
from screens.later import Later
from widgets.grid import Grid
from widgets.queryline import QueryLine
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.widget import Widget

    from widgets.grid_moving import Seat


class ListScreen(Later, AppScreen):
    """Base of the screens that find things. A subclass makes ``query_line`` and ``grid`` and says ``list_for``."""

    #: seconds after the last letter until the search starts
    DELAY: ClassVar[float] = 0.12
    #: seconds the bar must rest before the record under it is read
    REST: ClassVar[float] = 0.12
    #: whether a letter that follows a rest of ``DELAY`` is searched for at once: where a search is cheap
    EAGER: ClassVar[bool] = False

    query_line: QueryLine
    grid: Grid[Any]

    def __init__(self) -> None:
        super().__init__()
        self.beside = Sheet(focusable=False, margin=1, id="beside")
        self._shown: str | None = None
        self._typed = 0.0
        #: the query somebody led here with, and what stood here before: Esc goes back to where they came from
        self._led = ""
        self._own: tuple[str, Seat] | None = None

    def compose_query(self) -> Iterable[Widget]:
        """The line."""
        yield self.query_line

    def compose_body(self) -> ComposeResult:
        """The list, and the record under the bar."""
        with Horizontal():
            yield self.grid
            yield self.beside

    def list_for(self, text: str) -> bool:
        """Show the list ``text`` asks for. Return whether the text could be read."""
        raise NotImplementedError

    def look_at(self, row: Any) -> None:
        """Read ``row`` and show it beside the list; called when the bar rests and there is room for it."""

    def arrive(self, query: str | None = None, **arguments: Any) -> None:
        """Show the list: as it was left, or for ``query`` where somebody asks for one.

        Who comes back after that finds the list that stood here before, unless they made the other one theirs.
        """
        own, self._own = self._own, None
        if query is not None:
            left_alone = own is not None and self.query_line.text == self._led
            self._own = own if left_alone else (self.query_line.text, self.grid.seat)
            self.query_line.set(query)
        elif own is not None and self.query_line.text == self._led:
            self.query_line.set(own[0])
        self._led = query or ""
        if self._shown is None or query is not None:
            self.search()
        elif own is not None and self.query_line.text != self._shown:
            self.search()
            self.grid.resume(own[1])
        self.grid.focus()

    # -- the line ---------------------------------------------------------------------------------------------------

    def type_query(self) -> None:
        """Edit the line."""
        self.query_line.type()

    def clear_query(self) -> None:
        """Show everything. Who is typing goes on typing: the next letters are meant for the line, not for the list."""
        typing = self.query_line.typing
        self.show_query("")
        if typing:
            self.query_line.type()
            self.query_line.input.arrived = True  # an empty line: the key that leads into it is no part of it

    def show_query(self, query: str) -> None:
        """Put ``query`` into the line and show what it asks for."""
        self.query_line.set(query)
        self.search()
        self.grid.focus()

    def leave(self) -> bool:
        """Esc: from line to list, then the marks, then the query (to the one somebody led here with), then back."""
        if self.query_line.typing:
            self.grid.focus()
            return True
        if self.grid.clear_marks():
            return True
        if self.query_line.text != self._led:
            self.show_query(self._led)
            return True
        return False

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Search a moment after the last letter; at once on Enter, and where it is cheap on a first letter."""
        rested, self._typed = monotonic() - self._typed > self.DELAY, monotonic()
        if event.final:
            self.not_later("search")
            self.search()
            self.grid.focus()
        elif self.EAGER and rested:
            self.not_later("search")
            self.search()
        else:
            self.later("search", self.DELAY, self.search)

    def search(self) -> None:
        """Show what the line asks for, unless that is shown already."""
        text = self.query_line.text
        if text != self._shown and self.list_for(text):
            self._shown = text

    def reload(self) -> None:
        """Read the list again, stay at this row."""
        self.grid.reload()

    # -- the record beside the list ---------------------------------------------------------------------------------

    def on_grid_row_moved(self, event: Grid.RowMoved) -> None:
        """Read the record under the bar once the bar rests."""
        self.not_later("look")
        if event.row is None:
            self.beside.show(lambda width: ())
        elif self.beside.display:
            self.later("look", self.REST, self.look)
        self.refresh_keys()

    def look(self) -> None:
        """Show the record under the bar beside the list, where there is room for it."""
        if self.beside.display and self.grid.current is not None:
            self.look_at(self.grid.current)

    def on_resize(self) -> None:
        """The room beside the list may have come: fill it."""
        self.call_after_refresh(self.look)
