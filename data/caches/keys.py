"""The keys of the caches and how long they live: the seed's, exactly. Pure."""

from __future__ import annotations

import random

__all__ = [
    "INVENTORY_SECONDS",
    "PRODUCT_SECONDS",
    "SEARCH_SECONDS",
    "TOMBSTONE_SECONDS",
    "inventory_key",
    "jittered_ms",
    "product_key",
    "search_key",
]

PRODUCT_SECONDS = 3600
SEARCH_SECONDS = 1800
INVENTORY_SECONDS = 300
#: How long a version without a value guards its key: longer than any reader may take to fill it (``versioned``).
TOMBSTONE_SECONDS = 60


def product_key(product_id: str) -> str:
    """``product:{id}``."""
    return f"product:{product_id}"


def search_key(query_hash: str) -> str:
    """``search:{hash}``."""
    return f"search:{query_hash}"


def inventory_key(product_id: str, warehouse_id: str) -> str:
    """``inventory:{product}:{warehouse}``."""
    return f"inventory:{product_id}:{warehouse_id}"


def jittered_ms(seconds: float) -> int:
    """Return a time to live in milliseconds, ±10 %, so that entries made together do not expire together."""
    return int(seconds * 1000 * random.uniform(0.9, 1.1))
