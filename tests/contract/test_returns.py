"""Returns and exchanges on real engines: nothing moves before inspection, nothing comes back or is credited twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from data.errors import Conflict, Denied, Invalid, NotFound
from data.ids import new_id
from data.orders.messages import ChangeOrderStatus, LineUnits, OrderLineInput, PlacedOrder
from data.orders.reads import get_order
from data.payments.flow import refund, take
from data.payments.messages import BeginPayment, RefundOrder
from data.returns.exchanges import place_exchange
from data.returns.messages import CloseReturn, DraftExchange, InspectLine, InspectReturn, ReceiveReturn, RequestReturn
from data.returns.reads import get_return, open_returns, returns_of
from data.shop import Shop
from data.stock.reads import reconcile
from tests.orders_world import customer, one, place, product, sql, warehouses


@pytest.fixture
def order(shop: Shop) -> PlacedOrder:
    """A paid and shipped order of 4 RAM and 1 CAB at 10.00, from WH1; WH2 takes returns."""
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 10})
    product(shop, "CAB", {"WH1": 5})
    placed: PlacedOrder = place(shop, customer(shop), ("RAM", 4, "WH1"), ("CAB", 1, "WH1")).result
    for status in ("confirmed", "shipped"):
        do(shop, ChangeOrderStatus(order_id=placed.order_id, new_status=status))
    take(shop, BeginPayment(order_id=placed.order_id, kind="capture"))
    return placed


def do(shop: Shop, command: Any, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def ask(shop: Shop, order: PlacedOrder, units: int = 3, sku: str = "RAM") -> Any:
    lines = (LineUnits(sku=sku, quantity=units),)
    return do(shop, RequestReturn(order_id=order.order_id, lines=lines, reason="broken"))


def stock(shop: Shop) -> list[tuple[Any, ...]]:
    return sql(
        shop,
        "SELECT sku, warehouse_id, available_stock, reserved_stock, damaged_stock FROM inventory ORDER BY 1, 2",
    )


def test_a_return_is_asked_for_received_in_parts_and_inspected_line_by_line(shop: Shop, order: PlacedOrder) -> None:
    before = stock(shop)
    asked = ask(shop, order)
    assert (asked.status, asked.quantity, asked.owed) == ("requested", 3, 0)
    some = do(
        shop,
        ReceiveReturn(return_id=asked.return_id, warehouse_id="WH2", lines=(LineUnits(sku="RAM", quantity=2),)),
    )
    assert (some.status, some.received) == ("received", 2)
    with pytest.raises(Invalid, match="wait at WH2"):
        do(shop, ReceiveReturn(return_id=asked.return_id, warehouse_id="WH1"))
    assert do(shop, ReceiveReturn(return_id=asked.return_id, warehouse_id="WH2")).received == 3
    assert stock(shop) == before, "stock moves at inspection and nowhere else"
    line = InspectLine(sku="RAM", restock=1, damaged=1)
    first = do(shop, InspectReturn(return_id=asked.return_id, lines=(line,), note="one bent"))
    assert (first.status, first.credit, first.owed) == ("received", Decimal("20.00"), Decimal("-20.00"))
    assert stock(shop) == [("CAB", "WH1", 4, 0, 0), ("RAM", "WH1", 6, 0, 0), ("RAM", "WH2", 1, 0, 1)]
    last = do(shop, InspectReturn(return_id=asked.return_id, lines=(InspectLine(sku="RAM", reject=1),)))
    assert (last.status, last.credit, last.rejected) == ("inspected", 0, 1)
    row = get_return(shop.stores.postgres, asked.return_id)
    assert (row.items[0].restocked_quantity, row.items[0].damaged_quantity, row.closed_at is not None) == (1, 1, True)
    assert one(shop, "SELECT returned_quantity FROM order_items WHERE sku = 'RAM'") == 2
    assert refund(shop, RefundOrder(order_id=order.order_id, reason="return")).refund.amount == Decimal("20.00")
    told = [step.change_reason for step in get_order(shop.stores.postgres, order.order_id).history]
    assert any("1 restocked, 1 damaged, 0 rejected; one bent" in why for why in told)
    assert reconcile(shop.stores.postgres) == ()


def test_units_refunded_before_they_came_back_are_not_credited_again(shop: Shop, order: PlacedOrder) -> None:
    refund(shop, RefundOrder(order_id=order.order_id, reason="r", lines=(LineUnits(sku="RAM", quantity=2),)))
    asked = ask(shop, order)
    do(shop, ReceiveReturn(return_id=asked.return_id, warehouse_id="WH1"))
    done = do(shop, InspectReturn(return_id=asked.return_id, lines=(InspectLine(sku="RAM", restock=3),)))
    assert (done.credit, done.owed) == (Decimal("10.00"), Decimal("-10.00"))
    assert reconcile(shop.stores.postgres) == ()


def test_no_more_comes_back_than_was_sent_whoever_asks_at_once(shop: Shop, order: PlacedOrder) -> None:
    def attempt(_: int) -> bool:
        try:
            ask(shop, order, 1)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(12))) == 4
    assert len(open_returns(shop.stores.postgres)) == 4


def test_one_unit_is_inspected_once_whoever_does_it_at_once(shop: Shop, order: PlacedOrder) -> None:
    asked = ask(shop, order, 2)
    do(shop, ReceiveReturn(return_id=asked.return_id, warehouse_id="WH1"))

    def attempt(number: int) -> bool:
        line = InspectLine(sku="RAM", restock=1) if number % 2 else InspectLine(sku="RAM", damaged=1)
        try:
            do(shop, InspectReturn(return_id=asked.return_id, lines=(line,)))
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(12))) == 2
    assert one(shop, "SELECT sum(total_stock) FROM inventory") == 15 - 5 + 2
    assert reconcile(shop.stores.postgres) == ()


def test_a_return_that_does_not_come_is_closed_and_may_be_asked_again(shop: Shop, order: PlacedOrder) -> None:
    first = ask(shop, order, 4)
    with pytest.raises(Invalid):
        ask(shop, order, 1)
    assert do(shop, CloseReturn(return_id=first.return_id, reason="kept it")).status == "cancelled"
    second = ask(shop, order, 4)
    one_unit = (LineUnits(sku="RAM", quantity=1),)
    do(shop, ReceiveReturn(return_id=second.return_id, warehouse_id="WH1", lines=one_unit))
    with pytest.raises(Invalid, match="to be inspected"):
        do(shop, CloseReturn(return_id=second.return_id, reason="no more"))
    do(shop, InspectReturn(return_id=second.return_id, lines=(InspectLine(sku="RAM", restock=1),)))
    assert do(shop, CloseReturn(return_id=second.return_id, reason="no more")).status == "inspected"
    assert [row.status for row in returns_of(shop.stores.postgres, order.order_id)] == ["cancelled", "inspected"]
    with pytest.raises(Invalid, match="is inspected"):
        do(shop, ReceiveReturn(return_id=second.return_id, warehouse_id="WH1"))


def test_an_exchange_is_a_linked_draft_with_its_balance_and_is_placed_once(shop: Shop, order: PlacedOrder) -> None:
    asked = ask(shop, order, 2)
    lines = (OrderLineInput(sku="CAB", quantity=3),)
    former = do(shop, DraftExchange(return_id=asked.return_id, lines=(OrderLineInput(sku="CAB", quantity=1),)))
    assert former.balance_amount == Decimal("-5.10")
    draft = do(shop, DraftExchange(return_id=asked.return_id, lines=lines))
    assert (draft.total_amount, draft.credit_amount) == (Decimal("34.90"), Decimal("20.00"))
    assert draft.balance_amount == Decimal("14.90")
    with pytest.raises(Conflict, match="cancelled"):
        place_exchange(shop, former.exchange_id)
    placed = place_exchange(shop, draft.exchange_id)
    assert place_exchange(shop, draft.exchange_id) == placed
    assert placed.total_amount == draft.total_amount
    exchange = get_return(shop.stores.postgres, asked.return_id).exchange
    assert exchange is not None
    assert (exchange.status, exchange.placed_order) == ("placed", placed.order_number)
    with pytest.raises(Conflict, match="exchanged"):
        do(shop, DraftExchange(return_id=asked.return_id, lines=lines))
    assert reconcile(shop.stores.postgres) == ()


def test_what_never_came_is_worth_nothing_in_an_exchange(shop: Shop, order: PlacedOrder) -> None:
    asked = ask(shop, order)
    came = ReceiveReturn(return_id=asked.return_id, warehouse_id="WH2", lines=(LineUnits(sku="RAM", quantity=1),))
    lines = (OrderLineInput(sku="CAB", quantity=1),)
    for step, worth in (
        (came, "30.00"),
        (InspectReturn(return_id=asked.return_id, lines=(InspectLine(sku="RAM", restock=1),)), "30.00"),
        (CloseReturn(return_id=asked.return_id, reason="lost on the way"), "10.00"),
    ):
        do(shop, step)
        assert do(shop, DraftExchange(return_id=asked.return_id, lines=lines)).credit_amount == Decimal(worth)


def test_refusals(shop: Shop, order: PlacedOrder) -> None:
    asked = ask(shop, order, 1)
    nobody = new_id()
    for command, error in (
        (RequestReturn(order_id=order.order_id, lines=(), reason="r"), Invalid),
        (RequestReturn(order_id=order.order_id, lines=(LineUnits(sku="CAB", quantity=2),), reason="r"), Invalid),
        (RequestReturn(order_id=order.order_id, lines=(LineUnits(sku="CAB", quantity=1),), reason=" "), Invalid),
        (ReceiveReturn(return_id=nobody, warehouse_id="WH1"), NotFound),
        (ReceiveReturn(return_id=asked.return_id, warehouse_id="WH9"), NotFound),
        (ReceiveReturn(return_id=asked.return_id, warehouse_id="WH1", expected_version=9), Conflict),
        (InspectReturn(return_id=asked.return_id, lines=(InspectLine(sku="RAM", restock=1),)), Invalid),
        (InspectReturn(return_id=asked.return_id, lines=()), Invalid),
        (CloseReturn(return_id=asked.return_id, reason=""), Invalid),
        (DraftExchange(return_id=nobody, lines=(OrderLineInput(sku="CAB", quantity=1),)), NotFound),
    ):
        with pytest.raises(error):
            do(shop, command)
    analyst = replace(shop.actor, roles=frozenset({"analyst"}))
    with pytest.raises(Denied):
        shop.door.run(ReceiveReturn(return_id=asked.return_id, warehouse_id="WH1"), analyst)


def test_units_on_their_way_back_are_not_restocked_by_a_refund_as_well(shop: Shop, order: PlacedOrder) -> None:
    ask(shop, order, 3)
    two = (LineUnits(sku="RAM", quantity=2),)
    with pytest.raises(Invalid, match="1 sent and not refunded"):
        refund(shop, RefundOrder(order_id=order.order_id, reason="r", lines=two, restock=True))
    assert refund(shop, RefundOrder(order_id=order.order_id, reason="r", lines=two)).refund.restocked == 0
