"""One state of an Elasticsearch index, as ``data.search.run`` wants it: words, hits and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data.search.analysis import atoms, singular
from data.search.elasticsearch.counts import (
    Counting,
    matching,
    names_of,
    numbered,
    read_counts,
    values_of,
)
from data.search.elasticsearch.index import DEAD, agg_terms, field_name, to_query
from data.search.elasticsearch.point import Answer, Point
from data.search.kept import Keeper
from data.search.page import FIXED, Counts, FirstPage
from data.search.plan import Order
from data.search.requests import in_order, ranges_of
from data.search.run import MOST_COUNTED, MOST_NAMES, Asked, Found, SortKey
from data.search.terms import read_hit
from data.search.tree import LABEL, SPELLING, TEXT_FIELDS, Node, Prefix, unpair

__all__ = ["ElasticSnapshot"]

#: All words that may be corrected to; the commonest where there are more.
_MOST_SPELLINGS = 60_000
_MOST_LABELS = 20_000
_TOMBSTONES_AT_ONCE = 5_000
#: What is asked of a word's frequency: every field at once, because the fields are asked one after another.
_WORD_FIELDS = (SPELLING, *TEXT_FIELDS)
#: So many words are looked up together; there are hardly ever more.
_MOST_EXPECTED = 12
#: The names of two requests beside those of facets, which have no blank before them.
_NAMES, _PRICES = " names", " prices"
#: The field of what a product costs.
_CENTS = "pricing.cents"


class ElasticSnapshot:
    """One state of the index, as ``run.Snapshot`` wants it."""

    def __init__(self, point: Point, generation: int, keeper: Keeper, counting: Counting) -> None:
        self.point, self.counting = point, counting
        self._generation, self._keeper = generation, keeper
        self._frequencies: dict[tuple[str, str], int] = {}

    @property
    def generation(self) -> int:
        """The number of this state, or of an earlier one; never of a later."""
        return self._generation

    # -- vocabulary

    def expect(self, text: str) -> None:
        """Look the words of ``text`` up together, because who reads them will ask for one after the other."""
        words = dict.fromkeys(singular(piece) for word in atoms(text) for piece in word)
        unknown = [word for word in words if (SPELLING, word) not in self._frequencies][:_MOST_EXPECTED]
        terms = [(field, word) for word in unknown for field in _WORD_FIELDS]
        queries = {str(place): {"term": {field_name(field): word}} for place, (field, word) in enumerate(terms)}
        self._frequencies |= {terms[int(place)]: count for place, count in self._counts(queries).items()}

    def frequency(self, field: str, text: str) -> int:
        """Return how many documents have the term."""
        if (field, text) not in self._frequencies:
            fields = _WORD_FIELDS if field in _WORD_FIELDS else (field,)
            counts = self._counts({one: {"term": {field_name(one): text}} for one in fields})
            self._frequencies |= {(one, text): count for one, count in counts.items()}
        return self._frequencies[field, text]

    def begins(self, field: str, prefix: str) -> bool:
        """Say whether any term of ``field`` begins with ``prefix``."""
        known = (f"{field} begins", prefix)
        if known not in self._frequencies:
            fields = tuple(TEXT_FIELDS) if field in TEXT_FIELDS else (field,)
            counts = self._counts({one: to_query(Prefix(one, prefix)) for one in fields})
            self._frequencies |= {(f"{one} begins", prefix): count for one, count in counts.items()}
        return bool(self._frequencies[known])

    def _counts(self, queries: Mapping[str, Any]) -> dict[str, int]:
        """Return how many documents each query matches."""
        if not queries:
            return {}
        found = self.point.ask(0, aggs={"each": {"filters": {"filters": queries}}})
        buckets = found["aggregations"].get("each", {}).get("buckets", {})
        return {name: int(buckets.get(name, {}).get("doc_count", 0)) for name in queries}

    def spellings(self) -> Sequence[tuple[str, int]]:
        """Return the words that a mistyped one may have meant, with their document counts."""
        return self._keeper.spellings.get(self._generation, lambda: self.commonest(SPELLING, _MOST_SPELLINGS))

    def labels(self) -> Mapping[str, str]:
        """Return every attribute as most products write it, by its query name."""
        return self._keeper.labels.get(self._generation, self._read_labels)

    def _read_labels(self) -> Mapping[str, str]:
        written: dict[str, str] = {}
        for term, _ in self.commonest(LABEL, _MOST_LABELS):
            name, label = unpair(term)
            written.setdefault(name, label)
        return written

    def commonest(self, field: str, limit: int) -> list[tuple[str, int]]:
        """Return the commonest terms of a field with how many products have each."""
        request = {"": agg_terms(field_name(field), limit)}
        return read_counts(request, self.point.ask(0, aggs=numbered(request)))[""]

    # -- hits

    def count(self, node: Node) -> int:
        """Return how many products match."""
        return int(self.point.ask(0, query=matching(node), track_total_hits=True)["hits"]["total"]["value"])

    def by_score(self, node: Node, *, limit: int, offset: int) -> Found:
        """Return hits by score; equal scores are parted by popularity and by a grain of the product's id."""
        return _scored(self.point.ask(limit, **_BY_SCORE, query=_weighed(node), from_=offset))

    def by_column(self, node: Node, order: Order, *, limit: int, after: SortKey | None, backwards: bool) -> Found:
        """Return the hits whose sort key follows ``after``."""
        beyond = {} if after is None else {"search_after": [after]}
        sort = _by_column(order, backwards=backwards)
        return _sorted(self.point.ask(limit, **sort, **beyond, query=matching(node)))

    def first_page(self, node: Node, order: Order, *, limit: int, bounds: Sequence[int] | None) -> FirstPage:
        """Return the first page and the total and, where ``bounds`` are given, the counts: in one question.

        Where counts are kept that may serve, they are a question of their own, over little.
        """
        by_score = order.column is None
        sort, query = (_BY_SCORE, _weighed(node)) if by_score else (_by_column(order), matching(node))
        requests = _panel_of(bounds) if bounds is not None else {}
        asked = {} if not requests or self.counting.knows(node) else {"aggs": numbered(requests)}
        found = self.point.ask(limit, **sort, **asked, query=query, track_total_hits=True)
        total = int(found["hits"]["total"]["value"])

        def counts_of() -> Counts:
            if asked:
                counts = read_counts(requests, found)
                self.counting.keep(node, requests, counts, total)
            else:
                (counts,) = self.counting.count([(node, requests)])
            listed = {name: counts[name] for name in FIXED}
            return Counts(counts[_NAMES], listed, in_order(counts[_PRICES], bounds or ()))

        return FirstPage(total, _scored(found) if by_score else _sorted(found), counts_of)

    # -- counts

    def values(self, asked: Sequence[Asked], *, limit: int) -> list[dict[str, list[tuple[str, int]]]]:
        """Return the commonest values by facet, as products write them."""
        return self.counting.count([(node, {name: values_of(name, limit) for name in names}) for node, names in asked])

    def names(self, node: Node, *, limit: int) -> list[tuple[str, int]]:
        """Return the attributes of what matches with the number of products that have each."""
        return self.counting.count([(node, {_NAMES: names_of(limit)})])[0][_NAMES]

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return the number of products from each bound to below the next."""
        return in_order(self.counting.count([(node, {_PRICES: ranges_of(_CENTS, bounds)})])[0][_PRICES], bounds)

    # -- for whoever writes

    def tombstones(self) -> Iterator[tuple[str, int, int]]:
        """Yield every tombstone: product id, revision, and since when in seconds."""
        after: list[Any] = []
        while True:
            found = self.point.ask(
                _TOMBSTONES_AT_ONCE,
                query={"constant_score": {"filter": DEAD}},
                sort=[{"_shard_doc": "asc"}],
                source=["dead_since"],
                version=True,
                **({"search_after": after} if after else {}),
            )
            hits = found["hits"]["hits"]
            for one in hits:
                yield one["_id"], one["_version"] // 2, int(one["_source"].get("dead_since", 0))
            if len(hits) < _TOMBSTONES_AT_ONCE:
                return
            after = hits[-1]["sort"]


_BY_SCORE: Mapping[str, Any] = {"sort": [{"_score": "desc"}, {"order.popular": "asc"}]}


def _by_column(order: Order, *, backwards: bool = False) -> Mapping[str, Any]:
    assert order.column is not None, "an order without a column is by score"
    return {"sort": [{f"order.{order.column}": "desc" if order.descending != backwards else "asc"}]}


def _weighed(node: Node) -> dict[str, Any]:
    """Return the query by score: as the local engine does, times the logarithm of 2 + weight."""
    weight = {"field": "weight", "modifier": "ln2p", "missing": 0}
    live = {"bool": {"must": [to_query(node)], "must_not": [DEAD]}}
    return {"function_score": {"query": live, "field_value_factor": weight, "boost_mode": "multiply"}}


def _panel_of(bounds: Sequence[int]) -> dict[str, Mapping[str, Any]]:
    """Return the requests for all counts that every search is asked for."""
    fixed = {name: values_of(name, MOST_COUNTED) for name in FIXED}
    return {_NAMES: names_of(MOST_NAMES), _PRICES: ranges_of(_CENTS, bounds), **fixed}


def _scored(found: Answer) -> Found:
    hits = found["hits"]["hits"]
    return Found(tuple(_hit(one, float(one["sort"][0])) for one in hits), ())


def _sorted(found: Answer) -> Found:
    hits = found["hits"]["hits"]
    return Found(tuple(_hit(one, 0.0) for one in hits), tuple(one["sort"][0] for one in hits))


def _hit(found: Mapping[str, Any], score: float) -> Any:
    return read_hit(found["_source"]["hit"].encode(), score)
