"""Counting over the products of one state of an Elasticsearch index, as seldom as can be.

What was counted over many products is kept and brought forward over commits (``carried``): the server numbers the
writes of an index, and a deletion is a write too, so what was written since an earlier state can be asked for by that
number. Values are counted by their text. Rejected: the server's own way, by ordinals, which it works out anew over all
values of all attributes after each commit (at 66,778 products 0.2 s of its work, again and again while people edit).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from data.search.carried import brought_forward
from data.search.elasticsearch.index import DEAD, agg_terms, facet_field, field_name, to_query
from data.search.elasticsearch.point import Answer, Point, PointLost
from data.search.kept import Counted, KeptCounts
from data.search.requests import Listed, Requests
from data.search.tree import ATTRIBUTE, Node

__all__ = ["BROAD", "Counting", "matching", "names_of", "numbered", "read_counts", "values_of"]

#: From this many products on it pays to keep what was counted.
BROAD = 1_000
#: Of more products than this the state before is left behind: counting all anew costs no more.
MOST_CHANGED = 2_000
#: As many writes before the last one seen are looked at again. Of two that are written at one moment, which only two
#: writers do, the later number may be seen first; what is counted twice, for then and for now, changes nothing.
_AT_ONE_MOMENT = 100
#: The server makes at most 65,535 buckets for one request, and a facet of this program up to 5,000.
_FACETS_AT_ONCE = 12
#: Over so few products all facets together make few enough.
_FEW = 300


@dataclass(frozen=True, slots=True)
class _Place:
    """The index of a state, and the number of the last write in it."""

    index: str
    last: int


class Counting:
    """Counts over one state. ``generation`` is of this process: a state opened later has a higher one."""

    def __init__(self, point: Point, generation: int, kept: KeptCounts[Counting]) -> None:
        self.generation = generation
        self._point, self._kept = point, kept
        self._place: _Place | None = None
        self._changed: dict[int, list[str] | None] = {}

    def knows(self, node: Node) -> bool:
        """Say whether counts of ``node`` are kept that may serve this state."""
        return self._kept.known(node) is not None

    def count(self, asked: Sequence[tuple[Node, Requests]]) -> list[dict[str, Listed]]:
        """Return for each condition the answer to each request: kept, or counted now, all at once."""
        counts: list[dict[str, Listed]] = []
        parts: list[tuple[int, Requests]] = []
        for place, (node, requests) in enumerate(asked):
            counts.append(brought_forward(self._kept, self, node, requests))
            missing = {name: one for name, one in requests.items() if name not in counts[place]}
            parts += ((place, part) for part in _parts(missing))
        ask = [
            self._point.counting(
                {"query": matching(asked[place][0]), "aggs": numbered(part), "track_total_hits": BROAD}
            )
            for place, part in parts
        ]
        for (place, part), found in zip(parts, self._point.ask_all(ask), strict=True):
            counts[place] |= read_counts(part, found)
            self.keep(asked[place][0], part, counts[place], found["hits"]["total"]["value"])
        return counts

    def keep(self, node: Node, requests: Requests, counts: Mapping[str, Listed], total: int) -> None:
        """Keep what was counted in this state over ``total`` products, where these are many."""
        if total >= BROAD:
            self._kept.keep(self, node, {name: Counted(one, counts[name]) for name, one in requests.items()})

    def changed_since(
        self, before: Counting, node: Node, requests: Requests
    ) -> tuple[dict[str, Listed], dict[str, Listed]] | None:
        """Return the answers over the products written since ``before``, as they were then and as they are now."""
        try:
            ids = self._written_since(before)
            if not ids:
                return None if ids is None else ({}, {})
            those = {"bool": {"filter": [{"ids": {"values": ids}}, matching(node)]}}
            parts = list(_parts(requests)) if len(ids) > _FEW else [requests]
            found = self._point.ask_all(
                [
                    state._point.counting({"query": those, "aggs": numbered(part)})
                    for state in (before, self)
                    for part in parts
                ]
            )
        except PointLost:  # Of the state before; if it is this one, counting anew will find out.
            return None
        was: dict[str, Listed] = {}
        now: dict[str, Listed] = {}
        for place, answer in enumerate(found):
            half, at = divmod(place, len(parts))
            (now if half else was).update(read_counts(parts[at], answer))
        return was, now

    def _written_since(self, before: Counting) -> list[str] | None:
        """Return the ids of what was written since ``before``; ``None`` where that cannot be said or is too much."""
        if before.generation > self.generation:
            return None
        if before.generation not in self._changed:
            self._changed[before.generation] = self._read_written_since(before)
        return self._changed[before.generation]

    def _read_written_since(self, before: Counting) -> list[str] | None:
        earlier = before._where()
        if earlier is None:
            return None
        written = {"range": {"_seq_no": {"gt": earlier.last - _AT_ONE_MOMENT}}}
        hits = self._latest(MOST_CHANGED + 1, query=written)
        now = self._where(hits)
        if now is None or now.index != earlier.index or len(hits) > MOST_CHANGED:
            return None
        return [one["_id"] for one in hits]

    def _where(self, latest: Sequence[Answer] = ()) -> _Place | None:
        """Return where this state stands, asked for unless its ``latest`` writes are at hand.

        ``None`` if it is empty, or in several shards, which number writes apart.
        """
        if self._place is None:
            for one in latest or self._latest(1):
                self._place = _Place(one["_index"], int(one["sort"][0]))
                break
        return self._place

    def _latest(self, limit: int, **request: Any) -> Sequence[Answer]:
        """Return the latest writes, the very last first."""
        wanted = "timed_out,_shards.total,hits.hits._id,hits.hits._index,hits.hits.sort"
        sort = [{"_seq_no": "desc"}]
        found = self._point.ask(limit, sort=sort, source=False, filter_path=wanted, **request)
        hits: Sequence[Answer] = found.get("hits", {}).get("hits", ())
        return hits if found.get("_shards", {}).get("total") == 1 else ()


def matching(node: Node) -> dict[str, Any]:
    """Return the query for the live products that ``node`` matches, in any order."""
    return {"bool": {"filter": [to_query(node)], "must_not": [DEAD]}}


def names_of(limit: int) -> dict[str, Any]:
    """Return the request for the attributes that products have."""
    return agg_terms(field_name(ATTRIBUTE), limit)


def values_of(name: str, limit: int) -> dict[str, Any]:
    """Return the request for the values of the facet ``name``."""
    terms = agg_terms(facet_field(name), limit)["terms"]
    return {"terms": {**terms, "execution_hint": "map"}}


def numbered(requests: Requests) -> dict[str, Any]:
    """Return ``requests`` under names that the server takes, whatever a facet is called."""
    return {f"v{place}": one for place, one in enumerate(requests.values())}


def read_counts(requests: Requests, found: Answer) -> dict[str, Listed]:
    """Return the answers to the ``numbered`` ``requests``, commonest first."""
    answers = found.get("aggregations", {})
    return {name: _counted(answers.get(f"v{place}", {})) for place, name in enumerate(requests)}


def _counted(found: Answer) -> Listed:
    return [(str(one["key"]), int(one["doc_count"])) for one in found.get("buckets", ())]


def _parts(requests: Requests) -> Iterator[Requests]:
    """Cut what would be too many buckets for one request."""
    left = iter(requests.items())
    while part := dict(islice(left, _FACETS_AT_ONCE)):
        yield part
