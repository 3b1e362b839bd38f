"""Elasticsearch away while products are edited and relays are killed: nothing lost, nothing back, no dead letter.

On a node of its own, because stopping the one that other tests use would be their outage too. It is frozen (takes
connections, answers nobody), then killed and started again on what it left. For a few seconds; for a minute each with
``STOREKEEPER_TORTURE=1``.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from bson import ObjectId

from data.events.reads import list_dead_letters
from data.events.relay import drain
from data.search.documents import from_mongo
from data.search.elasticsearch.engine import ElasticEngine
from data.search.engine import SearchDocument
from data.settings import Settings
from data.shop import Shop, open_shop
from tests.relay_world import foreign_edit, put_product, until
from tests.servers import processes, versions
from tests.torture.edits import Editing, assert_last_words, settle, torn

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
EDITS, PRODUCTS, SECONDS = (2_000, 200, 60.0) if FULL else (240, 50, 2.0)
#: The promise; at the small size, which runs on every machine however busy, only that it does not take for ever.
QUIET_SECONDS = 5.0 if FULL else 60.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Server]:
    """A node of Elasticsearch that this file may do anything to."""
    server = processes.elasticsearch(tmp_path_factory.mktemp("outage") / "elasticsearch")
    try:
        server.await_version(versions.elasticsearch)
        yield server
    finally:
        server.stop()


@pytest.fixture
def shop(settings: Settings, node: processes.Server, tmp_path: Path) -> Iterator[Shop]:
    """A shop that searches in that node."""
    opened = open_shop(msgspec.structs.replace(settings, search_url=f"{node.url}/{tmp_path.name.replace('_', '-')}"))
    yield opened
    opened.close()


def frozen(node: processes.Server) -> None:
    """Be away as a machine in a long pause is."""
    node.freeze()
    try:
        threading.Event().wait(SECONDS)  # The length of the outage is what is tested.
    finally:
        node.thaw()


def killed(node: processes.Server) -> None:
    """Be away as a machine without power is."""
    node.kill()
    threading.Event().wait(SECONDS)
    node.start_again()


@pytest.mark.torture
@pytest.mark.timeout(600 if FULL else 240)
@pytest.mark.parametrize("outage", [frozen, killed])
def test_search_and_cache_follow_every_edit_though_elasticsearch_was_away(
    shop: Shop, node: processes.Server, outage: Callable[[processes.Server], None]
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    editing = Editing(shop, PRODUCTS, seed)
    with torn(shop, editing.there) as (relays, watcher):
        editing.begin(EDITS * 3 // 4)
        until(lambda: editing.done() >= EDITS // 4, 60)
        before = editing.done()
        outage(node)
        meanwhile = editing.done() - before
        editing.finish()
        editing.begin(EDITS // 4)
        editing.finish()
        node.await_version(versions.elasticsearch)
        relays.end_killing()
        left, settled = settle(shop, editing, QUIET_SECONDS)
    print(f"{EDITS} edits, {meanwhile} while it was away, {relays.kills} kills, same after {settled:.2f} s")
    assert editing.done() == EDITS
    assert meanwhile > EDITS // 10, "hardly an edit fell into the outage: the test proves nothing"
    assert relays.kills > 1
    assert (left, watcher.inversions) == ([], 0)
    assert list_dead_letters(shop.stores.postgres).rows == ()
    assert_last_words(shop, editing.there())


def test_what_a_killed_relay_wrote_and_never_showed_is_shown_by_the_next(shop: Shop) -> None:
    """Its place in the stream is not stored either, so the next relay writes the same once more, which is no news."""
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle")
    assert drain(shop).quiet
    foreign_edit(stores, product, title="Teapot", revision=7)
    unshown(shop).put_many([indexed(shop, product)])
    assert drain(shop).quiet
    assert stores.search.versions([product]) == {product: 7}


def test_what_a_killed_relay_wrote_does_not_bring_a_deleted_product_back(shop: Shop) -> None:
    """Written and never shown when its deletion is handled, or still on its way then."""
    stores = shop.stores
    products = [put_product(stores, f"A-{number}", title="Kettle") for number in range(2)]
    assert drain(shop).quiet
    for product in products:
        foreign_edit(stores, product, title="Teapot", revision=7)
    late = [indexed(shop, product) for product in products]
    unshown(shop).put_many(late[:1])
    stores.mongo.products.delete_many({})
    assert drain(shop).quiet
    assert stores.search.put_many(late) == 0
    stores.search.commit()
    assert stores.search.versions(products) == {}
    assert stores.search.count() == 0


def indexed(shop: Shop, product_id: str) -> SearchDocument:
    """Return what a relay writes of the product as it is now."""
    return from_mongo(shop.stores.mongo.products.find_one({"_id": ObjectId(product_id)}) or {})


def unshown(shop: Shop) -> ElasticEngine:
    """Return another writer, that never comes to commit."""
    return ElasticEngine(shop.settings.search_url)
