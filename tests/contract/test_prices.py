"""What placement knows of the catalog: never older than a second, never from before this process's own write."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pymongo
import pytest
from pymongo.monitoring import CommandListener

from data.catalog import prices
from data.catalog.messages import EditProduct, ProductInput, PutProduct
from data.catalog.prices import Ref, forget_prices, products_for_sale
from data.catalog.reads import get_product
from data.shop import Shop
from tests.relay_world import foreign_edit, put_product


def price(shop: Shop, ref: Ref) -> Decimal | None:
    found = products_for_sale(shop.stores.mongo, [ref])
    return found[ref].pricing.final_price if ref in found else None


class Finds(CommandListener):
    """Counts the questions."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: Any) -> None:
        self.count += event.command_name == "find"

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


@pytest.fixture
def finds(shop: Shop) -> Finds:
    """Count the finds of this shop's MongoDB client, which is made anew to be listened to."""
    listener, mongo = Finds(), shop.stores.mongo
    asked: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        shop.settings.mongodb_url, event_listeners=[listener], tz_aware=True, uuidRepresentation="standard"
    )
    mongo.client.close()
    mongo.client, mongo.db = asked, asked[mongo.db.name]
    return listener


def test_by_sku_and_by_id_with_all_a_sale_needs(shop: Shop) -> None:
    product_id = put_product(shop.stores, "RAM", attributes__color="white", attributes__speed=[5, 6000])
    refs = [("sku", "RAM"), ("product_id", product_id), ("sku", "NOPE"), ("product_id", "no id")]
    found = products_for_sale(shop.stores.mongo, refs)
    stored = get_product(shop.stores.mongo, "RAM")
    assert set(found) == set(refs[:2])
    for product in found.values():
        for name in ("product_id", "sku", "title", "status", "attributes", "pricing", "version"):
            assert getattr(product, name) == getattr(stored, name)
    assert products_for_sale(shop.stores.mongo, []) == {}


def test_own_writes_show_at_once(shop: Shop) -> None:
    put_product(shop.stores, "RAM")
    assert price(shop, ("sku", "RAM")) == Decimal("10.00")
    shop.door.run(EditProduct(product_id="RAM", changes={"pricing.base_price": 12.5}), shop.actor)
    assert price(shop, ("sku", "RAM")) == Decimal("12.50")
    shop.door.run(PutProduct(product=ProductInput(sku="RAM", base_price=Decimal(20))), shop.actor)
    assert price(shop, ("sku", "RAM")) == Decimal("20.00")


def test_other_programs_writes_show_within_the_second(shop: Shop, until: Callable[..., Any]) -> None:
    product_id = put_product(shop.stores, "RAM")
    gone = put_product(shop.stores, "SSD")
    assert price(shop, ("sku", "RAM")) == price(shop, ("product_id", gone)) == Decimal("10.00")
    foreign_edit(shop.stores, product_id, pricing__final_price=9.5)
    shop.stores.mongo.products.delete_one({"sku": "SSD"})
    until(lambda: price(shop, ("sku", "RAM")) == Decimal("9.50"), seconds=prices.MAX_AGE_SECONDS + 1)
    until(lambda: price(shop, ("product_id", gone)) is None, seconds=prices.MAX_AGE_SECONDS + 1)


def test_asking_again_asks_nobody_and_what_is_due_is_asked_for_together(
    shop: Shop, finds: Finds, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = [("sku", f"P{number}") for number in range(20)]
    for _, sku in refs:
        put_product(shop.stores, sku)
    for ref in refs:
        price(shop, ref)
    assert finds.count == 20
    for ref in refs:
        price(shop, ref)
    assert finds.count == 20
    monkeypatch.setattr(prices, "MAX_AGE_SECONDS", -1.0)  # everything is due
    price(shop, refs[0])
    assert finds.count == 21
    monkeypatch.setattr(prices, "MAX_AGE_SECONDS", 5.0)
    for ref in refs:
        assert price(shop, ref) == Decimal("10.00")
    assert finds.count == 21


def test_many_threads_ask_once(shop: Shop, finds: Finds) -> None:
    put_product(shop.stores, "RAM")
    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(lambda _: price(shop, ("sku", "RAM")), range(64))) == {Decimal("10.00")}
    assert finds.count == 1


def test_what_was_read_before_a_write_is_not_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    put_product(shop.stores, "RAM")
    read = prices._documents

    def written_meanwhile(mongo: Any, refs: Any) -> Any:
        found = read(mongo, refs)
        shop.stores.mongo.products.update_one({"sku": "RAM"}, {"$set": {"pricing.final_price": 7}})
        forget_prices(mongo)
        return found

    monkeypatch.setattr(prices, "_documents", written_meanwhile)
    assert price(shop, ("sku", "RAM")) == Decimal("10.00")  # asked before the write
    monkeypatch.setattr(prices, "_documents", read)
    assert price(shop, ("sku", "RAM")) == Decimal("7.00")
