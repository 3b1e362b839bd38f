"""An order's life on real engines: parts are sent, cancelled, moved; stock, money and history follow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from data.errors import Conflict, Denied, Invalid, OutOfStock
from data.ids import new_id
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits, MarkLines
from data.orders.reads import get_order
from data.shipments.messages import BoxInput, DeliverParcels, ShipOrder
from data.shipments.reads import parcels_of
from data.shop import Shop
from data.stock.ledger import Move, move
from data.stock.messages import SaveWarehouse
from data.stock.reads import reconcile
from tests.orders_world import customer, one, place, product, sql, warehouses


@pytest.fixture
def order_id(shop: Shop) -> UUID:
    """A confirmed order: 3 RAM and 1 CAB from WH1, 2 RAM from WH2. A customer's 6 units at 10.00."""
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 5, "WH2": 6})
    product(shop, "CAB", {"WH1": 4})
    lines = (("RAM", 3, "WH1"), ("RAM", 2, "WH2"), ("CAB", 1, "WH1"))
    placed: UUID = place(shop, customer(shop), *lines).result.order_id
    do(shop, ChangeOrderStatus(order_id=placed, new_status="confirmed"))
    return placed


def do(shop: Shop, command: Any, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def units(*pairs: tuple[str, int]) -> tuple[LineUnits, ...]:
    return tuple(LineUnits(sku=sku, quantity=quantity) for sku, quantity in pairs)


def levels(shop: Shop) -> list[tuple[Any, ...]]:
    return sql(
        shop, "SELECT sku, warehouse_id, available_stock, reserved_stock FROM inventory ORDER BY sku, warehouse_id"
    )


def test_boxes_leave_one_by_one(shop: Shop, order_id: UUID) -> None:
    box = BoxInput(warehouse_id="WH1", lines=units(("RAM", 2)), tracking_number="1Z1", carrier="UPS")
    first = do(shop, ShipOrder(order_id=order_id, boxes=(box,)))
    assert (first.order_status, first.units_left, first.parcels[0].units) == ("processing", 4, 2)
    assert levels(shop) == [("CAB", "WH1", 3, 1), ("RAM", "WH1", 2, 1), ("RAM", "WH2", 4, 2)]
    two = (BoxInput(warehouse_id="WH1", tracking_number="1Z2"), BoxInput(warehouse_id="WH2", tracking_number="1Z3"))
    rest = do(shop, ShipOrder(order_id=order_id, boxes=two))
    assert (rest.order_status, rest.units_left) == ("shipped", 0)
    assert levels(shop) == [("CAB", "WH1", 3, 0), ("RAM", "WH1", 2, 0), ("RAM", "WH2", 4, 0)]
    detail = get_order(shop.stores.postgres, order_id)
    assert {(i.sku, i.warehouse_id, i.shipped_quantity, i.fulfillment_status) for i in detail.items} == {
        ("RAM", "WH1", 3, "shipped"),
        ("RAM", "WH2", 2, "shipped"),
        ("CAB", "WH1", 1, "shipped"),
    }
    assert detail.shipped_at is not None
    assert [(step.previous_status, step.new_status) for step in detail.history] == [
        (None, "pending"),
        ("pending", "confirmed"),
        ("confirmed", "processing"),
        ("processing", "shipped"),
    ]
    assert "1Z1" in detail.history[2].change_reason
    parcels = parcels_of(shop.stores.postgres, order_id)
    assert [(p.tracking_number, [(i.sku, i.quantity) for i in p.items]) for p in parcels] == [
        ("1Z1", [("RAM", 2)]),
        ("1Z2", [("RAM", 1), ("CAB", 1)]),
        ("1Z3", [("RAM", 2)]),
    ]
    some = do(shop, DeliverParcels(order_id=order_id, shipment_ids=(parcels[0].shipment_id,)))
    assert (some.order_status, some.parcels) == ("shipped", 1)
    done = do(shop, DeliverParcels(order_id=order_id))
    assert (done.order_status, done.parcels) == ("delivered", 2)
    assert {row[0] for row in sql(shop, "SELECT fulfillment_status FROM order_items")} == {"delivered"}
    assert reconcile(shop.stores.postgres) == ()


@pytest.mark.parametrize(
    ("boxes", "field"),
    [
        ((BoxInput(),), "boxes[0].warehouse_id"),
        ((BoxInput(warehouse_id="WH9"),), "boxes[0].warehouse_id"),
        ((BoxInput(warehouse_id="WH2", lines=units(("CAB", 1))),), "boxes[0].lines[0]"),
        ((BoxInput(warehouse_id="WH1", lines=units(("RAM", 4))),), "boxes[0].lines[0]"),
        ((BoxInput(warehouse_id="WH1"), BoxInput(warehouse_id="WH1")), "boxes[1].warehouse_id"),
        ((BoxInput(warehouse_id="WH1", tracking_number="x" * 101),), "boxes[0].tracking_number"),
    ],
)
def test_a_box_that_cannot_be_is_refused_under_its_field(
    shop: Shop, order_id: UUID, boxes: tuple[BoxInput, ...], field: str
) -> None:
    before = levels(shop)
    with pytest.raises(Invalid) as refused:
        do(shop, ShipOrder(order_id=order_id, boxes=boxes))
    assert list(refused.value.fields) == [field]
    assert levels(shop) == before


def test_cancelling_units_frees_stock_and_takes_their_price_off(shop: Shop, order_id: UUID) -> None:
    detail = get_order(shop.stores.postgres, order_id)
    some = do(shop, CancelLines(order_id=order_id, lines=units(("RAM", 4)), reason="too many"))
    assert (some.order_status, some.units, some.credit) == ("confirmed", 4, Decimal("40.00"))
    assert some.owed == detail.total_amount - 40
    assert levels(shop) == [("CAB", "WH1", 3, 1), ("RAM", "WH1", 5, 0), ("RAM", "WH2", 5, 1)]
    sent = do(shop, ShipOrder(order_id=order_id, boxes=(BoxInput(warehouse_id="WH1"),)))
    assert sent.order_status == "processing"
    with pytest.raises(Invalid, match="in part"):
        do(shop, ChangeOrderStatus(order_id=order_id, new_status="cancelled", reason="no"))
    rest = do(shop, CancelLines(order_id=order_id, reason="no more"))
    assert (rest.order_status, rest.credit) == ("shipped", Decimal("10.00"))
    with pytest.raises(Invalid):
        do(shop, CancelLines(order_id=order_id, reason="again"))
    after = get_order(shop.stores.postgres, order_id)
    assert (after.credited_amount, after.due_amount) == (Decimal("50.00"), detail.total_amount - 50)
    assert reconcile(shop.stores.postgres) == ()


def test_cancelling_the_last_unit_cancels_the_order_and_its_shipping_price(shop: Shop, order_id: UUID) -> None:
    total = get_order(shop.stores.postgres, order_id).total_amount
    do(shop, CancelLines(order_id=order_id, lines=units(("RAM", 5)), reason="a"))
    last = do(shop, CancelLines(order_id=order_id, reason="b"))
    assert (last.order_status, last.owed, last.credit) == ("cancelled", Decimal("0.00"), total - 50)
    detail = get_order(shop.stores.postgres, order_id)
    assert (detail.credited_amount, detail.cancelled_at is not None) == (total, True)
    assert levels(shop) == [("CAB", "WH1", 4, 0), ("RAM", "WH1", 5, 0), ("RAM", "WH2", 6, 0)]
    assert reconcile(shop.stores.postgres) == ()


def test_cancelling_and_sending_at_once_never_touch_a_unit_twice(shop: Shop, order_id: UUID) -> None:
    def attempt(number: int) -> bool:
        command = (
            CancelLines(order_id=order_id, lines=units(("RAM", 1)), reason="r")
            if number % 2
            else ShipOrder(order_id=order_id, boxes=(BoxInput(warehouse_id="WH1", lines=units(("RAM", 1))),))
        )
        try:
            do(shop, command)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) <= 5
    gone = one(shop, "SELECT sum(shipped_quantity + cancelled_quantity) FROM order_items WHERE sku = 'RAM'")
    assert 0 < gone <= 5
    assert reconcile(shop.stores.postgres) == ()


