"""How the desk handles an order, on real stores: tags, whose it is, holding it back; found by each, told by all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from data.errors import Denied, Invalid, NotFound
from data.ids import new_id
from data.orders.handling.messages import AssignOrder, HoldOrder, ReleaseOrder, TagOrder
from data.orders.handling.rules import MOST_TAGS, normal_tag
from data.orders.messages import ChangeOrderStatus, PlacedOrder
from data.orders.reads import get_order, list_orders, orders_of, parse_order_query, today_summary
from data.orders.timeline import timeline
from data.orders.views import count_views
from data.shipments.messages import ShipOrder
from data.views.rules import built_in
from tests.desk_world import at_the_desk
from tests.orders_world import customer, one, place, product, sql, warehouses

if TYPE_CHECKING:
    from data.command import Command
    from data.shop import Shop


@pytest.fixture
def orders(shop: Shop) -> list[PlacedOrder]:
    """Three orders of Ann's, newest first."""
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 50})
    ann = customer(shop)
    return [place(shop, ann, ("RAM", 1)).result for _ in range(3)][::-1]


def do(shop: Shop, command: Command) -> Any:
    return shop.door.run(command, shop.actor).result


def found(shop: Shop, orders: list[PlacedOrder], line: str) -> list[int]:
    """Return the places of the orders that the line finds."""
    query = parse_order_query(line).seen_by(shop.actor.user_id)
    numbers = [order.order_number for order in orders]
    return [numbers.index(row.order_number) for row in list_orders(shop.stores.postgres, query).rows]


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        (" #Rush ", "rush"),
        ("Gift  Wrap", "gift-wrap"),
        ("ＲＵＳＨ", "rush"),
        ("a,b", "a-b"),
        ("Größe", "grösse"),
        (" # ", ""),
    ],
)
def test_a_tag_has_one_spelling(typed: str, tag: str) -> None:
    assert normal_tag(typed) == tag
    assert normal_tag(tag) == tag


def test_tags_are_put_on_found_and_taken_off_without_touching_the_order(shop: Shop, orders: list[PlacedOrder]) -> None:
    first, second, _ = orders
    tagged = do(shop, TagOrder(order_id=first.order_id, add=("Rush", "gift wrap", "rush")))
    assert (tagged.tags, tagged.changed) == (("rush", "gift-wrap"), True)
    assert do(shop, TagOrder(order_id=first.order_id, add=("RUSH",))).changed is False
    do(shop, TagOrder(order_id=second.order_id, add=("rush", "vip")))
    assert found(shop, orders, "tag:rush") == [0, 1]
    assert found(shop, orders, "tag:RUSH tag:vip") == [1]
    assert found(shop, orders, "tag:gift-wrap,vip") == [0, 1]
    assert found(shop, orders, "-tag:vip") == [0, 2]
    assert do(shop, TagOrder(order_id=second.order_id, remove=("rush",), add=("late",))).tags == ("vip", "late")
    order = get_order(shop.stores.postgres, first.order_number)
    assert (order.tags, order.version) == (("rush", "gift-wrap"), 1)
    assert orders_of(shop.stores.postgres, order.user_id)[0].tags == ("rush", "gift-wrap")  # type: ignore[arg-type]
    told = timeline(shop.stores.postgres, first.order_id).rows[0]
    assert (told.what, [(change.label, change.was, change.now) for change in told.changes]) == (
        "tag",
        [("tags", "", "rush, gift-wrap")],
    )


def test_what_is_no_tag_is_refused_whole(shop: Shop, orders: list[PlacedOrder]) -> None:
    many = tuple(f"t{i}" for i in range(MOST_TAGS + 1))
    for tags in (("",), (" # ",), ("x" * 31,), ("a\x1b[31mb",), ("a\u202eb",), many):
        with pytest.raises(Invalid) as refused:
            do(shop, TagOrder(order_id=orders[0].order_id, add=("fine", *tags)))
        assert "tags" in refused.value.fields
    assert get_order(shop.stores.postgres, orders[0].order_number).tags == ()


def test_an_order_is_given_to_colleagues_and_found_as_mine(shop: Shop, orders: list[PlacedOrder]) -> None:
    ann, wes = at_the_desk(shop, "support"), at_the_desk(shop, "warehouse", "Wes")
    assert do(ann, AssignOrder(order_id=orders[0].order_id, email="me")).assigned_to == "Ann Keller"
    do(ann, AssignOrder(order_id=orders[1].order_id, email="WES@storekeeper.example"))
    assert found(ann, orders, "assigned:me") == [0]
    assert found(wes, orders, "assigned:me") == [1]
    assert found(ann, orders, "assigned:wes") == found(ann, orders, "assigned:wes@storekeeper.example") == [1]
    assert found(ann, orders, "assigned:none") == [2]
    assert found(ann, orders, "-assigned:me") == [1, 2]
    assert found(ann, orders, "assigned:nobody") == []
    assert do(wes, AssignOrder(order_id=orders[1].order_id, email="none")).assigned_to == ""
    assert found(ann, orders, "assigned:none") == [1, 2]
    for nobody in ("ann@lee.example", "who@example.com", ""):  # a customer, a stranger, nothing
        with pytest.raises(Invalid, match="works here"):
            do(ann, AssignOrder(order_id=orders[2].order_id, email=nobody))
    changes = timeline(shop.stores.postgres, orders[1].order_id).rows[0].changes
    assert [(change.label, change.was, change.now) for change in changes] == [("assigned to", "Wes Keller", "")]


