"""What is asked of tantivy to count, and its answers, as ``data.search.run`` wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from data.search.tantivy import index as ix

__all__ = ["Listed", "Requests", "counts_of", "in_order", "ranges_of", "values_of"]

#: Values with the number of products that have each, most first.
Listed = list[tuple[str, int]]
Requests = Mapping[str, Mapping[str, Any]]

_KEY_AND_COUNT = itemgetter("key", "doc_count")


def values_of(name: str, limit: int) -> dict[str, Any]:
    """Return the request for the ``limit`` commonest values of the facet ``name``."""
    return ix.agg_terms(f"facet.{ix.facet_path(name)}", limit)


def ranges_of(bounds: Sequence[int]) -> dict[str, Any]:
    """Return the request for how many products cost from each of ``bounds`` (in cents) to below the next."""
    ends = [*bounds[1:], None]
    ranges = [
        {"key": str(low), "from": low} | ({"to": high} if high is not None else {})
        for low, high in zip(bounds, ends, strict=True)
    ]
    return {"range": {"field": "column_price", "ranges": ranges}}


def in_order(counts: Sequence[tuple[str, int]], bounds: Sequence[int]) -> list[int]:
    """Return the counts that ``ranges_of`` led to in the order of ``bounds``."""
    by_bound = dict(counts)
    return [by_bound.get(str(low), 0) for low in bounds]


def counts_of(found: Mapping[str, Any]) -> Listed:
    """Return the answer to one request."""
    return list(map(_KEY_AND_COUNT, found["buckets"]))