def test_units_move_to_another_warehouse_by_hand(shop: Shop, order_id: UUID) -> None:
    moved = do(
        shop, AllocateOrder(order_id=order_id, lines=units(("RAM", 2)), from_warehouse="WH1", to_warehouse="WH2")
    )
    assert moved.moved == 2
    assert levels(shop) == [("CAB", "WH1", 3, 1), ("RAM", "WH1", 4, 1), ("RAM", "WH2", 2, 4)]
    detail = get_order(shop.stores.postgres, order_id)
    assert sorted((i.line_no, i.warehouse_id or "", i.quantity) for i in detail.items if i.sku == "RAM") == [
        (1, "WH1", 1),
        (1, "WH2", 2),
        (2, "WH2", 2),
    ]
    assert sum(i.total_price for i in detail.items) == detail.subtotal
    with pytest.raises(OutOfStock):
        do(shop, AllocateOrder(order_id=order_id, lines=units(("CAB", 1)), to_warehouse="WH2"))
    assert reconcile(shop.stores.postgres) == ()


@pytest.mark.parametrize(
    ("strategy", "held"),
    [
        ("fewest", [("CAB", "WH1", 1), ("RAM", "WH1", 5)]),
        ("most", [("CAB", "WH1", 1), ("RAM", "WH2", 5)]),
        ("nearest", [("CAB", "WH1", 1), ("RAM", "WH2", 5)]),
    ],
)
def test_a_strategy_chooses_the_warehouses(
    shop: Shop, order_id: UUID, strategy: str, held: list[tuple[str, str, int]]
) -> None:
    near = {"country": "US", "state": "OR", "postal_code": "97230", "city": "Portland"}
    do(shop, SaveWarehouse(warehouse_id="WH2", label="near", address=near))
    movements = one(shop, "SELECT count(*) FROM inventory_movements")
    moved = do(shop, AllocateOrder(order_id=order_id, strategy=strategy))
    found = sql(
        shop,
        "SELECT sku, warehouse_id, sum(allocated_quantity)::int FROM order_items GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert found == held
    # By difference: what may stay is never let go.
    assert one(shop, "SELECT count(*) FROM inventory_movements") == movements + 2
    assert moved.moved == (2 if strategy == "fewest" else 3)
    assert do(shop, AllocateOrder(order_id=order_id, strategy=strategy)).moved == 0
    assert reconcile(shop.stores.postgres) == ()


def test_the_floor_marks_what_it_picked_and_packed(shop: Shop, order_id: UUID) -> None:
    assert do(shop, MarkLines(order_id=order_id, state="picked", warehouse_id="WH1")).lines == 2
    assert do(shop, MarkLines(order_id=order_id, state="packed")).lines == 3
    with pytest.raises(Invalid):
        do(shop, MarkLines(order_id=order_id, state="picked"))
    with pytest.raises(Invalid):
        do(shop, MarkLines(order_id=order_id, state="shipped"))
    assert reconcile(shop.stores.postgres) == ()


def test_who_may_is_in_the_table_and_a_changed_order_is_refused(shop: Shop, order_id: UUID) -> None:
    packer = replace(shop.actor, roles=frozenset({"warehouse"}))
    analyst = replace(shop.actor, roles=frozenset({"analyst"}))
    cancel = CancelLines(order_id=order_id, reason="r")
    for command, who in (
        (cancel, packer),
        (ChangeOrderStatus(order_id=order_id, new_status="cancelled", reason="r"), packer),
        (ShipOrder(order_id=order_id), analyst),
    ):
        with pytest.raises(Denied):
            shop.door.run(command, who)
    for command in (
        CancelLines(order_id=order_id, reason="r", expected_version=1),
        ShipOrder(order_id=order_id, expected_version=1),
        AllocateOrder(order_id=order_id, strategy="most", expected_version=1),
        MarkLines(order_id=order_id, state="picked", expected_version=1),
        DeliverParcels(order_id=order_id, expected_version=1),
    ):
        with pytest.raises(Conflict):
            do(shop, command)
    with pytest.raises(Invalid, match="on its way"):
        do(shop, DeliverParcels(order_id=order_id))


def test_a_box_sent_twice_with_one_key_is_one_box(shop: Shop, order_id: UUID) -> None:
    command = ShipOrder(order_id=order_id, boxes=(BoxInput(warehouse_id="WH2", lines=units(("RAM", 1))),))
    first, again = (shop.door.run(command, shop.actor, key="k") for _ in range(2))
    assert (again.replayed, first.result) == (True, again.result)
    assert one(shop, "SELECT count(*) FROM shipments") == 1


def test_one_cause_moves_stock_once_whoever_repeats_it(shop: Shop, order_id: UUID) -> None:
    """The ledger itself: the same cause in another transaction finds its movement, other units are refused."""
    (product_id,) = sql(shop, "SELECT product_id FROM inventory WHERE sku = 'CAB'")[0]
    cause = new_id()

    def attempt(quantity: int) -> tuple[UUID, int]:
        from data.door import UnitOfWork
        from data.idempotency import Claim

        with shop.stores.postgres.writing() as connection:
            now = connection.execute(text("SELECT now()")).scalar_one()
            claim = Claim(shop.actor.user_id, str(new_id()), "test", b"")
            unit = UnitOfWork(connection, shop.stores, shop.actor, claim, now)
            (done,) = move(unit, [Move(product_id, "WH1", "adjust", quantity, "r", cause, "test", cause="1")])
            return done.movement_id, done.level.available_stock

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(attempt, [7] * 8))) == 1
    with pytest.raises(Conflict, match="7 units"):
        attempt(6)
    assert levels(shop)[0] == ("CAB", "WH1", 10, 1)
    assert reconcile(shop.stores.postgres) == ()