def test_a_held_order_is_not_sent_until_it_is_released_or_its_time_has_come(
    shop: Shop, orders: list[PlacedOrder]
) -> None:
    held, timed, other = orders
    for order in orders:
        do(shop, ChangeOrderStatus(order_id=order.order_id, new_status="confirmed"))
    tomorrow = one(shop, "SELECT now()") + timedelta(days=1)
    do(shop, HoldOrder(order_id=held.order_id, reason="address is unclear"))
    do(shop, HoldOrder(order_id=timed.order_id, reason="gift", until=tomorrow))
    assert found(shop, orders, "held") == [0, 1]
    assert found(shop, orders, "-held") == [2]
    assert found(shop, orders, built_in("orders")[1].query) == [2]
    today = today_summary(shop.stores.postgres)
    assert (today.to_ship, today.open_by_status["confirmed"]) == (1, 3)
    for step in (ShipOrder(order_id=held.order_id), ChangeOrderStatus(order_id=held.order_id, new_status="shipped")):
        with pytest.raises(Invalid) as refused:
            do(shop, step)
        assert "address is unclear" in refused.value.fields["on_hold"]
    with shop.stores.postgres.writing() as connection:  # the time of the second one comes; no job runs
        connection.execute(
            text("UPDATE orders SET on_hold_until = now() - interval '1 second' WHERE on_hold_until > now()")
        )
    assert found(shop, orders, "held") == [0]
    assert get_order(shop.stores.postgres, timed.order_number).hold_reason == ""
    assert today_summary(shop.stores.postgres).to_ship == 2
    assert do(shop, ShipOrder(order_id=timed.order_id)).order_status == "shipped"
    assert do(shop, ReleaseOrder(order_id=held.order_id)).changed
    assert do(shop, ReleaseOrder(order_id=held.order_id)).changed is False
    assert do(shop, ShipOrder(order_id=held.order_id)).order_status == "shipped"
    told = [entry.changes[0].now for entry in timeline(shop.stores.postgres, held.order_id).rows if entry.changes]
    assert told == ["", "address is unclear"]
    assert other.order_status == "pending"


def test_a_hold_says_why_and_only_what_is_to_be_sent_is_held(shop: Shop, orders: list[PlacedOrder]) -> None:
    past = one(shop, "SELECT now()") - timedelta(days=1)
    for wrong, field in (({"reason": " "}, "reason"), ({"reason": "x", "until": past}, "until")):
        with pytest.raises(Invalid) as refused:
            do(shop, HoldOrder(order_id=orders[0].order_id, **wrong))
        assert list(refused.value.fields) == [field]
    do(shop, ChangeOrderStatus(order_id=orders[0].order_id, new_status="cancelled", reason="r"))
    with pytest.raises(Invalid, match="cancelled"):
        do(shop, HoldOrder(order_id=orders[0].order_id, reason="x"))
    with pytest.raises(NotFound):
        do(shop, TagOrder(order_id=new_id(), add=("x",)))


def test_who_only_reads_handles_nothing(shop: Shop, orders: list[PlacedOrder]) -> None:
    analyst = at_the_desk(shop, "analyst", "Ada")
    order_id = orders[0].order_id
    for command in (
        TagOrder(order_id=order_id, add=("x",)),
        AssignOrder(order_id=order_id, email="me"),
        HoldOrder(order_id=order_id, reason="x"),
        ReleaseOrder(order_id=order_id),
    ):
        with pytest.raises(Denied):
            do(analyst, command)


def test_filters_use_the_indexes_made_for_them(shop: Shop, orders: list[PlacedOrder]) -> None:
    """On a table large enough for the planner to care; the conditions are those that the list asks with."""
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (order_number, user_id, subtotal, total_amount, shipping_address, billing_address,"
                " tags, hold_reason) SELECT 'Z' || n, user_id, 1, 1, '{}', '{}',"
                " CASE WHEN n % 500 = 0 THEN '{rare}'::text[] ELSE '{}'::text[] END,"
                " CASE WHEN n % 500 = 1 THEN 'x' END"
                " FROM generate_series(1, 5000) AS n, (SELECT user_id FROM orders LIMIT 1) AS u"
            )
        )
    with shop.stores.postgres.engine.connect() as connection:
        connection.execute(text("ANALYZE orders"))
        plans = {
            "tags": "SELECT * FROM orders o WHERE o.tags <> '{}' AND o.tags && '{rare}'::text[]",
            "held": "SELECT * FROM orders o WHERE o.hold_reason IS NOT NULL ORDER BY created_at DESC, order_id DESC",
        }
        for name, asked in plans.items():
            plan = "\n".join(connection.execute(text(f"EXPLAIN {asked}")).scalars())
            assert f"idx_orders_{name}" in plan, plan


def test_counts_are_exact_while_small_and_bounded_where_large(shop: Shop, orders: list[PlacedOrder]) -> None:
    do(shop, TagOrder(order_id=orders[0].order_id, add=("rush",)))
    views = built_in("orders")
    counts = count_views(shop, views)
    assert {view.name: str(counts[view.view_id]) for view in views} == {
        "Open": "3", "To ship": "0", "Unpaid": "3", "Late": "0", "Shipped": "0", "All": "3",
    }  # fmt: skip
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (order_number, user_id, subtotal, total_amount, shipping_address, billing_address)"
                " SELECT 'Z' || n, user_id, 1, 1, '{}', '{}' FROM generate_series(1, 1500) AS n,"
                " (SELECT user_id FROM orders LIMIT 1) AS u"
            )
        )
    everything = count_views(shop, views)[views[-1].view_id]
    assert (everything.exact, everything.rows > 1_000) == (False, True)
    assert str(everything).startswith("~1")
    assert sql(shop, "SHOW statement_timeout") == [("10s",)]
