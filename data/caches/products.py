"""``product:{id}``: products as the catalog holds them, ready to show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
import redis

from data.caches.keys import PRODUCT_SECONDS, product_key
from data.caches.versioned import Put, VersionedCache
from data.catalog.reads import get_product, get_products
from data.catalog.types import Product
from data.structs import decoder

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["ProductCache", "cached_product", "cached_products"]

#: The version of a product that is gone: above every revision, exact in Lua's doubles.
GONE = 2**53 - 1

_encode = msgspec.json.Encoder().encode
_decode = decoder(Product).decode


def cached_product(shop: Shop, product_id: str) -> Product:
    """Return the product with this id, from the cache or the catalog.

    At most seconds old (as far as the relay is behind). Raises ``NotFound``, and ``Unavailable`` only where the catalog
    had to be asked and is away.
    """

    def load() -> tuple[int, str]:
        product = get_product(shop.stores.mongo, product_id)
        return product.revision, _encode(product).decode()

    cache = VersionedCache(shop.stores.redis.cache)
    found = _read(cache.fetch(product_key(product_id), PRODUCT_SECONDS, load))
    return found or get_product(shop.stores.mongo, product_id)


def cached_products(shop: Shop, product_ids: Iterable[str]) -> dict[str, Product]:
    """Return the products with these ids, by id, the missing ones read in one query; an unknown id is left out."""
    ids = list(dict.fromkeys(product_ids))
    cache = ProductCache(shop.stores.redis.cache)
    found = cache.get(ids)
    missing = [product_id for product_id in ids if product_id not in found]
    if missing:
        started = time.monotonic()
        with cache.entries.direct():
            loaded = get_products(shop.stores.mongo, missing)
        cache.fill(loaded.values(), started=started)
        found |= loaded
    return {product_id: found[product_id] for product_id in ids if product_id in found}


class ProductCache:
    """The product entries of one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self.entries = VersionedCache(client)

    def get(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Return what is cached, by id."""
        ids = list(product_ids)
        entries = self.entries.get_many([product_key(product_id) for product_id in ids])
        return {
            product_id: product
            for product_id, entry in zip(ids, entries, strict=True)
            if entry and (product := _read(entry.value))
        }

    def versions(self, product_ids: Iterable[str]) -> dict[str, int]:
        """Return the revision of what is cached, by id; tombstones and missing entries are left out."""
        keys = {product_key(product_id): product_id for product_id in product_ids}
        return {keys[key]: version for key, version in self.entries.versions(list(keys)).items()}

    def fill(self, products: Iterable[Product], *, started: float) -> None:
        """Store products read from the catalog since ``started`` (``time.monotonic()``); never raises."""
        self.entries.fill_many(map(_put, products), started=started)

    def store(self, products: Iterable[Product]) -> int:
        """Store products whether or not they are cached, never over newer ones; return how many were stored.

        For warming. Raises ``Unavailable``.
        """
        return self.entries.put_many(map(_put, products))

    def follow(self, revisions: Mapping[str, int | None], product: Callable[[str], Product]) -> None:
        """Bring the cache to the products at these revisions, ``None`` for one that is gone. Raises ``Unavailable``.

        What is cached is replaced by what ``product`` says of its id, at just that revision; of what is not cached only
        the version is left, against slow readers.
        """
        there = {product_key(product_id): product_id for product_id, at in revisions.items() if at is not None}
        versions = {key: revisions[product_id] or 0 for key, product_id in there.items()}
        self.entries.follow(versions, lambda key: _put(product(there[key])))
        gone = (product_id for product_id, at in revisions.items() if at is None)
        self.entries.put_many(Put(product_key(product_id), GONE, "", 0) for product_id in gone)


def _put(product: Product) -> Put:
    return Put(product_key(product.product_id), product.revision, _encode(product).decode(), PRODUCT_SECONDS)


def _read(value: str) -> Product | None:
    """Return the product in ``value``; ``None`` for a tombstone, or what another version of this program wrote."""
    try:
        return _decode(value) if value else None
    except msgspec.MsgspecError:
        return None
