"""What is asked of tantivy to count, and its answers, as ``data.search.run`` wants them."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from data.search.requests import Listed
from data.search.tantivy import index as ix

__all__ = ["counts_of", "values_of"]

_KEY_AND_COUNT = itemgetter("key", "doc_count")


def values_of(name: str, limit: int) -> dict[str, Any]:
    """Return the request for the ``limit`` commonest values of the facet ``name``."""
    return ix.agg_terms(f"facet.{ix.facet_path(name)}", limit)


def counts_of(found: Mapping[str, Any]) -> Listed:
    """Return the answer to one request."""
    return list(map(_KEY_AND_COUNT, found["buckets"]))
