"""M13 of the reliability anchors: a slow reader and a writer, with the way every shop begins as the control.

The control (read through, delete on write) is the naive cache, on the same Redis and the same MongoDB. It must go
stale, or this file proves nothing.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest
from bson import ObjectId

from data.caches.keys import PRODUCT_SECONDS, product_key
from data.caches.products import ProductCache
from data.caches.versioned import VersionedCache
from data.catalog.reads import get_product, get_products
from data.events.consistency import sample_consistency
from data.shop import Shop
from tests.relay_world import put_product


class Naive:
    """Cache-aside with DEL on write."""

    def __init__(self, shop: Shop) -> None:
        self._shop, self._redis = shop, shop.stores.redis.cache

    def read(self, product_id: str, pause: Callable[[], object]) -> str:
        title = self._redis.get(f"naive:{product_id}")
        if title is None:
            title = get_product(self._shop.stores.mongo, product_id).title
            pause()
            self._redis.set(f"naive:{product_id}", title, ex=PRODUCT_SECONDS)
        return title

    def changed(self, product_id: str) -> None:
        self._redis.delete(f"naive:{product_id}")

    def held(self, product_id: str) -> str | None:
        return self._redis.get(f"naive:{product_id}")


class Versioned:
    """This program's cache."""

    def __init__(self, shop: Shop) -> None:
        self._shop, self._redis = shop, shop.stores.redis.cache
        self._cache, self._products = VersionedCache(self._redis), ProductCache(self._redis)

    def read(self, product_id: str, pause: Callable[[], object]) -> str:
        started = time.monotonic()
        product = self._products.get([product_id]).get(product_id)
        if product is None:
            product = get_product(self._shop.stores.mongo, product_id)
            pause()
            self._products.fill([product], started=started)
        return product.title

    def changed(self, product_id: str) -> None:
        found = get_products(self._shop.stores.mongo, [product_id])
        self._products.follow({key: one.revision for key, one in found.items()}, found.__getitem__)

    def held(self, product_id: str) -> str | None:
        found = self._products.get([product_id]).get(product_id)
        return found.title if found else None


def edit(shop: Shop, product_id: str, title: str) -> None:
    change = {"$set": {"title": title}, "$inc": {"revision": 1}}
    shop.stores.mongo.products.update_one({"_id": ObjectId(product_id)}, change)


@pytest.mark.parametrize(("kind", "stale"), [(Naive, True), (Versioned, False)])
def test_a_value_written_back_after_a_change(shop: Shop, kind: type[Naive | Versioned], stale: bool) -> None:
    """The reader reads its source, sleeps over the change, and writes: the one interleaving that matters."""
    cache = kind(shop)
    product = put_product(shop.stores, "A-1", title="old")
    has_read, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        has_read.set()
        assert go_on.wait(10)

    reader = threading.Thread(target=cache.read, args=(product, pause))
    reader.start()
    assert has_read.wait(10)
    edit(shop, product, "new")
    cache.changed(product)
    go_on.set()
    reader.join()
    assert (cache.held(product) == "old") is stale
    assert (cache.read(product, lambda: None) == "old") is stale


def test_after_a_storm_of_writes_no_key_is_stale_and_the_control_has_some(shop: Shop) -> None:
    """Twenty keys, slow readers, writers; after they have stopped no key may hold what it no longer is."""
    chance = random.Random(7)
    products = [put_product(shop.stores, f"A-{number}", title="0") for number in range(20)]
    assert any(stale_after_storm(shop, Naive(shop), products, chance) for _ in range(10)), "a storm that proves nothing"
    assert stale_after_storm(shop, Versioned(shop), products, chance) == []
    assert sample_consistency(shop.stores, settle=0).cache_stale == 0


def stale_after_storm(shop: Shop, cache: Naive | Versioned, products: list[str], chance: random.Random) -> list[str]:
    """Read and write for a while; return the products whose cached title is not the catalog's then."""
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            cache.read(chance.choice(products), lambda: time.sleep(chance.uniform(0, 0.02)))

    def write(number: int) -> None:
        for step in range(40):
            product = products[(step * 3 + number) % len(products)]
            edit(shop, product, f"{number}-{step}")
            cache.changed(product)

    readers = [threading.Thread(target=read) for _ in range(8)]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    now = {product: found.title for product, found in get_products(shop.stores.mongo, products).items()}
    return [product for product in products if cache.held(product) not in (None, now[product])]


def test_a_whole_program_that_reads_while_another_edits(shop: Shop) -> None:
    """The same with the real readers: what is cached in the end is what the catalog says."""
    from data.caches.products import cached_product, cached_products

    products = [put_product(shop.stores, f"A-{number}", title="0") for number in range(10)]
    follow = Versioned(shop)
    stop = threading.Event()

    def read() -> None:
        chance = random.Random()
        while not stop.is_set():
            cached_product(shop, chance.choice(products))
            cached_products(shop, products)

    readers = [threading.Thread(target=read) for _ in range(6)]
    for thread in readers:
        thread.start()
    for step in range(50):
        edit(shop, products[step % 10], str(step))
        follow.changed(products[step % 10])
    stop.set()
    for thread in readers:
        thread.join()
    assert sample_consistency(shop.stores, settle=0).cache_stale == 0
    versions = ProductCache(shop.stores.redis.cache).versions(products)
    stored = get_products(shop.stores.mongo, products)
    assert all(stored[product].revision == version for product, version in versions.items())
    assert product_key(products[0]) == f"product:{products[0]}"
