"""Stock against real engines: receiving, adjusting, limits, warehouses, and the ledger that agrees with all of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data.errors import Conflict, Denied, Invalid, NotFound
from data.shop import Shop
from data.stock.messages import (
    AdjustStock,
    ReceiveLine,
    ReceiveMany,
    ReceiveStock,
    SaveWarehouse,
    SetReorderLevel,
    StockMoved,
)
from data.stock.reads import reconcile
from tests.orders_world import one, product, sql, warehouses


@pytest.fixture
def ram(shop: Shop) -> str:
    warehouses(shop, "WH1", "WH2")
    return product(shop, "RAM")


def receive(shop: Shop, ref: str, quantity: int, warehouse: str = "WH1", **fields: Any) -> StockMoved:
    command = ReceiveStock(product_id=ref, warehouse_id=warehouse, quantity=quantity, **fields)
    moved: StockMoved = shop.door.run(command, shop.actor).result
    return moved


def adjust(shop: Shop, ref: str = "RAM", warehouse: str = "WH1", **fields: Any) -> StockMoved:
    command = AdjustStock(product_id=ref, warehouse_id=warehouse, **({"reason": "counted"} | fields))
    moved: StockMoved = shop.door.run(command, shop.actor).result
    return moved


def test_receiving_makes_the_level_then_raises_it(shop: Shop, ram: str) -> None:
    first = receive(shop, "RAM", 20, reason="PO-1182")
    again = receive(shop, ram, 5)
    assert (first.total_stock, first.available_stock, first.version, first.sku) == (20, 20, 1, "RAM")
    assert (again.total_stock, again.available_stock, again.version) == (25, 25, 2)
    assert sql(
        shop,
        "SELECT movement_id, movement_type, kind, quantity, available_delta, available_after, stock_after_movement,"
        " reason FROM inventory_movements ORDER BY sequence",
    ) == [
        (first.movement_id, "inbound", "receive", 20, 20, 20, 20, "PO-1182"),
        (again.movement_id, "inbound", "receive", 5, 5, 25, 25, None),
    ]
    assert one(shop, "SELECT last_restock_date IS NOT NULL FROM inventory")
    assert [row[0] for row in sql(shop, "SELECT key FROM outbox WHERE topic = 'stock'")] == [ram, ram]
    assert reconcile(shop.stores.postgres) == ()


def test_receiving_learns_a_new_sku(shop: Shop, ram: str) -> None:
    receive(shop, ram, 1)
    shop.stores.mongo.products.update_one({"sku": "RAM"}, {"$set": {"sku": "RAM-2"}})
    receive(shop, ram, 1, "WH2")
    assert sql(shop, "SELECT DISTINCT sku FROM inventory") == [("RAM-2",)]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (ReceiveStock(product_id="RAM", warehouse_id="WH1", quantity=0), Invalid),
        (ReceiveStock(product_id="RAM", warehouse_id="WH1", quantity=-3), Invalid),
        (ReceiveStock(product_id="NOPE", warehouse_id="WH1", quantity=1), NotFound),
        (ReceiveStock(product_id="RAM", warehouse_id="WH9", quantity=1), NotFound),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", delta=-1, reason=" "), Invalid),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", reason="r"), Invalid),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", delta=1, set_available=1, reason="r"), Invalid),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", delta=0, reason="r"), Invalid),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", set_available=-1, reason="r"), Invalid),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", delta=2**31 - 1, reason="r"), Invalid),
        (AdjustStock(product_id="RAM", warehouse_id="WH2", delta=1, reason="r"), NotFound),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", delta=-6, reason="r"), Conflict),
        (AdjustStock(product_id="RAM", warehouse_id="WH1", set_available=9, expected=4, reason="r"), Conflict),
        (SetReorderLevel(product_id="RAM", warehouse_id="WH1", reorder_level=-1), Invalid),
        (SetReorderLevel(product_id="RAM", warehouse_id="WH1", reorder_level=5, max_stock_level=4), Invalid),
        (SaveWarehouse(warehouse_id="WH 1", label="x"), Invalid),
        (SaveWarehouse(warehouse_id="", label="x"), Invalid),
        (SaveWarehouse(warehouse_id="WH1", label=" "), Invalid),
        (ReceiveMany(lines=()), Invalid),
        (ReceiveMany(lines=(ReceiveLine(product_id="a", sku="A", warehouse_id="WH9", quantity=1),)), NotFound),
        (ReceiveMany(lines=(ReceiveLine(product_id="a", sku="A", warehouse_id="WH1", quantity=0),)), Invalid),
    ],
)
def test_refused_and_nothing_moved(shop: Shop, ram: str, command: Any, error: type[Exception]) -> None:
    receive(shop, ram, 5)
    before = sql(shop, "SELECT * FROM inventory"), one(shop, "SELECT count(*) FROM inventory_movements")
    with pytest.raises(error):
        shop.door.run(command, shop.actor)
    assert (sql(shop, "SELECT * FROM inventory"), one(shop, "SELECT count(*) FROM inventory_movements")) == before
    assert reconcile(shop.stores.postgres) == ()


def test_adjusting(shop: Shop, ram: str) -> None:
    receive(shop, ram, 5)
    assert adjust(shop, delta=-2).available_stock == 3
    counted = adjust(shop, ref=ram, set_available=7, expected=3)
    assert (counted.available_stock, counted.total_stock) == (7, 7)
    right = adjust(shop, set_available=7)
    assert (right.available_stock, right.movement_id) == (7, None)
    assert sql(shop, "SELECT kind, quantity, available_delta FROM inventory_movements ORDER BY sequence") == [
        ("receive", 5, 5),
        ("adjust", 2, -2),
        ("adjust", 4, 4),
    ]
    with pytest.raises(Conflict) as refused:
        adjust(shop, delta=-8)
    assert refused.value.current["available_stock"] == 7
    assert reconcile(shop.stores.postgres) == ()


def test_a_count_needs_no_catalog(shop: Shop, ram: str) -> None:
    receive(shop, ram, 5)
    shop.stores.mongo.products.delete_many({})
    assert adjust(shop, set_available=4).available_stock == 4


def test_reorder_levels_make_low(shop: Shop, ram: str) -> None:
    receive(shop, ram, 5)
    assert one(shop, "SELECT is_low FROM inventory") is False
    shop.door.run(
        SetReorderLevel(product_id="RAM", warehouse_id="WH1", reorder_level=5, max_stock_level=50), shop.actor
    )
    assert sql(shop, "SELECT is_low, reorder_level, max_stock_level, version FROM inventory") == [(True, 5, 50, 2)]
    receive(shop, ram, 1)
    assert one(shop, "SELECT is_low FROM inventory") is False
    assert reconcile(shop.stores.postgres) == ()


def test_warehouses(shop: Shop) -> None:
    made = shop.door.run(SaveWarehouse(warehouse_id="WH1", label="Berlin", address={"city": "Berlin"}), shop.actor)
    changed = shop.door.run(SaveWarehouse(warehouse_id="WH1", label="Hamburg", is_active=False), shop.actor)
    assert (made.result.created, changed.result.created) == (True, False)
    assert sql(shop, "SELECT name, address, is_active FROM warehouses") == [("Hamburg", {}, False)]
    assert one(
        shop, "SELECT before->>'name' FROM audit_log WHERE command = 'stock.warehouse' AND before IS NOT NULL"
    ) == ("Berlin")


def test_receiving_many_at_once(shop: Shop, ram: str) -> None:
    receive(shop, ram, 1)
    lines = tuple(
        ReceiveLine(product_id=f"{number:024x}", sku=f"P{number}", warehouse_id="WH1", quantity=3, reorder_level=2)
        for number in range(2_000)
    )
    lines += (ReceiveLine(product_id=ram, sku="RAM", warehouse_id="WH1", quantity=4),) * 2
    done = shop.door.run(ReceiveMany(lines=lines, reason="opening"), shop.actor, key="k").result
    assert (done.movements, done.units) == (2_001, 6_008)
    assert shop.door.run(ReceiveMany(lines=lines, reason="opening"), shop.actor, key="k").replayed
    assert one(shop, "SELECT available_stock FROM inventory WHERE sku = 'RAM'") == 9
    assert one(shop, "SELECT count(*) FROM inventory WHERE reorder_level = 2 AND available_stock = 3") == 2_000
    assert reconcile(shop.stores.postgres) == ()


def test_many_hands_on_one_level(shop: Shop, ram: str) -> None:
    receive(shop, ram, 100)
    changes = [AdjustStock(product_id=ram, warehouse_id="WH1", delta=sign, reason="r") for sign in (1, -1) * 40]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda command: shop.door.run(command, shop.actor), changes))
    assert sql(shop, "SELECT available_stock, version FROM inventory") == [(100, 81)]
    assert reconcile(shop.stores.postgres) == ()


def test_only_who_may(shop: Shop, ram: str) -> None:
    clerk = type(shop.actor)(shop.actor.user_id, "clerk@x.example", "Clerk", frozenset({"support"}))
    with pytest.raises(Denied):
        shop.door.run(ReceiveStock(product_id=ram, warehouse_id="WH1", quantity=1), clerk)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE inventory SET available_stock = -1, total_stock = -1",
        "UPDATE inventory SET available_stock = available_stock + 1",
        "UPDATE inventory_movements SET quantity = 1",
        "DELETE FROM inventory_movements",
        "TRUNCATE inventory_movements",
    ],
)
def test_the_database_itself_refuses(shop: Shop, ram: str, change: str) -> None:
    receive(shop, ram, 5)
    with pytest.raises(DBAPIError), shop.stores.postgres.engine.begin() as connection:
        connection.execute(text(change))


def test_reconcile_finds_what_does_not_add_up(shop: Shop, ram: str) -> None:
    receive(shop, ram, 5)
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE inventory SET available_stock = 4, reserved_stock = 1"))
    found = {(wrong.sku, wrong.what, wrong.stored, wrong.expected) for wrong in reconcile(shop.stores.postgres)}
    assert found == {
        ("RAM", "available_stock", 4, 5),
        ("RAM", "reserved_stock", 1, 0),
        ("RAM", "reserved for open orders", 1, 0),
    }
