"""Placement against real engines: what it writes, what it refuses, whom it serves from where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from data.catalog.messages import EditProduct
from data.customers.messages import SaveAddress
from data.errors import Conflict, Denied, Invalid, NotFound, OutOfStock
from data.ids import new_id, normal_order_number
from data.orders.messages import Address, OrderLineInput, PlacedOrder, PlaceOrder
from data.orders.placement import _element
from data.shop import Shop
from data.stock.messages import SaveWarehouse
from data.stock.reads import reconcile
from tests.orders_world import ADDRESS, cart, customer, one, place, product, sql, warehouses

HOSTILE = (
    "\x1b]52;c;aGk=\x07 {1} \"q\" \\ ',null,' NULL \u202e[@click=app.quit]hi[/] %s '; DROP TABLE orders; -- \U0001f4a9"
)


@pytest.fixture
def user(shop: Shop) -> UUID:
    warehouses(shop, "WH1", "WH2", "WH3")
    return customer(shop)


def served(order: PlacedOrder) -> list[tuple[str, str, int]]:
    return [(item.sku, item.warehouse_id, item.quantity) for item in order.items]


def level(shop: Shop, sku: str, warehouse: str = "WH1") -> tuple[int, ...]:
    (row,) = sql(
        shop,
        "SELECT total_stock, available_stock, reserved_stock FROM inventory WHERE sku = :s AND warehouse_id = :w",
        s=sku,
        w=warehouse,
    )
    return row


def nothing_written(shop: Shop) -> bool:
    tables = ("orders", "order_items", "order_status_history")
    moved = one(shop, "SELECT count(*) FROM inventory_movements WHERE kind <> 'receive'")
    keys = one(shop, "SELECT count(*) FROM idempotency_keys WHERE command = 'orders.place'")
    return not (moved or keys or any(one(shop, f"SELECT count(*) FROM {table}") for table in tables))


def test_everything_an_order_is(shop: Shop, user: UUID) -> None:
    ram = product(shop, "RAM", {"WH1": 10}, pricing__base_price=Decimal("79.95"), title="Vengeance")
    sql_before = one(shop, "SELECT count(*) FROM outbox WHERE topic = 'stock'")
    done = place(shop, user, ("RAM", 2), notes=" call first ", payment_method="invoice", channel="phone", key="k")
    order = done.result
    assert not done.replayed
    assert normal_order_number(order.order_number) == order.order_number
    assert (order.subtotal, order.tax_amount, order.shipping_amount, order.total_amount) == (
        Decimal("159.90"),
        Decimal("0.00"),
        Decimal("4.90"),
        Decimal("164.80"),
    )
    (row,) = sql(
        shop,
        "SELECT order_number, user_id, order_status, subtotal, total_amount, currency, notes, payment_method, channel,"
        " shipping_method, version, shipping_address->>'city', billing_address->>'city' FROM orders",
    )
    assert row == (
        *(order.order_number, user, "pending", Decimal("159.90"), Decimal("164.80"), "USD", "call first", "invoice"),
        *("phone", "standard", 1, "Portland", "Portland"),
    )
    (item,) = sql(
        shop,
        "SELECT line_no, product_id, sku, product_name, unit_price, quantity, total_price, fulfillment_status,"
        " warehouse_id FROM order_items",
    )
    assert item == (1, ram, "RAM", "Vengeance", Decimal("79.95"), 2, Decimal("159.90"), "allocated", "WH1")
    assert level(shop, "RAM") == (10, 8, 2)
    (movement,) = sql(
        shop,
        "SELECT movement_type, kind, quantity, available_delta, reserved_delta, available_after, reserved_after,"
        " stock_after_movement, reference_id, reference_type, created_by FROM inventory_movements"
        " WHERE kind = 'reserve'",
    )
    assert movement == ("outbound", "reserve", 2, -2, 2, 8, 2, 10, order.order_id, "order", shop.actor.user_id)
    assert sql(shop, "SELECT previous_status, new_status, changed_by, order_version FROM order_status_history") == [
        (None, "pending", shop.actor.user_id, 1)
    ]
    assert sql(shop, "SELECT key, kind FROM outbox WHERE topic = 'orders'") == [(str(order.order_id), "placed")]
    assert one(shop, "SELECT count(*) FROM outbox WHERE topic = 'stock'") == sql_before + 1
    (audit,) = sql(
        shop,
        "SELECT target_type, target_id, idempotency_key, after->>'order_number' FROM audit_log"
        " WHERE command = 'orders.place'",
    )
    assert audit == ("order", str(order.order_id), "k", order.order_number)
    assert reconcile(shop.stores.postgres) == ()


def test_equal_lines_are_one_line(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 5})
    assert served(place(shop, user, ("RAM", 2), ("RAM", 3)).result) == [("RAM", "WH1", 5)]
    with pytest.raises(OutOfStock):
        place(shop, user, ("RAM", 1))


def test_a_line_goes_whole_to_the_fullest_warehouse(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 3, "WH2": 9, "WH3": 9})
    assert served(place(shop, user, ("RAM", 3)).result) == [("RAM", "WH2", 3)]


def test_a_line_no_warehouse_can_serve_whole_is_split_over_the_fullest(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 3, "WH2": 5, "WH3": 4}, pricing__base_price=Decimal("9.99"))
    order = place(shop, user, ("RAM", 10), shipping_address=Address(**_in("CA"))).result
    assert served(order) == [("RAM", "WH2", 5), ("RAM", "WH3", 4), ("RAM", "WH1", 1)]
    rows = sql(shop, "SELECT line_no, total_price, tax_amount FROM order_items ORDER BY quantity DESC")
    assert [row[:2] for row in rows] == [(1, Decimal("49.95")), (1, Decimal("39.96")), (1, Decimal("9.99"))]
    assert sum(row[2] for row in rows) == order.tax_amount == Decimal("7.24")  # 7.25 % of 99.90, half up
    assert reconcile(shop.stores.postgres) == ()


def _in(state: str) -> dict[str, str]:
    return {"street_address": "1 A St", "city": "B", "state": state, "postal_code": "90001", "country": "US"}


def test_a_named_warehouse_comes_first_and_is_all_that_serves(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 4, "WH2": 3})
    # the free line alone would go to WH1, but WH1's four are spoken for by the line that names it
    order = place(shop, user, ("RAM", 3), ("RAM", 4, "WH1")).result
    assert served(order) == [("RAM", "WH1", 4), ("RAM", "WH2", 3)]
    assert {(item.line_no, item.warehouse_id) for item in order.items} == {(1, "WH2"), (2, "WH1")}


def test_lines_on_one_level_are_one_movement(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9, "WH2": 1})
    order = place(shop, user, ("RAM", 2), ("RAM", 4, "WH1")).result
    assert sorted(served(order)) == [("RAM", "WH1", 2), ("RAM", "WH1", 4)]
    assert sql(shop, "SELECT quantity, available_after FROM inventory_movements WHERE kind = 'reserve'") == [(6, 3)]


def test_every_short_line_is_named_and_nothing_written(shop: Shop, user: UUID) -> None:
    ram = product(shop, "RAM", {"WH1": 4, "WH2": 3})
    product(shop, "SSD", {"WH1": 1})
    product(shop, "CPU", {"WH1": 1})
    with pytest.raises(OutOfStock) as refused:
        place(shop, user, ("RAM", 8), ("CPU", 1), ("SSD", 2), ("RAM", 1, "WH3"))
    short = {(line.sku, line.warehouse_id): (line.requested, line.available) for line in refused.value.lines}
    assert short == {("RAM", None): (8, 7), ("SSD", None): (2, 1), ("RAM", "WH3"): (1, 0)}
    assert refused.value.lines[0].product_id == ram
    assert nothing_written(shop)


def test_a_warehouse_that_is_closed_serves_nobody(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 4, "WH2": 9})
    shop.door.run(SaveWarehouse(warehouse_id="WH2", label="WH2", is_active=False), shop.actor)
    with pytest.raises(OutOfStock) as refused:
        place(shop, user, ("RAM", 5))
    assert refused.value.lines[0].available == 4
    assert served(place(shop, user, ("RAM", 4)).result) == [("RAM", "WH1", 4)]


def test_the_same_key_is_one_order_and_other_content_is_refused(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 3})
    first = place(shop, user, ("RAM", 3), key="k")
    again = place(shop, user, ("RAM", 3), key="k")  # sold out by now: still the stored answer
    assert (first.replayed, again.replayed) == (False, True)
    assert again.result == first.result
    with pytest.raises(Conflict, match="other content"):
        place(shop, user, ("RAM", 2), key="k")
    assert one(shop, "SELECT count(*) FROM orders") == 1
    assert level(shop, "RAM") == (3, 0, 3)


def test_a_refused_order_leaves_its_key_free(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 1})
    with pytest.raises(OutOfStock):
        place(shop, user, ("RAM", 2), key="k")
    product(shop, "SSD", {"WH1": 1})
    assert not place(shop, user, ("SSD", 1), key="k").replayed


def test_prices_are_the_stored_ones_also_just_after_an_edit(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    assert place(shop, user, ("RAM", 1)).result.subtotal == Decimal("10.00")
    shop.door.run(EditProduct(product_id="RAM", changes={"pricing.base_price": 12.5}), shop.actor)
    assert place(shop, user, ("RAM", 1)).result.subtotal == Decimal("12.50")


def test_a_total_that_is_not_the_one_seen_is_a_conflict(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    with pytest.raises(Conflict) as refused:
        place(shop, user, ("RAM", 1), expected_total=Decimal("14.00"))
    assert refused.value.current["total_amount"] == "14.90"
    assert nothing_written(shop)
    place(shop, user, ("RAM", 1), expected_total=Decimal("14.9"))


def test_tax_included_in_the_price_is_not_charged_again(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9}, pricing__base_price=Decimal("79.95"), pricing__tax_inclusive=True)
    german = Address(street_address="Kantstr. 12", city="Berlin", postal_code="10623", country="de")
    order = place(shop, user, ("RAM", 2), shipping_address=german).result
    assert (order.subtotal, order.tax_amount, order.total_amount) == tuple(map(Decimal, ("159.90", "26.31", "164.80")))
    assert one(shop, "SELECT tax_included_amount FROM orders") == Decimal("26.31")
    assert one(shop, "SELECT shipping_address->>'country' FROM orders") == "DE"


def test_stored_addresses_are_copied_into_the_order(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    with pytest.raises(Invalid, match="must name one"):
        place(shop, user, ("RAM", 1), shipping_address=None)
    saved = {
        kind: shop.door.run(
            SaveAddress(user_id=user, address_type=kind, **(_in("OR") | {"city": city})), shop.actor
        ).result.address_id
        for kind, city in (("shipping", "Salem"), ("billing", "Bend"))
    }
    other = shop.door.run(SaveAddress(user_id=user, **(_in("OR") | {"city": "Eugene"})), shop.actor).result.address_id
    place(shop, user, ("RAM", 1), shipping_address=None)
    place(shop, user, ("RAM", 1), shipping_address=None, shipping_address_id=other, billing_address_id=saved["billing"])
    place(shop, user, ("RAM", 1))
    rows = sql(
        shop,
        "SELECT shipping_address->>'city', billing_address->>'city', shipping_address->>'last_name' FROM orders"
        " ORDER BY order_id",
    )
    assert rows == [("Salem", "Bend", "Lee"), ("Eugene", "Bend", "Lee"), ("Portland", "Portland", None)]
    with pytest.raises(NotFound):
        place(shop, user, ("RAM", 1), shipping_address=None, shipping_address_id=new_id())


def test_nobody_gets_no_order(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    with pytest.raises(NotFound, match="customer"):
        place(shop, uuid4(), ("RAM", 1))
    assert nothing_written(shop)


def test_the_order_number_names_the_customers_shard(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE users SET shard = 10 WHERE user_id = :u"), {"u": user})
    assert place(shop, user, ("RAM", 1)).result.order_number.startswith("A")


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ((), {"lines"}),
        ((("RAM", 0),), {"lines[0].quantity"}),
        ((("RAM", -1),), {"lines[0].quantity"}),
        ((("RAM", 2**31 - 1),), {"lines[0].quantity"}),
        ((("RAM", 600_000), ("RAM", 600_000)), {"lines"}),
        ((("RAM", 1), ("NOPE", 1), ("DRAFT", 1), ("FREE", 1)), {"lines[1].sku", "lines[2].sku", "lines[3].sku"}),
        ((("RAM", 1), ("EURO", 1)), {"lines"}),
        ((("DEAR", 200),), {"lines"}),
    ],
)
def test_refused_at_the_edge_with_the_field_named(
    shop: Shop, user: UUID, lines: tuple[tuple[str, int], ...], fields: set[str]
) -> None:
    product(shop, "RAM", {"WH1": 9})
    product(shop, "DRAFT", {"WH1": 9}, status="draft")
    product(shop, "FREE", {"WH1": 9}, pricing__base_price=None)
    product(shop, "EURO", {"WH1": 9}, pricing__currency="EUR")
    product(shop, "DEAR", {"WH1": 999}, pricing__base_price=Decimal("900000"))
    with pytest.raises(Invalid) as refused:
        place(shop, user, *lines)
    assert set(refused.value.fields) == fields
    assert nothing_written(shop)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shipping_method": "balloon"}, "shipping_method"),
        ({"payment_method": "x" * 51}, "payment_method"),
        ({"channel": ""}, "channel"),
        ({"placed_at": datetime.now(UTC) + timedelta(days=1)}, "placed_at"),
        ({"shipping_address": Address(**(_in("OR") | {"country": "XX"}))}, "shipping_address.country"),
        ({"billing_address": Address(**(_in("OR") | {"city": " "}))}, "billing_address.city"),
        ({"notes": "a\0b"}, "notes"),
    ],
)
def test_refused_fields_of_the_order(shop: Shop, user: UUID, change: dict[str, object], field: str) -> None:
    product(shop, "RAM", {"WH1": 9})
    with pytest.raises(Invalid) as refused:
        place(shop, user, ("RAM", 1), **change)
    assert set(refused.value.fields) == {field}


def test_only_who_may(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    clerk = type(shop.actor)(shop.actor.user_id, "clerk@x.example", "Clerk", frozenset({"warehouse"}))
    command = PlaceOrder(user_id=user, lines=cart([("RAM", 1)]), shipping_address=ADDRESS)
    with pytest.raises(Denied):
        shop.door.run(command, clerk)


def test_by_product_id_and_hostile_text(shop: Shop, user: UUID) -> None:
    ram = product(shop, "RAM", {"WH1": 9}, title=HOSTILE, attributes__color=HOSTILE)
    line = OrderLineInput(product_id=ram, quantity=1, warehouse_id="WH1")
    address = Address(street_address=HOSTILE, city="C", postal_code="1", country="US")
    command = PlaceOrder(user_id=user, lines=(line,), shipping_address=address, notes=HOSTILE)
    shop.door.run(command, shop.actor)
    assert sql(shop, "SELECT product_name, product_attributes->>'color' FROM order_items") == [(HOSTILE, HOSTILE)]
    assert sql(shop, "SELECT notes, shipping_address->>'street_address' FROM orders") == [(HOSTILE, HOSTILE)]


def test_a_nul_that_another_program_wrote_is_refused(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    product(shop, "SSD", {"WH1": 9})
    shop.stores.mongo.products.update_one({"sku": "RAM"}, {"$set": {"title": 'a\0","b'}})
    with pytest.raises(Invalid, match="NUL"):
        place(shop, user, ("RAM", 1), ("SSD", 1))
    assert nothing_written(shop)


@pytest.mark.parametrize("values", [[], [""], ["NULL", None], ["a,b", "{c}", '"', "\\", HOSTILE], [" x "]])
def test_an_array_is_read_as_it_was_written(shop: Shop, values: list[str | None]) -> None:
    assert one(shop, "SELECT CAST(:a AS text[])", a=f"{{{','.join(map(_element, values))}}}") == values


def test_an_order_taken_earlier(shop: Shop, user: UUID) -> None:
    product(shop, "RAM", {"WH1": 9})
    then = datetime(2026, 9, 1, 12, tzinfo=UTC)
    place(shop, user, ("RAM", 1), placed_at=then)
    assert one(shop, "SELECT created_at FROM orders") == then
    assert one(shop, "SELECT created_at FROM order_status_history") == then
    assert one(shop, "SELECT at FROM audit_log WHERE command = 'orders.place'") > then


def test_large_carts(shop: Shop, user: UUID) -> None:
    for number in range(40):
        product(shop, f"P{number:03}", {"WH1": 2, "WH2": 2})
    order = place(shop, user, *[(f"P{number:03}", 3) for number in reversed(range(40))]).result
    assert len(order.items) == 80
    assert reconcile(shop.stores.postgres) == ()
