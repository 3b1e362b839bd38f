"""What can be said of an order without a store: steps, tax, shipping, totals, the query line, the cart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.catalog.types import Pricing, Product
from data.errors import Invalid
from data.orders.cart import price_lines, refs_of
from data.orders.messages import OrderLineInput
from data.orders.placement import _element
from data.orders.query import OrderQuery, parse_order_query
from data.orders.rules import (
    CLOSED,
    OPEN,
    SHIPPING,
    STATUSES,
    TRANSITIONS,
    Address,
    PricedLine,
    check_step,
    quote,
)
from data.orders.taxes.rules import STANDARD, Taxes, TaxRow, tax_rule
from data.stock.rules import KINDS, deltas

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


def to(country: str, state: str = "") -> Address:
    return Address(street_address="1 A St", city="B", postal_code="1", country=country, state=state)


def line(price: str, quantity: int = 1, **fields: object) -> PricedLine:
    return PricedLine("id", "SKU", "Title", Decimal(price), quantity, **fields)  # type: ignore[arg-type]


def test_every_status_has_its_steps_and_the_closed_have_none() -> None:
    assert set(TRANSITIONS) == set(STATUSES)
    assert all(set(steps) <= set(STATUSES) for steps in TRANSITIONS.values())
    assert [status for status in STATUSES if not TRANSITIONS[status]] == list(CLOSED)
    assert all("cancelled" in TRANSITIONS[status] for status in OPEN)
    check_step("pending", "confirmed")
    with pytest.raises(Invalid, match="only to confirmed or cancelled"):
        check_step("pending", "shipped")
    with pytest.raises(Invalid, match="nowhere"):
        check_step("refunded", "pending")


@pytest.mark.parametrize(
    ("country", "state", "rate"),
    [
        ("US", "CA", "0.0725"),
        ("us", " ca ", "0.0725"),
        ("US", "OR", "0"),
        ("US", "", "0"),
        ("DE", "", "0.19"),
        ("DE", "BY", "0.19"),
        ("CA", "ON", "0.13"),
        ("CA", "", "0"),
        ("AU", "NSW", "0.1"),
        ("AQ", "", "0"),
    ],
)
def test_tax_follows_the_place(country: str, state: str, rate: str) -> None:
    assert tax_rule(country, state).rate == Decimal(rate)


def test_the_tax_table_is_sane() -> None:
    everywhere = STANDARD.rows[("", "", "")]
    assert (everywhere.percent, everywhere.rule.name, everywhere.on_shipping) == (0, "", False)
    assert all(0 < row.percent < 30 and row.rule.name for row in STANDARD.rows.values() if row is not everywhere)


def own(*rows: str) -> Taxes:
    """Return the table with own rows, each ``DE/BY/Books 7``; what a row leaves open is empty."""
    made = []
    for row in rows:
        place, _, percent = row.rpartition(" ")
        country, state, category = place.split("/")
        made.append(TaxRow(country=country, state=state, category=category, percent=Decimal(percent)))
    return Taxes(made)


@pytest.mark.parametrize(
    ("rows", "place", "category", "percent"),
    [
        ((), ("DE", ""), ("Books",), 19),
        (("DE// 20",), ("DE", "BY"), (), 20),
        (("DE/BY/ 21", "DE// 20"), ("de", " by "), (), 21),
        (("DE//Books 7",), ("DE", "BY"), ("books", "Novels"), 7),
        (("DE//Books 7",), ("DE", ""), ("Food",), 19),
        (("DE//Books 7", "DE//Books > Novels 5"), ("DE", ""), ("Books", "Novels", "Old"), 5),
        (("US//Food 0",), ("US", "CA"), ("Food",), Decimal("7.25")),  # the place before the category
        (("US/CA/Food 0",), ("US", "CA"), ("Food",), 0),
        (("//Books 3", "// 1"), ("AQ", ""), ("Books",), 3),
        (("//Books 3", "// 1"), ("AQ", ""), ("Food",), 1),
        (("//Books 3",), ("DE", ""), ("Books",), 19),
    ],
)
def test_the_most_specific_row_wins_the_place_before_the_category(
    rows: tuple[str, ...], place: tuple[str, str], category: tuple[str, ...], percent: Decimal
) -> None:
    assert own(*rows).rule(*place, category).rate == Decimal(percent) / 100


def test_lines_of_several_categories_are_each_taxed_and_rounded_by_their_own_row() -> None:
    taxes = own("DE//Books 7")
    lines = [
        line("0.50", category=("Books",)),
        line("0.50", category=("Parts",)),
        line("9.99", category=("Books", "Old")),
    ]
    totals = quote(lines, to("DE"), taxes=taxes)
    assert [str(total.tax_amount) for total in totals.lines] == ["0.04", "0.10", "0.70"]  # 0.035, 0.095, 0.6993
    assert totals.tax_amount == Decimal("0.84") + Decimal("0.93")  # shipping by the row for all categories
    assert totals.tax_name == ""


def test_a_row_says_whether_prices_hold_the_tax_else_the_product_does() -> None:
    def row(inclusive: bool | None) -> Taxes:
        return Taxes([TaxRow(country="DE", percent=Decimal(25), inclusive=inclusive)])

    dear, cheap = line("10.00"), line("10.00", tax_inclusive=True)
    added, inside = (Decimal("2.50"), Decimal("0.00")), (Decimal("2.00"), Decimal("2.00"))
    for inclusive, expected in ((None, [added, inside]), (True, [inside, inside]), (False, [added, added])):
        totals = quote([dear, cheap], to("DE"), taxes=row(inclusive))
        assert [(total.tax_amount, total.tax_included) for total in totals.lines] == expected
    assert quote([cheap], to("DE"), taxes=row(True)).total_amount == Decimal("14.90")


def test_tax_is_rounded_half_up_on_every_line() -> None:
    totals = quote([line("0.10"), line("0.10")], to("US", "TX"))
    assert [total.tax_amount for total in totals.lines] == [Decimal("0.01"), Decimal("0.01")]  # 0.00625 each
    assert totals.tax_amount == Decimal("0.02")  # and not 0.0125 → 0.01
    assert quote([line("2.00")], to("US", "TX")).tax_amount == Decimal("0.13")  # 0.125


def test_the_picture_of_the_new_order_screen() -> None:
    totals = quote([line("79.95", 2, tax_inclusive=True)], to("DE"))
    assert (totals.subtotal, totals.shipping_amount, totals.tax_amount, totals.total_amount) == (
        Decimal("159.90"),
        Decimal("4.90"),
        Decimal("26.31"),
        Decimal("164.80"),
    )
    assert totals.tax_included_amount == totals.tax_amount
    assert totals.tax_name == "VAT 19 %"


def test_shipping_is_taxed_where_the_rule_says_so() -> None:
    german = quote([line("100.00")], to("DE"))
    assert german.tax_amount == Decimal("19.93")  # 19 % of 100.00, and of 4.90
    assert quote([line("100.00")], to("US", "CA")).tax_amount == Decimal("7.25")
    mixed = quote([line("100.00"), line("119.00", tax_inclusive=True)], to("DE"))
    assert (mixed.tax_amount, mixed.tax_included_amount) == (Decimal("38.93"), Decimal("19.00"))


def test_an_empty_cart_costs_nothing_and_without_an_address_there_is_no_tax() -> None:
    assert quote([], to("DE")).total_amount == 0
    assert quote([line("10.00")], None).total_amount == Decimal("14.90")


def test_refused_quotes() -> None:
    with pytest.raises(Invalid, match="balloon"):
        quote([line("1.00")], None, "balloon")
    with pytest.raises(Invalid, match="EUR and USD"):
        quote([line("1.00"), line("1.00", currency="EUR")], None)
    with pytest.raises(Invalid, match="at most"):
        quote([line("99999999.99", 2)], None)


prices = st.decimals(min_value=0, max_value=10_000, places=2)
carts = st.lists(
    st.builds(line, prices.map(str), st.integers(1, 50), tax_inclusive=st.booleans()), min_size=1, max_size=8
)


@given(carts, st.sampled_from(["US-CA", "US-OR", "DE", "CA-QC", "CH", "AQ"]), st.sampled_from(sorted(SHIPPING)))
def test_every_column_adds_up(lines: list[PricedLine], place: str, method: str) -> None:
    country, _, state = place.partition("-")
    totals = quote(lines, to(country, state), method)
    rate = tax_rule(country, state).rate
    assert totals.subtotal == sum(one.unit_price * one.quantity for one in lines)
    assert totals.subtotal == sum(one.total_price for one in totals.lines)
    shipping_tax = totals.tax_amount - sum(one.tax_amount for one in totals.lines)
    assert 0 <= shipping_tax <= totals.shipping_amount
    assert 0 <= totals.tax_included_amount <= totals.tax_amount
    assert totals.total_amount == (
        totals.subtotal + totals.tax_amount - totals.tax_included_amount + totals.shipping_amount
    )
    for one, total in zip(lines, totals.lines, strict=True):
        net = total.total_price - total.tax_included
        assert abs(total.tax_amount - net * rate) <= Decimal("0.01")
        assert total.tax_amount == total.tax_amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        assert total.tax_included == (total.tax_amount if one.tax_inclusive else 0)


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_movement(kind: str) -> None:
    assert sum(abs(delta) for delta in deltas(kind, 3)) in (3, 6)
    assert all(delta in (-3, 0, 3) for delta in deltas(kind, 3))
    with pytest.raises(ValueError, match="cannot be"):
        deltas(kind, 0)
    if kind != "adjust":
        with pytest.raises(ValueError, match="cannot be"):
            deltas(kind, -1)


def test_what_leaves_and_enters_the_house() -> None:
    assert {kind: sum(deltas(kind, 1)) for kind in KINDS} == {
        **dict.fromkeys(("reserve", "release", "damage", "repair"), 0),
        **dict.fromkeys(("ship", "write_off", "transfer_out"), -1),
        **dict.fromkeys(("receive", "return", "return_damaged", "adjust", "transfer_in"), 1),
    }


def parsed(text: str) -> OrderQuery:
    return parse_order_query(text, now=NOW)


def test_the_whole_query_line() -> None:
    query = parsed('status:processing,pending customer:"ann lee" sku:X warehouse:WH1 total:>100 unpaid K7M2-QX4C björk')
    assert query == OrderQuery(
        statuses=("processing", "pending"),
        customer="ann lee",
        sku="X",
        warehouse_id="WH1",
        total_above=Decimal(100),
        payment="unpaid",
        words=("K7M2-QX4C", "björk"),
    )
    assert parsed("  ") == OrderQuery()


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("created:>7d", None, NOW - timedelta(days=7)),
        ("created:<12h", NOW - timedelta(hours=12), None),
        ("created:2w", NOW - timedelta(weeks=2), None),
        ("created:today", datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("created:yesterday", datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)),
        ("created:2026-11-01..2026-11-02", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)),
        ("created:>2026-11-01", datetime(2026, 11, 2, tzinfo=UTC), None),
        ("created:<2026-11-01", None, datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_when(text: str, begin: datetime | None, end: datetime | None) -> None:
    query = parsed(text)
    assert (query.created_from, query.created_before) == (begin, end)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("total:100", ("100", None, "100", None)),
        ("total:>100", (None, "100", None, None)),
        ("total:>=100", ("100", None, None, None)),
        ("total:<99.50", (None, None, None, "99.50")),
        ("total:50..1,204.50", ("50", None, "1204.50", None)),
    ],
)
def test_how_much(text: str, bounds: tuple[str | None, ...]) -> None:
    query = parsed(text)
    found = (query.total_from, query.total_above, query.total_to, query.total_below)
    assert found == tuple(None if bound is None else Decimal(bound) for bound in bounds)


@pytest.mark.parametrize(
    "token", ["status:eaten", "total:>many", "created:soon", "status:", "colour:red", "total:5..x"]
)
def test_the_wrong_token_is_named(token: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(f"ann {token} unpaid")
    assert list(refused.value.fields) == [token]


@given(st.text(max_size=60))
def test_no_line_breaks_the_reader(text: str) -> None:
    named: set[str] = set()
    try:
        parsed(text)
    except Invalid as refused:
        named = set(refused.fields)
    assert all(token in text for token in named)


def a_product(product_id: str, sku: str, price: str = "1.00") -> Product:
    return Product(product_id, sku, "T" * 300, pricing=Pricing(final_price=Decimal(price)))


def test_equal_lines_are_added_up_whichever_way_they_name_the_product() -> None:
    lines = (
        OrderLineInput(sku="A", quantity=1),
        OrderLineInput(product_id="1", quantity=2),
        OrderLineInput(sku="A", quantity=4, warehouse_id="WH1"),
        OrderLineInput(sku="B", quantity=8),
        OrderLineInput(sku="A", quantity=16, warehouse_id=""),
    )
    found = {
        ("sku", "A"): a_product("1", "A"),
        ("product_id", "1"): a_product("1", "A"),
        ("sku", "B"): a_product("2", "B"),
    }
    priced = price_lines(lines, refs_of(lines), found)
    assert [(one.sku, one.warehouse_id, one.quantity) for one in priced] == [
        ("A", None, 19),
        ("A", "WH1", 4),
        ("B", None, 8),
    ]
    assert len(priced[0].title) == 255


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))))
def test_no_element_escapes_its_quotes(values: list[str | None]) -> None:
    """An independent reading of PostgreSQL's rule: quoted elements, backslash takes the next character as it is."""
    text, read = ",".join(map(_element, values)), list[str | None]()
    position = 0
    while position < len(text):
        if text.startswith("NULL", position):
            read.append(None)
            position += 4
        else:
            assert text[position] == '"'
            position += 1
            element = []
            while text[position] != '"':
                position += text[position] == "\\"
                element.append(text[position])
                position += 1
            read.append("".join(element))
            position += 1
        assert position == len(text) or text[position] == ","
        position += 1
    assert read == values
