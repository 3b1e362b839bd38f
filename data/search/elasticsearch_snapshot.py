"""One state of an Elasticsearch index, as ``data.search.run`` wants it.

A snapshot is a point in time: whatever is refreshed, merged or swapped meanwhile, all that one search asks is answered
from one state, so hits, total and counts belong together. Rejected: asking the alias each time (a commit between two
questions of one search would show).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from data.errors import Unavailable
from data.search.elasticsearch_client import reason, translate_errors
from data.search.elasticsearch_index import DEAD, agg_terms, facet_field, field_name, to_query
from data.search.engine import STORE
from data.search.kept import Keeper
from data.search.page import FIXED, Counts, FirstPage
from data.search.plan import Order
from data.search.run import MOST_COUNTED, MOST_NAMES, Asked, Found, SortKey
from data.search.terms import read_hit
from data.search.tree import ATTRIBUTE, LABEL, SPELLING, TEXT_FIELDS, Node, Prefix, unpair

__all__ = ["KEEP_ALIVE", "ElasticSnapshot", "PointLost"]

#: How long the server keeps a point in time that nobody asks.
KEEP_ALIVE = "60s"
#: What the server may spend on one search. One that did not end is an error, never half an answer.
SEARCH_TIMEOUT = "5s"
#: The server makes at most 65,535 buckets for one request, and a facet of this program up to 5,000.
_FACETS_AT_ONCE = 12
#: All words that may be corrected to; the commonest where there are more.
_MOST_SPELLINGS = 60_000
_MOST_LABELS = 20_000
_TOMBSTONES_AT_ONCE = 5_000
#: What is asked of a word's frequency: every field at once, because the fields are asked one after another.
_WORD_FIELDS = (SPELLING, *TEXT_FIELDS)


class PointLost(Unavailable):
    """The cluster no longer knows the point in time: a node was restarted, or nobody asked for long."""


_EMPTY: Mapping[str, Any] = {"hits": {"total": {"value": 0}, "hits": []}, "aggregations": {}}


class ElasticSnapshot:
    """One state of the index, as ``run.Snapshot`` wants it. Without a point in time it is that of an empty index."""

    def __init__(self, client: Elasticsearch, point: str, generation: int, keeper: Keeper) -> None:
        self._client, self._point, self._keeper = client, point, keeper
        self._generation = generation
        self._frequencies: dict[tuple[str, str], int] = {}

    @property
    def generation(self) -> int:
        """The number of this state, or of an earlier one; never of a later."""
        return self._generation

    # -- vocabulary

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
        found = self._ask(0, aggs={"each": {"filters": {"filters": queries}}})
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
        found = self._ask(0, aggs={"terms": agg_terms(field_name(field), limit)})
        return _counted(found, "terms")

    # -- hits

    def count(self, node: Node) -> int:
        """Return how many products match."""
        return int(self._ask(0, query=_matching(node), track_total_hits=True)["hits"]["total"]["value"])

    def by_score(self, node: Node, *, limit: int, offset: int) -> Found:
        """Return hits by score; equal scores are parted by popularity and by a grain of the product's id."""
        return _scored(self._ask(limit, **_BY_SCORE, query=_weighed(node), from_=offset))

    def by_column(self, node: Node, order: Order, *, limit: int, after: SortKey | None, backwards: bool) -> Found:
        """Return the hits whose sort key follows ``after``."""
        beyond = {} if after is None else {"search_after": [after]}
        sort = _by_column(order, backwards=backwards)
        return _sorted(self._ask(limit, **sort, **beyond, query=_matching(node)))

    # -- counts

    def values(self, asked: Sequence[Asked], *, limit: int) -> list[dict[str, list[tuple[str, int]]]]:
        """Return the commonest values by facet, as products write them."""
        some = [
            (place, node, names[first : first + _FACETS_AT_ONCE])
            for place, (node, names) in enumerate(asked)
            for first in range(0, len(names), _FACETS_AT_ONCE)
        ]
        requests = [{"query": _matching(node), "aggs": _values_of(part, limit)} for _, node, part in some]
        counts: list[dict[str, list[tuple[str, int]]]] = [{} for _ in asked]
        for (place, _, part), found in zip(some, self._ask_all(requests), strict=True):
            counts[place] |= {name: _counted(found, f"v{at}") for at, name in enumerate(part)}
        return counts

    def names(self, node: Node, *, limit: int) -> list[tuple[str, int]]:
        """Return the attributes of what matches with the number of products that have each."""
        return _counted(self._ask(0, query=_matching(node), aggs=_names_of(limit)), "names")

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return the number of products from each bound to below the next."""
        return _priced(self._ask(0, query=_matching(node), aggs=_prices_of(bounds)), bounds)

    def first_page(self, node: Node, order: Order, *, limit: int, bounds: Sequence[int] | None) -> FirstPage:
        """Return the first page, the total and, where ``bounds`` are given, the counts, in one question."""
        by_score = order.column is None
        sort, query = (_BY_SCORE, _weighed(node)) if by_score else (_by_column(order), _matching(node))
        asked: dict[str, Any] = {}
        if bounds is not None:
            asked["aggs"] = {**_names_of(MOST_NAMES), **_prices_of(bounds), **_values_of(FIXED, MOST_COUNTED)}
        found = self._ask(limit, **sort, **asked, query=query, track_total_hits=True)

        def counts_of() -> Counts:
            listed = {name: _counted(found, f"v{place}") for place, name in enumerate(FIXED)}
            return Counts(_counted(found, "names"), listed, _priced(found, bounds or ()))

        total = int(found["hits"]["total"]["value"])
        return FirstPage(total, _scored(found) if by_score else _sorted(found), counts_of)

    # -- for whoever writes

    def tombstones(self) -> Iterator[tuple[str, int, int]]:
        """Yield every tombstone: product id, revision, and since when in seconds."""
        after: list[Any] = []
        while True:
            found = self._ask(
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

    def _ask(self, size: int, **request: Any) -> Mapping[str, Any]:
        """Ask this state. What it knows too little of to answer whole is an error."""
        if not self._point:
            return _EMPTY
        request = {"track_total_hits": False, "source": ["hit"] if size else False} | request
        with _answers_whole():
            found: Mapping[str, Any] = self._client.search(
                size=size, pit=self._pit, timeout=SEARCH_TIMEOUT, allow_partial_search_results=False, **request
            ).body
        return _in_time(found)

    def _ask_all(self, requests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Ask for counts, all at once."""
        if len(requests) < 2 or not self._point:
            return [self._ask(0, **request) for request in requests]
        common = {"size": 0, "track_total_hits": False, "pit": self._pit, "timeout": SEARCH_TIMEOUT}
        lines: list[Mapping[str, Any]] = []
        for request in requests:
            lines += ({"allow_partial_search_results": False}, {**common, **request})
        with _answers_whole():
            found = self._client.msearch(searches=lines)["responses"]
        for one in found:
            if one["status"] == 404:
                raise PointLost(STORE, "the point in time is lost")
            if one["status"] >= 300:
                raise Unavailable(STORE, f"{one['status']} {one['error'].get('reason', '')}"[:300])
        return [_in_time(one) for one in found]

    @property
    def _pit(self) -> dict[str, str]:
        return {"id": self._point, "keep_alive": KEEP_ALIVE}


