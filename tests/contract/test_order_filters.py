"""What the list's filters find where there is much: customers by the thousand, a SKU in many shapes of an order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from data import migrations
from data.errors import Conflict
from data.orders import customers_meant, listing
from data.orders.editing.messages import EditOrder, LineAdded, OrderChanges
from data.orders.filters import HANDFUL, read_filter
from data.orders.listing import count_orders, list_orders
from data.orders.query import parse_order_query
from data.stock.messages import ReceiveStock
from tests.orders_world import customer, one, place, product, sql, warehouses

if TYPE_CHECKING:
    from data.shop import Shop

#: more than are looked for one by one, by the planner's guess (Zed) and by what is found against it (q1…)
MANY = 2_600
NOW = datetime.now(UTC)


def _found(shop: Shop, line: str) -> list[str]:
    """Return the numbers that ``line`` finds, newest first; both ways through pages of three give the same."""
    query, numbers, after = parse_order_query(line), list[str](), None
    while True:
        page = list_orders(shop.stores.postgres, query, after=after, limit=3)
        numbers += [row.order_number for row in page.rows]
        if (after := page.after) is None:
            break
    back: list[str] = []
    before: str | None = ""
    while before is not None:
        page = list_orders(shop.stores.postgres, query, before=before, limit=3)
        back = [*(row.order_number for row in page.rows), *back]
        before = page.before
    assert back == numbers
    return numbers


@pytest.fixture
def crowd(shop: Shop) -> Shop:
    """Many customers named Zed, each second one Zed Ash, the others Zed Elm, with an order each."""
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO users (email, password_hash, first_name, last_name) SELECT 'q' || n || '@crowd.example',"
                " '!', 'Zed', (ARRAY['Ash', 'Elm'])[1 + n % 2] FROM generate_series(1, :many) n"
            ),
            {"many": MANY},
        )
        connection.execute(
            text(
                "INSERT INTO orders (order_number, user_id, subtotal, total_amount, shipping_address, billing_address,"
                " created_at) SELECT 'C-' || substr(email, 2, strpos(email, '@') - 2), user_id, 1, 1, '{}', '{}',"
                " now() - substr(email, 2, strpos(email, '@') - 2)::int * interval '1 minute' FROM users"
                " WHERE email LIKE '%@crowd.example'"
            )
        )
        connection.execute(text("ANALYZE users"))
        connection.execute(text("ANALYZE orders"))
    return shop


def _write(shop: Shop, statement: str) -> None:
    with shop.stores.postgres.writing() as connection:
        connection.execute(text(statement))


def _first(shop: Shop, line: str) -> tuple[list[str], int | None]:
    page = list_orders(shop.stores.postgres, parse_order_query(line), limit=5)
    return [row.order_number for row in page.rows], page.estimate


def test_words_that_fit_thousands_of_customers_and_words_that_seem_to(crowd: Shop) -> None:
    everybody = [f"C-{number}" for number in range(1, 6)]
    for line in ("customer:zed", "zed", "customer:q", "zed status:pending"):
        numbers, estimate = _first(crowd, line)
        assert numbers == everybody, line
        assert estimate is not None
        assert MANY / 10 < estimate < 10 * MANY, line
    assert _first(crowd, "customer:ash")[0] == ["C-2", "C-4", "C-6", "C-8", "C-10"]
    assert _first(crowd, '"zed elm"')[0] == ["C-1", "C-3", "C-5", "C-7", "C-9"]
    assert _found(crowd, "ash elm") == _found(crowd, "customer:%") == []
    # what a number finds stands among what the customers have
    assert [number for number in _first(crowd, "C-1")[0] if not number.startswith("C-1")] == []
    assert _found(crowd, "customer:q77@crowd.example") == ["C-77"]
    last = list_orders(crowd.stores.postgres, parse_order_query("customer:zed"), before="", limit=2)
    assert [row.order_number for row in last.rows] == [f"C-{MANY - 1}", f"C-{MANY}"]
    lines = ("customer:zed", "customer:zed total:>1", "customer:q77@crowd.example")
    many, none, single = count_orders(crowd.stores.postgres, map(parse_order_query, lines))
    assert not many.exact
    assert MANY / 10 < many.rows < 10 * MANY
    assert [(count.rows, count.exact) for count in (none, single)] == [(0, True), (1, True)]


def test_customers_who_hardly_order_are_asked_for_their_orders_when_the_walk_is_long(
    crowd: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(crowd, "UPDATE orders SET user_id = NULL WHERE order_number NOT LIKE 'C-%77'")
    lines = ("customer:zed", "zed total:>0", "customer:zed zed", "customer:elm", "customer:zed status:cancelled")
    walked = {line: _found(crowd, line) for line in lines}
    monkeypatch.setattr(listing, "_LONG", {})
    monkeypatch.setattr(listing, "_PATIENCE_MS", 1)  # no walk and look-up of thousands ends in it
    monkeypatch.setattr(listing, "_PATIENCE_MS_A_ROW", 0)
    monkeypatch.setattr(customers_meant, "_KNOWN", {})
    assert {line: _found(crowd, line) for line in lines} == walked
    assert walked["customer:zed"] == [f"C-{number}" for number in range(77, MANY, 100)]
    assert parse_order_query("customer:zed") in listing._LONG


def test_both_ways_to_ask_for_customers_find_the_same(crowd: Shop) -> None:
    _write(crowd, "UPDATE users SET first_name = 'Yan' WHERE email LIKE 'q_7%@crowd.example'")
    with crowd.stores.postgres.reading() as connection:
        for line in ("customer:zed", "customer:yan customer:q", "zed", "yan total:>0", "zed customer:q1 sku:NONE"):
            for handful in (0, HANDFUL):
                asked = read_filter(connection, parse_order_query(line), handful)
                for order in ("DESC", "ASC"):
                    first = f"ORDER BY o.created_at {order}, o.order_id {order} LIMIT 20"
                    walked = connection.execute(text(f"{asked.select()} {first}"), asked.values).all()
                    assert bool(walked) == ("sku" not in line)
                    if asked.may_be_long:
                        out = connection.execute(text(f"{asked.going_out(first)} {first}"), asked.values).all()
                        assert out == walked, (line, order)
                    assert asked.may_be_long or handful


def test_an_order_is_found_once_by_its_sku_in_the_lists_order(shop: Shop) -> None:
    warehouses(shop, "WH1", "WH2")
    ram = product(shop, "RAM", {"WH1": 3, "WH2": 3})
    product(shop, "CAB", {"WH1": 30})
    ann = customer(shop)

    def placed(days: int, *lines: tuple[str, int]) -> str:
        number: str = place(shop, ann, *lines, placed_at=NOW - timedelta(days=days, minutes=1)).result.order_number
        return number

    shared = placed(1, ("RAM", 5))  # two warehouses serve the line
    shop.door.run(ReceiveStock(product_id=ram, warehouse_id="WH1", quantity=30), shop.actor)
    new, edited, twice, old = placed(0, ("RAM", 1)), placed(2, ("CAB", 1)), placed(3, ("RAM", 1)), placed(9, ("RAM", 1))
    assert one(shop, "SELECT max(n) FROM (SELECT count(*) AS n FROM order_items GROUP BY order_id) AS lines") == 2
    assert _found(shop, "sku:RAM") == [new, shared, twice, old]
    for number in (edited, twice):
        order_id = one(shop, "SELECT order_id FROM orders WHERE order_number = :n", n=number)
        changes = OrderChanges(add=(LineAdded(sku="RAM", quantity=2),))
        shop.door.run(EditOrder(order_id=order_id, changes=changes), shop.actor)
    assert _found(shop, "sku:RAM") == [new, shared, edited, twice, old]
    assert _found(shop, "sku:RAM created:>36h") == [edited, twice, old]
    assert _found(shop, "sku:RAM created:<36h customer:ann") == [new, shared]
    assert _found(shop, f"sku:RAM {old}") == [old]
    assert _found(shop, "sku:CAB sku:RAM") == _found(shop, "sku:RAM")  # the last word counts
    assert _found(shop, "sku:ram") == []
    (count,) = count_orders(shop.stores.postgres, [parse_order_query("sku:RAM")])
    assert (count.rows, count.exact) == (5, True)


def test_a_line_is_of_its_orders_moment_whoever_writes(shop: Shop) -> None:
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 30})
    order_id = place(shop, customer(shop), ("RAM", 1), placed_at=NOW - timedelta(days=2)).result.order_id
    with pytest.raises(Conflict, match="foreign key"), shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE order_items SET created_at = now()"))
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE orders SET created_at = created_at - interval '1 day'"))
    moments = "SELECT o.created_at, i.created_at FROM orders o JOIN order_items i USING (order_id) WHERE order_id = :id"
    assert sql(shop, moments, id=order_id) == [(NOW - timedelta(days=3),) * 2]


def test_a_sku_is_walked_in_the_lists_order_and_the_walk_ends_with_the_page(shop: Shop) -> None:
    warehouses(shop, "WH1")
    ram = product(shop, "RAM", {"WH1": 1})
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "WITH made AS (INSERT INTO orders (order_number, subtotal, total_amount, shipping_address,"
                " billing_address, created_at) SELECT 'X' || n, 1, 1, '{}', '{}', now() - n * interval '1 minute'"
                " FROM generate_series(1, 10000) n RETURNING order_id, created_at, order_number)"
                " INSERT INTO order_items (order_id, created_at, line_no, product_id, sku, product_name, unit_price,"
                " quantity, total_price) SELECT order_id, created_at, 1,"
                " CASE substr(order_number, length(order_number)) WHEN '7' THEN :ram ELSE 'p' || order_number END,"
                " 'RAM', 'n', 1, 1, 1 FROM made"
            ),
            {"ram": ram},
        )
        for table in ("orders", "order_items"):
            connection.execute(text(f"ANALYZE {table}"))
    page = list_orders(shop.stores.postgres, parse_order_query("sku:RAM"), limit=3)
    assert [row.order_number for row in page.rows] == ["X7", "X17", "X27"]
    with shop.stores.postgres.reading() as connection:
        asked = read_filter(connection, parse_order_query("sku:RAM created:>1d"))
        order = "ORDER BY o.created_at DESC, o.order_id DESC LIMIT 51"
        plan = connection.execute(text(f"EXPLAIN (ANALYZE, TIMING off) {asked.select()} {order}"), asked.values)
        steps = "\n".join(plan.scalars())
    assert "idx_order_items_product_id" in steps
    assert "Sort" not in steps, steps


def test_lines_that_an_edit_added_before_take_their_orders_moment(shop: Shop) -> None:
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 30})
    placed = place(shop, customer(shop), ("RAM", 1), placed_at=NOW - timedelta(days=2)).result.order_number
    engine = shop.stores.postgres.engine
    migrations.downgrade(engine, "0012")
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE order_items SET created_at = now()"))
    migrations.upgrade(engine)
    assert _found(shop, "sku:RAM created:>1d") == [placed]
