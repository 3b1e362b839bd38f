"""The demo: the same story for the same seed, loaded once however often it is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from data.catalog.reads import category_tree, known_attributes
from data.customers import rules
from data.demo.load import STAFF, WAREHOUSES, load_demo
from data.demo.orders import DAYS, Story, make_story
from data.demo.people import make_people, registered_at
from data.demo.products import kinds, make_products
from data.errors import Denied, Invalid
from data.orders.rules import STATUSES, check_step
from data.payments.rules import looks_like_card_number
from data.shop import Shop
from data.stock.reads import list_warehouses, reconcile
from data.types import Progress

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)


# ── the plan, without a store ──


def story(now: datetime = NOW, seed: int = 7) -> Story:
    return make_story(600, seed, now, make_products(400, seed), make_people(150, seed))


def contents(told: Story) -> list[object]:
    return [(order.person.email, order.lines, [step.status for step in order.steps]) for order in told.orders]


def test_the_same_seed_makes_the_same_shop_and_another_seed_another() -> None:
    assert make_products(300, 7) == make_products(300, 7)
    assert make_people(100, 7) == make_people(100, 7)
    assert story() == story()
    assert make_products(300, 8) != make_products(300, 7)
    assert contents(story(seed=8)) != contents(story())


def test_a_bigger_shop_begins_with_the_smaller_one() -> None:
    assert make_products(300, 7)[:50] == make_products(50, 7)
    assert make_people(300, 7)[:50] == make_people(50, 7)


def test_the_time_of_day_changes_nothing_but_times() -> None:
    morning = story(NOW.replace(hour=0, minute=5))
    assert contents(morning) == contents(story())


@pytest.mark.parametrize("now", [NOW, NOW.replace(hour=0, minute=0), NOW + timedelta(days=3, hours=5)])
def test_a_story_happens_in_order_and_before_now(now: datetime) -> None:
    told = story(now)
    placed = [order.placed_at for order in told.orders]
    assert placed == sorted(placed)
    assert now - timedelta(days=DAYS + 1) < placed[0]
    for order in told.orders:
        assert registered_at(order.person, now.date()) < order.placed_at <= now
        status, at = "pending", order.placed_at
        for step in order.steps:
            check_step(status, step.status)
            assert at <= step.at <= now
            assert step.reason or step.status not in {"cancelled", "refunded"}
            status, at = step.status, step.at
        assert all(order.placed_at <= payment.at <= now for payment in order.payments)


def test_a_story_never_promises_what_is_not_there() -> None:
    told = story()
    left = Counter({(sku, warehouse): units for sku, warehouse, units in told.opening.lines})
    events = [(delivery.at, 1, delivery.lines) for delivery in told.deliveries]
    events += [(order.placed_at, -1, order.lines) for order in told.orders]
    for _, sign, lines in sorted(events, key=lambda event: event[0]):
        for sku, warehouse, units in lines:
            left[sku, warehouse] += sign * units
            assert left[sku, warehouse] >= 0
    assert sum(units == 0 for units in left.values()) >= 1


def test_every_fate_is_there_and_the_old_ones_are_settled() -> None:
    told = story()
    fates = Counter(order.steps[-1].status if order.steps else "pending" for order in told.orders)
    assert set(fates) == set(STATUSES)
    old = [order for order in told.orders if NOW - order.placed_at > timedelta(days=20)]
    assert {order.steps[-1].status for order in old} == {"delivered", "cancelled", "refunded"}
    assert len({order.placed_at.date() for order in told.orders}) > 80


def test_products_read_like_products() -> None:
    products = [item.product for item in make_products(2_000, 7)]
    assert len({product.sku for product in products}) == len({product.title for product in products}) == 2_000
    assert len({product.barcode for product in products}) == 2_000
    assert not any(looks_like_card_number(str(product.barcode)) for product in products)
    assert max(len(str(product.title)) for product in products) <= 80
    assert {len(product.category) for product in products if isinstance(product.category, tuple)} == {3}
    assert Counter(product.status for product in products).most_common(1)[0][0] == "active"
    assert all(set(product.attributes) <= set(kind.features) for kind, product in zip(kinds(), products, strict=False))
    assert all("{" not in f"{product.title}{product.description}" for product in products)


def test_customers_are_people_and_companies_of_many_countries() -> None:
    people = make_people(500, 7)
    emails = [person.email for person in people]
    assert len(set(emails)) == 500
    assert all(rules.email(email) == email and email.endswith(".example") for email in emails)
    assert all(rules.phone(person.phone) or not person.phone for person in people)
    assert len({place.country for person in people for place in person.shipping}) >= 10
    assert any(person.is_company for person in people)
    assert any(not person.last_name.isascii() for person in people)
    assert [person.last_name for person in people[:4]] == ["Lee", "Guðmundsdóttir", "Wei", "O'Neil & Sons"]


# ── loading it ──

_TABLES = ("users", "user_addresses", "user_payment_methods", "orders", "order_items", "order_status_history")
_MORE = ("payments", "inventory", "inventory_movements", "idempotency_keys", "audit_log", "outbox", "user_roles")


def rows(shop: Shop) -> dict[str, int]:
    with shop.stores.postgres.reading() as connection:
        counts = {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in (*_TABLES, *_MORE)
        }
    products = shop.stores.mongo.products.find({}, {"version": 1, "revision": 1})
    return counts | {"products": sum(int(found["version"]) for found in products)}


SMALL = {"products": 160, "customers": 40, "orders": 90}


def test_a_load_fills_the_shop_and_a_second_one_changes_nothing(shop: Shop) -> None:
    heard: list[Progress] = []
    first = load_demo(shop, **SMALL, report=heard.append)
    before = rows(shop)
    second = load_demo(shop, **SMALL)
    assert rows(shop) == before
    assert (first.products, first.customers, first.orders, first.changed) == (160, 40, 90, True)
    assert replace(second, changed=True, seconds=first.seconds) == first
    assert (before["products"], before["orders"], before["users"]) == (160, 90, 40 + len(STAFF) + 1)
    assert heard[-1].done == heard[-1].total == 160 + 40 + 90
    assert not reconcile(shop.stores.postgres)
    assert {row.warehouse_id for row in list_warehouses(shop.stores.postgres)} == set(WAREHOUSES)
    assert known_attributes(shop.stores.mongo)["capacity"].unit == "GB"
    assert len({category.path for category in category_tree(shop.stores.mongo) if category.level == 3}) == len(kinds())
    with shop.stores.postgres.reading() as connection:
        orders = connection.execute(
            text(
                "SELECT o.order_status, o.created_at, h.created_at AS last, o.total_amount,"
                " coalesce((SELECT sum(amount) FROM payments p WHERE p.order_id = o.order_id AND kind = 'capture'), 0)"
                "   AS captured"
                " FROM orders o JOIN order_status_history h USING (order_id) WHERE h.order_version = o.version"
            )
        ).all()
        roles = connection.execute(text("SELECT email, role FROM users JOIN user_roles USING (user_id)"))
        held = {(email, role) for email, role in roles}
    assert {(f"{name}@storekeeper.example", role) for name, (_, role) in STAFF.items()} <= held
    assert len(orders) == 90
    assert all(order.created_at <= order.last <= datetime.now(UTC) for order in orders)
    assert min(order.created_at for order in orders) < datetime.now(UTC) - timedelta(days=60)
    assert len({order.order_status for order in orders}) >= 4
    paid = Counter(
        "paid" if order.captured == order.total_amount else "part" if order.captured else "unpaid" for order in orders
    )
    assert paid["paid"] > paid["unpaid"] > 0


def test_a_load_that_was_interrupted_goes_on_where_it_was(shop: Shop) -> None:
    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done > 230:
            raise Stopped

    with pytest.raises(Stopped):
        load_demo(shop, **SMALL, report=stop)
    assert 0 < rows(shop)["orders"] < 90
    assert load_demo(shop, **SMALL).orders == 90
    assert (rows(shop)["orders"], rows(shop)["users"]) == (90, 40 + len(STAFF) + 1)
    assert not reconcile(shop.stores.postgres)


def test_a_load_of_another_size_adds_to_the_shop_and_leaves_what_is_there(shop: Shop) -> None:
    load_demo(shop, products=40, customers=10, orders=0)
    shop.stores.mongo.products.update_one({"sku": "RAM-0001"}, {"$set": {"title": "Edited by hand"}})
    load_demo(shop, products=60, customers=15, orders=20)
    found = shop.stores.mongo.products.find_one({"sku": "RAM-0001"})
    assert found is not None
    assert found["title"] == "Edited by hand"
    counts = rows(shop)
    assert (counts["products"], counts["users"], counts["orders"]) == (60, 15 + len(STAFF) + 1, 20)


def test_who_may_not_load_and_what_makes_no_sense_is_refused(shop: Shop) -> None:
    clerk = replace(shop, actor=replace(shop.actor, roles=frozenset({"support"})))
    with pytest.raises(Denied):
        load_demo(clerk, **SMALL)
    with pytest.raises(Invalid):
        load_demo(shop, products=-1)
    with pytest.raises(Invalid):
        load_demo(shop, products=0, customers=0, orders=5)
    assert rows(shop)["users"] == 1
