"""The tax table: own rows set and removed, one rule for quote, placement, edit and exchange."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from data.errors import Conflict, Denied, Invalid, NotFound
from data.orders.editing.messages import EditOrder, LineAdded, LineEdit, OrderChanges
from data.orders.editing.reads import read_editable
from data.orders.editing.rules import edited
from data.orders.messages import Address
from data.orders.offers import offers_of
from data.orders.reads import get_order
from data.orders.rules import quote
from data.orders.taxes.commands import taxes_now
from data.orders.taxes.messages import RemoveTax, SetTax
from data.orders.taxes.rules import STANDARD
from data.shop import Shop
from tests.desk_world import at_the_desk
from tests.orders_world import customer, one, place, product, sql, warehouses

BERLIN = Address(street_address="Kantstr. 12", city="Berlin", postal_code="10623", country="DE")


@pytest.fixture
def user(shop: Shop) -> UUID:
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 50}, pricing__base_price=Decimal("79.95"), category=("Parts",))
    product(shop, "NOVEL", {"WH1": 50}, pricing__base_price=Decimal("9.99"), category=("Books", "Novels"))
    return customer(shop)


def tax(shop: Shop, percent: str, **row: Any) -> Any:
    return shop.door.run(SetTax(percent=Decimal(percent), **row), shop.actor).result


def taxes_of_lines(shop: Shop) -> list[Decimal]:
    return [row[0] for row in sql(shop, "SELECT tax_amount FROM order_items ORDER BY line_no")]


def test_without_own_rows_nothing_is_different(shop: Shop, user: UUID) -> None:
    assert taxes_now(shop.stores.postgres) is STANDARD
    placed = place(shop, user, ("RAM", 1), ("NOVEL", 3), shipping_address=BERLIN).result
    assert placed.tax_amount == Decimal("15.19") + Decimal("5.69") + Decimal("0.93")


def test_what_is_quoted_is_placed_by_the_own_rows_too(shop: Shop, user: UUID) -> None:
    tax(shop, "7", country="de", category=" books ", label="VAT", inclusive=True)
    taxes = taxes_now(shop.stores.postgres)
    offers = offers_of(shop.stores, ["RAM", "NOVEL"])
    totals = quote([offers["RAM"].priced(1), offers["NOVEL"].priced(3)], BERLIN, taxes=taxes)
    lines, key = (("RAM", 1), ("NOVEL", 3)), {"shipping_address": BERLIN, "expected_total": totals.total_amount}
    placed = place(shop, user, *lines, **key).result
    assert taxes_of_lines(shop) == [Decimal("15.19"), Decimal("1.96")]  # 29.97 with 7 % in it
    assert (placed.tax_amount, placed.total_amount) == (totals.tax_amount, totals.total_amount)
    assert one(shop, "SELECT tax_included_amount FROM orders") == Decimal("1.96")
    tax(shop, "5", country="DE", category="Books")
    with pytest.raises(Conflict, match="The order comes to"):
        place(shop, user, *lines, **key)


def test_an_edit_taxes_what_it_touches_by_the_table_and_leaves_the_rest(shop: Shop, user: UUID) -> None:
    tax(shop, "7", country="DE", category="Books", label="VAT")
    placed = place(shop, user, ("RAM", 1), ("NOVEL", 3), shipping_address=BERLIN).result
    assert taxes_of_lines(shop) == [Decimal("15.19"), Decimal("2.10")]
    tax(shop, "22", country="DE", label="VAT")
    edit = EditOrder(
        order_id=placed.order_id,
        changes=OrderChanges(
            lines=(LineEdit(line_no=2, quantity=5),), add=(LineAdded(sku="NOVEL", quantity=1),), reason="by phone"
        ),
    )
    offers = offers_of(shop.stores, ["NOVEL"])
    editable = read_editable(shop.stores, placed.order_number)
    shown = edited(editable.order, edit.changes, [offers["NOVEL"].priced(1)], editable.free)
    shop.door.run(edit, shop.actor)
    assert taxes_of_lines(shop) == [Decimal("15.19"), Decimal("3.50"), Decimal("0.70")]
    assert get_order(shop.stores.postgres, placed.order_id).total_amount == shown.now.total_amount


def test_rows_are_replaced_removed_and_refused(shop: Shop) -> None:
    first, again = tax(shop, "7", country="DE", category="Books"), tax(shop, "8", country="DE", category="BOOKS")
    assert (first.created, again.created, again.row.percent) == (True, False, 8)
    assert len(taxes_now(shop.stores.postgres).own) == 1
    shop.door.run(RemoveTax(country="de", category="books"), shop.actor)
    assert taxes_now(shop.stores.postgres) is STANDARD
    with pytest.raises(NotFound):
        shop.door.run(RemoveTax(country="DE"), shop.actor)
    for field, row in {
        "country": {"country": "Germany"},
        "state": {"state": "CA"},
        "label": {"label": " "},
        "category": {"category": "a > b > c > d"},
    }.items():
        with pytest.raises(Invalid) as refused:
            tax(shop, "5", **row)
        assert field in refused.value.fields
    for percent in ("-1", "100.1", "1.00001"):
        with pytest.raises(Invalid, match="between 0 and 100"):
            tax(shop, percent, country="DE")
    with pytest.raises(Denied):
        shop.door.run(SetTax(percent=Decimal(1)), at_the_desk(shop, "support").actor)
