"""What a command's content may hold, and the one form it is hashed in."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.command import INT4_MAX, Command, checked, content_hash, parse_command
from data.errors import Invalid


class Line(msgspec.Struct, frozen=True):
    sku: str
    quantity: int


class Order(Command, frozen=True, kw_only=True):
    name: ClassVar[str] = "test.order"
    permission: ClassVar[str] = "orders.place"
    result: ClassVar[type] = int

    lines: tuple[Line, ...] = ()
    amount: Decimal | None = None
    at: datetime | None = None
    by: UUID | None = None
    extra: dict[str, object] = msgspec.field(default_factory=dict)
    notes: str = ""


class Wide(Order, frozen=True, kw_only=True):
    name: ClassVar[str] = "test.wide"
    text_limit: ClassVar[int] = 20_000
    integer_limit: ClassVar[int] = 2**63 - 1


def refused(command: Command) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        checked(command)
    return error.value.fields


@pytest.mark.parametrize(
    ("command", "field", "why"),
    [
        (Order(notes="a\0b"), "notes", "NUL"),
        (Order(notes="\ud800"), "notes", "surrogate"),
        (Order(notes="x" * 10_001), "notes", "10,001 characters"),
        (Order(lines=(Line("A", 1), Line("B\0", 1))), "lines[1].sku", "NUL"),
        (Order(lines=(Line("A", 2**31),)), "lines[0].quantity", "between"),
        (Order(lines=(Line("A", -(2**31)),)), "lines[0].quantity", "between"),
        (Order(lines=(Line("A", "3"),)), "lines[0].quantity", "expected `int`"),  # type: ignore[arg-type]
        (Order(lines=(Line("A", 1),) * 10_001), "lines", "10,001 entries"),
        (Order(amount=Decimal("NaN")), "amount", "finite"),
        (Order(amount=Decimal("-Infinity")), "amount", "finite"),
        (Order(at=datetime(2026, 1, 1)), "at", "time zone"),  # noqa: DTZ001
        (Order(extra={"a": {"b": float("nan")}}), "extra.a.b", "finite"),
        (Order(extra={"a": [1, "\0"]}), "extra.a[1]", "NUL"),
        (Order(extra={"a\0": 1}), "extra", "name that"),
        (Order(extra={"a": 2**40}), "extra.a", "between"),
        (Order(by="me"), "by", "expected `uuid | null`"),  # type: ignore[arg-type]
    ],
)
def test_what_no_store_may_be_given_is_named(command: Order, field: str, why: str) -> None:
    fields = refused(command)
    assert list(fields) == [field]
    assert why in fields[field]


def test_everything_wrong_is_named_at_once() -> None:
    assert set(refused(Order(notes="\0", lines=(Line("\0", 2**40),)))) == {"notes", "lines[0].sku", "lines[0].quantity"}


def test_a_command_may_widen_its_own_limits() -> None:
    wide = Wide(notes="x" * 20_000, extra={"barcode": 4006381333931})
    assert checked(wide) == wide


def test_endless_nesting_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert list(refused(Order(extra={"deep": deep}))) == ["command"]


def test_the_limits_themselves_are_taken() -> None:
    command = Order(lines=(Line("A", INT4_MAX), Line("B", -INT4_MAX)), notes="x" * 10_000)
    assert checked(command) == command


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"linez": []}, "linez"),
        ({"lines": [{"sku": "A"}]}, "lines[0]"),
        ({"lines": [{"sku": "A", "quantity": 1.5}]}, "lines[0].quantity"),
        ({"lines": "A"}, "lines"),
        ({"by": "not an id"}, "by"),
        ({"notes": "\0"}, "notes"),
    ],
)
def test_what_no_command_spells_is_named(content: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_command(Order, content)
    assert list(error.value.fields) == [field]


def test_json_becomes_a_command() -> None:
    content = {"lines": [{"sku": "A", "quantity": 2}], "amount": "1.50", "at": "2026-01-01T00:00:00Z"}
    command = parse_command(Order, content)
    assert command == Order(
        lines=(Line("A", 2),), amount=Decimal("1.50"), at=datetime(2026, 1, 1, tzinfo=UTC), extra={}
    )


def test_the_same_content_has_the_same_hash() -> None:
    berlin = timezone(timedelta(hours=1))
    one = Order(amount=Decimal("1.50"), at=datetime(2026, 1, 1, 1, tzinfo=berlin), extra={"a": 1, "b": 2})
    two = Order(amount=Decimal("1.5"), at=datetime(2026, 1, 1, 0, tzinfo=UTC), extra={"b": 2, "a": 1})
    assert content_hash(one) == content_hash(two)
    assert len(content_hash(one)) == 32


@pytest.mark.parametrize(
    "other",
    [
        Order(notes="y"),
        Order(amount=Decimal("0")),
        Order(lines=(Line("A", 1),)),
        Order(extra={"x": None}),
        Wide(),
    ],
)
def test_other_content_has_another_hash(other: Order) -> None:
    assert content_hash(other) != content_hash(Order())


def test_order_of_lines_is_content() -> None:
    lines = (Line("A", 1), Line("B", 1))
    assert content_hash(Order(lines=lines)) != content_hash(Order(lines=lines[::-1]))


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=5)
)
def test_checking_twice_changes_nothing_and_never_crashes(extra: dict[str, Any]) -> None:
    command = Order(extra=extra)
    with suppress(Invalid):
        once = checked(command)
        assert checked(once) == once
        assert content_hash(once) == content_hash(command)
