"""Money through providers, against a real gateway over HTTP that declines, hangs, forgets and answers twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from data.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from data.ids import new_id
from data.orders.messages import CancelLines, ChangeOrderStatus, LineUnits, PlacedOrder
from data.orders.reads import get_order
from data.payments import gateway as gateway_module
from data.payments.flow import refund, resume, take
from data.payments.messages import (
    BeginPayment,
    PaymentSettled,
    RecordPayment,
    RefundOrder,
    RefundShare,
    SettlePayment,
)
from data.payments.reads import account_of
from data.payments.simulator import Simulator
from data.shop import Shop
from data.stock.reads import reconcile
from tests.orders_world import customer, one, place, product, sql, warehouses

NOW = timedelta(0)


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    simulator = Simulator().start()
    yield simulator
    simulator.stop()


@pytest.fixture
def till(shop: Shop, gateway: Simulator) -> Shop:
    """The shop with that gateway configured."""
    return dataclasses.replace(shop, settings=msgspec.structs.replace(shop.settings, gateway_url=gateway.url))


@pytest.fixture
def order(shop: Shop) -> PlacedOrder:
    """A shipped order of 4 units at 10.00, shipping 4.90."""
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 20})
    placed: PlacedOrder = place(shop, customer(shop), ("RAM", 4, "WH1")).result
    for status in ("confirmed", "shipped"):
        shop.door.run(ChangeOrderStatus(order_id=placed.order_id, new_status=status), shop.actor)
    return placed


def pay(
    shop: Shop, order: PlacedOrder, amount: str | None = None, key: str | None = None, **more: Any
) -> PaymentSettled:
    fields = {"kind": "capture", "provider": "gateway"} | more
    command = BeginPayment(order_id=order.order_id, amount=Decimal(amount) if amount else None, **fields)
    return take(shop, command, key=key)


def give(shop: Shop, order: PlacedOrder, key: str | None = None, **fields: Any) -> Any:
    return refund(shop, RefundOrder(order_id=order.order_id, **({"reason": "r"} | fields)), key=key)


def lines(units: int) -> tuple[LineUnits, ...]:
    return (LineUnits(sku="RAM", quantity=units),)


def test_authorise_capture_void_and_refund_each_with_its_reference(
    till: Shop, order: PlacedOrder, gateway: Simulator
) -> None:
    held = pay(till, order, kind="authorise")
    assert (held.status, held.amount, held.owed) == ("succeeded", order.total_amount, order.total_amount)
    part = pay(till, order, "20.00", parent_payment_id=held.payment_id)
    assert (part.status, part.owed) == ("succeeded", order.total_amount - 20)
    with pytest.raises(Conflict, match="captured already"):
        pay(till, order, kind="void", parent_payment_id=held.payment_id)
    rest = pay(till, order, parent_payment_id=held.payment_id)
    assert rest.owed == 0
    with pytest.raises(Conflict, match="left to be paid"):
        pay(till, order, "0.01")
    back = give(till, order, amount=Decimal("25.00"))
    assert [(each.amount, each.status) for each in back.payments] == [
        (order.total_amount - 20, "succeeded"),
        (45 - order.total_amount, "succeeded"),
    ]
    assert gateway.total("refund") == 25
    references = {step.provider_reference for step in account_of(till.stores.postgres, order.order_id).steps}
    assert references == {one["reference"] for one in gateway.books()}


def test_a_void_lets_go_and_all_can_be_held_again(till: Shop, order: PlacedOrder) -> None:
    held = pay(till, order, kind="authorise")
    with pytest.raises(Conflict):
        pay(till, order, "1.00", kind="authorise")
    assert pay(till, order, kind="void", parent_payment_id=held.payment_id).status == "succeeded"
    with pytest.raises(Conflict, match="voided"):
        pay(till, order, parent_payment_id=held.payment_id)
    assert pay(till, order, kind="authorise").status == "succeeded"


def test_declined_is_an_end_and_leaves_the_order_as_it_was(till: Shop, order: PlacedOrder, gateway: Simulator) -> None:
    gateway.behave("decline")
    declined = pay(till, order)
    assert (declined.status, declined.failure, declined.owed) == ("failed", "declined by the bank", order.total_amount)
    assert pay(till, order).status == "succeeded"


@pytest.mark.parametrize("behaviour", ["drop_after", "drop_before"])
def test_a_gateway_that_says_nothing_has_charged_once_in_the_end(
    till: Shop, order: PlacedOrder, gateway: Simulator, behaviour: str
) -> None:
    gateway.behave(behaviour)
    with pytest.raises(Unavailable, match="gateway"):
        pay(till, order, key="k")
    assert one(till, "SELECT status FROM payments") == "pending"
    with pytest.raises(Conflict):
        pay(till, order)  # what is promised is not promised again
    found = pay(till, order, key="k")
    assert (found.status, found.owed) == ("succeeded", 0)
    assert gateway.total("capture") == order.total_amount
    assert len(gateway.books()) == 1


def test_an_answer_that_comes_too_late_is_found_by_resuming(
    till: Shop, order: PlacedOrder, gateway: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module.Gateway.__init__, "__kwdefaults__", {"timeout": 0.2})
    gateway.slow_seconds = 1.0
    gateway.behave("slow")
    with pytest.raises(Unavailable):
        pay(till, order)
    done = resume(till, older_than=NOW)
    assert [each.status for each in done.settled] == ["succeeded"]
    assert len(gateway.books()) == 1
    assert resume(till, older_than=NOW).settled == ()


def test_killed_between_promise_and_call_it_goes_on(till: Shop, order: PlacedOrder, gateway: Simulator) -> None:
    begin = BeginPayment(order_id=order.order_id, kind="capture", provider="gateway")
    till.door.run(begin, till.actor, key="k")  # and here the process died
    assert resume(till).settled == (), "too young: somebody may be at it"
    assert [each.status for each in resume(till, older_than=NOW).settled] == ["succeeded"]
    assert take(till, begin, key="k").status == "succeeded"
    assert len(gateway.books()) == 1


def test_a_gateway_that_answers_twice_settles_once(till: Shop, order: PlacedOrder, gateway: Simulator) -> None:
    gateway.behave("twice")
    settled = pay(till, order)
    again = SettlePayment(payment_id=settled.payment_id, accepted=True, provider_reference="other")
    assert till.door.run(again, till.actor).result == settled
    with pytest.raises(Conflict, match="already"):
        till.door.run(SettlePayment(payment_id=settled.payment_id, accepted=False), till.actor)
    assert one(till, "SELECT count(*) FROM payments") == 1


def test_a_gateway_that_is_away_holds_up_its_own_part_alone(till: Shop, order: PlacedOrder, gateway: Simulator) -> None:
    pay(till, order, "20.00")
    pay(till, order, provider="bank", provider_reference="statement 7")
    gateway.behave("drop_before")
    back = give(till, order, amount=order.total_amount)
    assert [each.provider for each in back.payments] == ["bank"]
    assert len(back.waiting) == 1
    with pytest.raises(Conflict, match="given back"):
        give(till, order, amount=Decimal("0.01"))
    assert [each.status for each in resume(till, older_than=NOW).settled] == ["succeeded"]
    assert gateway.total("refund") == 20
    assert get_order(till.stores.postgres, order.order_id).order_status == "refunded"


def test_the_books_of_the_gateway_outlive_it(tmp_path: Any, till: Shop, order: PlacedOrder) -> None:
    first = Simulator(journal=tmp_path / "books").start()
    settings = msgspec.structs.replace(till.settings, gateway_url=first.url)
    pay(dataclasses.replace(till, settings=settings), order)
    first.stop()
    assert Simulator(journal=tmp_path / "books").total("capture") == order.total_amount


# -- refunds ---------------------------------------------------------------------------------------------------------


def test_refund_by_line_with_and_without_restock_then_shipping_then_the_rest(till: Shop, order: PlacedOrder) -> None:
    pay(till, order)
    kept = give(till, order, lines=lines(1))
    assert (kept.refund.amount, kept.refund.restocked) == (Decimal("10.00"), 0)
    back = give(till, order, lines=lines(2), restock=True)
    assert (back.refund.amount, back.refund.restocked) == (Decimal("20.00"), 2)
    assert sql(till, "SELECT available_stock, total_stock FROM inventory") == [(18, 18)]
    with pytest.raises(Invalid, match="not refunded"):
        give(till, order, lines=lines(2))
    with pytest.raises(Invalid, match="came to"):
        give(till, order, shipping=Decimal("4.91"))
    give(till, order, shipping=Decimal("4.90"))
    with pytest.raises(Invalid, match="shipping"):
        give(till, order, shipping=Decimal("0.01"))
    assert get_order(till.stores.postgres, order.order_id).due_amount == 0
    last = give(till, order, lines=lines(1))
    assert last.payments[0].owed == 0
    detail = get_order(till.stores.postgres, order.order_id)
    assert (detail.order_status, detail.credited_amount) == ("refunded", order.total_amount)
    assert reconcile(till.stores.postgres) == ()


def test_goodwill_needs_no_return_and_is_never_asked_back(till: Shop, order: PlacedOrder) -> None:
    pay(till, order)
    done = give(till, order, amount=Decimal("7.50"), reason="sorry")
    assert (done.refund.credit, done.payments[0].owed) == (Decimal("7.50"), 0)
    account = account_of(till.stores.postgres, order.order_id)
    assert (account.credited_amount, account.owed, account.refunds[0].reason) == (Decimal("7.50"), 0, "sorry")


def test_what_the_shop_owes_is_paid_back_without_making_the_order_cheaper(till: Shop) -> None:
    warehouses(till, "WH1")
    product(till, "RAM", {"WH1": 20})
    open_order = place(till, customer(till), ("RAM", 4, "WH1")).result
    pay(till, open_order)
    with pytest.raises(Invalid, match="owed"):
        give(till, open_order)
    cancelled = till.door.run(CancelLines(order_id=open_order.order_id, lines=lines(3), reason="r"), till.actor).result
    assert (cancelled.credit, cancelled.owed) == (Decimal("30.00"), Decimal("-30.00"))
    done = give(till, open_order)
    assert (done.refund.amount, done.refund.credit, done.payments[0].owed) == (Decimal("30.00"), 0, 0)


def test_a_refund_is_split_over_payments_as_asked(till: Shop, order: PlacedOrder) -> None:
    by_card = pay(till, order, "30.00")
    by_bank = pay(till, order, provider="bank")
    shares = (
        RefundShare(payment_id=by_card.payment_id, amount=Decimal("10.00")),
        RefundShare(payment_id=by_bank.payment_id, amount=Decimal("5.00")),
    )
    done = give(till, order, amount=Decimal("15.00"), shares=shares)
    assert {each.provider: each.amount for each in done.payments} == {"gateway": 10, "bank": 5}
    with pytest.raises(Invalid, match="add up"):
        give(till, order, amount=Decimal("16.00"), shares=shares)
    too_much = (RefundShare(payment_id=by_card.payment_id, amount=Decimal("20.01")),)
    with pytest.raises(Invalid, match="can give back"):
        give(till, order, amount=Decimal("20.01"), shares=too_much)


def test_fifty_refunds_at_once_never_give_back_a_cent_above_captured(
    till: Shop, order: PlacedOrder, gateway: Simulator
) -> None:
    pay(till, order)

    def attempt(number: int) -> bool:
        try:
            give(till, order, amount=Decimal("3.01"), key=f"k{number}")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = sum(pool.map(attempt, range(50)))
    assert done == int(order.total_amount / Decimal("3.01"))
    assert gateway.total("refund") == done * Decimal("3.01") <= order.total_amount
    assert one(till, "SELECT sum(amount) FROM payments WHERE kind = 'refund'") == gateway.total("refund")


def test_a_refund_the_gateway_declines_is_still_owed(till: Shop, order: PlacedOrder, gateway: Simulator) -> None:
    pay(till, order)
    gateway.behave("decline")
    done = give(till, order, lines=lines(1))
    assert (done.payments[0].status, done.payments[0].owed) == ("failed", Decimal("-10.00"))
    assert give(till, order).payments[0].owed == 0


def test_refusals(shop: Shop, till: Shop, order: PlacedOrder) -> None:
    pay(till, order)
    for fields, wrong in (
        ({"reason": ""}, "reason"),
        ({"amount": Decimal("-1")}, "amount"),
        ({"restock": True}, "restock"),
        ({"lines": lines(5)}, "lines[0]"),
    ):
        with pytest.raises(Invalid) as refused:
            give(till, order, **fields)
        assert list(refused.value.fields) == [wrong]
    with pytest.raises(Invalid, match="no gateway"):
        pay(shop, order)
    with pytest.raises(Invalid, match="provider"):
        pay(till, order, provider="friend")
    with pytest.raises(NotFound):
        pay(till, order, parent_payment_id=new_id())
    with pytest.raises(Conflict):
        give(till, order, amount=Decimal(1), expected_version=1)
    packer = replace(till.actor, roles=frozenset({"warehouse"}))
    for command in (
        RefundOrder(order_id=order.order_id, reason="r"),
        BeginPayment(order_id=order.order_id, kind="capture"),
        SettlePayment(payment_id=new_id(), accepted=True),
    ):
        with pytest.raises(Denied):
            till.door.run(command, packer)


def test_the_database_refuses_more_than_a_capture_gave(till: Shop, order: PlacedOrder) -> None:
    first = pay(till, order, "10.00")
    pay(till, order)
    row = (
        "INSERT INTO payments (order_id, kind, amount, provider, idempotency_key, parent_payment_id)"
        " VALUES (:order, 'refund', :amount, 'x', :key, :parent)"
    )
    values = {"order": order.order_id, "parent": first.payment_id, "key": "k1", "amount": 10}
    with till.stores.postgres.writing() as connection:
        connection.execute(text(row), values)
    with pytest.raises(Conflict, match="left of the payment"), till.stores.postgres.writing() as connection:
        connection.execute(text(row), values | {"key": "k2", "amount": Decimal("0.01")})


def test_money_booked_under_another_label_is_given_back_by_hand(till: Shop, order: PlacedOrder) -> None:
    booked = RecordPayment(order_id=order.order_id, kind="capture", amount=order.total_amount, provider="paypal")
    till.door.run(booked, till.actor)
    done = give(till, order, amount=Decimal("5.00"))
    assert [(each.provider, each.status) for each in done.payments] == [("paypal", "succeeded")]
