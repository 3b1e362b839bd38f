"""The fetching behind a grid: one page at a time in each direction, late answers dropped, the window kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from data.types import Page
from widgets.window import Window

Row = TypeVar("Row")


class Fetch(Protocol):
    """How a grid gets a page: awaited on the event loop, must not block it; raises whatever the source raises."""

    def __call__(self, *, after: str | None, before: str | None, limit: int) -> Awaitable[Page[Any]]:
        """Return the page after ``after`` (``None``: the first), or before ``before`` (``""``: the last)."""
        ...


class PagerHost(Protocol):
    """What the pager needs of its grid."""

    def start_job(self, job: Coroutine[Any, Any, None]) -> None:
        """Run ``job`` on the event loop for as long as the grid lives."""

    def list_started(self, page: Page[Any], *, from_end: bool) -> None:
        """A list's first page is in the window."""

    def rows_shifted(self, by: int) -> None:
        """Every row's index in the window grew by ``by``; called before ``page_arrived``."""

    def page_arrived(self) -> None:
        """The window holds more than before."""

    def page_failed(self, error: Exception) -> None:
        """A page could not be had."""


class Pager(Generic[Row]):
    """Keeps ``window`` filled around what the grid shows."""

    PAGE = 100
    #: the most rows asked for at once, when a list is read again in place
    MOST = 500

    def __init__(self, host: PagerHost, key: Callable[[Row], str]) -> None:
        self._host = host
        self.window: Window[Row] = Window(key)
        self.fetch: Fetch | None = None
        self.failed = False
        self._generation = 0
        self._asked: set[str] = set()

    @property
    def starting(self) -> bool:
        """Whether the first page of a list is on its way."""
        return "start" in self._asked

    def start(self, *, after: str | None = None, before: str | None = None, rows: int = PAGE) -> None:
        """Fetch a list from ``after``, ``rows`` of it at first, or from ``before``; late answers are dropped."""
        self._generation += 1
        self._asked.clear()
        self._ask("start", after, before, min(rows, self.MOST) if before is None else self.PAGE)

    def look_ahead(self, top: int, visible: int) -> None:
        """Fetch what lies within a screen of the ``visible`` rows shown from index ``top``."""
        following, preceding = self.window.next_cursor, self.window.previous_cursor
        if following is not None and top + 2 * visible >= len(self.window):
            self._ask("after", following, None, self.PAGE)
        if preceding is not None and top - visible < 0:
            self._ask("before", None, preceding, self.PAGE)

    def fill(self) -> bool:
        """Fetch the next rows where less than a page is held. Return whether they are on their way."""
        following = self.window.next_cursor
        if following is None or len(self.window) >= self.PAGE:
            return False
        self._ask("after", following, None, self.PAGE)
        return True

    def _ask(self, where: str, after: str | None, before: str | None, limit: int) -> None:
        if self.fetch is None or where in self._asked or (self.starting and where != "start"):
            return
        self._asked.add(where)
        self._host.start_job(self._bring(where, self._generation, self.fetch, after, before, limit))

    async def _bring(
        self, where: str, generation: int, fetch: Fetch, after: str | None, before: str | None, limit: int
    ) -> None:
        try:
            page = await fetch(after=after, before=before, limit=limit)
        except Exception as error:  # noqa: BLE001 - shown inside the grid by the screen, never raised into the loop
            if generation == self._generation:
                self._asked.discard(where)
                self.failed = True
                self._host.page_failed(error)
            return
        if generation != self._generation:
            return
        self._asked.discard(where)
        self.failed = False
        if where == "start":
            self.window.start(page, after=after, before=before)
            self._host.list_started(page, from_end=before == "")
        elif where == "after":
            self._host.rows_shifted(-self.window.append(page, after or ""))
        else:
            self._host.rows_shifted(self.window.prepend(page, before or ""))
        self._host.page_arrived()
