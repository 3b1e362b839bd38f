"""Reads of orders on PostgreSQL: the list both ways against a brute force, hostile questions, details, the figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from data.customers.messages import SaveCustomer
from data.customers.reads import search_customers
from data.errors import Invalid, NotFound
from data.orders.query import OrderQuery, parse_order_query
from data.orders.reads import (
    count_by_status,
    get_order,
    list_orders,
    needs_a_hand,
    orders_of,
    placed_with,
    today_summary,
)
from data.stock.messages import ReceiveStock
from data.types import Page
from tests.desk_world import NOON, Desk, furnish, pay, place, step
from tests.hostile import HOSTILE

if TYPE_CHECKING:
    from data.orders.reads import OrderDetail, OrderRow
    from data.shop import Shop

DAY = timedelta(days=1)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """The small shop, with some forty more orders, several of one moment."""
    world = furnish(shop)
    people = list(world.customers)
    statuses = ((), ("confirmed",), ("confirmed", "processing"), ("confirmed", "shipped"), ("cancelled",))
    for sku in ("CAB-0031", "CAB-0044", "RAM-0412"):
        world.do(ReceiveStock(product_id=sku, warehouse_id="WH1", quantity=100))
    for number in range(40):
        lines = (("CAB-0044", 1 + number % 3),) if number % 4 else (("CAB-0031", 2), ("RAM-0412", 1 + number % 2))
        ago = timedelta(hours=1 + number // 3)  # three orders share each moment
        order = place(world, people[number % 4], *lines, ago=ago, channel=("phone", "web")[number % 2])
        if number % 7 == 0:
            pay(world, order, order.total_amount)
        step(world, order, *statuses[number % 5])
    return world


def _walk(desk: Desk, query: OrderQuery, limit: int, *, backwards: bool = False) -> list[OrderRow]:
    """Return every row, newest first, page by page, from the front or from the back."""
    rows: list[OrderRow] = []
    cursor: dict[str, Any] = {"before": ""} if backwards else {}
    for _ in range(200):
        page: Page[OrderRow] = list_orders(desk.shop.stores.postgres, query, limit=limit, **cursor)
        assert len(page.rows) <= limit
        rows = [*page.rows, *rows] if backwards else [*rows, *page.rows]
        further = page.before if backwards else page.after
        if further is None:
            return rows
        cursor = {"before": further} if backwards else {"after": further}
    raise AssertionError("it never ends")


def _details(desk: Desk) -> list[OrderDetail]:
    """Return every order, newest first, read one by one."""
    rows = _walk(desk, OrderQuery(), 500)
    details = [get_order(desk.shop.stores.postgres, row.order_number) for row in rows]
    return sorted(details, key=lambda order: (order.created_at, order.order_id), reverse=True)


QUESTIONS: dict[str, Callable[[OrderDetail], bool]] = {
    "": lambda order: True,
    "status:pending,cancelled": lambda order: order.order_status in ("pending", "cancelled"),
    "unpaid": lambda order: order.due_amount > 0,
    "paid": lambda order: order.due_amount <= 0 and (order.paid_amount > 0 or not order.credited_amount),
    "total:>100": lambda order: order.total_amount > 100,
    "total:20..60 channel:web": lambda order: 20 <= order.total_amount <= 60 and order.channel == "web",
    "sku:CAB-0031": lambda order: any(item.sku == "CAB-0031" for item in order.items),
    "warehouse:WH2": lambda order: any(item.warehouse_id == "WH2" for item in order.items),
    "customer:gudmunds": lambda order: order.customer_name.startswith("Björk"),
    "ann lee": lambda order: order.customer_name == "Ann Lee",
    "@oneil.example status:pending": lambda order: "oneil" in order.email and order.order_status == "pending",
    "created:2025-06-12": lambda order: order.created_at.date() == NOON.date(),
    "created:<2025-06-12": lambda order: order.created_at.date() < NOON.date(),
    "status:refunded": lambda order: False,
}


def test_every_question_both_ways_is_what_a_brute_force_finds(desk: Desk) -> None:
    everything = _details(desk)
    assert len(everything) == 45
    for text, fits in QUESTIONS.items():
        wanted = [order.order_number for order in everything if fits(order)]
        query = parse_order_query(text)
        for limit in (1, 2, 7, 50):
            forth = [row.order_number for row in _walk(desk, query, limit)]
            back = [row.order_number for row in _walk(desk, query, limit, backwards=True)]
            assert forth == back == wanted, (text, limit)


def test_a_row_says_what_the_order_itself_says(desk: Desk) -> None:
    for row in _walk(desk, OrderQuery(), 11):
        order = get_order(desk.shop.stores.postgres, row.order_id)
        assert (row.customer_name, row.email) == (order.customer_name, order.email)
        assert (row.total_amount, row.paid_amount, row.payment_state) == (
            order.total_amount,
            order.paid_amount,
            order.payment_state,
        )
        assert row.item_count == len({item.line_no for item in order.items})
        assert row.units == sum(item.quantity for item in order.items)
        sent = [item for item in order.items if item.fulfillment_status in ("shipped", "delivered")]
        assert row.shipped_units == sum(item.quantity for item in sent)
        assert (row.version, row.order_status, row.channel) == (order.version, order.order_status, order.channel)


def test_a_page_in_the_middle_leads_both_ways_and_a_new_order_moves_nothing(desk: Desk) -> None:
    postgres = desk.shop.stores.postgres
    first = list_orders(postgres, OrderQuery(), limit=10)
    second = list_orders(postgres, OrderQuery(), after=first.after, limit=10)
    place(desk, "Ann", ("CAB-0044", 1))  # now the newest
    assert list_orders(postgres, OrderQuery(), after=first.after, limit=10).rows == second.rows
    assert list_orders(postgres, OrderQuery(), before=second.before, limit=10).rows == first.rows
    assert first.before is None
    assert (first.exact, second.estimate) == (False, None)
    assert (first.estimate or 0) >= 11
    whole = list_orders(postgres, OrderQuery(), limit=100)
    assert (whole.exact, whole.estimate, whole.after) == (True, 46, None)


def test_a_number_is_found_however_it_is_typed(desk: Desk) -> None:
    number = desk.number("late")
    for typed in (number, number.lower(), number.replace("-", ""), f" {number} ", number.replace("0", "O")):
        rows = list_orders(desk.shop.stores.postgres, parse_order_query(typed)).rows
        assert number in [row.order_number for row in rows], typed
        assert get_order(desk.shop.stores.postgres, typed).order_number == number
    begun = list_orders(desk.shop.stores.postgres, parse_order_query(number[:6])).rows
    assert number in [row.order_number for row in begun]


@pytest.mark.parametrize(
    "ref", ["", " ", "0000-0000", "\0", "x" * 60, "';--", "\ud800", "01a20491-22ba-776c-b961-ac3024753d4e"]
)
def test_an_order_nobody_has(shop: Shop, ref: str) -> None:
    with pytest.raises(NotFound):
        get_order(shop.stores.postgres, ref)


def test_hostile_questions_are_answered_or_refused(shop: Shop) -> None:
    asked = [
        *HOSTILE,
        "%",
        "_",
        "\\",
        "customer:%",
        "sku:'--",
        "warehouse:\x00",
        "a" * 20_000,
        "customer:" + "x" * 5_000,
    ]
    for text in asked:
        for line in (text, f"customer:{text}", f'"{text}"', f"sku:{text}"):
            try:
                query = parse_order_query(line)
            except Invalid:
                continue
            assert list_orders(shop.stores.postgres, query).rows == ()


def test_a_cursor_of_another_list_or_of_nobody_is_refused(desk: Desk) -> None:
    postgres = desk.shop.stores.postgres
    foreign = search_customers(postgres, "", limit=2).after
    assert foreign
    for cursor in (foreign, "nonsense", "x" * 5_000, "é", "\0"):
        for way in ("after", "before"):
            with pytest.raises(Invalid):
                list_orders(postgres, OrderQuery(), **{way: cursor})


def test_orders_of_one_customer_newest_first(desk: Desk) -> None:
    rows = orders_of(desk.shop.stores.postgres, desk.customers["Ann"], limit=5)
    wanted = [row for row in _walk(desk, OrderQuery(), 50) if row.customer_name == "Ann Lee"][:5]
    assert list(rows) == wanted


def test_the_figures_are_what_adding_up_gives(desk: Desk) -> None:
    postgres, orders = desk.shop.stores.postgres, _details(desk)
    today = today_summary(postgres, now=NOON)
    of_today = [order for order in orders if order.created_at.date() == NOON.date()]
    sold = [order for order in of_today if order.order_status not in ("cancelled", "refunded")]
    assert today.orders == len(of_today)
    assert today.revenue == {"USD": sum((order.total_amount for order in sold), Decimal(0))}
    open_now = [order for order in orders if order.order_status in ("pending", "confirmed", "processing")]
    by_status = {s: sum(o.order_status == s for o in open_now) for s in ("pending", "confirmed", "processing")}
    assert today.open_by_status == by_status == count_by_status(postgres)

    work = needs_a_hand(postgres, now=NOON)
    late = [order.created_at for order in open_now if order.created_at < NOON - 3 * DAY]
    unpaid = [order.created_at for order in open_now if order.due_amount > 0]
    assert (work.late_orders, work.oldest_late_at) == (len(late), min(late))
    assert (work.unpaid_orders, work.oldest_unpaid_at) == (len(unpaid), min(unpaid))
    # the list behind the figure shows as many
    shown = _walk(desk, parse_order_query("unpaid status:pending,confirmed,processing"), 50)
    assert len(shown) == work.unpaid_orders


def test_the_figures_of_an_empty_shop(shop: Shop) -> None:
    today, work = today_summary(shop.stores.postgres), needs_a_hand(shop.stores.postgres)
    assert (today.orders, today.revenue, sum(today.open_by_status.values())) == (0, {}, 0)
    assert (work.late_orders, work.unpaid_orders, work.low_stock, work.sold_out) == (0, 0, 0, 0)
    assert work.oldest_unpaid_at is work.oldest_late_at is None


def test_a_key_finds_the_order_it_placed(desk: Desk) -> None:
    from data.orders.messages import OrderLineInput, PlaceOrder

    postgres, actor = desk.shop.stores.postgres, desk.shop.actor
    command = PlaceOrder(user_id=desk.customers["Ann"], lines=(OrderLineInput(sku="CAB-0044", quantity=1),))
    placed = desk.do(command, key="draft-1")
    assert placed_with(postgres, actor.user_id, "draft-1") == placed.order_number
    assert placed_with(postgres, actor.user_id, "draft-2") is None
    assert placed_with(postgres, desk.customers["Ann"], "draft-1") is None
    assert placed_with(postgres, actor.user_id, "\0") is placed_with(postgres, actor.user_id, "\ud800") is None
    desk.do(SaveCustomer(email="x@example.com"), key="not an order")
    assert placed_with(postgres, actor.user_id, "not an order") is None


def test_what_was_placed_counts_for_the_day_it_was_placed_on(desk: Desk) -> None:
    before = today_summary(desk.shop.stores.postgres, now=datetime(2025, 6, 3, 12, tzinfo=UTC))
    assert before.orders == 1 + sum(
        order.created_at.date() > datetime(2025, 6, 3, tzinfo=UTC).date() for order in _details(desk)
    )
