"""The rules of handling orders at the desk (anchors: what a first version must prove): 17 and 29, by number and name.

What the screens add to them (keys, forms, drafts on one's own machine) is tested with the screens.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from data.errors import Conflict, NotFound, OutOfStock
from data.notes.messages import AddNote
from data.orders.again import duplicate
from data.orders.handling.messages import HoldOrder, TagOrder
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits
from data.orders.reads import get_order
from data.shipments.messages import ShipOrder
from data.shop import Shop
from data.stock.messages import AdjustStock, ReceiveStock, ReserveLine, ReserveStock
from data.stock.reads import reconcile
from data.undo.messages import Undo
from tests.orders_world import customer, one, place, product, sql, warehouses


def do(shop: Shop, command: Any) -> Any:
    return shop.door.run(command, shop.actor).result


@pytest.fixture
def order_id(shop: Shop) -> UUID:
    """An order of three RAM from the first of two warehouses."""
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 10, "WH2": 4})
    placed: UUID = place(shop, customer(shop), ("RAM", 3, "WH1")).result.order_id
    return placed


def state(shop: Shop) -> list[Any]:
    """All that an action of the test below changes, as it stands."""
    return [
        *sql(shop, "SELECT order_status, tags, hold_reason, on_hold_until FROM orders"),
        *sql(shop, "SELECT sku, warehouse_id, available_stock, reserved_stock FROM inventory ORDER BY 1, 2"),
        *sql(shop, "SELECT warehouse_id, sum(allocated_quantity)::int FROM order_items GROUP BY 1 ORDER BY 1"),
        *sql(shop, "SELECT body FROM order_notes"),
    ]


ACTIONS: dict[str, Callable[[UUID], Any]] = {
    "adjust": lambda _: AdjustStock(product_id="RAM", warehouse_id="WH2", delta=-1, reason="counted"),
    "allocate": lambda order: AllocateOrder(
        order_id=order, lines=(LineUnits(sku="RAM", quantity=2),), from_warehouse="WH1", to_warehouse="WH2"
    ),
    "tag": lambda order: TagOrder(order_id=order, add=("rush",)),
    "note": lambda order: AddNote(order_id=order, body="ring twice"),
    "hold": lambda order: HoldOrder(order_id=order, reason="address"),
    "confirm": lambda order: ChangeOrderStatus(order_id=order, new_status="confirmed"),
}


def test_rule_17_each_of_my_last_actions_is_taken_back_by_a_counter_entry(shop: Shop, order_id: UUID) -> None:
    """One after the other in the order they were made, newest first; every step of the way is in the books."""
    states = [state(shop)]
    for action in ACTIONS.values():
        do(shop, action(order_id))
        states.append(state(shop))
    assert all(before != after for before, after in pairwise(states))
    moved, told = (one(shop, f"SELECT count(*) FROM {table}") for table in ("inventory_movements", "audit_log"))
    for expected in states[-2::-1]:
        do(shop, Undo())
        assert state(shop) == expected
    assert one(shop, "SELECT count(*) FROM inventory_movements") > moved
    assert one(shop, "SELECT count(*) FROM audit_log") >= told + 2 * len(ACTIONS)
    with pytest.raises(NotFound, match="take back"):
        do(shop, Undo())
    assert reconcile(shop.stores.postgres) == ()


def test_rule_17_what_others_did_since_stays_and_what_is_for_good_is_refused(shop: Shop, order_id: UUID) -> None:
    do(shop, AdjustStock(product_id="RAM", warehouse_id="WH2", delta=6, reason="found"))
    do(shop, ReceiveStock(product_id="RAM", warehouse_id="WH2", quantity=5))
    do(shop, Undo())  # the six found, not the five that came
    level = "SELECT available_stock FROM inventory WHERE warehouse_id = 'WH2'"
    assert one(shop, level) == 9
    do(shop, AdjustStock(product_id="RAM", warehouse_id="WH2", delta=1, reason="found"))
    place(shop, customer(shop, "bob@lee.example"), ("RAM", 10, "WH2"))
    with pytest.raises(Conflict, match="cannot be taken"):
        do(shop, Undo())
    do(shop, TagOrder(order_id=order_id, add=("rush",)))
    do(shop, TagOrder(order_id=order_id, add=("gift",)))
    first = one(shop, "SELECT idempotency_key FROM audit_log WHERE command = 'orders.tag' ORDER BY at LIMIT 1")
    with pytest.raises(Conflict, match="changed since"):
        do(shop, Undo(change_key=first))
    do(shop, ChangeOrderStatus(order_id=order_id, new_status="confirmed"))
    do(shop, ShipOrder(order_id=order_id))
    with pytest.raises(Conflict, match="nothing was undone"):
        do(shop, Undo(area="orders", target_id=str(order_id)))
    assert get_order(shop.stores.postgres, order_id).order_status == "shipped"


def test_rule_29_a_drafts_units_are_kept_until_a_date_and_an_old_order_is_made_again(
    shop: Shop, order_id: UUID
) -> None:
    three_days = 3 * 24 * 60
    lines = (ReserveLine(product_id="RAM", quantity=11),)
    held = do(shop, ReserveStock(owner_type="draft", owner_id="d1", lines=lines, minutes=three_days))
    assert sum(part.quantity for part in held.units) == 11
    assert one(shop, "SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM reservations LIMIT 1") == 3
    user = one(shop, "SELECT user_id FROM orders")
    with pytest.raises(OutOfStock):
        place(shop, user, ("RAM", 1))
    do(shop, ReserveStock(owner_type="draft", owner_id="d1", lines=(), minutes=three_days))
    do(shop, CancelLines(order_id=order_id, reason="ordered by mistake"))
    again = do(shop, duplicate(shop, get_order(shop.stores.postgres, order_id).order_number))
    made = get_order(shop.stores.postgres, again.order_id)
    assert [(item.sku, item.quantity) for item in made.items] == [("RAM", 3)]
    assert (made.total_amount, made.order_status, made.user_id) == (Decimal("34.90"), "pending", user)
