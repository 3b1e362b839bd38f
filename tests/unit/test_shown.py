"""How times, ages, states and addresses are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from screens.shown import (
    address_line,
    age,
    by_name,
    clock_at,
    exact,
    now,
    order_mark,
    parcel_mark,
    payment_mark,
    product_mark,
    stock_mark,
    when,
)

#: a Thursday
PRESENT = datetime(2025, 6, 12, 14, 30).astimezone()


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=0), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "13:30"),
        (timedelta(hours=14), "00:30"),
        (timedelta(hours=15), "Wed 23:30"),
        (timedelta(days=5), "Sat 14:30"),
        (timedelta(days=6), "6 Jun"),
        (timedelta(days=160), "3 Jan"),
        (timedelta(days=200), "2024-11-24"),
        (timedelta(hours=-1), "15:30"),
        (timedelta(days=-1), "13 Jun"),
    ],
)
def test_when_is_relative_while_it_is_near(ago: timedelta, said: str) -> None:
    assert when(PRESENT - ago, PRESENT) == said


def test_when_and_exact_of_nothing() -> None:
    assert when(None) == exact(None) == age(None) == "–"
    assert exact(PRESENT.astimezone(UTC)) == "2025-06-12 14:30"


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=-5), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=1_200), "1,200 days"),
    ],
)
def test_age_is_the_largest_unit(ago: timedelta, said: str) -> None:
    assert age(PRESENT - ago, PRESENT) == said


def test_the_clock_can_be_held_and_goes_on() -> None:
    with clock_at(PRESENT):
        assert now() == PRESENT
        assert when(PRESENT - timedelta(minutes=5)) == "5 min"
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "paid", "status", "said"),
    [
        ("paid", "184.90", "pending", "● paid"),
        ("part", "1020.00", "pending", "◐ 1,020.00"),
        ("unpaid", "0.00", "delivered", "○ unpaid"),
        ("unpaid", "0.00", "cancelled", "– "),
        ("part", "20.00", "cancelled", "● 20.00"),
        ("paid", "20.00", "refunded", "● 20.00"),
    ],
)
def test_payment_mark(state: str, paid: str, status: str, said: str) -> None:
    assert str(payment_mark(state, Decimal(paid), status)) == said


@pytest.mark.parametrize(
    ("status", "shipped", "units", "said"),
    [
        ("pending", 0, 3, "○ 0/3"),
        ("processing", 1, 3, "◐ 1/3"),
        ("shipped", 3, 3, "● 3/3"),
        ("delivered", 3, 3, "● delivered"),
        ("cancelled", 0, 3, "✗ cancelled"),
    ],
)
def test_parcel_mark(status: str, shipped: int, units: int, said: str) -> None:
    assert str(parcel_mark(status, shipped, units)) == said


@pytest.mark.parametrize(
    ("available", "level", "said"), [(-1, 0, "▲ none"), (0, 5, "▲ none"), (5, 5, "▲ 5"), (1_200, 5, "● 1,200")]
)
def test_stock_mark(available: int, level: int, said: str) -> None:
    assert str(stock_mark(available, level)) == said


def test_a_state_nobody_foresaw_is_shown_as_it_is() -> None:
    assert str(order_mark("lost")) == str(product_mark("lost")) == "? lost"


def test_an_address_on_one_line_leaves_out_what_is_not_there() -> None:
    full = {"street_address": "9 Elm St", "postal_code": "97201", "city": "Portland", "state": "OR", "country": "US"}
    assert address_line(full) == "9 Elm St, 97201 Portland, OR, US"
    assert address_line({"city": "Galway", "state": None, "country": "IE"}) == "Galway, IE"
    assert address_line({}) == ""


def test_names_with_numbers_stand_as_people_count() -> None:
    names = ["slot 10", "slot 2", "a.b", "10", "9 x", "slot 2b", "", "slot ٣"]
    assert [name for name, _ in sorted(((name, None) for name in names), key=by_name)] == [
        *("", "9 x", "10", "a.b", "slot 2", "slot 2b", "slot 10", "slot ٣"),
    ]
