"""What the caches missed while Redis was away, made good when it is back.

A cache that is away must not hold up the search index or the stock summaries. So a handler that cannot reach it notes
that in PostgreSQL, before its event is deleted, and goes on; as soon as Redis answers, every entry it still holds is
compared with its source. (A Redis that lost its memory has nothing to compare and nothing that could be stale.)
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from data.caches.inventory import InventoryCache
from data.caches.products import ProductCache
from data.catalog.reads import get_products
from data.errors import Unavailable
from data.events import state
from data.stock.reads import levels_of
from data.stores.redis import translate_errors

if TYPE_CHECKING:
    from data.stores import Stores

__all__ = ["note_missed", "repair_if_missed", "revalidate"]

log = logging.getLogger(__name__)

_BATCH = 500


def note_missed(stores: Stores, error: Unavailable) -> None:
    """Remember that the caches have missed a change. Raises ``Unavailable`` where PostgreSQL is away."""
    log.warning("the caches missed a change: %s", error)
    with stores.postgres.writing() as connection:
        known = state.load(connection, state.CACHE)
        state.save(connection, state.CACHE, known | {"missed": known.get("missed", 0) + 1})


def repair_if_missed(stores: Stores) -> bool:
    """Revalidate the caches if they missed something and Redis is back; say whether they did.

    A change missed while this runs is kept for the next time. Raises ``Unavailable`` for stores other than Redis.
    """
    with stores.postgres.reading() as connection:
        known = state.load(connection, state.CACHE)
    missed = known.get("missed", 0)
    if missed == known.get("repaired", 0):
        return False
    try:
        entries = revalidate(stores)
    except Unavailable as error:
        if error.store != "redis":
            raise
        return False
    log.info("the caches are valid again, %d entries compared", entries)
    with stores.postgres.writing() as connection:
        state.save(connection, state.CACHE, state.load(connection, state.CACHE) | {"repaired": missed})
    return True


def revalidate(stores: Stores) -> int:
    """Bring every cached product and level to what its source says; return how many products were looked at.

    Raises ``Unavailable``.
    """
    client = stores.redis.cache
    looked_at = 0
    products, levels = ProductCache(client), InventoryCache(client)
    for ids in _batches(_ids(client, "product")):
        found = get_products(stores.mongo, ids)
        revisions = {key: found[key].revision if key in found else None for key in ids}
        products.follow(revisions, found.__getitem__)
        looked_at += len(ids)
    for ids in _batches(_ids(client, "inventory")):
        levels.follow(levels_of(stores.postgres, ids))
        looked_at += len(ids)
    return looked_at


def _ids(client: Any, family: str) -> Iterator[str]:
    """Yield the product ids under ``family:``; SCAN may name one twice."""
    with translate_errors():
        for key in client.scan_iter(f"{family}:*", count=1000):
            yield key.split(":")[1]


def _batches(ids: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(dict.fromkeys(islice(ids, _BATCH))):
        yield batch
