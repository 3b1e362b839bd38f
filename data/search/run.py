"""One search from query to result, the same for every engine: read the words, try the readings, count the facets.

An engine gives a ``Snapshot``: one state of its index that can evaluate the trees of ``data.search.tree``. Everything a
search asks is asked of one snapshot, so hits, total and counts belong together.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from data.errors import Invalid
from data.paging import decode_cursor, encode_cursor
from data.search import facets as panel
from data.search.engine import WINDOW, Hit, SearchResult, Unheard
from data.search.language import format_query
from data.search.match import Match, read_words
from data.search.plan import Order, Plan, order_of, plan
from data.search.query import SearchQuery, field_key
from data.search.tree import EVERYTHING, Node
from data.search.unheard import sentence, unheard_values
from data.search.words import Vocabulary
from data.types import Facet

__all__ = ["MOST_COUNTED", "MOST_HITS", "MOST_NAMES", "Asked", "Found", "Snapshot", "count_facet", "run_search"]

MOST_HITS = 500
#: More values of one facet are not counted one by one (nobody scrolls them); searching inside it narrows first.
MOST_COUNTED = 5_000
#: As many names of attributes are counted, of which the panel shows the commonest.
MOST_NAMES = 1_000

SortKey = int | str
#: Facets to count, and the products over which; a facet's own choice is left aside, so each may have a condition.
Asked = tuple[Node, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """Hits with their sort keys, in the order asked for."""

    hits: tuple[Hit, ...]
    keys: tuple[SortKey, ...]


class Snapshot(Vocabulary, Protocol):
    """One state of an index."""

    @property
    def generation(self) -> int:
        """The number of that state."""
        ...

    def count(self, node: Node) -> int:
        """Return how many products match."""
        ...

    def by_score(self, node: Node, *, limit: int, offset: int) -> Found:
        """Return hits by score, best first; ties in a fixed order. ``offset + limit`` is at most ``WINDOW`` + 1."""
        ...

    def by_column(self, node: Node, order: Order, *, limit: int, after: SortKey | None, backwards: bool) -> Found:
        """Return hits by a sort key that follow ``after``; ``backwards``: in the opposite order, nearest first."""
        ...

    def values(self, asked: Sequence[Asked], *, limit: int) -> list[dict[str, list[tuple[str, int]]]]:
        """Return for each of ``asked`` the ``limit`` commonest values by facet, as written, with exact counts.

        All in one question.
        """
        ...

    def names(self, node: Node, *, limit: int) -> list[tuple[str, int]]:
        """Return the attributes of the products that match, with how many products have each."""
        ...

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return how many products cost from each of ``bounds`` (in cents) to below the next; the last is open."""
        ...

    def labels(self) -> Mapping[str, str]:
        """Return every attribute as most products write it, by its query name. May be some seconds old."""
        ...


def run_search(
    snapshot: Snapshot, query: SearchQuery, *, limit: int, after: str | None, before: str | None, facets: bool
) -> SearchResult:
    """Return what ``SearchEngine.search`` promises, read from ``snapshot``."""
    started = time.perf_counter()
    limit = min(max(limit, 1), MOST_HITS)
    filters = plan(query, snapshot)
    match, total, notes = _read(snapshot, query, filters)
    page = _Page(snapshot, query, filters.condition(match.node), total, limit)
    hits, following, preceding = page.read(after, before)
    unheard = () if total else _unheard(snapshot, query)
    return SearchResult(
        total=total,
        hits=hits,
        facets=_facets(snapshot, query, filters, match) if facets else (),
        took_ms=(time.perf_counter() - started) * 1000,
        notes=(*filters.notes, *notes, *page.notes, *map(sentence, unheard)),
        after=following,
        before=preceding,
        terms=match.terms,
        prefix=match.prefix,
        generation=snapshot.generation,
        unheard=unheard,
    )


def count_facet(snapshot: Snapshot, query: SearchQuery, name: str, *, contains: str, limit: int) -> Facet:
    """Return what ``SearchEngine.facet`` promises, read from ``snapshot``."""
    filters, name = plan(query, snapshot), field_key(name)
    match, _, _ = _read(snapshot, query, filters)
    counts = _counts(snapshot, [(filters.condition(match.node, apart_from=name), [name])])[0][name]
    return panel.build(
        query, name, panel.holding(counts, contains), panel.label_of(name, snapshot.labels().get(name, "")), limit=limit
    )


def _read(snapshot: Snapshot, query: SearchQuery, filters: Plan) -> tuple[Match, int, tuple[str, ...]]:
    """Return the first reading of the words that finds anything, its total and what to say about it."""
    words = read_words(query.text, query.excluded, snapshot)
    readings = words.matches(snapshot)
    first = next(readings)
    total = snapshot.count(filters.condition(first.node))
    if total or not query.text:
        return first, total, first.notes
    if query.filters and (without := snapshot.count(plan(SearchQuery(), snapshot).condition(first.node))):
        note = f"nothing under these filters; without them {without:,} products match"
        return first, 0, (*first.notes, note)
    for match in readings:
        if total := snapshot.count(filters.condition(match.node)):
            return match, total, match.notes
    return first, 0, first.notes


