"""Comparing all revisions of catalog and index, so that nothing the change stream missed stays missed.

MongoDB is the truth. The index may lag by seconds; what lags for longer is found here. A figure of how well search and
cache follow, from a sample, is ``consistency``'s.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from data.caches.products import ProductCache
from data.catalog.documents import object_id
from data.stores.mongo import translate_errors

if TYPE_CHECKING:
    from data.stores import Stores

__all__ = ["Differences", "Indexed", "behind", "differences", "refused", "revisions_of"]

_BATCH = 1000
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Differences:
    """The products whose index entry is missing or not at the document's revision, or that are cached at a later one.

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


class Indexed(Protocol):
    """An index that can be compared: the one in use, or one that is about to be."""

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the indexed revision by product id."""
        ...


def differences(stores: Stores) -> Differences:
    """Compare every product's revision with index and cache. Reads ids and revisions only. Raises ``Unavailable``."""
    found: dict[str, None] = {}
    products, cache = 0, ProductCache(stores.redis.cache)
    for revisions in _revisions(stores):
        products += len(revisions)
        found |= dict.fromkeys(_different(stores.search, revisions))
        # No cache takes an earlier revision. An earlier one in it is revalidated without anything being compared.
        found |= dict.fromkeys(key for key, held in cache.versions(revisions).items() if held > revisions[key])
    return Differences(tuple(found), stores.search.count() > products)


def behind(stores: Stores, index: Indexed, *, apart_from: Container[str] = ()) -> dict[str, int]:
    """Return the revision, by product id, of every product that ``index`` does not hold at that revision."""
    return {
        product_id: revisions[product_id]
        for revisions in _revisions(stores)
        for product_id in _different(index, revisions)
        if product_id not in apart_from
    }


def refused(stores: Stores, product_ids: Collection[str], sent: Mapping[str, int] = _NONE) -> tuple[str, ...]:
    """Return those of ``product_ids`` that the index did not take (it has none of them, or a later revision), and those
    that the cache holds at a later revision.

    An earlier one is no refusal: the product was written again meanwhile, and the change stream tells of it. ``sent``
    are the revisions that the index was just given: where it holds them all, the catalog need not be asked again.
    """
    indexed = stores.search.versions(product_ids)
    cached = ProductCache(stores.redis.cache).versions(product_ids)

    def not_taken(stored: Mapping[str, int]) -> tuple[str, ...]:
        return tuple(
            key
            for key, revision in stored.items()
            if indexed.get(key, revision + 1) > revision or cached.get(key, revision) > revision
        )

    if len(sent) == len(product_ids) and not not_taken(sent):
        return ()
    return not_taken(revisions_of(stores, product_ids))


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


def revisions_of(stores: Stores, product_ids: Iterable[str]) -> dict[str, int]:
    """Return the revision of each of ``product_ids`` that is in the catalog. Raises ``Unavailable``."""
    keys = [key for key in map(object_id, product_ids) if key]
    with translate_errors():
        found = stores.mongo.products.find({"_id": {"$in": keys}}, {"revision": 1})
        return {str(document["_id"]): int(document.get("revision") or 0) for document in found}


def _different(index: Indexed, revisions: dict[str, int]) -> list[str]:
    indexed = index.versions(revisions)
    return [product_id for product_id, revision in revisions.items() if indexed.get(product_id) != revision]
