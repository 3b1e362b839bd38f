"""What both engines are asked to count, and their answers: one language, but for the names of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Listed", "Requests", "in_order", "ranges_of"]

#: Values with the number of products that have each, most first.
Listed = list[tuple[str, int]]
#: What an engine is asked, by a name for its answer.
Requests = Mapping[str, Mapping[str, Any]]


def ranges_of(field: str, bounds: Sequence[int]) -> dict[str, Any]:
    """Return the request for how many products have ``field`` from each of ``bounds`` to below the next."""
    ends = [*bounds[1:], None]
    ranges = [
        {"key": str(low), "from": low} | ({} if high is None else {"to": high})
        for low, high in zip(bounds, ends, strict=True)
    ]
    return {"range": {"field": field, "ranges": ranges}}


def in_order(counts: Sequence[tuple[str, int]], bounds: Sequence[int]) -> list[int]:
    """Return the counts that ``ranges_of`` led to in the order of ``bounds``."""
    by_bound = dict(counts)
    return [by_bound.get(str(low), 0) for low in bounds]
