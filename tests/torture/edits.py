"""Edits of products at a steady rate, relays killed all the while, and one who watches what search and cache show.

Some SKUs are deleted and made anew, some documents come back under their old id, some edits are another program's. The
watcher sees every version that search and cache ever show: none goes back.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal

from bson import ObjectId

from data.caches.products import ProductCache, cached_product
from data.catalog.commands import EditProduct, PutProduct
from data.catalog.reads import get_products
from data.catalog.types import Product
from data.errors import NotFound, Unavailable
from data.events.reads import relay_status
from data.search.language import parse_query
from data.shop import Shop
from data.structs import convert
from tests.relay_world import RelayNursery, foreign_edit, put_product, until

RATE = 100.0
EDITORS = 4
RELAYS = 3


class Editor:
    """Edits its own products, one after the other, at its share of the rate."""

    def __init__(self, shop: Shop, products: list[str], seed: int) -> None:
        self._shop = shop
        self._chance = random.Random(seed)
        self.products = products
        self.gone: list[str] = []
        self.done = 0

    def work(self, edits: int) -> None:
        """Make ``edits`` edits."""
        began = time.monotonic()
        for number in range(edits):
            time.sleep(max(0.0, began + number * EDITORS / RATE - time.monotonic()))  # The rate is the test's.
            place = self._chance.randrange(len(self.products))
            self._edit(place, number)
            self.done += 1

    def _edit(self, place: int, number: int) -> None:
        stores, product_id = self._shop.stores, self.products[place]
        kind = self._chance.random()
        if kind < 0.90:
            changes: dict[str, object] = {"title": f"Kettle {number}", "pricing.base_price": Decimal(number + 1)}
            self._shop.door.run(EditProduct(product_id=product_id, changes=changes), self._shop.actor)
        elif kind < 0.94:
            foreign_edit(stores, product_id, title=f"Foreign kettle {number}")
        elif kind < 0.97:
            (product,) = get_products(stores.mongo, [product_id]).values()
            stores.mongo.products.delete_one({"_id": ObjectId(product_id)})
            self.gone.append(product_id)
            again = {"sku": product.sku, "title": f"Kettle anew {number}"}
            self.products[place] = self._shop.door.run(
                convert({"product": again}, PutProduct), self._shop.actor
            ).result.product_id
        else:
            document = stores.mongo.products.find_one_and_delete({"_id": ObjectId(product_id)})
            assert document is not None
            for counter in ("revision", "adopted"):
                document.pop(counter, None)
            stores.mongo.products.insert_one(document | {"title": f"Kettle back {number}", "version": 1})


class Watcher(threading.Thread):
    """Reads through the cache and looks at search and cache all the time; ``inversions`` counts versions that fell."""

    def __init__(self, shop: Shop, ids: Callable[[], list[str]]) -> None:
        super().__init__(name="watcher")
        self._shop, self._ids = shop, ids
        self._ended = threading.Event()
        self._seen: dict[tuple[str, str], int] = {}
        self.looks = self.inversions = 0

    def run(self) -> None:
        """Look until told to end."""
        chance = random.Random(1)
        while not self._ended.wait(0.02):
            ids = self._ids()
            for product_id in chance.sample(ids, 5):
                try:
                    cached_product(self._shop, product_id)
                except NotFound:
                    continue
            with suppress(Unavailable):  # an outage may be what the test is about
                self._compare("search", self._shop.stores.search.versions(ids))
            self._compare("cache", ProductCache(self._shop.stores.redis.cache).versions(ids))
            self.looks += 1

    def end(self) -> None:
        """End, and wait for it."""
        self._ended.set()
        self.join()

    def _compare(self, where: str, versions: dict[str, int]) -> None:
        for product_id, version in versions.items():
            if version < self._seen.get((where, product_id), 0):
                self.inversions += 1
                print(where, product_id, "fell from", self._seen[where, product_id], "to", version)
            self._seen[where, product_id] = version


class Relays:
    """Several relays; the leading one is killed every second, and another is started in its place."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._nursery = RelayNursery(shop.settings)
        self._ended = threading.Event()
        self._killer = threading.Thread(target=self._kill_on, name="killer")
        self.kills = 0

    def begin_killing(self) -> None:
        """Kill from now on."""
        for _ in range(RELAYS):
            self._nursery.start()
        until(self._leader, 60)
        self._killer.start()

    def end_killing(self) -> None:
        """Leave them alone: the one that leads next works on."""
        self._ended.set()
        self._killer.join()

    def close(self) -> None:
        """End all."""
        self._ended.set()
        self._nursery.close()

    def _leader(self) -> str:
        return relay_status(self._shop.stores.postgres).leader

    def _kill_on(self) -> None:
        while not self._ended.wait(1.0):
            if self._nursery.kill(self._leader()):
                self.kills += 1
                self._nursery.start()


