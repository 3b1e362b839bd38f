"""One state of an Elasticsearch index, and how a process follows what another one commits.

A snapshot is a point in time: whatever is refreshed, merged or swapped meanwhile, all that one search asks is answered
from one state, so hits, total and counts belong together. It is opened once for a generation and shared by the searches
of this process. Rejected: asking the alias each time (a commit between two questions of one search would show).

The generation is the internal version of one small document beside the index. Reading it by its id needs no refresh, so
the very next search in any process sees a commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from data.errors import Unavailable
from data.search.elasticsearch_client import Cluster, reason, translate_errors
from data.search.elasticsearch_index import DEAD, agg_terms, facet_field, field_name, to_query
from data.search.engine import STORE
from data.search.kept import Keeper
from data.search.plan import Order
from data.search.run import Found, SortKey
from data.search.terms import read_hit
from data.search.tree import ATTRIBUTE, LABEL, SPELLING, TEXT_FIELDS, Node, Prefix, unpair

__all__ = ["GENERATION", "ElasticSnapshot", "PointLost", "Reader"]

#: The document beside the index whose version is the generation.
GENERATION = "generation"
#: How long the server keeps a point in time that nobody asks, and how long this side relies on it (seconds).
_KEEP_ALIVE, _RELIED_ON = "60s", 40.0
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
            found = self._ask(
                0,
                aggs={"fields": {"filters": {"filters": {one: {"term": {field_name(one): text}} for one in fields}}}},
            )
            buckets = found["aggregations"].get("fields", {}).get("buckets", {})
            self._frequencies |= {(one, text): int(buckets.get(one, {}).get("doc_count", 0)) for one in fields}
        return self._frequencies[field, text]

    def begins(self, field: str, prefix: str) -> bool:
        """Say whether any term of ``field`` begins with ``prefix``."""
        known = (f"{field} begins", prefix)
        if known not in self._frequencies:
            found = self._ask(0, query=to_query(Prefix(field, prefix)), track_total_hits=1)
            self._frequencies[known] = int(found["hits"]["total"]["value"])
        return bool(self._frequencies[known])

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
        # log(2 + weight), as the local engine weighs.
        weight = {"field": "weight", "modifier": "ln2p", "missing": 0}
        live = {"bool": {"must": [to_query(node)], "must_not": [DEAD]}}
        query = {"function_score": {"query": live, "field_value_factor": weight, "boost_mode": "multiply"}}
        found = self._ask(limit, query=query, from_=offset, sort=[{"_score": "desc"}, {"order.popular": "asc"}])
        return Found(tuple(_hit(one, float(one["sort"][0])) for one in found["hits"]["hits"]), ())

    def by_column(self, node: Node, order: Order, *, limit: int, after: SortKey | None, backwards: bool) -> Found:
        """Return the hits whose sort key follows ``after``."""
        assert order.column is not None, "an order without a column is by score"
        direction = "desc" if order.descending != backwards else "asc"
        sort = [{f"order.{order.column}": direction}]
        beyond = {} if after is None else {"search_after": [after]}
        hits = self._ask(limit, query=_matching(node), sort=sort, **beyond)["hits"]["hits"]
        return Found(tuple(_hit(one, 0.0) for one in hits), tuple(one["sort"][0] for one in hits))

    # -- counts

    def values(self, node: Node, names: Sequence[str], *, limit: int) -> dict[str, list[tuple[str, int]]]:
        """Return the commonest values by facet, as products write them."""
        counts: dict[str, list[tuple[str, int]]] = {}
        for first in range(0, len(names), _FACETS_AT_ONCE):
            some = names[first : first + _FACETS_AT_ONCE]
            asked = {f"v{place}": agg_terms(facet_field(name), limit) for place, name in enumerate(some)}
            found = self._ask(0, query=_matching(node), aggs=asked)
            counts |= {name: _counted(found, f"v{place}") for place, name in enumerate(some)}
        return counts

    def names(self, node: Node, *, limit: int) -> list[tuple[str, int]]:
        """Return the attributes of what matches with the number of products that have each."""
        found = self._ask(0, query=_matching(node), aggs={"names": agg_terms(field_name(ATTRIBUTE), limit)})
        return _counted(found, "names")

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return the number of products from each bound to below the next."""
        ends = [*bounds[1:], None]
        ranges = [
            {"key": str(low), "from": low} | ({} if high is None else {"to": high})
            for low, high in zip(bounds, ends, strict=True)
        ]
        asked = {"prices": {"range": {"field": "pricing.cents", "ranges": ranges}}}
        found = self._ask(0, query=_matching(node), aggs=asked)
        buckets = found["aggregations"].get("prices", {}).get("buckets", [])
        counts = {one["key"]: int(one["doc_count"]) for one in buckets}
        return [counts.get(str(low), 0) for low in bounds]

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
        point = {"id": self._point, "keep_alive": _KEEP_ALIVE}
        with translate_errors():
            try:
                found: Mapping[str, Any] = self._client.search(
                    size=size, pit=point, timeout=SEARCH_TIMEOUT, allow_partial_search_results=False, **request
                ).body
            except NotFoundError as error:
                raise PointLost(STORE, reason(error)) from error
        if found["timed_out"]:
            raise Unavailable(STORE, f"the search took longer than {SEARCH_TIMEOUT}")
        return found


