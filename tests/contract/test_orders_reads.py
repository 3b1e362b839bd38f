"""Reading orders from a real PostgreSQL: the list by every filter and both ways, one order, the figures of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from data.errors import Invalid, NotFound
from data.ids import new_id
from data.orders.figures import LATE_AFTER, count_by_status, needs_a_hand, today_summary
from data.orders.messages import ChangeOrderStatus, PlacedOrder
from data.orders.reads import get_order, list_orders, orders_of, parse_order_query
from data.shop import Shop
from tests.orders_world import customer, one, place, product, sql, warehouses

NOW = datetime.now(UTC)


@dataclass(frozen=True)
class World:
    """Five orders of two customers, oldest first."""

    ann: UUID
    bjork: UUID
    orders: tuple[PlacedOrder, ...]


@pytest.fixture
def world(shop: Shop) -> World:
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 50}, pricing__base_price=Decimal("100.00"))
    product(shop, "CAB", {"WH2": 50}, pricing__base_price=Decimal("5.00"))
    ann = customer(shop)
    bjork = customer(shop, "bg@example.is", first_name="Björk", last_name="Guðmundsdóttir")

    def placed(user: UUID, *lines: tuple[str, int], days: int, channel: str = "phone") -> PlacedOrder:
        at = NOW - timedelta(days=days, minutes=1)
        order: PlacedOrder = place(shop, user, *lines, placed_at=at, channel=channel).result
        return order

    orders = (
        placed(ann, ("RAM", 2), days=9),
        placed(bjork, ("CAB", 1), ("RAM", 1), days=8),
        placed(ann, ("CAB", 3), days=2, channel="web"),
        placed(bjork, ("RAM", 10), days=1),
        placed(ann, ("CAB", 1), days=0),
    )
    step(shop, orders[0], "confirmed")
    step(shop, orders[0], "shipped")
    step(shop, orders[2], "cancelled")
    pay(shop, orders[0], "capture", orders[0].total_amount)
    pay(shop, orders[1], "capture", Decimal("20.00"))
    pay(shop, orders[1], "refund", Decimal("5.00"))
    pay(shop, orders[3], "capture", orders[3].total_amount, status="failed")
    return World(ann, bjork, orders)


def step(shop: Shop, order: PlacedOrder, status: str) -> None:
    shop.door.run(ChangeOrderStatus(order_id=order.order_id, new_status=status, reason="r"), shop.actor)


def pay(shop: Shop, order: PlacedOrder, kind: str, amount: Decimal, status: str = "succeeded") -> None:
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO payments (order_id, kind, status, amount, currency, provider, idempotency_key)"
                " VALUES (:o, :k, :s, :a, 'USD', 'cash', :i)"
            ),
            {"o": order.order_id, "k": kind, "s": status, "a": amount, "i": str(new_id())},
        )


def found(shop: Shop, world: World, line: str) -> list[int]:
    """Return the places (0 is the oldest) of the orders that the query line finds, in the list's order."""
    places = {order.order_id: place for place, order in enumerate(world.orders)}
    page = list_orders(shop.stores.postgres, parse_order_query(line))
    assert (page.exact, page.estimate, page.after, page.before) == (True, len(page.rows), None, None)
    return [places[row.order_id] for row in page.rows]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("status:pending", [4, 3, 1]),
        ("status:shipped,cancelled", [2, 0]),
        ("customer:ann", [4, 2, 0]),
        ("customer:bg@example.is", [3, 1]),
        ("bjork gudm", [3, 1]),
        ("nobody", []),
        ("sku:CAB", [4, 2, 1]),
        ("sku:cab", []),
        ("warehouse:WH1", [3, 1, 0]),
        ("warehouse:WH1 status:pending customer:björk", [3, 1]),
        ("channel:web", [2]),
        ("total:>100", [3, 1, 0]),
        ("total:9.90", [4]),
        ("total:9.90..19.90", [4, 2]),
        ("total:<9.90", []),
        ("created:>7d", [1, 0]),
        ("created:<36h", [4, 3]),
        ("created:<2000-01-01", []),
        ("unpaid", [4, 3, 1]),  # 2 is cancelled: nobody has to pay it
        ("paid", [0]),
        ("unpaid status:pending created:>7d sku:RAM", [1]),
        ("\x1b[2J '; DROP TABLE orders; --", []),
        ("%", []),
    ],
)
def test_the_list_by_every_filter(shop: Shop, world: World, line: str, expected: list[int]) -> None:
    assert found(shop, world, line) == expected


def test_an_order_by_its_number_as_people_type_it(shop: Shop, world: World) -> None:
    number = world.orders[1].order_number
    assert found(shop, world, number) == [1]
    assert found(shop, world, number.lower().replace("-", "")) == [1]
    assert found(shop, world, number[:4]) == [1]


