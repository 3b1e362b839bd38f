"""One state of a tantivy index, as ``data.search.run`` wants it: hits, counts, and what a writer looks up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import tantivy
from tantivy import DocAddress, Order, Query

from data.errors import Unavailable
from data.search.carried import brought_forward
from data.search.engine import STORE
from data.search.facets import MOST_COUNTED_ATTRIBUTES
from data.search.kept import Counted, Keeper, KeptCounts
from data.search.page import FIXED, Counts, FirstPage
from data.search.plan import Order as HitOrder
from data.search.requests import Listed, Requests, in_order, ranges_of
from data.search.run import MOST_COUNTED, MOST_NAMES, Asked, Found, SortKey
from data.search.tantivy import changes
from data.search.tantivy import index as ix
from data.search.tantivy.counts import BROAD, shares, together
from data.search.tantivy.requests import counts_of, values_of
from data.search.terms import read_hit
from data.search.tree import ATTRIBUTE, LABEL, SPELLING, All, AnyOf, Node, Term, unpair

__all__ = ["TantivySnapshot"]

#: How many conditions a search asks about: as typed, and without the choices of a facet or two.
_MOST_CONDITIONS = 4
#: The names of two requests beside those of facets, which have no blank before them.
_NAMES, _PRICES = " names", " prices"
#: The field of what a product costs.
_CENTS = "column_price"
#: How much more there is to count than one value of a product.
_WORK = {_NAMES: 7, "category": 3}
_BY_WEIGHT: Mapping[str, Any] = {"weight_by_field": "weight"}


@dataclass(slots=True)
class _Asked:
    """A condition, what tantivy calls it, and what is known of it: how many products match, the first by an order."""

    node: Node
    query: Query
    total: int | None = None
    first: tuple[HitOrder, int, Found] | None = None


@dataclass(frozen=True, slots=True)
class TantivySnapshot:
    """One state of the index, as ``run.Snapshot`` wants it."""

    index: tantivy.Index
    searcher: tantivy.Searcher
    generation: int
    keeper: Keeper
    counts: KeptCounts[TantivySnapshot] = field(default_factory=KeptCounts)
    #: the last conditions asked about
    asked: deque[_Asked] = field(default_factory=lambda: deque(maxlen=_MOST_CONDITIONS))
    #: what was written since earlier commits, by their numbers
    changes: dict[int, list[str] | None] = field(default_factory=dict)

    def frequency(self, field: str, text: str) -> int:
        """Return how many documents have the term."""
        return int(self.searcher.doc_freq(field, text))

    def begins(self, field: str, prefix: str) -> bool:
        """Say whether any term of ``field`` begins with ``prefix``."""
        return bool(self.searcher.terms_with_prefix(field, prefix, limit=1))

    def spellings(self) -> Sequence[tuple[str, int]]:
        """Return the words a mistyped one may have meant, with their counts."""
        return self.keeper.spellings.get(self.generation, lambda: self.searcher.terms_with_prefix(SPELLING, ""))

    def labels(self) -> Mapping[str, str]:
        """Return every attribute as most products write it, by its query name."""
        return self.keeper.labels.get(self.generation, self._read_labels)

    def _read_labels(self) -> Mapping[str, str]:
        written: dict[str, str] = {}
        for term, _ in self.searcher.terms_with_prefix(LABEL, ""):
            name, label = unpair(term)
            written.setdefault(name, label)
        return written

    def count(self, node: Node) -> int:
        """Return how many products match."""
        return self._total_of(self._asked(node))

    def _total_of(self, asked: _Asked) -> int:
        if asked.total is None:
            asked.total = self._total(asked.query)
        return asked.total

    def first_page(self, node: Node, order: HitOrder, *, limit: int, bounds: Sequence[int] | None) -> FirstPage:
        """Return the first hits and the total in one pass over what matches; all counts are another, if they are.

        What the conditions asked about last found is still known: what is offered while a query is typed, and the
        facets that are opened after it, begin with the same question.
        """
        asked = self._asked(node)
        known = asked.first
        if limit and (known is None or known[0] != order or known[1] < limit):
            by_score = order.column is None
            sort = _BY_WEIGHT if by_score else _by_column(order)
            answer = self.searcher.search(asked.query, limit=limit, count=True, **sort)
            asked.total = _count(answer)
            asked.first = known = order, limit, self._found(answer, by_score=by_score)
        total = self._total_of(asked)
        return FirstPage(total, known[2] if known and limit else Found((), ()), lambda: self._panel(node, bounds or ()))

    def _panel(self, node: Node, bounds: Sequence[int]) -> Counts:
        requests = {name: values_of(name, MOST_COUNTED) for name in (*FIXED, *self._likely(node))}
        requests |= {_NAMES: ix.agg_terms(ATTRIBUTE, MOST_NAMES), _PRICES: ranges_of(_CENTS, bounds)}
        (counts,) = self._count([(node, requests)])
        names, prices = counts.pop(_NAMES), counts.pop(_PRICES)
        return Counts(names, counts, in_order(prices, bounds))

    def _likely(self, node: Node) -> list[str]:
        """Return the attributes of most products where most are found: their values can be counted in the same pass."""
        total = self._asked(node).total
        if not total or total * 2 < self.searcher.num_docs:
            return []
        return [name for name, _ in self.searcher.terms_with_prefix(ATTRIBUTE, "", limit=MOST_COUNTED_ATTRIBUTES)]

    def by_score(self, node: Node, *, limit: int, offset: int) -> Found:
        """Return hits by score; equal scores are parted by popularity and by a grain of the product's id."""
        query = self._query(node)
        answer = self.searcher.search(query, limit=limit, offset=offset, count=False, **_BY_WEIGHT)
        return self._found(answer, by_score=True)

    def by_column(self, node: Node, order: HitOrder, *, limit: int, after: SortKey | None, backwards: bool) -> Found:
        """Return the hits whose sort key follows ``after``."""
        sort, query = _by_column(order, backwards=backwards), self._query(node)
        if after is not None:
            beyond = self._beyond(sort["order_by_field"], after, descending=sort["order"] == Order.Desc)
            query = query.and_must_match(beyond)
        return self._found(self.searcher.search(query, limit=limit, count=False, **sort), by_score=False)

    def _found(self, answer: tantivy.SearchResult, *, by_score: bool) -> Found:
        hits = tuple(read_hit(self._source(address), key if by_score else 0.0) for key, address in answer.hits)
        return Found(hits, () if by_score else tuple(key for key, _ in answer.hits))

    def _beyond(self, name: str, key: SortKey, *, descending: bool) -> Query:
        if isinstance(key, int):
            low, high = (None, key) if descending else (key, None)
            return Query.range_query(
                ix.schema(), name, tantivy.FieldType.Unsigned, low, high, low is None, high is None
            )
        if not key.isalnum():
            raise Unavailable(STORE, "a sort key of the index is damaged")
        return self.index.parse_query(f"{name}:[* TO {key}}}" if descending else f"{name}:{{{key} TO *]")

    def values(self, asked: Sequence[Asked], *, limit: int) -> list[dict[str, Listed]]:
        """Return the commonest values by facet, as products write them."""
        return self._count([(node, {name: values_of(name, limit) for name in names}) for node, names in asked])

    def names(self, node: Node, *, limit: int) -> Listed:
        """Return the attributes of what matches with the number of products that have each."""
        return self._count([(node, {_NAMES: ix.agg_terms(ATTRIBUTE, limit)})])[0][_NAMES]

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return the number of products from each bound to below the next."""
        return in_order(self._count([(node, {_PRICES: ranges_of(_CENTS, bounds)})])[0][_PRICES], bounds)

    def _count(self, asked: Sequence[tuple[Node, Requests]]) -> list[dict[str, Listed]]:
        """Return for each condition the answer to each request."""
        sought = [node for node, requests in asked if requests and not self._finds_nothing(node)]
        are_many = self._are_many(sought)
        counts: list[dict[str, Listed]] = []
        for node, requests in asked:
            if node not in sought:
                counts.append({name: [] for name in requests})
            elif are_many:
                counts.append(self._count_once(node, requests))
            else:
                counts.append(self._aggregate(self._query(node), requests))
        return counts

    def _finds_nothing(self, node: Node) -> bool:
        """Say whether ``node`` asks for what no product has: archived products, where there are none."""
        match node:
            case Term(field, text):
                return not self.frequency(field, text)
            case All(nodes):
                return any(map(self._finds_nothing, nodes))
            case AnyOf(nodes):
                return all(map(self._finds_nothing, nodes))
        return False

    def _are_many(self, nodes: Iterable[Node]) -> bool:
        """Say whether so many products match that counting is the most of a search; what is not known may be many."""
        if self.searcher.num_docs < BROAD:
            return False
        totals = [one.total for one in map(self._asked, nodes) if one.total is not None]
        return not totals or max(totals) >= BROAD

    def _count_once(self, node: Node, requests: Requests) -> dict[str, Listed]:
        """Return the answer to each request: counted on all cores, and kept from then on."""
        counts = brought_forward(self.counts, self, node, requests)
        missing = {name: request for name, request in requests.items() if name not in counts}
        if not missing:
            return counts
        asked = self._asked(node)
        for part in together([partial(self._aggregate, asked.query, part) for part in shares(missing, _WORK)]):
            counts |= part
        if asked.total is None or asked.total >= BROAD:
            counted = {name: Counted(request, counts[name]) for name, request in missing.items()}
            self.counts.keep(self, node, counted)
        return counts

    def changed_since(
        self, before: TantivySnapshot, node: Node, requests: Requests
    ) -> tuple[dict[str, Listed], dict[str, Listed]] | None:
        """Return the answers over the products written since ``before``, as they were then and as they are now."""
        ids = self._written_since(before)
        if not ids:
            return None if ids is None else ({}, {})
        now = self.count_of(node, changes.written_after(before.commit), requests)
        return before.count_of(node, changes.one_of(ids), requests), now

    def _written_since(self, before: TantivySnapshot) -> list[str] | None:
        """Return the ids of what was written since ``before``; ``None`` where that cannot be said or is too much."""
        if before.index is not self.index or before.generation > self.generation:
            return None
        if before.commit not in self.changes:
            self.changes[before.commit] = changes.written_since(self.searcher, before.commit)
        return self.changes[before.commit]

    def count_of(self, node: Node, those: Query, requests: Requests) -> dict[str, Listed]:
        """Return the answer to each request over those of ``those`` that match ``node``."""
        return self._aggregate(self._query(node).and_must_match(those), requests)

    @property
    def commit(self) -> int:
        """The number of the last commit that is in this state; it may be too low, never too high."""
        return self.generation & ((1 << ix.COMMIT_BITS) - 1)

    def known(self, ids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """Return revision and whether it is a tombstone, by product id, of those of ``ids`` that are indexed."""
        if not ids or not self.searcher.num_docs:
            return {}
        wanted = Query.term_set_query(ix.schema(), "id", list(ids))
        addresses = [address for _, address in self.searcher.search(wanted, limit=len(ids), count=False).hits]
        revisions = self.searcher.fast_field_values("revision", addresses)
        dead = self.searcher.fast_field_values("dead_since", addresses)
        named = (str(self.searcher.doc(address).get_first("id")) for address in addresses)
        rows = zip(named, revisions, dead, strict=True)
        return {name: (int(revision or 0), since is not None) for name, revision, since in rows}

    def tombstones(self) -> Iterable[tuple[str, int, int]]:
        """Return every tombstone: product id, revision, and since when in seconds."""
        dead = Query.term_query(ix.schema(), "dead", "1", index_option="basic")
        found = self.searcher.search(dead, limit=max(self._total(dead), 1), count=False)
        addresses = [address for _, address in found.hits]
        revisions = self.searcher.fast_field_values("revision", addresses)
        since = self.searcher.fast_field_values("dead_since", addresses)
        for address, revision, moment in zip(addresses, revisions, since, strict=True):
            yield str(self.searcher.doc(address).get_first("id")), int(revision or 0), int(moment or 0)

    def _total(self, query: Query) -> int:
        return _count(self.searcher.search(Query.const_score_query(query, 0.0), limit=1, count=True))

    def _query(self, node: Node) -> Query:
        return self._asked(node).query

    def _asked(self, node: Node) -> _Asked:
        for one in list(self.asked):
            if one.node == node:
                return one
        one = _Asked(node, ix.live(ix.to_query(node)))
        self.asked.append(one)
        return one

    def _source(self, address: DocAddress) -> bytes:
        return bytes(self.searcher.doc(address).get_first("source") or b"")

    def _aggregate(self, query: Query, requests: Requests) -> dict[str, Listed]:
        found = self.searcher.aggregate(Query.const_score_query(query, 0.0), dict(requests))
        return {name: counts_of(found[name]) for name in requests}


def _by_column(order: HitOrder, *, backwards: bool = False) -> Mapping[str, Any]:
    assert order.column is not None, "an order without a column is by score"
    direction = Order.Desc if order.descending != backwards else Order.Asc
    return {"order_by_field": ix.order_field(order.column), "order": direction}


def _count(answer: tantivy.SearchResult) -> int:
    return int(answer.count)  # type: ignore[attr-defined]  # there, but not in tantivy 0.27's stubs
