"""The line of the orders list while it is typed: what can't be read is marked in its place, Tab writes what was meant.

Shape: a mix-in, as the catalog's ``LineHelp``; offers from stores are the catalog's own, and not taken over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.catalog.line import mended, serious
from screens.listing import ListScreen
from widgets.queryline import QueryInput

if TYPE_CHECKING:
    from data.orders.query import OrderLine, OrderQuery
    from data.search.query import QueryProblem


class OrderLineHelp(ListScreen):
    """Marks and Tab for a line of ``data.orders.query``."""

    def __init__(self) -> None:
        super().__init__()
        self._meant: QueryProblem | None = None

    def read_line(self, text: str) -> OrderQuery | None:
        """Return what ``text`` asks for, ``None`` where it can't be read; rows 2 and 23 say what is wrong and meant."""
        line = self._mark(text)
        first = next(iter(line.problems), None)
        part = text[first.start : first.end].rstrip(":") if first is not None else ""
        self.status.say(f"{part}: {first.message}" if first is not None else "", "bad")
        return line.query if first is None else None

    def _mark(self, text: str) -> OrderLine:
        """Read ``text`` and mark in row 2 what can't be read, but for what is still being typed."""
        from data.orders.query import read_order_query

        line = read_order_query(text)
        cursor = self.query_line.input.cursor_position if self.query_line.typing else -1
        wrong = serious(line.problems, cursor)
        told = (*wrong, *serious(line.hints, cursor))
        self._meant = next((one for one in told if one.suggestion), None)
        self.query_line.mark(tuple((one.start, one.end) for one in told), completes=self._meant is not None)
        if self._meant is not None:
            typing, meant = self.query_line.typing, self._meant.suggestion
            self.query_line.note(f"Tab: {meant}" if typing else f"▲ is {meant} meant?", "key")
        elif wrong:
            self.query_line.note(f"▲ {text[wrong[0].start : wrong[0].end][:24]}", "bad")
        else:
            self.query_line.note(self.idle_note())
        return line

    def mark_again(self) -> None:
        """Row 2 tells how things are now: what was being typed is done with, or what it names has changed."""
        self._mark(self.query_line.text)

    def on_descendant_focus(self, event: object) -> None:
        """Who leaves the line has typed what was to be typed."""
        self.mark_again()

    def on_resize(self) -> None:
        """Row 2 has another room for what stands at its end."""
        self.call_after_refresh(self.mark_again)

    def idle_note(self) -> str:
        """Return what stands at the end of row 2 while nothing is wrong."""
        return ""

    def on_query_input_steered(self, event: QueryInput.Steered) -> None:
        """``↓`` goes to the list; Tab writes what was meant."""
        event.stop()
        if event.step > 0:
            self.grid.focus()
        elif event.step == 0 and self._meant is not None:
            self.query_line.set(mended(self.query_line.text, self._meant))
            self.search()
