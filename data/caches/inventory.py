"""``inventory:{product}:{warehouse}``: stock levels for display. Whatever decides reads PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import redis
from sqlalchemy import text

from data.caches.keys import INVENTORY_SECONDS, inventory_key
from data.caches.versioned import Put, VersionedCache
from data.stock.reads import Level, levels_of
from data.structs import decoder

if TYPE_CHECKING:
    from data.shop import Shop
    from data.stores.postgres import Postgres

__all__ = ["InventoryCache", "cached_levels"]

#: What stands for "this product has no level in this warehouse".
_NONE = "null"
_WAREHOUSES = text("SELECT warehouse_id FROM warehouses ORDER BY warehouse_id")

_encode = msgspec.json.Encoder().encode
_decode = decoder(Level | None).decode


def cached_levels(shop: Shop, product_ids: Iterable[str]) -> dict[str, tuple[Level, ...]]:
    """Return the products' levels, warehouses in order, by product id; for display only.

    At most seconds old (as far as the relay is behind). Raises ``Unavailable`` where PostgreSQL is away.
    """
    ids = list(dict.fromkeys(product_ids))
    if not ids:
        return {}
    warehouses = _warehouse_ids(shop.stores.postgres)
    cache = InventoryCache(shop.stores.redis.cache)
    found = cache.get(ids, warehouses)
    missing = [product_id for product_id in ids if product_id not in found]
    if missing:
        started = time.monotonic()
        with cache.entries.direct():
            loaded = levels_of(shop.stores.postgres, missing)
        cache.fill(loaded, warehouses, started=started)
        found |= loaded
    return {product_id: found[product_id] for product_id in ids}


class InventoryCache:
    """The inventory entries of one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self.entries = VersionedCache(client)

    def get(self, product_ids: Sequence[str], warehouses: Sequence[str]) -> dict[str, tuple[Level, ...]]:
        """Return the levels of those products of which every warehouse is cached, by product id."""
        pairs = [(product_id, warehouse) for product_id in product_ids for warehouse in warehouses]
        entries = self.entries.get_many([inventory_key(*pair) for pair in pairs])
        held = {pair: entry.value for pair, entry in zip(pairs, entries, strict=True) if entry and entry.value}
        found: dict[str, tuple[Level, ...]] = {}
        for product_id in product_ids:
            values = [held.get((product_id, warehouse)) for warehouse in warehouses]
            with suppress(msgspec.MsgspecError):  # Written by another version of this program: not there.
                if all(values):
                    found[product_id] = tuple(level for value in values if value and (level := _decode(value)))
        return found

    def fill(self, levels: Mapping[str, Sequence[Level]], warehouses: Sequence[str], *, started: float) -> None:
        """Store what was read since ``started`` (``time.monotonic()``), empty places included; never raises."""
        puts = [_put(level) for of_product in levels.values() for level in of_product]
        held = {put.key for put in puts}
        keys = (inventory_key(product_id, warehouse) for product_id in levels for warehouse in warehouses)
        puts += (Put(key, 0, _NONE, INVENTORY_SECONDS) for key in keys if key not in held)
        self.entries.fill_many(puts, started=started)

    def follow(self, levels: Mapping[str, Sequence[Level]]) -> None:
        """Bring the cache to the levels as they stand. Raises ``Unavailable``."""
        puts = {put.key: put for of_product in levels.values() for put in map(_put, of_product)}
        self.entries.follow({key: put.version for key, put in puts.items()}, puts.__getitem__)


def _put(level: Level) -> Put:
    key = inventory_key(level.product_id, level.warehouse_id)
    return Put(key, level.version, _encode(level).decode(), INVENTORY_SECONDS)


def _warehouse_ids(postgres: Postgres) -> list[str]:
    with postgres.reading() as connection:
        return list(connection.execute(_WAREHOUSES).scalars())