def test_a_row_says_what_the_list_shows(shop: Shop, world: World) -> None:
    rows = {row.order_id: row for row in list_orders(shop.stores.postgres, parse_order_query("")).rows}
    shipped, part, _, unpaid, _ = (rows[order.order_id] for order in world.orders)
    assert (shipped.customer_name, shipped.email) == ("Ann Lee", "ann@lee.example")
    assert (shipped.item_count, shipped.units, shipped.shipped_units) == (1, 2, 2)
    assert (shipped.payment_state, shipped.paid_amount, shipped.version) == ("paid", shipped.total_amount, 3)
    assert (part.item_count, part.units, part.shipped_units) == (2, 2, 0)
    assert (part.payment_state, part.paid_amount) == ("part", Decimal("15.00"))
    assert (unpaid.payment_state, unpaid.paid_amount, unpaid.customer_name) == ("unpaid", 0, "Björk Guðmundsdóttir")


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_lead_through_the_whole_list_and_back(shop: Shop, world: World, limit: int) -> None:
    postgres, query = shop.stores.postgres, parse_order_query("")
    forth, after = list[Sequence[UUID]](), None
    while True:
        page = list_orders(postgres, query, after=after, limit=limit)
        forth.append([row.order_id for row in page.rows])
        assert (page.before is None) == (len(forth) == 1)
        if (after := page.after) is None:
            break
    assert [one for rows in forth for one in rows] == [order.order_id for order in reversed(world.orders)]
    back, before = list[UUID](), ""
    while before is not None:
        page = list_orders(postgres, query, before=before, limit=limit)
        back = [*(row.order_id for row in page.rows), *back]
        before = page.before
    assert back == [order.order_id for order in reversed(world.orders)]


def test_a_cursor_of_another_list_is_refused(shop: Shop, world: World) -> None:
    with pytest.raises(Invalid):
        list_orders(shop.stores.postgres, parse_order_query(""), after="abc")


def test_one_order(shop: Shop, world: World) -> None:
    placed = world.orders[1]
    by_number = get_order(shop.stores.postgres, placed.order_number.lower())
    assert by_number == get_order(shop.stores.postgres, placed.order_id)
    assert by_number == get_order(shop.stores.postgres, str(placed.order_id))
    assert (by_number.customer_name, by_number.email, by_number.channel) == (
        *("Björk Guðmundsdóttir", "bg@example.is", "phone"),
    )
    assert [(item.line_no, item.sku, item.quantity, item.warehouse_id) for item in by_number.items] == [
        (1, "CAB", 1, "WH2"),
        (2, "RAM", 1, "WH1"),
    ]
    assert [(step.new_status, step.order_version) for step in by_number.history] == [("pending", 1)]
    assert by_number.history[0].changed_by
    assert [(payment.kind, payment.amount) for payment in by_number.payments] == [("capture", 20), ("refund", 5)]
    assert (by_number.paid_amount, by_number.refunded_amount, by_number.payment_state) == (15, 5, "part")
    assert {(moved.warehouse_id, moved.kind, moved.quantity) for moved in by_number.movements} == {
        ("WH1", "reserve", 1),
        ("WH2", "reserve", 1),
    }
    assert by_number.shipping_address["city"] == "Portland"


@pytest.mark.parametrize("ref", ["", "NOPE", "K7M2-QX4C", "a\0b", "x" * 500, "01890000-0000-7000-8000-000000000000"])
def test_no_such_order(shop: Shop, ref: str) -> None:
    with pytest.raises(NotFound):
        get_order(shop.stores.postgres, ref)


def test_orders_of_a_customer(shop: Shop, world: World) -> None:
    mine = [row.order_id for row in orders_of(shop.stores.postgres, world.ann)]
    assert mine == [world.orders[place].order_id for place in (4, 2, 0)]
    assert len(orders_of(shop.stores.postgres, world.ann, limit=1)) == 1
    assert orders_of(shop.stores.postgres, new_id()) == ()


def test_the_figures_of_the_day(shop: Shop, world: World) -> None:
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text("UPDATE orders SET created_at = :t WHERE order_id = :o"), {"t": NOW, "o": world.orders[4].order_id}
        )
        connection.execute(text("UPDATE inventory SET reorder_level = 1000 WHERE sku = 'RAM'"))
    today = today_summary(shop.stores.postgres, now=NOW)
    assert today.orders == one(shop, "SELECT count(*) FROM orders WHERE created_at >= date_trunc('day', now())")
    assert today.revenue["USD"] == world.orders[4].total_amount
    assert count_by_status(shop.stores.postgres) == {"pending": 3, "confirmed": 0, "processing": 0}
    assert today.open_by_status == count_by_status(shop.stores.postgres)
    work = needs_a_hand(shop.stores.postgres, now=NOW)
    assert (work.low_stock, work.sold_out, work.late_orders, work.unpaid_orders) == (1, 0, 1, 3)
    (placed,) = sql(shop, "SELECT created_at FROM orders WHERE order_id = :o", o=world.orders[1].order_id)
    assert work.oldest_late_at == placed[0] < NOW - LATE_AFTER


def test_lists_walk_indexes(shop: Shop, world: World) -> None:
    """Neither a page deep in the list nor one status sorts what it does not show."""
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (order_number, user_id, subtotal, total_amount, shipping_address, billing_address,"
                " created_at, order_status) SELECT 'X' || n, :u, 1, 1, '{}', '{}', now() - n * interval '1 minute',"
                " CASE WHEN n % 50 = 0 THEN 'processing' ELSE 'delivered' END FROM generate_series(1, 20000) n"
            ),
            {"u": world.ann},
        )
        connection.execute(text("ANALYZE orders"))
    page = list_orders(shop.stores.postgres, parse_order_query(""), limit=20)
    assert not page.exact
    assert page.estimate is not None
    assert 15_000 < page.estimate < 25_000
    for where in ("", "WHERE order_status = 'processing'", f"WHERE user_id = '{world.bjork}'"):
        plan = "\n".join(
            row[0]
            for row in sql(
                shop, f"EXPLAIN SELECT * FROM orders {where} ORDER BY created_at DESC, order_id DESC LIMIT 20"
            )
        )
        assert "Index Scan" in plan, plan
        assert "Sort" not in plan, plan
