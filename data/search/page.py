"""One search in few questions: hits and total in one answer, the facets every product can have in that or one more.

``data.search.run`` asks one thing after the other. Over a network each would be a round trip, and inside a process each
looks for the same products again. This stands between the two for the length of one search: the first question about
a condition brings back all that will be asked about it, and the rest is answered from there. Rejected: another way
through ``run`` for each engine, because what a search means would then be written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from data.search.engine import SearchResult
from data.search.facets import ALWAYS, PRICE_BOUNDS
from data.search.plan import Order, order_of
from data.search.query import SearchQuery
from data.search.run import MOST_COUNTED, MOST_HITS, MOST_NAMES, Asked, Found, Snapshot, SortKey, run_search
from data.search.tree import Node

__all__ = ["FIXED", "Counts", "FirstPage", "PagedSnapshot", "search_page"]

#: The facets of words that every product can have.
FIXED = tuple(name for name in ALWAYS if name != "price")


@dataclass(frozen=True, slots=True)
class Counts:
    """What the products that match have: as ``Snapshot.names``, ``values`` and ``prices`` return it.

    ``values`` are of ``FIXED`` at least, and of what else the engine thought would be asked for.
    """

    names: list[tuple[str, int]]
    values: Mapping[str, list[tuple[str, int]]]
    prices: list[int]


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The first hits of a condition and how many there are; ``counts`` are brought along or made when asked for."""

    total: int
    found: Found
    counts: Callable[[], Counts]


class PagedSnapshot(Snapshot, Protocol):
    """A ``Snapshot`` that can answer the first questions of a search together."""

    def first_page(self, node: Node, order: Order, *, limit: int, bounds: Sequence[int] | None) -> FirstPage:
        """Return total and first hits. ``counts`` will be asked for if ``bounds`` are given, those of the prices."""
        ...


def search_page(
    snapshot: PagedSnapshot,
    query: SearchQuery,
    *,
    limit: int,
    after: str | None,
    before: str | None,
    facets: bool,
) -> SearchResult:
    """Return what ``SearchEngine.search`` promises, read from ``snapshot``."""
    bounds = [bound * 100 for bound in PRICE_BOUNDS] if facets else None
    # One hit more than the page has tells whether there is a next one, where hits are sorted.
    size = min(max(limit, 1), MOST_HITS) + 1 if after is None and before is None else 0
    one = _OneSearch(snapshot, order_of(query), limit=size, bounds=bounds)
    return run_search(one, query, limit=limit, after=after, before=before, facets=facets)


class _OneSearch:
    """A ``run.Snapshot`` for one search of the first page: ``limit`` hits in ``order``, facets or not."""

    def __init__(self, snapshot: PagedSnapshot, order: Order, *, limit: int, bounds: Sequence[int] | None) -> None:
        self._snapshot, self._order = snapshot, order
        self._limit, self._bounds = limit, bounds
        self._node: Node | None = None
        self._page = FirstPage(0, Found((), ()), lambda: Counts([], {}, []))
        self._counts: Counts | None = None

    @property
    def generation(self) -> int:
        """The number of this state."""
        return self._snapshot.generation

    def frequency(self, field: str, text: str) -> int:
        """Return how many documents have the term."""
        return self._snapshot.frequency(field, text)

    def begins(self, field: str, prefix: str) -> bool:
        """Say whether any term of ``field`` begins with ``prefix``."""
        return self._snapshot.begins(field, prefix)

    def spellings(self) -> Sequence[tuple[str, int]]:
        """Return the words that a mistyped one may have meant."""
        return self._snapshot.spellings()

    def labels(self) -> Mapping[str, str]:
        """Return every attribute as most products write it."""
        return self._snapshot.labels()

    def count(self, node: Node) -> int:
        """Return how many products match, and keep all else that is going to be asked of them."""
        self._page = self._snapshot.first_page(node, self._order, limit=self._limit, bounds=self._bounds)
        self._node, self._counts = node, None
        return self._page.total

    def by_score(self, node: Node, *, limit: int, offset: int) -> Found:
        """Return hits by score."""
        if node == self._node and not offset and limit <= self._limit and self._order.column is None:
            return self._first(limit)
        return self._snapshot.by_score(node, limit=limit, offset=offset)

    def by_column(self, node: Node, order: Order, *, limit: int, after: SortKey | None, backwards: bool) -> Found:
        """Return the hits whose sort key follows ``after``."""
        if node == self._node and order == self._order and limit <= self._limit and after is None and not backwards:
            return self._first(limit)
        return self._snapshot.by_column(node, order, limit=limit, after=after, backwards=backwards)

    def _first(self, limit: int) -> Found:
        found = self._page.found
        return Found(found.hits[:limit], found.keys[:limit])

    def values(self, asked: Sequence[Asked], *, limit: int) -> list[dict[str, list[tuple[str, int]]]]:
        """Return the commonest values by facet."""
        counts: list[dict[str, list[tuple[str, int]]]] = []
        unknown: dict[int, Asked] = {}
        for place, (node, names) in enumerate(asked):
            known = self._known().values if limit == MOST_COUNTED and self._knows(node) else {}
            counts.append({name: known[name] for name in names if name in known})
            if rest := [name for name in names if name not in known]:
                unknown[place] = node, rest
        for place, found in zip(unknown, self._snapshot.values(list(unknown.values()), limit=limit), strict=True):
            counts[place] |= found
        return counts

    def names(self, node: Node, *, limit: int) -> list[tuple[str, int]]:
        """Return the attributes of what matches with the number of products that have each."""
        if self._knows(node) and limit == MOST_NAMES:
            return self._known().names
        return self._snapshot.names(node, limit=limit)

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return the number of products from each bound to below the next."""
        if self._knows(node) and list(bounds) == list(self._bounds or ()):
            return self._known().prices
        return self._snapshot.prices(node, bounds)

    def _knows(self, node: Node) -> bool:
        return self._bounds is not None and node == self._node

    def _known(self) -> Counts:
        if self._counts is None:
            self._counts = self._page.counts()
        return self._counts