def _unheard(snapshot: Snapshot, query: SearchQuery) -> tuple[Unheard, ...]:
    def values_of(name: str) -> list[str]:
        return [value for value, _ in _counts(snapshot, [(EVERYTHING, [name])])[0][name]]

    return unheard_values(snapshot, query, values_of)


def _facets(snapshot: Snapshot, query: SearchQuery, filters: Plan, match: Match) -> tuple[Facet, ...]:
    everything, chosen = filters.condition(match.node), sorted(filters.chosen())
    attributes = panel.pick_attributes(snapshot.names(everything, limit=MOST_NAMES), chosen)
    names = [*panel.ALWAYS, *attributes]
    left_out = {name: rest for name in chosen if (rest := filters.left_out(match.node, name)) is not None}
    own = [name for name in chosen if name not in left_out]
    asked: list[Asked] = [(everything, [name for name in names if name not in own])]
    asked += ((filters.condition(match.node, apart_from=name), [name]) for name in own)
    asked += ((rest, [name]) for name, rest in left_out.items())
    counts: dict[str, list[tuple[str, int]]] = {}
    for found in _counts(snapshot, asked):
        for name, listed in found.items():
            counts[name] = [*counts.get(name, ()), *listed]
    return panel.assemble(query, names, counts, snapshot.labels())


def _counts(snapshot: Snapshot, asked: Sequence[Asked]) -> list[dict[str, list[tuple[str, int]]]]:
    counts = snapshot.values(
        [(node, [name for name in names if name != "price"]) for node, names in asked], limit=MOST_COUNTED
    )
    for place, (node, names) in enumerate(asked):
        if "price" in names:
            found = snapshot.prices(node, [bound * 100 for bound in panel.PRICE_BOUNDS])
            counts[place]["price"] = [(panel.price_value(place), count) for place, count in enumerate(found)]
    return counts


class _Page:
    """One page of hits and the cursors of its neighbours."""

    def __init__(self, snapshot: Snapshot, query: SearchQuery, node: Node, total: int, limit: int) -> None:
        self.notes: tuple[str, ...] = ()
        self._snapshot, self._node, self._total, self._limit = snapshot, node, total, limit
        self._order = order_of(query)
        line = format_query(query)
        self._listing = f"search:{blake2b(line.encode('utf-8', 'replace'), digest_size=9).hexdigest()}"

    def read(self, after: str | None, before: str | None) -> tuple[tuple[Hit, ...], str | None, str | None]:
        """Return the hits, the cursor of the next page and that of the one before."""
        if after is not None and before is not None:
            raise Invalid({"cursor": "a page lies after one cursor or before one, not both"})
        if not self._total:
            return (), None, None
        return self._by_score(after, before) if self._order.column is None else self._by_column(after, before)

    def _decoded(self, cursor: str, kind: type[int] | type[str]) -> SortKey:
        values = decode_cursor(self._listing, cursor)
        if len(values) != 1 or not isinstance(values[0], kind):
            raise Invalid({"cursor": "is not a cursor of this search"})
        value: SortKey = values[0]
        return value

    def _by_score(self, after: str | None, before: str | None) -> tuple[tuple[Hit, ...], str | None, str | None]:
        """Page by position: a score is no key one could continue from, so this ends at ``WINDOW``."""
        reachable = min(self._total, WINDOW)
        start, end = 0, self._limit
        if after is not None:
            start = int(self._decoded(after, int))
            end = start + self._limit
        elif before is not None:
            end = reachable if before == "" else int(self._decoded(before, int))
            start = end - self._limit
        start, end = max(start, 0), min(end, reachable)
        if start >= end:
            return (), None, None
        if end == reachable < self._total:
            self.notes = (f"by best match the first {WINDOW:,} can be paged through; narrow the search or sort it",)
        found = self._snapshot.by_score(self._node, limit=end - start, offset=start)
        return (
            found.hits,
            encode_cursor(self._listing, end) if end < reachable else None,
            encode_cursor(self._listing, start) if start else None,
        )

    def _by_column(self, after: str | None, before: str | None) -> tuple[tuple[Hit, ...], str | None, str | None]:
        """Page by sort key: what is written meanwhile neither repeats nor hides a hit, and any depth costs the same."""
        kind = str if self._order.column == "title" else int
        backwards = before is not None
        cursor = (before or None) if backwards else after
        key = None if cursor is None else self._decoded(cursor, kind)
        found = self._snapshot.by_column(self._node, self._order, limit=self._limit + 1, after=key, backwards=backwards)
        hits, keys = found.hits[: self._limit], found.keys[: self._limit]
        further = len(found.hits) > self._limit
        if not hits:
            return (), None, None
        if backwards:
            hits, keys = hits[::-1], keys[::-1]
        has_next, has_previous = (key is not None, further) if backwards else (further, key is not None)
        return (
            hits,
            encode_cursor(self._listing, keys[-1]) if has_next else None,
            encode_cursor(self._listing, keys[0]) if has_previous else None,
        )
