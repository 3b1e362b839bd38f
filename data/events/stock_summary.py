"""Stock → the product's document and the inventory cache.

The document's ``inventory`` holds the sums over all warehouses for search and lists. Its version is the sum of the
levels' versions: each rises by one with a movement and never falls, so the sum orders all states of a product. The
write raises the document's ``revision``, and with that the change stream carries it to search and the product cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bson import Int64
from pymongo import UpdateOne

from data.caches.inventory import InventoryCache
from data.catalog.documents import object_id
from data.errors import Unavailable
from data.events.cache_repair import note_missed
from data.events.outbox import Event
from data.stock.reads import Level, levels_of
from data.stores.mongo import translate_errors

if TYPE_CHECKING:
    from bson import ObjectId

    from data.stores import Stores

__all__ = ["StockSummaries"]

_SUMMED = ("total_stock", "available_stock", "reserved_stock", "reorder_level")


class StockSummaries:
    """The handler of the topic ``stock``; an event's key is the product's id."""

    def __call__(self, stores: Stores, events: Sequence[Event]) -> int:
        """Bring document and cache to the levels as they stand. Raises ``LookupError`` for a product that is not.

        A cache that is away holds nothing up: what it missed is made good when it is back (``cache_repair``).
        """
        levels = levels_of(stores.postgres, {event.key for event in events})
        changed = _write_documents(stores, levels)
        try:
            InventoryCache(stores.redis.cache).follow(levels)
        except Unavailable as error:
            if error.store != "redis":
                raise
            note_missed(stores, error)
        return len(events) - changed


def summary(levels: Sequence[Level]) -> dict[str, int]:
    """Return the sums over ``levels`` as the document's ``inventory`` has them, ``version`` included."""
    sums = {name: sum(getattr(level, name) for level in levels) for name in _SUMMED}
    return sums | {"version": sum(level.version for level in levels)}


def _write_documents(stores: Stores, levels: Mapping[str, Sequence[Level]]) -> int:
    """Write the summaries that are newer than their document's; return how many were."""
    ids = {product_id: _id(product_id) for product_id in levels}
    with translate_errors():
        stored = {
            document["_id"]: document.get("inventory") or {}
            for document in stores.mongo.products.find({"_id": {"$in": list(ids.values())}}, {"inventory": 1})
        }
    missing = [product_id for product_id, key in ids.items() if key not in stored]
    if missing:
        raise LookupError(f"no product {min(missing)} in the catalog")
    updates = [
        _update(key, summary(levels[product_id]))
        for product_id, key in ids.items()
        if _differs(stored[key], summary(levels[product_id]))
    ]
    if not updates:
        return 0
    with translate_errors():
        return int(stores.mongo.products.bulk_write(updates, ordered=False).modified_count)


def _id(product_id: str) -> ObjectId:
    found = object_id(product_id)
    if found is None:
        raise ValueError(f"the key {product_id!r} is no product id")
    return found


def _differs(stored: Mapping[str, Any], sums: Mapping[str, int]) -> bool:
    return int(stored.get("version") or 0) <= sums["version"] and any(stored.get(name) != sums[name] for name in sums)


def _update(key: ObjectId, sums: Mapping[str, int]) -> UpdateOne:
    # The guard is in the update itself: between the look and the write another relay may have been here.
    guard = {"$or": [{"inventory.version": {"$lte": sums["version"]}}, {"inventory.version": None}]}
    values = {f"inventory.{name}": value for name, value in sums.items()} | {
        "inventory.version": Int64(sums["version"])
    }
    return UpdateOne({"_id": key} | guard, {"$set": values, "$inc": {"revision": Int64(1)}})
