"""Products: from any MongoDB client to search and cache, through lost history, deletions and a Redis that was away."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from urllib.parse import quote

import msgspec
import psutil
import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect, OperationFailure
from sqlalchemy import text

from data.caches.keys import product_key
from data.caches.products import GONE, ProductCache, cached_product
from data.errors import NotFound
from data.events import changes, delivery, reindex, state
from data.events import products as feed
from data.events.changes import HistoryLost
from data.events.consistency import sample_consistency
from data.events.outbox import MAX_ATTEMPTS
from data.events.reads import list_dead_letters, relay_status
from data.events.reconcile import differences
from data.events.relay import drain
from data.events.topics import PRODUCTS
from data.local import ensure_up
from data.local.paths import Layout
from data.search.engine import Hit
from data.search.language import parse_query
from data.settings import Settings
from data.shop import Shop, open_shop
from data.stores import Stores
from data.structs import decode
from tests.relay_world import LENIENCY, foreign_edit, put_product, relay_process, set_level, until


def hits(stores: Stores, words: str) -> dict[str, Hit]:
    """Return what a search finds, by SKU, as the index has it."""
    return {hit.sku: hit for hit in stores.search.search(parse_query(words)).hits}


def in_cache(stores: Stores, product_id: str) -> tuple[int, str]:
    """Return version and title of the cached product as Redis itself has it."""
    version, value = stores.redis.cache.hmget(product_key(product_id), "ver", "val")
    return int(version or 0), decode(value)["title"] if value else ""


def test_an_edit_by_another_client_shows_in_search_and_cache_within_two_seconds(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", title="Grey kettle")
    with relay_process(shop.settings):
        until(lambda: hits(stores, "kettle"))
        assert cached_product(shop, product).title == "Grey kettle"
        took = []
        for title in ("Crimson teapot", "Azure jug", "Golden cup"):
            started = time.monotonic()
            foreign_edit(stores, product, title=title)
            until(lambda title=title: hits(stores, title.split()[1].lower()))
            until(lambda title=title: in_cache(stores, product)[1] == title)
            took.append(time.monotonic() - started)
        assert max(took) < 2.0 * LENIENCY, took
    assert not hits(stores, "kettle")
    assert cached_product(shop, product).title == "Golden cup"
    stored = stores.mongo.products.find_one({"_id": ObjectId(product)})
    assert stored["version"] == 4, "an open edit form must see that somebody else was here"
    assert stored["words"] == sorted(stored["words"]) or "golden" in stored["words"]


def test_new_changed_and_deleted_products(shop: Shop) -> None:
    stores = shop.stores
    ids = {sku: put_product(stores, sku, title=f"Lamp {sku}") for sku in ("L-1", "L-2", "L-3")}
    assert drain(shop).quiet
    assert set(hits(stores, "lamp")) == {"L-1", "L-2", "L-3"}
    cached_product(shop, ids["L-2"])
    stores.mongo.products.delete_one({"sku": "L-2"})
    foreign_edit(stores, ids["L-3"], title="Candle", brand="Wax & Co")
    late = put_product(stores, "L-4", title="Lamp L-4")
    assert drain(shop).quiet
    assert set(hits(stores, "lamp")) == {"L-1", "L-4"}
    assert hits(stores, "candle")["L-3"].brand == "Wax & Co"
    with pytest.raises(NotFound):
        cached_product(shop, ids["L-2"])
    assert in_cache(stores, ids["L-2"]) == (GONE, "")
    assert stores.search.versions([ids["L-2"], late]).keys() == {late}


def test_a_product_inserted_or_replaced_by_another_client_is_adopted(shop: Shop) -> None:
    stores = shop.stores
    drain(shop)
    inserted = stores.mongo.products.insert_one(
        {"sku": "X-1", "title": "Foreign thing", "status": "active", "pricing": {"currency": "USD"}, "version": 1}
    ).inserted_id
    drain(shop)
    assert hits(stores, "foreign")["X-1"].revision >= 1
    document = stores.mongo.products.find_one({"_id": inserted})
    stores.mongo.products.replace_one({"_id": inserted}, document | {"title": "Replaced thing"})
    drain(shop)
    assert hits(stores, "replaced")["X-1"].revision > document["revision"]
    assert not hits(stores, "foreign")


def test_changes_that_come_again_write_nothing(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle")
    drain(shop)
    with stores.postgres.reading() as connection:
        before = state.load(connection, PRODUCTS)
    foreign_edit(stores, product, title="Teapot")
    drain(shop)
    known, cached = hits(stores, "teapot"), in_cache(stores, product)
    generation = stores.search.generation
    with stores.postgres.writing() as connection:
        state.save(connection, PRODUCTS, before)  # a relay that was killed before it noted its place
    drain(shop)
    assert hits(stores, "teapot") == known
    assert in_cache(stores, product) == cached
    assert stores.search.generation >= generation
    assert sample_consistency(shop.stores).consistent


@pytest.mark.parametrize(
    "token",
    [
        pytest.param({"_data": "82FFFFFFFF000000012B0229296E04"}, id="another-servers"),
        pytest.param({"_data": "8200"}, id="broken"),
        pytest.param({"_data": "no token"}, id="nonsense"),
    ],
)
def test_a_lost_place_means_reading_everything_once_and_no_tight_loop(shop: Shop, token: dict[str, str]) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle")
    put_product(stores, "A-2", title="Kettle two")
    drain(shop)
    cached_product(shop, product)
    foreign_edit(stores, product, title="Teapot")  # unseen, and without a new revision
    stores.mongo.products.delete_one({"sku": "A-2"})
    with stores.postgres.writing() as connection:
        known = state.load(connection, PRODUCTS)
        state.save(connection, PRODUCTS, known | {"token": token})

    def noted() -> dict[str, object]:
        with stores.postgres.reading() as connection:
            return state.load(connection, PRODUCTS)

    if token["_data"].startswith("82F"):  # one in a relay of its own, which would go round; the others cost less here
        with relay_process(shop.settings):
            until(lambda: noted().get("token") not in (None, token))
            until(lambda: hits(stores, "teapot"))
            assert drain(shop).quiet
    else:
        assert drain(shop).quiet
        assert hits(stores, "teapot")
    assert noted()["rebuilt"] == known["rebuilt"] + 1
    assert relay_status(stores.postgres).last_error
    assert set(hits(stores, "kettle")) == set()


def test_a_place_that_is_lost_does_not_look_fresh_and_a_new_one_is_not_judged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, behind a clock that seemed to run late, the feed gave up every new place too, and the lag said 0.0."""
    stores = shop.stores
    put_product(stores, "A-1", title="Kettle")
    drain(shop)
    with stores.postgres.writing() as connection:
        known = state.load(connection, PRODUCTS)
        state.save(connection, PRODUCTS, known | {"token": {"_data": "82FFFFFFFF000000012B0229296E04"}})
        connection.execute(text("UPDATE relay_state SET updated_at = now() - interval '100 s' WHERE name = 'products'"))
    monkeypatch.setattr(changes, "_clock", lambda mongo: 0)
    following = feed.ProductFeed(stores)
    following.step()
    assert relay_status(stores.postgres).lag_seconds > 75
    following.step()
    following.close()
    assert relay_status(stores.postgres).lag_seconds < 60  # What a busy machine took; the place lost was 100 s old.
    assert hits(stores, "kettle")


