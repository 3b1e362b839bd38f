"""Discount codes: what they take off, when they hold, and that parallel orders never use one too often."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from data.documents.make import make_document
from data.errors import Denied, Invalid, NotFound
from data.orders.codes.commands import get_code, list_codes
from data.orders.codes.messages import AddCode, StopCode
from data.orders.codes.rules import CodeTerms
from data.orders.editing.messages import EditOrder, OrderChanges
from data.orders.messages import Address
from data.orders.reads import get_order
from data.shop import Shop
from tests.desk_world import at_the_desk
from tests.orders_world import customer, one, place, product, sql, warehouses

BERLIN = Address(street_address="Kantstr. 12", city="Berlin", postal_code="10623", country="DE")


@pytest.fixture
def user(shop: Shop) -> UUID:
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 500}, pricing__base_price=Decimal("79.95"))
    product(shop, "CAB", {"WH1": 500}, pricing__base_price=Decimal("0.10"))
    return customer(shop)


def add(shop: Shop, code: str, **terms: Any) -> CodeTerms:
    terms = {"percent": Decimal(10)} | terms if "amount" not in terms else terms
    made: CodeTerms = shop.door.run(AddCode(code=code, **terms), shop.actor).result
    return made


def used(shop: Shop, code: str) -> tuple[int, int]:
    """Return how often the code says it was used, and how many orders used it."""
    counted = one(shop, "SELECT count(*) FROM code_uses WHERE code = :c", c=code)
    return one(shop, "SELECT used FROM discount_codes WHERE code = :c", c=code), counted


def test_a_percentage_lowers_goods_and_tax_and_is_counted(shop: Shop, user: UUID) -> None:
    add(shop, "summer")
    placed = place(shop, user, ("RAM", 2), ("CAB", 1), code=" Summer ", shipping_address=BERLIN).result
    # 160.00 of goods, 16.00 off: 15.99 of the first line, 0.01 of the second, each taxed on the rest at 19 %
    assert (placed.subtotal, placed.discount_amount) == (Decimal("160.00"), Decimal("16.00"))
    taxes = sql(shop, "SELECT tax_amount FROM order_items ORDER BY line_no")
    assert [row[0] for row in taxes] == [Decimal("27.34"), Decimal("0.02")]
    assert placed.tax_amount == Decimal("27.34") + Decimal("0.02") + Decimal("0.93")
    assert placed.total_amount == Decimal("160.00") + placed.tax_amount + Decimal("4.90") - Decimal("16.00")
    assert used(shop, "SUMMER") == (1, 1)
    assert sql(shop, "SELECT order_id, amount FROM code_uses") == [(placed.order_id, Decimal("16.00"))]


def test_an_edit_keeps_what_the_code_took_off(shop: Shop, user: UUID) -> None:
    add(shop, "FIVER", amount=Decimal("5.00"))
    placed = place(shop, user, ("RAM", 1), code="FIVER", shipping_address=BERLIN).result
    order = get_order(shop.stores.postgres, placed.order_id)
    shop.door.run(EditOrder(order_id=order.order_id, changes=OrderChanges(notes="call first")), shop.actor)
    after = get_order(shop.stores.postgres, placed.order_id)
    assert (after.discount_amount, after.total_amount) == (Decimal("5.00"), order.total_amount)
    assert (order.discount_code, after.discount_code) == ("FIVER", "FIVER")
    bill = make_document(shop, [after.order_number], "invoice", format="text").content.decode()
    assert re.search(r"Discount \(FIVER\) +-5\.00", bill)


def test_an_amount_never_takes_more_than_the_goods_cost(shop: Shop, user: UUID) -> None:
    add(shop, "GIFT", amount=Decimal("50.00"))
    placed = place(shop, user, ("CAB", 2), code="GIFT", shipping_address=BERLIN).result
    assert (placed.discount_amount, placed.shipping_amount) == (Decimal("0.20"), Decimal("4.90"))
    assert placed.total_amount == Decimal("4.90") + Decimal("0.93")


def test_what_does_not_hold_places_nothing_and_says_why(shop: Shop, user: UUID) -> None:
    day, now = timedelta(days=1), datetime.now(UTC)
    add(shop, "RICH", minimum=Decimal("100.00"))
    add(shop, "LATER", valid_from=now + day)
    add(shop, "OVER", valid_until=now + day, valid_from=now - day)
    with shop.stores.postgres.writing() as connection:
        connection.exec_driver_sql("UPDATE discount_codes SET valid_until = now() WHERE code = 'OVER'")
    add(shop, "STOPPED")
    shop.door.run(StopCode(code="stopped"), shop.actor)
    add(shop, "EURO", amount=Decimal("5.00"), currency="EUR")
    for code, why in {
        "RICH": "needs goods of 100.00, these are 79.95",
        "LATER": "holds from",
        "OVER": "ended",
        "STOPPED": "was stopped",
        "EURO": "is in EUR, the order in USD",
        "NOPE": "there is no code NOPE",
        "\x1b[31m'; DROP TABLE orders; --": "there is no code",
        "X" * 9_000: "there is no code",
    }.items():
        with pytest.raises(Invalid, match=why):
            place(shop, user, ("RAM", 1), code=code)
    assert one(shop, "SELECT count(*) FROM orders") == 0
    assert one(shop, "SELECT sum(used) FROM discount_codes") == 0


def test_the_same_key_again_finds_the_order_whose_code_is_used_up(shop: Shop, user: UUID) -> None:
    add(shop, "ONCE", uses_at_most=1)
    first = place(shop, user, ("RAM", 1), code="ONCE", key="k")
    again = place(shop, user, ("RAM", 1), code="ONCE", key="k")
    assert again.replayed
    assert again.result == first.result
    with pytest.raises(Invalid, match="was used 1 times, as often as it may be"):
        place(shop, user, ("RAM", 1), code="ONCE", key="another")
    assert used(shop, "ONCE") == (1, 1)


def test_parallel_orders_never_use_a_code_more_often_than_it_may_be(shop: Shop, user: UUID) -> None:
    add(shop, "SCARCE", uses_at_most=7)
    add(shop, "OPEN", percent=Decimal("2.5"))

    def order(number: int) -> str:
        try:
            place(shop, user, ("RAM", 1), code=("SCARCE", "SCARCE", "OPEN", "")[number % 4], key=f"k{number}")
        except Invalid as error:
            return str(error)
        return "placed"

    with ThreadPoolExecutor(12) as threads:
        outcomes = list(threads.map(order, range(48)))
    assert outcomes.count("placed") == 7 + 24
    assert all(each == "placed" or "as often as it may be" in each for each in outcomes)
    assert used(shop, "SCARCE") == (7, 7)
    assert used(shop, "OPEN") == (12, 12)
    assert one(shop, "SELECT count(*) FROM orders") == 31
    assert one(shop, "SELECT count(*) FROM orders WHERE discount_amount > 0") == 19


def test_terms_that_cannot_be_are_refused_by_name(shop: Shop) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("code", {"code": "two words"}),
        ("code", {"code": ""}),
        ("percent", {"amount": Decimal(5), "percent": Decimal(5)}),
        ("percent", {"percent": None}),
        ("percent", {"percent": Decimal("100.01")}),
        ("percent", {"percent": Decimal("0.001")}),
        ("minimum", {"minimum": Decimal(-1)}),
        ("currency", {"currency": "usd"}),
        ("uses_at_most", {"uses_at_most": 0}),
        (
            "valid_until",
            {"valid_from": datetime(2026, 1, 2, tzinfo=UTC), "valid_until": datetime(2026, 1, 1, tzinfo=UTC)},
        ),
    ]
    for field, terms in wrong:
        with pytest.raises(Invalid) as refused:
            shop.door.run(AddCode(**({"code": "X", "percent": Decimal(5)} | terms)), shop.actor)
        assert field in refused.value.fields


def test_codes_are_made_once_listed_by_page_and_stopped_for_good(shop: Shop) -> None:
    for code in ("c", "a", "b"):
        add(shop, code)
    with pytest.raises(Invalid, match="its terms never change"):
        add(shop, "A", percent=Decimal(50))
    first = list_codes(shop.stores.postgres, limit=2)
    rest = list_codes(shop.stores.postgres, after=first.after, limit=2)
    assert [row.code for row in (*first.rows, *rest.rows)] == ["A", "B", "C"]
    assert rest.after is None
    assert shop.door.run(StopCode(code="b"), shop.actor).result.spent(datetime.now(UTC)) == "was stopped"
    assert not get_code(shop.stores.postgres, " b ").is_active
    with pytest.raises(NotFound):
        shop.door.run(StopCode(code="none"), shop.actor)
    for hostile in ("", "a\0b", "\ud800", "two words"):
        with pytest.raises(NotFound):
            get_code(shop.stores.postgres, hostile)


def test_who_may_not_keep_codes_is_refused(shop: Shop) -> None:
    with pytest.raises(Denied):
        shop.door.run(AddCode(code="X", percent=Decimal(5)), at_the_desk(shop, "warehouse").actor)
