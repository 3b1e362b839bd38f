"""The rules that peers break in public (anchors: what a first version must prove), each by its number and name.

Only what an order's life can prove without a screen: rules 1, 2, 4, 10, 12, 13, 15, 16, 28 in whole or in the part that
the name says. The exhaustive runs are in tests/torture; these are small cases that fail where the rule is broken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from data.errors import Conflict, Invalid, OutOfStock
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits, MarkLines
from data.orders.reads import get_order
from data.payments.flow import refund, take
from data.payments.messages import BeginPayment, RefundOrder
from data.payments.simulator import Simulator
from data.returns.messages import InspectLine, InspectReturn, ReceiveReturn, RequestReturn
from data.shipments.messages import BoxInput, DeliverParcels, ShipOrder
from data.shipments.reads import parcels_of
from data.shop import Shop
from data.stock.messages import AdjustStock, ExpireReservations, ReserveLine, ReserveStock
from data.stock.reads import reconcile
from tests.orders_world import customer, one, place, product, sql, warehouses


def do(shop: Shop, command: Any, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def units(sku: str, quantity: int) -> tuple[LineUnits, ...]:
    return (LineUnits(sku=sku, quantity=quantity),)


@pytest.fixture
def user(shop: Shop) -> UUID:
    """A customer; two warehouses, and ten units of RAM in the first, four in the second."""
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 10, "WH2": 4})
    return customer(shop)


def confirmed(shop: Shop, user: UUID, *lines: Any) -> UUID:
    order_id: UUID = place(shop, user, *lines).result.order_id
    do(shop, ChangeOrderStatus(order_id=order_id, new_status="confirmed"))
    return order_id


def at_once(count: int, attempt: Any) -> int:
    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(attempt, range(count)))


def test_rule_01_no_oversell_with_edits_cancels_and_counts_mixed_in(shop: Shop, user: UUID) -> None:
    first = [confirmed(shop, user, ("RAM", 1, "WH1")) for _ in range(3)]  # 7 are left

    def attempt(number: int) -> bool:
        if number % 10 == 9:
            do(shop, CancelLines(order_id=first[number // 10 % 3], reason="r")) if number < 30 else None
            return False
        if number % 10 == 8:
            do(shop, AdjustStock(product_id="RAM", warehouse_id="WH2", delta=1, reason="found"))
            return False
        try:
            place(shop, user, ("RAM", 1, "WH1"))
        except OutOfStock:
            return False
        return True

    sold = at_once(50, attempt)
    free = one(shop, "SELECT available_stock FROM inventory WHERE warehouse_id = 'WH1'")
    assert (sold + free, free >= 0, sold >= 7) == (10, True, True)
    assert reconcile(shop.stores.postgres) == ()


def test_rule_01_the_database_holds_if_the_code_is_bypassed(shop: Shop, user: UUID) -> None:
    with pytest.raises(Conflict, match="not_negative"), shop.stores.postgres.writing() as connection:
        connection.execute(
            text("UPDATE inventory SET available_stock = available_stock - 11, reserved_stock = reserved_stock + 11")
        )


def test_rule_02_every_change_of_a_level_has_one_immutable_row_with_its_cause(shop: Shop, user: UUID) -> None:
    order_id = confirmed(shop, user, ("RAM", 3, "WH1"))
    do(shop, ShipOrder(order_id=order_id, boxes=(BoxInput(lines=units("RAM", 1)),)))
    do(shop, CancelLines(order_id=order_id, reason="no"))
    rows = sql(
        shop,
        "SELECT kind, quantity, available_after - available_delta, available_after, created_by, reference_id,"
        " coalesce(reason, '') FROM inventory_movements WHERE reference_id IS NOT NULL ORDER BY sequence",
    )
    actor = shop.actor.user_id
    assert rows == [
        ("reserve", 3, 10, 7, actor, order_id, ""),
        ("ship", 1, 7, 7, actor, order_id, "sent 1 from WH1"),
        ("release", 2, 7, 9, actor, order_id, "no"),
    ]
    for change in ("UPDATE inventory_movements SET quantity = 1", "DELETE FROM inventory_movements"):
        with pytest.raises(Conflict, match="append-only"), shop.stores.postgres.writing() as connection:
            connection.execute(text(change))


def test_rule_04_a_second_session_is_told_what_the_first_one_made_of_the_order(shop: Shop, user: UUID) -> None:
    order_id = confirmed(shop, user, ("RAM", 3, "WH1"))
    seen = get_order(shop.stores.postgres, order_id).version
    commands = [
        CancelLines(order_id=order_id, lines=units("RAM", 1), reason="r", expected_version=seen),
        ShipOrder(order_id=order_id, boxes=(BoxInput(lines=units("RAM", 1)),), expected_version=seen),
    ] * 4

    def attempt(number: int) -> bool:
        try:
            do(shop, commands[number])
        except Conflict as refused:
            return "version" not in refused.current  # another version is told, whatever was retried before
        return True

    assert at_once(8, attempt) == 1
    assert get_order(shop.stores.postgres, order_id).version == seen + 1


def test_rule_10_two_parallel_first_calls_with_one_key_have_one_effect(shop: Shop, user: UUID) -> None:
    order_id = confirmed(shop, user, ("RAM", 4, "WH1"))
    take(shop, BeginPayment(order_id=order_id, kind="capture"))
    box = BoxInput(lines=units("RAM", 2))
    commands = {
        "ship": ShipOrder(order_id=order_id, boxes=(box,)),
        "cancel": CancelLines(order_id=order_id, lines=units("RAM", 1), reason="r"),
        "refund": RefundOrder(order_id=order_id, amount=Decimal("3.00"), reason="r"),
        "hold": ReserveStock(owner_type="cart", owner_id="c", lines=(ReserveLine(product_id="RAM", quantity=2),)),
    }
    calls = [name for name in commands for _ in range(6)]
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda name: (name, do(shop, commands[name], key=name)), calls))
    for name in commands:
        assert len({msgspec.json.encode(result) for which, result in done if which == name}) == 1, name
    assert sql(shop, "SELECT shipped_quantity, cancelled_quantity FROM order_items") == [(2, 1)]
    assert one(shop, "SELECT sum(amount) FROM payments WHERE kind = 'refund'") == 3
    assert reconcile(shop.stores.postgres) == ()


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    simulator = Simulator().start()
    yield simulator
    simulator.stop()


def test_rule_12_refund_any_captured_amount_and_never_a_cent_more(shop: Shop, user: UUID, gateway: Simulator) -> None:
    """By line, shipping, amount, goodwill, several times, with no 'outstanding balance' (medusajs/medusa#10491)."""
    shop = dataclasses.replace(shop, settings=msgspec.structs.replace(shop.settings, gateway_url=gateway.url))
    order_id = confirmed(shop, user, ("RAM", 3, "WH1"))
    do(shop, ShipOrder(order_id=order_id))
    take(shop, BeginPayment(order_id=order_id, kind="capture", provider="gateway"))
    asked: tuple[dict[str, Any], ...] = (
        {"lines": units("RAM", 1), "restock": True},
        {"lines": units("RAM", 1)},
        {"shipping": Decimal("4.90")},
        {"amount": Decimal("2.50")},
    )
    for fields in asked:
        refund(shop, RefundOrder(order_id=order_id, reason="r", **fields))

    def attempt(_: int) -> bool:
        try:
            refund(shop, RefundOrder(order_id=order_id, reason="r", amount=Decimal("1.00")))
        except Conflict:
            return False
        return True

    assert at_once(50, attempt) == 7  # 34.90 less 27.40
    assert gateway.total("refund") == Decimal("34.40") < gateway.total("capture")
    assert get_order(shop.stores.postgres, order_id).due_amount == 0


def test_rule_13_a_return_touches_stock_only_at_inspection(shop: Shop, user: UUID) -> None:
    order_id = confirmed(shop, user, ("RAM", 3, "WH1"))
    do(shop, ShipOrder(order_id=order_id))
    moved = "SELECT count(*) FROM inventory_movements"
    before = one(shop, moved)
    asked = do(shop, RequestReturn(order_id=order_id, lines=units("RAM", 3), reason="r"))
    do(shop, ReceiveReturn(return_id=asked.return_id, warehouse_id="WH2"))
    assert one(shop, moved) == before
    line = InspectLine(sku="RAM", restock=1, damaged=1, reject=1)
    assert do(shop, InspectReturn(return_id=asked.return_id, lines=(line,))).status == "inspected"
    assert sql(shop, "SELECT available_stock, damaged_stock FROM inventory WHERE warehouse_id = 'WH2'") == [(5, 1)]


def test_rule_13_a_refund_with_restock_then_a_cancel_makes_no_stock(shop: Shop, user: UUID) -> None:
    """PrestaShop#16869: more stock than before the sale."""
    order_id = confirmed(shop, user, ("RAM", 3, "WH1"))
    do(shop, ShipOrder(order_id=order_id, boxes=(BoxInput(lines=units("RAM", 2)),)))
    take(shop, BeginPayment(order_id=order_id, kind="capture"))
    refund(shop, RefundOrder(order_id=order_id, reason="r", lines=units("RAM", 2), restock=True))
    do(shop, CancelLines(order_id=order_id, reason="r"))
    assert one(shop, "SELECT sum(total_stock) FROM inventory") == 14
    with pytest.raises(Invalid):
        do(shop, CancelLines(order_id=order_id, reason="r"))
    assert reconcile(shop.stores.postgres) == ()


def test_rule_15_an_orders_own_reservation_never_blocks_its_own_shipment(shop: Shop, user: UUID) -> None:
    """medusajs/medusa#6500: the order took the last unit, and then could not be fulfilled."""
    order_id = confirmed(shop, user, ("RAM", 10, "WH1"), ("RAM", 4, "WH2"))
    assert one(shop, "SELECT sum(available_stock) FROM inventory") == 0
    assert do(shop, ShipOrder(order_id=order_id)).order_status == "shipped"


splits = st.lists(
    st.tuples(st.sampled_from(("ship", "move", "pick")), st.integers(1, 4), st.sampled_from(("WH1", "WH2"))), max_size=5
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=splits)
def test_rule_15_splitting_never_changes_what_is_held_for_the_order(
    shop: Shop, user: UUID, steps: list[tuple[str, int, str]]
) -> None:
    """spree/spree#8596: a split flips back-ordered and on-hand units. Here what is not sent is held, to the unit."""
    do(shop, AdjustStock(product_id="RAM", warehouse_id="WH1", set_available=10, reason="r"))
    order_id = confirmed(shop, user, ("RAM", 6, "WH1"))
    sent = 0
    for kind, count, where in steps:
        command: Any = ShipOrder(order_id=order_id, boxes=(BoxInput(warehouse_id=where, lines=units("RAM", count)),))
        if kind == "move":
            command = AllocateOrder(order_id=order_id, lines=units("RAM", count), to_warehouse=where)
        elif kind == "pick":
            command = MarkLines(order_id=order_id, state="picked", warehouse_id=where)
        try:
            do(shop, command)
        except (Invalid, OutOfStock):
            continue
        sent += count if kind == "ship" else 0
    (found,) = sql(
        shop,
        "SELECT sum(quantity), sum(shipped_quantity), sum(allocated_quantity), sum(total_price) FROM order_items"
        " WHERE order_id = :id",
        id=order_id,
    )
    assert found == (6, sent, 6 - sent, Decimal("60.00"))
    assert reconcile(shop.stores.postgres) == ()


def test_rule_16_a_hold_ends_by_time_though_no_job_runs_extends_on_activity_and_none_leaks(
    shop: Shop, user: UUID
) -> None:
    lines = (ReserveLine(product_id="RAM", quantity=14),)
    first = do(shop, ReserveStock(owner_type="draft", owner_id="d", lines=lines, minutes=1))
    longer = do(shop, ReserveStock(owner_type="draft", owner_id="d", lines=lines, minutes=5))
    assert longer.expires_at > first.expires_at
    with pytest.raises(OutOfStock):
        do(shop, ReserveStock(owner_type="cart", owner_id="c", lines=lines))
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE reservations SET expires_at = now()"))
    do(shop, ReserveStock(owner_type="cart", owner_id="c", lines=lines))
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE reservations SET expires_at = now() WHERE released_at IS NULL"))
    order = place(shop, user, ("RAM", 14)).result  # no job has run: a sale that is short frees it by itself
    do(shop, CancelLines(order_id=order.order_id, reason="r"))
    do(shop, ExpireReservations())
    assert sql(shop, "SELECT sum(available_stock), sum(reserved_stock) FROM inventory") == [(14, 0)]
    assert reconcile(shop.stores.postgres) == ()


def test_rule_28_a_box_knows_its_contents_and_number_and_holds_nothing_that_is_not_the_orders(
    shop: Shop, user: UUID
) -> None:
    order_id = confirmed(shop, user, ("RAM", 3, "WH1"))
    for lines in (units("RAM", 4), units("CAB", 1)):
        with pytest.raises(Invalid):
            do(shop, ShipOrder(order_id=order_id, boxes=(BoxInput(lines=lines),)))
    box = BoxInput(lines=units("RAM", 3), tracking_number="1Z", carrier="UPS")
    do(shop, ShipOrder(order_id=order_id, boxes=(box,)))
    do(shop, DeliverParcels(order_id=order_id))
    (parcel,) = parcels_of(shop.stores.postgres, order_id)
    assert (parcel.carrier, parcel.tracking_number, parcel.items[0].quantity) == ("UPS", "1Z", 3)
    assert parcel.delivered_at is not None
    assert one(shop, "SELECT tracking_number FROM order_items") == "1Z"