def test_a_place_that_rolled_out_of_the_oplog_is_lost_and_a_lost_connection_is_not() -> None:
    """An oplog of the least size there is takes a gigabyte to roll over, so what MongoDB says then is quoted."""
    said = "Resume of change stream was not possible, as the resume point may no longer be in the oplog."
    assert isinstance(changes._lost(OperationFailure(said, 286)), HistoryLost)
    assert isinstance(
        changes._lost(OperationFailure("", 280, {"errorLabels": ["NonResumableChangeStreamError"]})), HistoryLost
    )
    assert changes._lost(AutoReconnect("connection closed")) is None
    assert changes._lost(OperationFailure("not authorized", 13)) is None


def test_a_dropped_collection_empties_the_index(shop: Shop) -> None:
    stores = shop.stores
    put_product(stores, "A-1", title="Kettle")
    drain(shop)
    stores.mongo.products.drop()
    drain(shop)
    assert stores.search.count() == 0
    put_product(stores, "A-2", title="Kettle again")
    drain(shop)
    assert set(hits(stores, "kettle")) == {"A-2"}


def test_comparing_revisions_heals_what_the_stream_never_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = shop.stores
    ids = [put_product(stores, f"A-{number}", title=f"Kettle {number}") for number in range(4)]
    drain(shop)
    # Set back by hand, with a revision of its own: index and cache hold a higher one.
    foreign_edit(stores, ids[0], title="Restored", revision=0)
    # Deleted, then restored from a backup under its old id and revision.
    backup = stores.mongo.products.find_one({"sku": "A-1"})
    stores.mongo.products.delete_one({"sku": "A-1"})
    drain(shop)
    stores.mongo.products.insert_one(backup)
    assert drain(shop).quiet
    monkeypatch.setattr(feed, "RECONCILE_SECONDS", 0.0)
    drain(shop)
    assert differences(stores).count == 0
    assert set(hits(stores, "restored")) == {"A-0"}
    assert set(hits(stores, "kettle")) == {"A-1", "A-2", "A-3"}