@pytest.mark.parametrize(
    "change",
    [
        "shipped_quantity = quantity + 1",
        "shipped_quantity = 2, cancelled_quantity = 2",
        "returned_quantity = 1, credited_quantity = 1",
        "cancelled_quantity = 1",
        "shipped_quantity = -1",
    ],
)
def test_the_database_refuses_units_that_do_not_add_up(shop: Shop, order_id: UUID, change: str) -> None:
    with pytest.raises(Conflict, match="units"), shop.stores.postgres.writing() as connection:
        connection.execute(text(f"UPDATE order_items SET {change}"))


def test_reconcile_finds_lines_that_do_not_agree_with_movements_and_boxes(shop: Shop, order_id: UUID) -> None:
    do(shop, ShipOrder(order_id=order_id, boxes=(BoxInput(warehouse_id="WH1", lines=units(("RAM", 1))),)))
    assert reconcile(shop.stores.postgres) == ()
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE order_items SET shipped_quantity = 0 WHERE shipped_quantity = 1"))
    number = get_order(shop.stores.postgres, order_id).order_number
    found = {(wrong.sku, wrong.what, wrong.stored, wrong.expected) for wrong in reconcile(shop.stores.postgres)}
    assert found == {
        ("RAM", "reserved for open orders", 2, 3),
        ("RAM", f"held by order {number}", 3, 2),
        ("RAM", f"sent in boxes of order {number}", 0, 1),
    }