@contextmanager
def _answers_whole() -> Iterator[None]:
    with translate_errors():
        try:
            yield
        except NotFoundError as error:
            raise PointLost(STORE, reason(error)) from error


def _in_time(found: Mapping[str, Any]) -> Mapping[str, Any]:
    if found["timed_out"]:
        raise Unavailable(STORE, f"the search took longer than {SEARCH_TIMEOUT}")
    return found


_BY_SCORE: Mapping[str, Any] = {"sort": [{"_score": "desc"}, {"order.popular": "asc"}]}


def _by_column(order: Order, *, backwards: bool = False) -> Mapping[str, Any]:
    assert order.column is not None, "an order without a column is by score"
    return {"sort": [{f"order.{order.column}": "desc" if order.descending != backwards else "asc"}]}


def _weighed(node: Node) -> dict[str, Any]:
    """Return the query by score: as the local engine does, times the logarithm of 2 + weight."""
    weight = {"field": "weight", "modifier": "ln2p", "missing": 0}
    live = {"bool": {"must": [to_query(node)], "must_not": [DEAD]}}
    return {"function_score": {"query": live, "field_value_factor": weight, "boost_mode": "multiply"}}


def _names_of(limit: int) -> dict[str, Any]:
    return {"names": agg_terms(field_name(ATTRIBUTE), limit)}


def _values_of(names: Sequence[str], limit: int) -> dict[str, Any]:
    return {f"v{place}": agg_terms(facet_field(name), limit) for place, name in enumerate(names)}


def _prices_of(bounds: Sequence[int]) -> dict[str, Any]:
    ends = [*bounds[1:], None]
    ranges = [
        {"key": str(low), "from": low} | ({} if high is None else {"to": high})
        for low, high in zip(bounds, ends, strict=True)
    ]
    return {"prices": {"range": {"field": "pricing.cents", "ranges": ranges}}}


def _priced(found: Mapping[str, Any], bounds: Sequence[int]) -> list[int]:
    buckets = found["aggregations"].get("prices", {}).get("buckets", [])
    counts = {one["key"]: int(one["doc_count"]) for one in buckets}
    return [counts.get(str(low), 0) for low in bounds]


def _scored(found: Mapping[str, Any]) -> Found:
    hits = found["hits"]["hits"]
    return Found(tuple(_hit(one, float(one["sort"][0])) for one in hits), ())


def _sorted(found: Mapping[str, Any]) -> Found:
    hits = found["hits"]["hits"]
    return Found(tuple(_hit(one, 0.0) for one in hits), tuple(one["sort"][0] for one in hits))


def _matching(node: Node) -> dict[str, Any]:
    """Return the query for the live products that ``node`` matches, in any order."""
    return {"bool": {"filter": [to_query(node)], "must_not": [DEAD]}}


def _hit(found: Mapping[str, Any], score: float) -> Any:
    return read_hit(found["_source"]["hit"].encode(), score)


def _counted(found: Mapping[str, Any], name: str) -> list[tuple[str, int]]:
    buckets = found["aggregations"].get(name, {}).get("buckets", [])
    return [(str(one["key"]), int(one["doc_count"])) for one in buckets]