def test_an_index_that_was_lost_is_built_at_once_and_not_bit_by_bit(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = shop.stores
    for number in range(5):
        put_product(stores, f"A-{number}", title="Kettle")
    drain(shop)
    with stores.postgres.reading() as connection:
        before = state.load(connection, PRODUCTS)
    stores.search.rebuild([])  # as one of another layout looks
    stores.search.close()
    assert not hits(stores, "kettle")
    monkeypatch.setattr(feed, "RECONCILE_SECONDS", 0.0)
    assert drain(shop).quiet
    assert len(hits(stores, "kettle")) == 5
    with stores.postgres.reading() as connection:
        assert state.load(connection, PRODUCTS)["rebuilt"] > before["rebuilt"]


def test_what_came_back_under_its_old_id_while_the_place_was_lost_is_cached_as_it_is(shop: Shop) -> None:
    stores = shop.stores
    ids = [put_product(stores, f"A-{number}", title="Kettle") for number in range(2)]
    for product in ids:
        foreign_edit(stores, product, revision=7)
    drain(shop)
    assert {cached_product(shop, product).revision for product in ids} == {7}
    stores.mongo.products.delete_one({"sku": "A-1"})
    drain(shop)
    with stores.postgres.writing() as connection:
        state.save(connection, PRODUCTS, state.load(connection, PRODUCTS) | {"token": {"_data": "00"}})
    # As a restored backup brings them, one of them deleted before: without the counters of this program.
    for product, sku in zip(ids, ("A-0", "A-1"), strict=True):
        stores.mongo.products.delete_one({"sku": sku})
        stores.mongo.products.insert_one(
            {"_id": ObjectId(product), "sku": sku, "title": "Back", "status": "active", "version": 1}
            | {"pricing": {"currency": "USD"}}
        )
    assert drain(shop).quiet
    revisions = {str(one["_id"]): one["revision"] for one in stores.mongo.products.find({})}
    assert min(revisions.values()) > 7
    assert stores.search.versions(ids) == revisions
    assert {cached_product(shop, product).title for product in ids} == {"Back"}


def test_stock_travels_through_the_document_into_search(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle")
    drain(shop)
    assert hits(stores, "kettle")["A-1"].stock_state == "out"
    set_level(stores, product, 12)
    assert drain(shop).quiet
    assert hits(stores, "kettle")["A-1"].available_stock == 12


def test_waiting_for_quiet_waits_for_a_relay_in_another_process(shop: Shop) -> None:
    stores = shop.stores
    with relay_process(shop.settings) as relay:
        until(lambda: relay_status(stores.postgres).leader.endswith(f":{relay.pid}"))
        product = put_product(stores, "A-1", title="Kettle")
        set_level(stores, product, 3)
        drained = drain(shop)
        assert drained.quiet
        assert drained.handled == 0, "the other relay did it"
        assert hits(stores, "kettle")["A-1"].available_stock == 3
        assert relay.stop() == 0
    assert not relay_status(stores.postgres).running


def test_what_the_caches_missed_is_made_good_and_search_does_not_wait(home: Settings, settings: Settings) -> None:
    """Redis hangs while a product is edited: the index follows, and no stale entry is left when Redis is back."""
    nobody = "127.0.0.1:1"
    ensure_up(
        msgspec.structs.replace(
            home,
            postgres_url=f"postgresql://{nobody}/x",
            mongodb_url=f"mongodb://{nobody}/x",
            search_url=f"http://{nobody}",
            clickhouse_url=f"clickhouse://{nobody}",
        )
    )
    own = f"unix://{quote(str(Path(Layout(home.home).socket('redis'))))}?db=0"
    shop = open_shop(msgspec.structs.replace(settings, redis_url=own))
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle")
    drain(shop)
    assert cached_product(shop, product).title == "Kettle"
    server = psutil.Process(int(stores.redis.durable.info("server")["process_id"]))
    server.send_signal(signal.SIGSTOP)
    try:
        foreign_edit(stores, product, title="Teapot")
        set_level(stores, product, 8)
        assert drain(shop).quiet
        assert hits(stores, "teapot")["A-1"].available_stock == 8
        assert relay_status(stores.postgres).cache_behind
        assert cached_product(shop, product).title == "Teapot", "a reader without Redis asks the catalog"
    finally:
        server.send_signal(signal.SIGCONT)
    until(lambda: stores.health("redis").ok)
    with relay_process(shop.settings):
        until(lambda: not relay_status(stores.postgres).cache_behind)
    assert in_cache(stores, product)[1] == "Teapot"
    assert cached_product(shop, product).title == "Teapot"
    shop.close()


def test_the_sample_sees_what_is_stale(shop: Shop) -> None:
    stores = shop.stores
    ids = [put_product(stores, f"A-{number}") for number in range(10)]
    drain(shop)
    for product in ids:
        cached_product(shop, product)
    sample = sample_consistency(shop.stores)
    assert (sample.sampled, sample.cached, sample.consistent) == (10, 10, True)
    stores.mongo.products.update_many({}, {"$inc": {"revision": 1}})
    put_product(stores, "A-new")
    sample = sample_consistency(stores, settle=0)
    assert (sample.sampled, sample.wrong) == (11, 11)
    assert (sample.search_behind, sample.search_missing, sample.cache_stale) == (10, 1, 10)
    drain(shop)
    assert sample_consistency(stores).consistent
    stores.mongo.products.delete_many({})
    sample = sample_consistency(stores, 500, settle=0)
    assert sample.search_ghosts == sample.wrong > 0, "what leads to them is what is cached of them"
    assert 0 < sample.cache_stale <= sample.wrong


def test_the_leader_samples_and_warms_and_what_is_on_its_way_does_not_count(shop: Shop) -> None:
    stores = shop.stores
    ids = [put_product(stores, f"A-{number}") for number in range(5)]
    drain(shop)
    assert relay_status(stores.postgres).consistency is None
    for product in ids:
        foreign_edit(stores, product, title="Teapot")
    with relay_process(shop.settings):
        assert sample_consistency(stores, settle=15).consistent
        noted = until(lambda: relay_status(stores.postgres).consistency)
        until(lambda: set(ProductCache(stores.redis.cache).versions(ids)) == set(ids))
    assert (noted.sampled, noted.wrong) == (5, 0)


def test_a_product_the_index_cannot_take_is_buried_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = shop.stores
    drain(shop)
    real = reindex.from_mongo

    def refuse(product, *, popularity=0.0):
        if product["sku"] == "BAD":
            raise ValueError("this one makes no document")
        return real(product, popularity=popularity)

    monkeypatch.setattr(reindex, "from_mongo", refuse)
    put_product(stores, "GOOD-1", title="Kettle")
    bad = put_product(stores, "BAD", title="Kettle")
    put_product(stores, "GOOD-2", title="Kettle")
    assert drain(shop).quiet
    assert set(hits(stores, "kettle")) == {"GOOD-1", "GOOD-2"}
    with stores.postgres.reading() as connection:
        found = connection.execute(text("SELECT topic, key, reason FROM dead_letters")).all()
    assert [tuple(row) for row in found] == [("products", bad, "ValueError: this one makes no document")]
    monkeypatch.undo()
    from data.events.commands import ReplayDeadLetters

    letter = list_dead_letters(stores.postgres).rows[0]
    shop.door.run(ReplayDeadLetters(event_ids=(letter.event_id,)), shop.actor)
    assert drain(shop).quiet
    assert "BAD" in hits(stores, "kettle")


def test_a_product_the_index_refuses_is_tried_again_then_buried(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = shop.stores
    drain(shop)
    engine = type(stores.search)
    real, tries, patience = engine.put_many, [], [3]

    def refuse(self, documents):
        documents = list(documents)
        if any(document.sku == "BAD" for document in documents):
            tries.append(len(documents))
            if len(documents) == 1:
                patience[0] -= 1
            if patience[0] >= 0:
                raise ValueError("not now")
        return real(self, documents)

    monkeypatch.setattr(engine, "put_many", refuse)
    monkeypatch.setattr(delivery, "backoff", lambda attempts: 0.0)
    put_product(stores, "GOOD", title="Kettle")
    put_product(stores, "BAD", title="Kettle")
    for _ in range(5):
        assert drain(shop).quiet
    assert set(hits(stores, "kettle")) == {"GOOD", "BAD"}
    assert relay_status(stores.postgres).dead_letters == 0
    patience[0] = 1000
    foreign_edit(stores, str(stores.mongo.products.find_one({"sku": "BAD"})["_id"]), title="Kettle two")
    following = feed.ProductFeed(stores)
    (letter,) = until(lambda: (following.step(0.05), list_dead_letters(stores.postgres).rows)[1])
    assert (letter.attempts, letter.reason) == (MAX_ATTEMPTS, "ValueError: not now")
    tried = len(tries)
    for _ in range(5):
        following.step(0.05)
    following.close()
    assert len(tries) == tried, "it is not tried for ever"


def test_what_is_cached_is_what_the_catalog_says(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle", brand="Dell", category=("A", "B"))
    set_level(stores, product, 3)
    drain(shop)
    from data.catalog.reads import get_product

    assert cached_product(shop, product) == get_product(stores.mongo, product)
    assert cached_product(shop, product) == get_product(stores.mongo, product)
    assert ProductCache(stores.redis.cache).versions([product]) == {
        product: get_product(stores.mongo, product).revision
    }
