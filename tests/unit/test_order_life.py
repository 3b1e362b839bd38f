"""The tables of an order's life, what its units are worth, and which warehouses serve it: pure, by property."""

from __future__ import annotations

import itertools
from decimal import Decimal
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from data.access.rules import PERMISSIONS
from data.errors import Invalid
from data.orders.life import FULFILMENT, FULFILMENT_STEPS, ORDER_STEPS, Units, fulfilment_of, status_of
from data.orders.rules import STATUSES, TRANSITIONS
from data.orders.worth import LineAmounts, OrderAmounts, line_worths, units_worth
from data.stock.allocation import STRATEGIES, distances, plan, short_of
from data.stock.causes import cause_id
from data.stock.rules import KINDS

amounts = st.decimals(0, 500, places=2)


def test_the_tables_name_only_what_there_is() -> None:
    for step in ORDER_STEPS:
        assert {step.before, step.after} <= set(STATUSES)
        assert step.permission in PERMISSIONS
        assert not step.stock or step.stock in KINDS
    for part in FULFILMENT_STEPS:
        assert {part.before, part.after} <= set(FULFILMENT)
        assert part.permission in PERMISSIONS
        assert not part.stock or part.stock in KINDS
    assert TRANSITIONS["pending"] == ("confirmed", "cancelled")
    assert TRANSITIONS["cancelled"] == TRANSITIONS["refunded"] == ()


def test_the_order_follows_its_lines() -> None:
    assert status_of("confirmed", [Units(3, 1), Units(2)]) == "processing"
    assert status_of("confirmed", [Units(3, 0, 1), Units(2)]) == "confirmed"
    assert status_of("pending", [Units(3, 0, 3)]) == "cancelled"
    assert status_of("processing", [Units(3, 0, 3), Units(2, 2)]) == "shipped"
    assert fulfilment_of(Units(3, 2), "picked") == "picked"
    assert fulfilment_of(Units(3, 2, 1), "picked") == "shipped"
    assert fulfilment_of(Units(3, 0, 3), "picked") == "pending"


@given(
    lines=st.lists(st.tuples(amounts, amounts, st.integers(1, 9)), min_size=1, max_size=5),
    shipping=amounts,
    shipping_tax=amounts,
    included=st.booleans(),
    off=st.integers(0, 100),
    parts=st.lists(st.integers(1, 9), min_size=9, max_size=9),
)
def test_what_units_are_worth_adds_up_to_the_cent(
    lines: list[tuple[Decimal, Decimal, int]],
    shipping: Decimal,
    shipping_tax: Decimal,
    included: bool,
    off: int,
    parts: list[int],
) -> None:
    tax = sum((line[1] for line in lines), shipping_tax)
    whole = sum((line[0] for line in lines), shipping) + (0 if included else tax)
    total = (whole * (100 - off) / 100).quantize(Decimal("0.01"))
    order = OrderAmounts(total, shipping, tax, tax if included else Decimal(0))
    worth = line_worths(order, [LineAmounts(price, Decimal(0), line_tax) for price, line_tax, _ in lines])
    assert sum(worth.lines, worth.shipping) == total
    assert min(*worth.lines, worth.shipping) >= 0
    for share, (_, _, quantity) in zip(worth.lines, lines, strict=True):
        gone, back = 0, Decimal(0)
        for part in parts:
            part = min(part, quantity - gone)
            back += units_worth(share, quantity, gone, part)
            gone += part
        assert gone < quantity or back == share


stocks = st.dictionaries(st.tuples(st.sampled_from("AB"), st.sampled_from("123456")), st.integers(0, 6), min_size=1)


@given(
    free=stocks,
    wanted=st.dictionaries(st.sampled_from("AB"), st.integers(1, 8), min_size=1),
    strategy=st.sampled_from(STRATEGIES),
)
def test_every_strategy_serves_everything_from_what_is_free(
    free: dict[tuple[str, str], int], wanted: dict[str, int], strategy: str
) -> None:
    if short_of(wanted, free):
        with pytest.raises(ValueError, match="too little"):
            plan(wanted, free, strategy)
        return
    chosen = plan(wanted, free, strategy)
    for product, count in wanted.items():
        assert sum(units for (one, _), units in chosen.items() if one == product) == count
    assert all(0 < units <= free[key] for key, units in chosen.items())
    if strategy == "fewest":
        places = {place for _, place in free}
        least = min(
            size
            for size in range(1, len(places) + 1)
            for some in itertools.combinations(places, size)
            if not short_of(wanted, {key: units for key, units in free.items() if key[1] in some})
        )
        assert len({place for _, place in chosen}) == least


def test_an_unknown_strategy_is_refused_and_the_nearest_is_near() -> None:
    with pytest.raises(Invalid):
        plan({"A": 1}, {("A", "1"): 1}, "luck")
    home = {"country": "US", "state": "OR", "city": "Portland", "postal_code": "97201"}
    away = distances(
        home,
        {
            "same town": home,
            "same state": home | {"city": "Salem", "postal_code": "97301"},
            "same country": home | {"state": "CA"},
            "abroad": {"country": "DE"},
            "nowhere": {},
        },
    )
    assert sorted(away, key=lambda place: away[place])[:3] == ["same town", "same state", "same country"]
    assert away["abroad"] == away["nowhere"]


def test_a_cause_gives_one_id_and_no_other_cause_gives_it() -> None:
    reference = cause_id(UUID(int=7 << 80), "x")
    made = {cause_id(reference, *parts) for parts in (("a", "b"), ("ab",), ("a\0b",), ("a", "", "b"), ("b", "a"))}
    assert len(made) == 5
    assert {one.version for one in made} == {7}
    assert {one.int >> 80 for one in made} == {reference.int >> 80}
