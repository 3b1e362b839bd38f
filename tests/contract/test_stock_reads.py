"""Reading stock from a real PostgreSQL: levels by every filter and both ways, movements with balances, warehouses."""

from __future__ import annotations

import pytest

from data.errors import Invalid
from data.shop import Shop
from data.stock.messages import AdjustStock, ReceiveStock, SaveWarehouse, SetReorderLevel
from data.stock.reads import LevelQuery, levels_of, list_levels, list_movements, list_warehouses
from tests.orders_world import customer, place, product, warehouses


@pytest.fixture
def ids(shop: Shop) -> dict[str, str]:
    """Four products: RAM in both warehouses, CAB sold out, SSD low in WH2, CPU not stocked. Product ids by SKU."""
    warehouses(shop, "WH1", "WH2")
    made = {
        "RAM-1": product(shop, "RAM-1", {"WH1": 10, "WH2": 4}),
        "CAB-1": product(shop, "CAB-1", {"WH1": 2}),
        "SSD-1": product(shop, "SSD-1", {"WH2": 3}),
        "CPU-1": product(shop, "CPU-1"),
    }
    shop.door.run(AdjustStock(product_id="CAB-1", warehouse_id="WH1", set_available=0, reason="gone"), shop.actor)
    shop.door.run(SetReorderLevel(product_id="SSD-1", warehouse_id="WH2", reorder_level=5), shop.actor)
    return made


def listed(shop: Shop, query: LevelQuery) -> list[tuple[str, str]]:
    page = list_levels(shop.stores.postgres, query)
    assert (page.exact, page.estimate) == (True, len(page.rows))
    return [(row.sku, row.warehouse_id) for row in page.rows]


def test_levels_by_every_filter(shop: Shop, ids: dict[str, str]) -> None:
    everything = [("CAB-1", "WH1"), ("RAM-1", "WH1"), ("RAM-1", "WH2"), ("SSD-1", "WH2")]
    assert listed(shop, LevelQuery()) == everything
    assert listed(shop, LevelQuery(warehouse_id="WH2")) == everything[2:]
    assert listed(shop, LevelQuery(text="RAM")) == everything[1:3]
    assert listed(shop, LevelQuery(text="%")) == []
    assert listed(shop, LevelQuery(product_ids=(ids["SSD-1"], ids["CPU-1"]))) == everything[3:]
    assert listed(shop, LevelQuery(low=True)) == [everything[0], everything[3]]
    assert listed(shop, LevelQuery(out=True)) == [everything[0]]
    assert listed(shop, LevelQuery(low=True, warehouse_id="WH2")) == [everything[3]]
    assert listed(shop, LevelQuery(warehouse_id="a\0b", text="\ud800")) == []


@pytest.mark.parametrize("limit", [1, 3, 4])
def test_levels_forth_and_back(shop: Shop, ids: dict[str, str], limit: int) -> None:
    postgres, forth, after = shop.stores.postgres, [], None
    while True:
        page = list_levels(postgres, LevelQuery(), after=after, limit=limit)
        forth += page.rows
        if (after := page.after) is None:
            break
    back, before = [], ""
    while before is not None:
        page = list_levels(postgres, LevelQuery(), before=before, limit=limit)
        back, before = [*page.rows, *back], page.before
    assert [(row.sku, row.warehouse_id) for row in forth] == listed(shop, LevelQuery())
    assert back == forth
    with pytest.raises(Invalid):
        list_levels(postgres, LevelQuery(), after="abc")


def test_levels_of_products(shop: Shop, ids: dict[str, str]) -> None:
    levels = levels_of(shop.stores.postgres, [ids["RAM-1"], ids["CPU-1"], "nobody"])
    assert [(level.warehouse_id, level.available_stock, level.version) for level in levels[ids["RAM-1"]]] == [
        ("WH1", 10, 1),
        ("WH2", 4, 1),
    ]
    assert levels[ids["CPU-1"]] == levels["nobody"] == ()
    assert levels_of(shop.stores.postgres, []) == {}
    (low,) = levels_of(shop.stores.postgres, [ids["SSD-1"]])[ids["SSD-1"]]
    assert (low.is_low, low.reorder_level, low.version) == (True, 5, 2)


def test_movements_with_their_balances(shop: Shop, ids: dict[str, str]) -> None:
    order = place(shop, customer(shop), ("RAM-1", 4)).result
    shop.door.run(ReceiveStock(product_id="RAM-1", warehouse_id="WH1", quantity=5, reason="PO-7"), shop.actor)
    postgres = shop.stores.postgres
    rows = list_movements(postgres, ids["RAM-1"], "WH1").rows
    assert [(row.kind, row.available_delta, row.available_after, row.reserved_after) for row in rows] == [
        ("receive", 5, 11, 4),
        ("reserve", -4, 6, 4),
        ("receive", 10, 10, 0),
    ]
    assert (rows[1].reference_id, rows[1].reference_type, rows[1].reference) == (
        *(order.order_id, "order", order.order_number),
    )
    assert (rows[0].reason, rows[0].stock_after_movement) == ("PO-7", 15)
    assert rows[0].created_by
    assert len(list_movements(postgres, ids["RAM-1"]).rows) == 4
    assert list_movements(postgres, ids["CPU-1"]).rows == ()


def test_movements_forth_and_back(shop: Shop, ids: dict[str, str]) -> None:
    for number in range(4):
        shop.door.run(ReceiveStock(product_id="RAM-1", warehouse_id="WH1", quantity=number + 1), shop.actor)
    postgres, forth, after = shop.stores.postgres, [], None
    while True:
        page = list_movements(postgres, ids["RAM-1"], after=after, limit=2)
        forth += [row.sequence for row in page.rows]
        if (after := page.after) is None:
            break
    back, before = [], ""
    while before is not None:
        page = list_movements(postgres, ids["RAM-1"], before=before, limit=2)
        back, before = [*(row.sequence for row in page.rows), *back], page.before
    assert forth == back == sorted(forth, reverse=True)
    assert len(forth) == 6


def test_warehouses(shop: Shop, ids: dict[str, str]) -> None:
    shop.door.run(SaveWarehouse(warehouse_id="WH3", label="Closed", is_active=False), shop.actor)
    rows = list_warehouses(shop.stores.postgres)
    assert [(row.warehouse_id, row.levels, row.total_stock, row.low, row.out) for row in rows] == [
        ("WH1", 2, 10, 1, 1),
        ("WH2", 2, 7, 1, 0),
        ("WH3", 0, 0, 0, 0),
    ]
    assert [row.warehouse_id for row in list_warehouses(shop.stores.postgres, active_only=True)] == ["WH1", "WH2"]
