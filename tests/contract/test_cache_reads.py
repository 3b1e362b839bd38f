"""What readers get from the caches: live figures, the seed's keys and times, answers without Redis."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from data.caches.inventory import cached_levels
from data.caches.products import cached_product, cached_products
from data.caches.searches import cached_search
from data.caches.warm import cache_status, warm
from data.catalog.reads import get_product
from data.errors import NotFound
from data.events.relay import drain
from data.search.language import parse_query
from data.shop import Shop
from data.stock.reads import levels_of
from data.stores import Stores
from tests.relay_world import foreign_edit, put_order, put_product, set_level

SECONDS = {"product": 3600, "search": 1800, "inventory": 300}


def without_redis(shop: Shop, tmp_path: Path) -> Shop:
    """The same shop where nobody serves Redis."""
    settings = msgspec.structs.replace(shop.settings, redis_url=f"unix://{tmp_path}/nobody.sock?db=0")
    return Shop(settings, Stores(settings), shop.door, shop.actor)


def test_keys_and_times_to_live_are_the_seeds(shop: Shop) -> None:
    product = put_product(shop.stores, "A-1", title="Kettle")
    set_level(shop.stores, product, 3)
    drain(shop)
    cached_product(shop, product)
    cached_levels(shop, [product])
    cached_search(shop, parse_query("kettle"))
    redis = shop.stores.redis.cache
    keys = {key.split(":")[0]: key for key in redis.scan_iter()}
    assert keys["product"] == f"product:{product}"
    assert keys["inventory"] == f"inventory:{product}:WH1"
    assert len(keys["search"].split(":")[1]) == 32
    for family, seconds in SECONDS.items():
        assert 0.9 * seconds - 5 <= redis.ttl(keys[family]) <= 1.1 * seconds, family
    assert set(redis.hgetall(keys["product"])) == {"ver", "val", "cost"}


def test_a_search_is_found_again_and_its_rows_are_live(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle")
    put_product(stores, "A-2", title="Kettle too")
    set_level(stores, product, 3)
    drain(shop)
    query = parse_query("kettle")
    first = cached_search(shop, query)
    assert {hit.sku: hit.available_stock for hit in first.hits} == {"A-1": 3, "A-2": 0}
    assert len(list(stores.redis.cache.scan_iter("search:*"))) == 1
    cached_product(shop, product)
    # Nothing of this has reached index or product cache, as where no relay runs, and all of it shows.
    set_level(stores, product, 0)
    stores.mongo.products.update_one({"sku": "A-1"}, {"$set": {"pricing.final_price": 99.5}, "$inc": {"revision": 1}})
    stores.mongo.products.delete_one({"sku": "A-2"})
    again = cached_search(shop, query)
    assert again.generation == first.generation
    assert [(hit.sku, hit.price, hit.available_stock, hit.stock_state) for hit in again.hits] == [
        ("A-1", Decimal("99.50"), 0, "out")
    ]
    assert again.took_ms == first.took_ms, "it was not searched for again"


def test_five_hundred_who_miss_one_product_cost_two_reads_of_the_catalog(shop: Shop) -> None:
    mongo = shop.stores.mongo
    product = put_product(shop.stores, "A-1", title="Kettle")
    mongo.db.command("profile", 2)  # MongoDB's own record of what it was asked
    titles: list[str] = []
    start = threading.Barrier(500)

    def read() -> None:
        start.wait()
        titles.append(cached_product(shop, product).title)

    threads = [threading.Thread(target=read) for _ in range(500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mongo.db.command("profile", 0)
    asked = list(mongo.db["system.profile"].find({"op": "query", "ns": mongo.products.full_name}))
    assert titles == ["Kettle"] * 500
    assert 1 <= len(asked) <= 2


def test_another_page_filter_or_state_of_the_index_is_another_entry(shop: Shop) -> None:
    stores = shop.stores
    for number in range(3):
        put_product(stores, f"A-{number}", title="Kettle", brand="Dell")
    drain(shop)
    query = parse_query("kettle")
    page = cached_search(shop, query, limit=2)
    rest = cached_search(shop, query, limit=2, after=page.after)
    assert len({hit.sku for hit in (*page.hits, *rest.hits)}) == 3
    cached_search(shop, parse_query("kettle brand:Dell"), limit=2)
    cached_search(shop, query, limit=2, facets=False)
    assert len(list(stores.redis.cache.scan_iter("search:*"))) == 4
    put_product(stores, "A-9", title="Kettle")
    drain(shop)
    assert cached_search(shop, query).total == 4


def test_levels_are_those_of_the_books_absent_ones_included(shop: Shop) -> None:
    stores = shop.stores
    one, two, none = (put_product(stores, f"A-{number}") for number in range(3))
    set_level(stores, one, 3)
    set_level(stores, one, 4, warehouse="WH2")
    set_level(stores, two, 5, warehouse="WH2")
    wanted = levels_of(stores.postgres, [one, two, none])
    assert cached_levels(shop, [one, two, none]) == wanted
    assert cached_levels(shop, [one, two, none]) == wanted
    assert len(list(stores.redis.cache.scan_iter("inventory:*"))) == 6
    set_level(stores, one, 9)
    set_level(stores, none, 1)
    drain(shop)
    assert cached_levels(shop, [one, two, none]) == levels_of(stores.postgres, [one, two, none])


def test_without_redis_everything_is_answered_from_the_source(shop: Shop, tmp_path: Path) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", title="Kettle")
    set_level(stores, product, 3)
    drain(shop)
    slow = without_redis(shop, tmp_path)
    assert cached_product(slow, product) == get_product(stores.mongo, product)
    assert cached_products(slow, [product, "0" * 24]) == {product: get_product(stores.mongo, product)}
    assert cached_levels(slow, [product]) == levels_of(stores.postgres, [product])
    assert cached_search(slow, parse_query("kettle")).hits[0].available_stock == 3
    assert not cache_status(slow).ok
    with pytest.raises(NotFound):
        cached_product(slow, "0" * 24)
    slow.close()


def test_what_another_version_of_this_program_cached_is_not_there(shop: Shop) -> None:
    product = put_product(shop.stores, "A-1")
    shop.stores.redis.cache.hset(f"product:{product}", mapping={"ver": 1, "val": '{"other": true}', "cost": 1})
    assert cached_product(shop, product).sku == "A-1"
    assert cached_products(shop, [product])[product].sku == "A-1"


def test_warming_takes_what_sells_and_never_replaces_newer(shop: Shop) -> None:
    stores = shop.stores
    ids = [put_product(stores, f"A-{number:02}") for number in range(12)]
    for product in ids[:3]:
        put_order(stores, [product])
    drain(shop)
    cached = cached_product(shop, ids[0])
    stores.redis.cache.hset(f"product:{ids[0]}", "ver", cached.revision + 5)  # newer than the catalog, which lags
    seen: list[int] = []
    warmed = warm(stores, limit=8, report=lambda progress: seen.append(progress.done))
    assert (warmed.popular, warmed.stored, warmed.source) == (8, 7, "clickhouse+mongodb")
    assert seen == [8]
    assert stores.redis.cache.hget(f"product:{ids[0]}", "ver") == str(cached.revision + 5)
    present = {key.split(":")[1] for key in stores.redis.cache.scan_iter("product:*") if "lock" not in key}
    assert set(ids[:3]) <= present
    status = cache_status(shop)
    assert status.ok
    assert status.keys["product"] >= 8
    assert status.total_keys >= 8


def test_warming_falls_back_on_the_books(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1")
    put_order(stores, [product])
    settings = msgspec.structs.replace(shop.settings, clickhouse_url="chdb:///nowhere/x.sock")
    other = Shop(settings, Stores(settings), shop.door, shop.actor)
    warmed = warm(other.stores, limit=1)
    assert (warmed.stored, warmed.source) == (1, "postgresql")
    other.close()


def test_an_edit_by_another_program_is_seen_through_the_cache(shop: Shop) -> None:
    product = put_product(shop.stores, "A-1", title="Kettle")
    cached_product(shop, product)
    foreign_edit(shop.stores, product, title="Teapot")
    drain(shop)
    assert cached_product(shop, product).title == "Teapot"
