"""Warming the product cache with what sells, and saying how the caches are.

The relay's leader warms when it begins and every ten minutes, so that a cache that was lost is warm again by itself;
``storekeeper cache warm`` does it at once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from data.analytics.reads import popular_product_ids
from data.caches.products import ProductCache
from data.catalog.reads import get_products
from data.errors import Unavailable
from data.stores.redis import translate_errors
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop
    from data.stores import Stores

__all__ = ["CacheStatus", "Warmed", "cache_status", "popular_ids", "warm"]

DAYS = 90
_BATCH = 250
#: Keys looked at by ``cache_status`` at most; above it the families are a sample.
_SCANNED = 20_000
_FAMILIES = ("product", "search", "inventory", "lock")

_POPULAR_IN_BOOKS = text(
    """
    SELECT i.product_id FROM order_items i JOIN orders o USING (order_id)
    WHERE o.created_at >= now() - make_interval(days => :days) AND o.order_status NOT IN ('cancelled', 'refunded')
    GROUP BY i.product_id ORDER BY count(DISTINCT i.order_id) DESC, sum(i.quantity) DESC, i.product_id LIMIT :limit
    """
)


@dataclass(frozen=True)
class Warmed:
    """What warming did: ``popular`` products asked for, ``stored`` of them, ``took_ms``.

    ``source`` says whose figures made them popular: ``clickhouse``, ``postgresql`` where that is away, or with
    ``mongodb`` where sales named too few and the newest products filled up.
    """

    popular: int
    stored: int
    source: str
    took_ms: float


@dataclass(frozen=True)
class CacheStatus:
    """How the caches are. ``keys`` by family (``product``, ``search`` …); ``hit_rate`` 0 to 1 since Redis started.

    ``sampled`` says that there were too many keys to look at all. Not ``ok``: Redis is away, ``detail`` says why.
    """

    ok: bool
    keys: dict[str, int] = field(default_factory=dict)
    total_keys: int = 0
    sampled: bool = False
    used_bytes: int = 0
    limit_bytes: int = 0
    evicted: int = 0
    hit_rate: float | None = None
    detail: str = ""


def warm(stores: Stores, limit: int = 1000, *, report: ReportProgress | None = None) -> Warmed:
    """Put the ``limit`` most popular products into the cache, never over newer ones.

    Raises ``Unavailable`` where the catalog or Redis is away.
    """
    started = time.monotonic()
    ids, source = popular_ids(stores, limit)
    cache = ProductCache(stores.redis.cache)
    stored = 0
    for first in range(0, len(ids), _BATCH):
        batch = ids[first : first + _BATCH]
        stored += cache.store(get_products(stores.mongo, batch).values())
        if report is not None:
            report(Progress(first + len(batch), len(ids), "products into the cache"))
    return Warmed(len(ids), stored, source, (time.monotonic() - started) * 1000)


def popular_ids(stores: Stores, limit: int) -> tuple[list[str], str]:
    """Return the ids of the ``limit`` most popular products of the last 90 days, and whose figures say so.

    Where fewer were sold, the newest active products fill up. Raises ``Unavailable`` where the catalog is away.
    """
    try:
        ids, source = list(popular_product_ids(stores.analytics, DAYS, limit)), "clickhouse"
    except Unavailable:
        with stores.postgres.reading() as connection:
            found = connection.execute(_POPULAR_IN_BOOKS, {"days": DAYS, "limit": limit})
            ids, source = list(found.scalars()), "postgresql"
    if len(ids) < limit:
        known = set(ids)
        ids += [product_id for product_id in _newest(stores, limit) if product_id not in known][: limit - len(ids)]
        source += "+mongodb"
    return ids, source


def cache_status(shop: Shop) -> CacheStatus:
    """Return how the caches are; never raises, looks at a bounded number of keys."""
    client: Any = shop.stores.redis.cache
    try:
        with translate_errors():
            about = client.info()
            families = Counter(_families(client))
            total = int(client.dbsize())
    except Unavailable as error:
        return CacheStatus(False, detail=error.reason)
    asked = about["keyspace_hits"] + about["keyspace_misses"]
    return CacheStatus(
        True,
        dict(families),
        total,
        sum(families.values()) < total,
        int(about["used_memory"]),
        int(about["maxmemory"]),
        int(about["evicted_keys"]),
        about["keyspace_hits"] / asked if asked else None,
    )


def _newest(stores: Stores, limit: int) -> list[str]:
    from data.stores.mongo import translate_errors as translate_mongo

    with translate_mongo():
        found = stores.mongo.products.find({"status": "active"}, {"_id": 1}).sort("_id", -1).limit(limit)
        return [str(document["_id"]) for document in found]


def _families(client: Any) -> Iterator[str]:
    for seen, key in enumerate(client.scan_iter(count=1000)):
        if seen >= _SCANNED:
            return
        family = key.partition(":")[0]
        yield family if family in _FAMILIES else "other"
