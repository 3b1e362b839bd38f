"""The kernel that every room uses: ids, money, cursors."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.catalog.fields import number
from data.errors import Invalid
from data.ids import ALPHABET, looks_like_order_number, new_id, new_order_number, normal_order_number
from data.money import cents, parse_money, show_money
from data.paging import decode_cursor, encode_cursor

numbers = st.integers(min_value=0, max_value=31).map(new_order_number)


@given(numbers)
def test_an_order_number_reads_back_however_it_is_typed(number: str) -> None:
    assert normal_order_number(number) == number
    typed = number.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert normal_order_number(typed) == number


@given(numbers, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_caught(number: str, place: int, symbol: str) -> None:
    plain = number.replace("-", "")
    wrong = plain[:place] + symbol + plain[place + 1 :]
    if wrong != plain:
        assert normal_order_number(wrong) is None
        assert looks_like_order_number(wrong)


@given(numbers, st.integers(0, 5))
def test_two_swapped_neighbours_are_caught(number: str, place: int) -> None:
    plain = number.replace("-", "")
    swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    if swapped != plain:
        assert normal_order_number(swapped) is None


def test_an_order_number_carries_its_shard_and_no_volume() -> None:
    first, second = new_order_number(5), new_order_number(5)
    assert first[0] == second[0] == "5"
    assert first != second
    with pytest.raises(ValueError, match="shard 32"):
        new_order_number(32)


def test_ids_grow_with_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert {one.version for one in made} == {7}


@pytest.mark.parametrize(
    ("text", "amount"), [("12", "12.00"), ("1,204.5", "1204.50"), (" 0.99 ", "0.99"), ("99999999.99", "99999999.99")]
)
def test_money_is_read_as_people_write_it(text: str, amount: str) -> None:
    assert parse_money(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "NaN", "Infinity", "1.234", "100000000", "1e99", "\x00", "22,22", "1,2345", ",5"]
)
def test_what_is_no_amount_is_refused_with_the_field_named(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_money(text, field="base_price")
    assert list(refused.value.fields) == ["base_price"]


def test_a_decimal_comma_is_no_thousands_separator() -> None:
    assert number("1,234,567.5") == Decimal("1234567.5")
    for text in ("22,22", "0,5", "1234,567", "1,23.4"):
        with pytest.raises(ValueError, match="is not a number"):
            number(text)


def test_half_a_cent_rounds_up_and_thousands_are_set_apart() -> None:
    assert cents("2.345") == Decimal("2.35")
    assert cents(Decimal("-2.345")) == Decimal("-2.35")
    assert show_money(Decimal("1204")) == "1,204.00"


@given(st.uuids(), st.datetimes(timezones=st.just(UTC)), st.text(), st.integers(), st.decimals(allow_nan=False))
def test_a_cursor_keeps_types_and_values(row: UUID, at: datetime, name: str, count: int, amount: Decimal) -> None:
    cursor = encode_cursor("orders", at, row, name.encode("utf-8", "replace").decode(), count, amount)
    assert decode_cursor("orders", cursor) == (at, row, name.encode("utf-8", "replace").decode(), count, amount)


@pytest.mark.parametrize("cursor", ["", "x", "e30", "W10", "WyJvcmRlcnMiLFsieiIsIjEiXV0", "\udc80", "🙂"])
def test_a_broken_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor("orders", cursor)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Invalid, match="customers"):
        decode_cursor("orders", encode_cursor("customers", 1))
