"""The orders' filter line: what each spelling means, and that no line breaks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import Invalid
from data.orders.query import OrderQuery, parse_order_query, read_order_query
from data.orders.rules import STATUSES

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
TODAY = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("   ", {}),
        ("ann lee", {"words": ("ann", "lee")}),
        ('"ann lee" k7m2', {"words": ("ann lee", "k7m2")}),
        ("status:pending", {"statuses": ("pending",)}),
        ("STATUS:Pending,SHIPPED status:pending", {"statuses": ("pending", "shipped")}),
        ("customer:ann sku:RAM-0412 warehouse:WH1 channel:phone",
         {"customer": "ann", "sku": "RAM-0412", "warehouse_id": "WH1", "channel": "phone"}),
        ('customer:"O\'Neil & Sons"', {"customer": "O'Neil & Sons"}),
        ("total:100", {"total_from": Decimal(100), "total_to": Decimal(100)}),
        ("total:>100 total:<=200.50", {"total_above": Decimal(100), "total_to": Decimal("200.50")}),
        ("total:>=100 total:<200", {"total_from": Decimal(100), "total_below": Decimal(200)}),
        ("total:50..100", {"total_from": Decimal(50), "total_to": Decimal(100)}),
        ("unpaid", {"payment": "unpaid"}),
        ("Paid", {"payment": "paid"}),
        ('"unpaid"', {"words": ("unpaid",)}),
        ("created:today", {"created_from": TODAY, "created_before": TODAY + DAY}),
        ("created:yesterday", {"created_from": TODAY - DAY, "created_before": TODAY}),
        ("created:2026-11-01", {"created_from": datetime(2026, 11, 1, tzinfo=UTC),
                                "created_before": datetime(2026, 11, 2, tzinfo=UTC)}),
        ("created:2026-11-01..2026-11-03", {"created_from": datetime(2026, 11, 1, tzinfo=UTC),
                                            "created_before": datetime(2026, 11, 4, tzinfo=UTC)}),
        ("created:>2026-11-01", {"created_from": datetime(2026, 11, 2, tzinfo=UTC)}),
        ("created:<2026-11-01", {"created_before": datetime(2026, 11, 1, tzinfo=UTC)}),
        ("created:>7d", {"created_before": NOW - 7 * DAY}),
        ("created:<12h", {"created_from": NOW - timedelta(hours=12)}),
        ("created:2w", {"created_from": NOW - 14 * DAY}),
        ("K7M2-QX4C", {"words": ("K7M2-QX4C",)}),
        ("10:30", {"words": ("10:30",)}),
        ("'; DROP TABLE orders; --", {"words": ("';", "DROP", "TABLE", "orders;", "--")}),
        ('"never closed', {"words": ("never closed",)}),
        ("tag:rush,Gift tag:#vip", {"tags": (("rush", "gift"), ("vip",))}),
        ("-tag:done assigned:me", {"without_tags": ("done",), "assigned": "me"}),
        ("-assigned:none held", {"not_assigned": "none", "held": True}),
        ("-held -unpaid", {"held": False, "payment": "paid"}),
        ("-words", {"words": ("-words",)}),
    ],
)  # fmt: skip
def test_what_a_line_means(text: str, fields: dict[str, Any]) -> None:
    assert parse_order_query(text, now=NOW) == OrderQuery(**fields)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("status:lost", "status:lost"),
        ("ann status:", "status:"),
        ("total:many", "total:many"),
        ("total:1..x", "total:1..x"),
        ("created:soon", "created:soon"),
        ("created:2026-13-01", "created:2026-13-01"),
        ("created:>", "created:>"),
        ("colour:red", "colour:red"),
        ("tag:,", "tag:,"),
        ("-tag:", "-tag:"),
        ("order:K7M2", "order:K7M2"),
    ],
)
def test_what_can_not_be_read_is_named(text: str, token: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_order_query(text, now=NOW)
    assert list(refused.value.fields) == [token]
    assert refused.value.fields[token]


@pytest.mark.parametrize(
    ("text", "place", "meant"),
    [
        ("ann statis:shipped", "statis:", "status:"),
        ("status:pending,shiped", "shiped", "shipped"),
        ("created:yestreday x", "yestreday", "yesterday"),
        ("customr:ann", "customr:", "customer:"),
        ("total:50..x", "x", ""),
        ("xyzzy:1", "xyzzy:", ""),
    ],
)
def test_what_can_not_be_read_is_marked_in_its_place_with_what_was_meant(text: str, place: str, meant: str) -> None:
    line = read_order_query(text, now=NOW)
    assert [(text[one.start : one.end], one.suggestion) for one in line.problems] == [(place, meant)]


def test_a_word_that_is_nearly_a_flag_is_looked_for_and_asked_about() -> None:
    line = read_order_query("unpayed ann", now=NOW)
    assert line.query.words == ("unpayed", "ann")
    assert [(one.start, one.end, one.suggestion) for one in line.hints] == [(0, 7, "unpaid")]
    assert read_order_query("held unpaid ann lee 10:30", now=NOW).hints == ()


def _read(text: str) -> OrderQuery | dict[str, str]:
    """Return the query, or the fields that were refused."""
    try:
        return parse_order_query(text, now=NOW)
    except Invalid as error:
        return error.fields


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused_by_name(text: str) -> None:
    answer = _read(text)
    assert answer if isinstance(answer, dict) else set(answer.statuses) <= set(STATUSES)


_PIECES = st.sampled_from(
    ["status:", "total:", "created:", ">", "<", "..", '"', "7d", "today", "1", "x", " ", ":", "\0"]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_any_mixture_of_its_own_pieces_is_read_or_refused_by_name(text: str) -> None:
    answer = _read(text)
    assert answer if isinstance(answer, dict) else isinstance(answer, OrderQuery)