@contextmanager
def torn(shop: Shop, ids: Callable[[], list[str]]) -> Iterator[tuple[Relays, Watcher]]:
    """Relays and a watcher for the length of a block."""
    with ExitStack() as stack:
        relays = Relays(shop)
        stack.callback(relays.close)
        watcher = Watcher(shop, ids)
        relays.begin_killing()
        watcher.start()
        stack.callback(watcher.end)
        yield relays, watcher


def differing(shop: Shop, there: list[str], gone: list[str]) -> list[tuple[str, object, object, object]]:
    """Return the products whose version is not the same everywhere: (id, catalog, search, cache)."""
    stores, ids = shop.stores, [*there, *gone]
    catalog = {key: product.revision for key, product in get_products(stores.mongo, ids).items()}
    search = stores.search.versions(ids)
    cache = ProductCache(stores.redis.cache).versions(ids)
    return [
        (key, catalog.get(key), search.get(key), cache.get(key))
        for key in ids
        if search.get(key) != catalog.get(key) or cache.get(key, catalog.get(key)) != catalog.get(key)
    ]


class Editing:
    """All editors on all products. ``seed`` makes it the same again."""

    def __init__(self, shop: Shop, products: int, seed: int) -> None:
        ids = [put_product(shop.stores, f"T-{number}", title="Kettle") for number in range(products)]
        self._editors = [Editor(shop, ids[number::EDITORS], seed + number) for number in range(EDITORS)]
        self._threads: list[threading.Thread] = []

    def begin(self, edits: int) -> None:
        """Let all of them make ``edits`` edits together."""
        self._threads = [threading.Thread(target=one.work, args=(edits // EDITORS,)) for one in self._editors]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Wait until they have."""
        for thread in self._threads:
            thread.join()

    def done(self) -> int:
        """Return how many edits were made so far."""
        return sum(editor.done for editor in self._editors)

    def there(self) -> list[str]:
        """Return the products there are."""
        return [product_id for editor in self._editors for product_id in editor.products]

    def gone(self) -> list[str]:
        """Return those that were deleted."""
        return [product_id for editor in self._editors for product_id in editor.gone]


def settle(shop: Shop, editing: Editing, seconds: float) -> tuple[list[tuple[str, object, object, object]], float]:
    """Wait until nothing differs any more, at most ``seconds``; return what still does, and how long it took."""
    began = time.monotonic()
    while (left := differing(shop, editing.there(), editing.gone())) and time.monotonic() - began <= seconds:
        time.sleep(0.05)
    return left, time.monotonic() - began


def assert_last_words(shop: Shop, ids: list[str]) -> None:
    """The content follows too, not only the version."""
    catalog: dict[str, Product] = get_products(shop.stores.mongo, ids)
    cached = ProductCache(shop.stores.redis.cache).get(ids)
    assert all(cached[key].title == catalog[key].title for key in cached)
    hits = shop.stores.search.search(parse_query("kettle"), limit=len(ids)).hits
    assert {hit.product_id: (hit.title, hit.price) for hit in hits} == {
        key: (product.title, product.pricing.final_price) for key, product in catalog.items()
    }
