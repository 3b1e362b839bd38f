"""Comparing revisions: all of them, so that nothing the change stream missed stays missed; and a sample, as a figure.

MongoDB is the truth. The search index and the product cache may lag by seconds; what lags for longer is found here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.caches.products import ProductCache
from data.catalog.documents import object_id
from data.stores.mongo import translate_errors

if TYPE_CHECKING:
    from data.shop import Shop
    from data.stores import Stores

__all__ = ["ConsistencySample", "Differences", "differences", "sample_consistency", "still_different"]

_BATCH = 1000


@dataclass(frozen=True)
class Differences:
    """The products whose index entry is missing or not at the document's revision.

    ``index_too_large``: the index knows more products than there are, so some were deleted unseen.
    """

    product_ids: tuple[str, ...]
    index_too_large: bool

    @property
    def count(self) -> int:
        """How many products differ."""
        return len(self.product_ids)

    def batches(self, size: int) -> Iterator[tuple[str, ...]]:
        """Yield the ids, ``size`` at a time."""
        for first in range(0, len(self.product_ids), size):
            yield self.product_ids[first : first + size]


@dataclass(frozen=True)
class ConsistencySample:
    """How well search and cache follow the catalog, over ``sampled`` random products.

    ``search_behind`` are indexed at another revision than the catalog's, ``search_missing`` are not indexed;
    ``cache_stale`` are cached at a lower revision. Being absent from the cache is no fault.
    """

    sampled: int
    search_behind: int
    search_missing: int
    cached: int
    cache_stale: int

    @property
    def consistent(self) -> bool:
        """Whether nothing sampled was behind."""
        return not (self.search_behind or self.search_missing or self.cache_stale)


def differences(stores: Stores) -> Differences:
    """Compare every product's revision with the index. Reads ids and revisions only. Raises ``Unavailable``."""
    found: list[str] = []
    products = 0
    for revisions in _revisions(stores):
        products += len(revisions)
        found += _different(stores, revisions)
    return Differences(tuple(found), stores.search.count() > products)


def still_different(stores: Stores, product_ids: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``product_ids`` whose index entry is not at their document's revision."""
    return tuple(_different(stores, _stored(stores, product_ids)))


def sample_consistency(shop: Shop, size: int = 200) -> ConsistencySample:
    """Compare the revisions of ``size`` random products in catalog, index and cache. Raises ``Unavailable``.

    Index and cache are read before the catalog, so that an edit in between may count as behind for a moment but a
    stale entry is never missed.
    """
    stores = shop.stores
    with translate_errors():
        drawn = stores.mongo.products.aggregate([{"$sample": {"size": size}}, {"$project": {"_id": 1}}])
        ids = list(dict.fromkeys(str(document["_id"]) for document in drawn))
    indexed = stores.search.versions(ids)
    cached = ProductCache(stores.redis.cache).versions(ids)
    stored = _stored(stores, ids)
    return ConsistencySample(
        len(stored),
        sum(indexed.get(product_id, revision) != revision for product_id, revision in stored.items()),
        sum(product_id not in indexed for product_id in stored),
        sum(product_id in cached for product_id in stored),
        sum(cached.get(product_id, revision) < revision for product_id, revision in stored.items()),
    )


def _revisions(stores: Stores) -> Iterator[dict[str, int]]:
    batch: dict[str, int] = {}
    with translate_errors():
        for document in stores.mongo.products.find({}, {"revision": 1}, batch_size=_BATCH).sort("_id", 1):
            batch[str(document["_id"])] = int(document.get("revision") or 0)
            if len(batch) == _BATCH:
                yield batch
                batch = {}
    if batch:
        yield batch


def _stored(stores: Stores, product_ids: Iterable[str]) -> dict[str, int]:
    keys = [key for key in map(object_id, product_ids) if key]
    with translate_errors():
        found = stores.mongo.products.find({"_id": {"$in": keys}}, {"revision": 1})
        return {str(document["_id"]): int(document.get("revision") or 0) for document in found}


def _different(stores: Stores, revisions: dict[str, int]) -> list[str]:
    indexed = stores.search.versions(revisions)
    return [product_id for product_id, revision in revisions.items() if indexed.get(product_id) != revision]
