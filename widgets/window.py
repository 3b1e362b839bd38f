"""The rows a grid holds: a window of neighbouring keyset pages that slides along a list of unknown length.

Shape: pages at both ends can be dropped and fetched again by their cursors, so a million rows cost what the window
costs. Rejected: row numbers over the whole list with a virtual height; they need a total, which a keyset does not have
and a hot path must not count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from data.types import Page

Row = TypeVar("Row")


@dataclass(frozen=True)
class _Held(Generic[Row]):
    """A page with the cursors it was asked for by."""

    page: Page[Row]
    asked_after: str | None
    asked_before: str | None


class Window(Generic[Row]):
    """Neighbouring pages, at most ``max_pages``; ``rows`` and ``keys`` are flat and in order."""

    def __init__(self, key: Callable[[Row], str], max_pages: int = 20) -> None:
        self._key = key
        self._max_pages = max_pages
        self._pages: deque[_Held[Row]] = deque()
        self.rows: list[Row] = []
        self.keys: list[str] = []
        self._index: dict[str, int] = {}
        self.estimate: int | None = None
        self.exact = False

    def __len__(self) -> int:
        """How many rows are held."""
        return len(self.rows)

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the page behind the window, ``None`` at the end of the list."""
        return self._pages[-1].page.after if self._pages else None

    @property
    def previous_cursor(self) -> str | None:
        """The cursor of the page before the window, ``None`` at the start of the list."""
        return self._pages[0].page.before if self._pages else None

    @property
    def origin(self) -> tuple[str | None, str | None]:
        """The (after, before) by which the first page was asked for, to ask for it again in place."""
        return (self._pages[0].asked_after, self._pages[0].asked_before) if self._pages else (None, None)

    def index_of(self, key: str) -> int | None:
        """Return where the row with ``key`` is, ``None`` if it is not held."""
        return self._index.get(key)

    def rows_at(self, index: int) -> tuple[Row, ...]:
        """Return the row at ``index`` as a tuple of one, empty where there is none."""
        return tuple(self.rows[index : index + 1]) if index >= 0 else ()

    def start(self, page: Page[Row], *, after: str | None = None, before: str | None = None) -> None:
        """Forget everything and hold ``page``."""
        self._pages.clear()
        self.estimate, self.exact = page.estimate, page.exact
        self._pages.append(_Held(page, after, before))
        self._flatten()

    def append(self, page: Page[Row], cursor: str) -> int:
        """Hold the page behind the window; return by how many rows the front got shorter."""
        self._pages.append(_Held(page, cursor, None))
        dropped = 0
        if len(self._pages) > self._max_pages:
            dropped = len(self._pages.popleft().page.rows)
        self._flatten()
        return dropped

    def prepend(self, page: Page[Row], cursor: str) -> int:
        """Hold the page before the window; return by how many rows everything moved down."""
        self._pages.appendleft(_Held(page, None, cursor))
        if len(self._pages) > self._max_pages:
            self._pages.pop()
        self._flatten()
        return len(page.rows)

    def replace(self, key: str, row: Row) -> int | None:
        """Put ``row`` in place of the one with ``key``; return its index, ``None`` if it is not held."""
        index = self._index.get(key)
        if index is None:
            return None
        self.rows[index] = row
        at = index
        for place, held in enumerate(self._pages):
            if at < len(held.page.rows):
                rows = (*held.page.rows[:at], row, *held.page.rows[at + 1 :])
                page = Page(rows, held.page.after, held.page.before, held.page.estimate, held.page.exact)
                self._pages[place] = _Held(page, held.asked_after, held.asked_before)
                break
            at -= len(held.page.rows)
        return index

    def _flatten(self) -> None:
        self.rows = [row for held in self._pages for row in held.page.rows]
        self.keys = [self._key(row) for row in self.rows]
        self._index = {key: index for index, key in enumerate(self.keys)}
