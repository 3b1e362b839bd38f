"""One search in few questions: hits, total and the facets that every product can have come in one answer.

``data.search.run`` asks one thing after the other, which costs nothing inside a process and a round trip each over a
network. This stands between the two for the length of one search: the first question about a condition brings back all
that will be asked about it, and the rest is answered from there. Rejected: another way through ``run`` for engines far
away, because what a search means would then be written twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.search.elasticsearch_snapshot import ElasticSnapshot
from data.search.facets import ALWAYS
from data.search.plan import Order
from data.search.run import Asked, Found, SortKey
from data.search.tree import Node

__all__ = ["OneSearch"]

#: As many names of attributes as a search asks for, and as many values of each facet.
_NAMES, _VALUES = 1_000, 5_000
_FIXED = tuple(name for name in ALWAYS if name != "price")


class OneSearch:
    """A ``run.Snapshot`` for one search of the first page: ``limit`` hits in ``order``, facets or not."""

    def __init__(self, snapshot: ElasticSnapshot, order: Order, *, limit: int, bounds: Sequence[int] | None) -> None:
        self._snapshot, self._order = snapshot, order
        self._limit, self._bounds = limit, bounds
        self._node: Node | None = None
        self._answer: Mapping[str, Any] = {}

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
        self._node = node
        self._answer = self._snapshot.whole(
            node, self._order, limit=self._limit, bounds=self._bounds, names=_NAMES, fixed=_FIXED, values=_VALUES
        )
        total: int = self._answer["total"]
        return total

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
        found: Found = self._answer["found"]
        return Found(found.hits[:limit], found.keys[:limit])

    def values(self, asked: Sequence[Asked], *, limit: int) -> dict[str, list[tuple[str, int]]]:
        """Return the commonest values by facet."""
        counts: dict[str, list[tuple[str, int]]] = {}
        unknown: list[Asked] = []
        for node, names in asked:
            known = self._known(node) if limit == _VALUES else {}
            counts |= {name: known[name] for name in names if name in known}
            if rest := [name for name in names if name not in known]:
                unknown.append((node, rest))
        return counts | self._snapshot.values(unknown, limit=limit)

    def _known(self, node: Node) -> Mapping[str, list[tuple[str, int]]]:
        if self._bounds is None or node != self._node:
            return {}
        known: Mapping[str, list[tuple[str, int]]] = self._answer["values"]
        return known

    def names(self, node: Node, *, limit: int) -> list[tuple[str, int]]:
        """Return the attributes of what matches with the number of products that have each."""
        if self._bounds is not None and node == self._node and limit == _NAMES:
            names: list[tuple[str, int]] = self._answer["names"]
            return names
        return self._snapshot.names(node, limit=limit)

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return the number of products from each bound to below the next."""
        if node == self._node and self._bounds is not None and list(bounds) == list(self._bounds):
            prices: list[int] = self._answer["prices"]
            return prices
        return self._snapshot.prices(node, bounds)
