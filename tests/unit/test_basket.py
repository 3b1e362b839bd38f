"""What a new order holds while it is typed, and what typing and pasting mean."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.orders.offers import Offer
from screens.new_order.basket import BETWEEN_ROWS, MAX_QUANTITY, Basket, entered, kept_lines, pasted_rows


def offer(sku: str = "RAM-0412", price: str | None = "79.95", status: str = "active", **stock: int) -> Offer:
    """Return an offer of ``sku`` with ``stock`` by warehouse."""
    return Offer(
        product_id=sku.lower(),
        sku=sku,
        title=f"Title of {sku}",
        unit_price=Decimal(price) if price else None,
        currency="USD",
        tax_inclusive=False,
        status=status,
        stock=tuple(stock.items()),
        barcode="4006381333931",
    )


def test_the_same_product_twice_is_one_line_with_the_newer_price() -> None:
    basket = Basket().add(offer(WH1=5)).add(offer("CAB-0031"), 2).add(offer(price="80.00", WH1=5), 3)
    assert [(line.offer.sku, line.quantity) for line in basket.lines] == [("RAM-0412", 4), ("CAB-0031", 2)]
    assert basket.lines[0].offer.unit_price == Decimal("80.00")


def test_a_basket_is_never_changed_only_replaced_and_keeps_its_key() -> None:
    before = Basket().add(offer())
    after = before.with_line(0, quantity=7).add(offer("CAB-0031"))
    assert before.lines[0].quantity == 1
    assert after.key == before.key != Basket().key


def test_below_one_unit_the_line_goes_and_above_the_most_it_stops() -> None:
    basket = Basket().add(offer(), 2)
    assert basket.with_line(0, quantity=0).lines == ()
    assert basket.with_line(0, quantity=10**9).lines[0].quantity == MAX_QUANTITY
    assert Basket().add(offer(), 10**9).lines[0].quantity == MAX_QUANTITY


@pytest.mark.parametrize(
    ("made", "quantity", "warehouse", "problem"),
    [
        (offer(WH1=2, WH2=3), 5, "", ""),
        (offer(WH1=2, WH2=3), 6, "", "5 of 6 available"),
        (offer(WH1=2, WH2=3), 3, "WH1", "2 of 3 available"),
        (offer(WH1=2), 1, "WH9", "0 of 1 available"),
        (offer(price=None, WH1=2), 1, "", "has no price"),
        (offer(status="draft", WH1=2), 1, "", "is draft"),
        (offer(), 1, "", "0 of 1 available"),
    ],
)
def test_what_keeps_a_line_from_being_placed(made: Offer, quantity: int, warehouse: str, problem: str) -> None:
    basket = Basket().add(made).with_line(0, quantity=quantity, warehouse_id=warehouse)
    assert basket.lines[0].problem == problem
    assert basket.problems == ((f"RAM-0412: {problem}",) if problem else ())


def test_an_offer_answers_to_its_sku_and_barcode() -> None:
    assert offer().is_called(" ram-0412 ")
    assert offer().is_called("4006381333931")
    assert not offer().is_called("")
    assert not offer().is_called("RAM")


def test_newer_prices_and_stock_replace_the_offers_by_sku() -> None:
    basket = Basket().add(offer(WH1=1), 2).add(offer("CAB-0031", "12.50", WH1=9))
    newer = basket.refreshed({"RAM-0412": offer(price="81.00", WH1=8)})
    assert newer.lines[0].offer.unit_price == Decimal("81.00")
    assert newer.lines[0].problem == ""
    assert newer.lines[1] is basket.lines[1] or newer.lines[1] == basket.lines[1]


def test_what_is_quoted_is_what_stands_there() -> None:
    (line,) = Basket().add(offer(), 3).priced()
    assert (line.sku, line.quantity, line.unit_price) == ("RAM-0412", 3, Decimal("79.95"))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("RAM-0412", ("RAM-0412", 1)),
        ("3*RAM-0412", ("RAM-0412", 3)),
        (" 3 × usb cable ", ("usb cable", 3)),
        ("0*RAM-0412", ("0*RAM-0412", 1)),
        ("3*", ("", 3)),
        ("4006381333931", ("4006381333931", 1)),
        ("", ("", 1)),
    ],
)
def test_an_entry(text: str, meaning: tuple[str, int]) -> None:
    assert entered(text) == meaning


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("RAM-0412\t2\nCAB-0031\t10\n", [("RAM-0412", 2), ("CAB-0031", 10)]),
        ("RAM-0412;2\r\n\r\nCAB-0031 x3\r\nSSD-0107 × 4", [("RAM-0412", 2), ("CAB-0031", 3), ("SSD-0107", 4)]),
        ("RAM-0412, 2", [("RAM-0412", 2)]),
        ("RAM-0412,2\nCAB-0031,3", [("RAM-0412", 2), ("CAB-0031", 3)]),
        ("RAM-0412=2", [("RAM-0412", 2)]),
        ("RAM-0412 2 | CAB-0031 3", [("RAM-0412", 2), ("CAB-0031", 3)]),
        ("SKU\tQuantity\nRAM-0412\t2", [("RAM-0412", 2)]),
        ("RAM-0412\nRAM-0412\nCAB-0031 2", [("RAM-0412", 1), ("RAM-0412", 1), ("CAB-0031", 2)]),
        ("RAM-0412 0", []),
        ("RAM-0412", []),
        ("two words here", []),
        ("two words\nand two more", []),
        ("RAM-0412 2\nand a note\nCAB-0031 none", [("RAM-0412", 2), ("", 0), ("", 0)]),
        ("", []),
    ],
)
def test_a_pasted_list(text: str, rows: list[tuple[str, int]]) -> None:
    assert [(row.sku, row.quantity) for row in pasted_rows(text)] == rows


def test_a_row_that_cannot_be_read_is_kept_as_it_was_written() -> None:
    first, second, third = pasted_rows("RAM-0412 2\n and  a note \nCAB-0031 0")
    assert [first.text, second.text, third.text] == ["RAM-0412 2", "and a note", "CAB-0031 0"]
    assert pasted_rows(BETWEEN_ROWS.join(row.text for row in (first, second, third))) == (first, second, third)


def test_a_list_is_added_in_one_step_and_equal_rows_add_up() -> None:
    basket = Basket().add_all([(offer(), 2), (offer("CAB-0031"), 1), (offer(), 3)])
    assert [(line.offer.sku, line.quantity) for line in basket.lines] == [("RAM-0412", 5), ("CAB-0031", 1)]


def test_a_draft_reads_back_what_was_kept() -> None:
    basket = Basket().add(offer(WH1=5), 2).with_line(0, warehouse_id="WH1").add(offer("CAB-0031"))
    kept = kept_lines(basket.kept())
    assert [(line.sku, line.quantity, line.warehouse_id) for line in kept] == [
        ("RAM-0412", 2, "WH1"),
        ("CAB-0031", 1, ""),
    ]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=12))
def test_a_broken_draft_never_breaks_the_screen(content: object) -> None:
    for line in kept_lines(content):
        assert 0 < line.quantity <= MAX_QUANTITY


@given(st.text(), st.text(alphabet="0123456789*x× \t;", max_size=12))
def test_no_text_breaks_entry_or_paste(words: str, tail: str) -> None:
    text = words + tail
    assert entered(text)[1] >= 1
    assert all(not row.sku or 1 <= row.quantity <= MAX_QUANTITY for row in pasted_rows(text))
