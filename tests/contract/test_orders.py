"""Changing orders against real engines: every step of the table, its stock, its times, its refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from data.errors import Conflict, Invalid, NotFound, OutOfStock
from data.ids import new_id
from data.orders.messages import ChangeOrderStatus, OrderStatusChanged
from data.orders.rules import STATUSES, TRANSITIONS
from data.shop import Shop
from data.stock.reads import reconcile
from tests.orders_world import customer, one, place, product, sql, warehouses

#: the shortest way to each status
WAYS = {
    "pending": (),
    "confirmed": ("confirmed",),
    "processing": ("confirmed", "processing"),
    "shipped": ("confirmed", "shipped"),
    "delivered": ("confirmed", "shipped", "delivered"),
    "cancelled": ("cancelled",),
    "refunded": ("confirmed", "shipped", "refunded"),
}


@pytest.fixture
def order_id(shop: Shop) -> UUID:
    """An order of three units, two of them from WH1 and one from WH2."""
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 2, "WH2": 5})
    found: UUID = place(shop, customer(shop), ("RAM", 2, "WH1"), ("RAM", 1, "WH2")).result.order_id
    return found


def step(shop: Shop, order_id: UUID, status: str, **fields: Any) -> OrderStatusChanged:
    fields = {"reason": "asked to" if status == "cancelled" else ""} | fields
    command = ChangeOrderStatus(order_id=order_id, new_status=status, **fields)
    changed: OrderStatusChanged = shop.door.run(command, shop.actor).result
    return changed


def levels(shop: Shop) -> list[tuple[Any, ...]]:
    return sql(
        shop,
        "SELECT warehouse_id, total_stock, available_stock, reserved_stock FROM inventory ORDER BY warehouse_id",
    )


@pytest.mark.parametrize("start", STATUSES)
def test_every_step_of_the_table_and_no_other(shop: Shop, order_id: UUID, start: str) -> None:
    for status in WAYS[start]:
        step(shop, order_id, status)
    before = levels(shop)
    for status in [name for name in STATUSES if name not in TRANSITIONS[start]]:
        with pytest.raises(Invalid) as refused:
            step(shop, order_id, status)
        assert list(refused.value.fields) == ["new_status"]
    assert levels(shop) == before
    if TRANSITIONS[start]:
        changed = step(shop, order_id, TRANSITIONS[start][0])
        assert (changed.previous_status, changed.new_status) == (start, TRANSITIONS[start][0])
        assert changed.version == len(WAYS[start]) + 2
    assert reconcile(shop.stores.postgres) == ()


def test_cancelling_gives_the_stock_back(shop: Shop, order_id: UUID) -> None:
    assert levels(shop) == [("WH1", 2, 0, 2), ("WH2", 5, 4, 1)]
    step(shop, order_id, "cancelled", reason="double order")
    assert levels(shop) == [("WH1", 2, 2, 0), ("WH2", 5, 5, 0)]
    assert sql(
        shop,
        "SELECT warehouse_id, kind, movement_type, quantity, available_after, reserved_after, reason, reference_id"
        " FROM inventory_movements WHERE kind = 'release' ORDER BY sequence",
    ) == [
        ("WH1", "release", "adjustment", 2, 2, 0, "double order", order_id),
        ("WH2", "release", "adjustment", 1, 5, 0, "double order", order_id),
    ]
    assert {row[0] for row in sql(shop, "SELECT fulfillment_status FROM order_items")} == {"pending"}
    assert reconcile(shop.stores.postgres) == ()


def test_shipping_takes_the_stock_out_of_the_house(shop: Shop, order_id: UUID) -> None:
    step(shop, order_id, "confirmed")
    step(shop, order_id, "shipped")
    assert levels(shop) == [("WH1", 0, 0, 0), ("WH2", 4, 4, 0)]
    assert sql(
        shop,
        "SELECT movement_type, quantity, reserved_delta, stock_after_movement FROM inventory_movements"
        " WHERE kind = 'ship' ORDER BY sequence",
    ) == [("outbound", 2, -2, 0), ("outbound", 1, -1, 4)]
    assert {row[0] for row in sql(shop, "SELECT fulfillment_status FROM order_items")} == {"shipped"}
    step(shop, order_id, "delivered")
    assert {row[0] for row in sql(shop, "SELECT fulfillment_status FROM order_items")} == {"delivered"}
    assert levels(shop) == [("WH1", 0, 0, 0), ("WH2", 4, 4, 0)]
    assert reconcile(shop.stores.postgres) == ()


def test_history_times_events_and_audit(shop: Shop, order_id: UUID) -> None:
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE orders SET created_at = '2026-09-01Z'"))
    confirmed, shipped = datetime(2026, 9, 2, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC)
    step(shop, order_id, "confirmed", at=confirmed)
    step(shop, order_id, "shipped", at=shipped, reason="by van")
    (row,) = sql(shop, "SELECT confirmed_at, shipped_at, delivered_at, version, updated_at > shipped_at FROM orders")
    assert row == (confirmed, shipped, None, 3, True)
    history = sql(
        shop,
        "SELECT previous_status, new_status, change_reason, order_version, changed_by FROM order_status_history"
        " WHERE order_id = :o ORDER BY order_version",
        o=order_id,
    )
    actor = shop.actor.user_id
    assert history == [
        (None, "pending", None, 1, actor),
        ("pending", "confirmed", None, 2, actor),
        ("confirmed", "shipped", "by van", 3, actor),
    ]
    kinds = [row[0] for row in sql(shop, "SELECT kind FROM outbox WHERE topic = 'orders' ORDER BY event_id")]
    assert kinds == ["placed", "confirmed", "shipped"]
    audit = sql(
        shop,
        "SELECT before->>'order_status', after->>'order_status' FROM audit_log WHERE command = 'orders.status'"
        " ORDER BY at",
    )
    assert audit == [("pending", "confirmed"), ("confirmed", "shipped")]


def test_refusals(shop: Shop, order_id: UUID) -> None:
    with pytest.raises(NotFound):
        step(shop, new_id(), "confirmed")
    with pytest.raises(Invalid, match="say why"):
        step(shop, order_id, "cancelled", reason="  ")
    with pytest.raises(Invalid, match="future"):
        step(shop, order_id, "confirmed", at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(Invalid, match="before"):
        step(shop, order_id, "confirmed", at=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(Invalid):
        step(shop, order_id, "eaten")
    step(shop, order_id, "confirmed", expected_version=1)
    with pytest.raises(Conflict) as refused:
        step(shop, order_id, "cancelled", expected_version=1)
    assert refused.value.current == {"order_status": "confirmed", "version": 2}
    assert one(shop, "SELECT version FROM orders") == 2


def test_a_step_sent_twice_is_one_step(shop: Shop, order_id: UUID) -> None:
    command = ChangeOrderStatus(order_id=order_id, new_status="cancelled", reason="twice")
    first, again = (shop.door.run(command, shop.actor, key="k") for _ in range(2))
    assert (first.replayed, again.replayed, first.result) == (False, True, again.result)
    assert levels(shop) == [("WH1", 2, 2, 0), ("WH2", 5, 5, 0)]


def test_what_was_given_back_can_be_sold_again(shop: Shop, order_id: UUID) -> None:
    user = one(shop, "SELECT user_id FROM orders")
    with pytest.raises(OutOfStock):
        place(shop, user, ("RAM", 1, "WH1"))
    step(shop, order_id, "cancelled")
    place(shop, user, ("RAM", 2, "WH1"))
    assert reconcile(shop.stores.postgres) == ()
