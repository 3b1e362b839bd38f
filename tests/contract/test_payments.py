"""Booking payments on a real PostgreSQL: what adds up is booked once, what does not is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from data.demo.commands import TakeSteps
from data.errors import Conflict, Denied, Invalid, NotFound
from data.ids import new_id
from data.orders.messages import ChangeOrderStatus, PlacedOrder
from data.orders.reads import get_order
from data.payments.messages import PaymentRecorded, RecordPayment
from data.shop import Shop
from tests.orders_world import customer, place, product, sql, warehouses


@pytest.fixture
def order(shop: Shop) -> PlacedOrder:
    """One order of two units."""
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 20})
    placed: PlacedOrder = place(shop, customer(shop), ("RAM", 2, "WH1")).result
    return placed


def book(
    shop: Shop, order: PlacedOrder, kind: str, amount: Decimal, key: str | None = None, **more: Any
) -> PaymentRecorded:
    command = RecordPayment(order_id=order.order_id, kind=kind, amount=amount, **more)
    recorded: PaymentRecorded = shop.door.run(command, shop.actor, key=key).result
    return recorded


def test_an_order_is_paid_in_parts_and_paid_back(shop: Shop, order: PlacedOrder) -> None:
    half = (order.total_amount / 2).quantize(Decimal("0.01"))
    book(shop, order, "authorise", order.total_amount, provider="card")
    book(shop, order, "capture", half, provider="card", provider_reference="ch_1")
    assert get_order(shop.stores.postgres, order.order_number).payment_state == "part"
    whole = book(shop, order, "capture", order.total_amount - half)
    assert (whole.captured, whole.refunded, whole.currency) == (order.total_amount, Decimal("0.00"), order.currency)
    assert get_order(shop.stores.postgres, order.order_number).payment_state == "paid"
    back = book(shop, order, "refund", half)
    detail = get_order(shop.stores.postgres, order.order_number)
    assert (back.refunded, detail.paid_amount) == (half, order.total_amount - half)
    assert [payment.kind for payment in detail.payments] == ["authorise", "capture", "capture", "refund"]


def test_the_same_step_sent_twice_is_one_step(shop: Shop, order: PlacedOrder) -> None:
    one = Decimal("1.00")
    first = book(shop, order, "capture", one, key="k", provider="card", reference="psp-1")
    assert book(shop, order, "capture", one, key="k", provider="card", reference="psp-1") == first
    with pytest.raises(Conflict, match="psp-1"):
        book(shop, order, "capture", one, provider="card", reference="psp-1")
    assert sql(shop, "SELECT count(*), sum(amount) FROM payments") == [(1, one)]


@pytest.mark.parametrize(
    ("kind", "amount", "more", "field"),
    [
        ("gift", "1", {}, "kind"),
        ("capture", "0", {}, "amount"),
        ("capture", "-1", {}, "amount"),
        ("capture", "0.001", {}, "amount"),
        ("capture", "1", {"provider": ""}, "provider"),
        ("capture", "1", {"provider_reference": "x" * 101}, "provider_reference"),
        ("capture", "1", {"at": datetime.now(UTC) + timedelta(hours=1)}, "at"),
        ("capture", "1", {"at": datetime(2020, 1, 1, tzinfo=UTC)}, "at"),
    ],
)
def test_a_wrong_step_is_refused_under_its_field(
    shop: Shop, order: PlacedOrder, kind: str, amount: str, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        book(shop, order, kind, Decimal(amount), **more)
    assert list(refused.value.fields) == [field]
    assert sql(shop, "SELECT count(*) FROM payments") == [(0,)]


def test_more_than_the_order_comes_to_and_more_than_was_captured_are_refused(shop: Shop, order: PlacedOrder) -> None:
    with pytest.raises(Conflict):
        book(shop, order, "capture", order.total_amount + 1)
    with pytest.raises(Conflict):
        book(shop, order, "refund", Decimal(1))
    book(shop, order, "capture", Decimal(5))
    with pytest.raises(Conflict) as refused:
        book(shop, order, "refund", Decimal(6))
    assert refused.value.current["captured"] == "5.00"


def test_an_unknown_order_and_a_person_without_permission_are_refused(shop: Shop, order: PlacedOrder) -> None:
    with pytest.raises(NotFound):
        shop.door.run(RecordPayment(order_id=new_id(), kind="capture", amount=Decimal(1)), shop.actor)
    packer = replace(shop.actor, roles=frozenset({"warehouse"}))
    with pytest.raises(Denied):
        shop.door.run(RecordPayment(order_id=order.order_id, kind="capture", amount=Decimal(1)), packer)


def test_steps_of_many_orders_are_all_taken_or_none(shop: Shop, order: PlacedOrder) -> None:
    """The demo's batch runs the ordinary steps in one transaction: a refused one takes all back with it."""
    other = place(shop, customer(shop, "other@example.com"), ("RAM", 3, "WH1")).result
    confirm = [ChangeOrderStatus(order_id=one.order_id, new_status="confirmed") for one in (order, other)]
    ship = [ChangeOrderStatus(order_id=one.order_id, new_status="shipped") for one in (order, other)]
    taken = shop.door.run(TakeSteps(steps=(*confirm, *ship)), shop.actor).result
    assert taken.steps == 4
    assert sql(shop, "SELECT available_stock, reserved_stock, total_stock FROM inventory") == [(15, 0, 15)]
    third = place(shop, customer(shop, "third@example.com"), ("RAM", 1, "WH1")).result
    steps = (
        ChangeOrderStatus(order_id=third.order_id, new_status="confirmed"),
        ChangeOrderStatus(order_id=order.order_id, new_status="confirmed"),
    )
    with pytest.raises(Invalid):
        shop.door.run(TakeSteps(steps=steps), shop.actor)
    assert get_order(shop.stores.postgres, third.order_number).order_status == "pending"