def _matching(node: Node) -> dict[str, Any]:
    """Return the query for the live products that ``node`` matches, in any order."""
    return {"bool": {"filter": [to_query(node)], "must_not": [DEAD]}}


def _hit(found: Mapping[str, Any], score: float) -> Any:
    return read_hit(found["_source"]["hit"].encode(), score)


def _counted(found: Mapping[str, Any], name: str) -> list[tuple[str, int]]:
    buckets = found["aggregations"].get(name, {}).get("buckets", [])
    return [(str(one["key"]), int(one["doc_count"])) for one in buckets]


class _Shared:
    """A snapshot with how many searches are using it; closed by the last one after a newer one took its place."""

    def __init__(self, snapshot: ElasticSnapshot, point: str) -> None:
        self.snapshot, self.point = snapshot, point
        self.users, self.replaced = 0, False
        self.asked = time.monotonic()


class Reader:
    """The newest committed state behind an alias, whoever committed it. An index that was never written is empty."""

    def __init__(self, client: Elasticsearch, cluster: Cluster, alias: str) -> None:
        self._client, self._state, self._alias = client, f"{cluster.name}-state", alias
        self._lock = threading.Lock()
        self._keeper = Keeper()
        self._current: _Shared | None = None

    def generation(self) -> int:
        """Return the number of the newest commit, 0 before the first."""
        with translate_errors():
            try:
                found = self._client.get(index=self._state, id=GENERATION, source=False)
            except NotFoundError:
                return 0
        return int(found["_version"])

    @contextmanager
    def snapshot(self) -> Iterator[ElasticSnapshot]:
        """Hold the newest state."""
        held = self._take()
        try:
            yield held.snapshot
        finally:
            self._give(held)

    @contextmanager
    def snapshot_of(self, index: str) -> Iterator[ElasticSnapshot]:
        """Hold the state of one index by its name, for whoever is writing it."""
        point = self._open(index)
        try:
            yield ElasticSnapshot(self._client, point, 0, Keeper())
        finally:
            self._close(point)

    def forget(self) -> None:
        """Give up the shared state; the next search opens a new one."""
        with self._lock:
            self._replace(None)

    def _take(self) -> _Shared:
        # Before the state itself is opened: the number may be too low for it, never too high.
        generation = self.generation()
        with self._lock:
            held, now = self._current, time.monotonic()
            if held is None or held.snapshot.generation != generation or now - held.asked > _RELIED_ON:
                point = self._open(self._alias) if generation else ""
                held = _Shared(ElasticSnapshot(self._client, point, generation, self._keeper), point)
                self._replace(held)
            held.users += 1
            held.asked = now
            return held

    def _give(self, held: _Shared) -> None:
        with self._lock:
            held.users -= 1
            unused = held.replaced and not held.users
        if unused:
            self._close(held.point)

    def _replace(self, new: _Shared | None) -> None:
        old, self._current = self._current, new
        if old is not None:
            old.replaced = True
            if not old.users:
                self._close(old.point)

    def _open(self, index: str) -> str:
        with translate_errors():
            try:
                opened = self._client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE)
            except NotFoundError:
                return ""
        return str(opened["id"])

    def _close(self, point: str) -> None:
        if point:
            # One that cannot be closed closes itself after its time.
            with suppress(ApiError, TransportError):
                self._client.close_point_in_time(id=point)
