"""The orders list's one line of query, read into a frozen value. Pure.

Words and ``field:value`` pairs, all of which must hold::

    status:processing,pending customer:ann sku:RAM-0412 warehouse:WH1 total:>100 created:>7d unpaid K7M2-QX4C

``total:`` takes ``100``, ``>100``, ``>=100``, ``<100`` or ``50..100``. ``created:`` takes a day (``2026-11-22``,
``today``, ``yesterday``), ``>2026-11-01``, a span of days ``2026-11-01..2026-11-22``, or an age: ``>7d`` is older than
seven days, ``<12h`` is the last twelve hours. Plain words match the order number, the customer's name or e-mail; quotes
keep blanks together. A token that cannot be read raises ``Invalid`` with the token itself as the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from data.errors import Invalid
from data.money import parse_money
from data.orders.rules import STATUSES

__all__ = ["OrderQuery", "parse_order_query"]

_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_AGE = re.compile(r"^(\d{1,4})([hdw])$")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_FLAGS = {"unpaid", "paid"}


@dataclass(frozen=True)
class OrderQuery:
    """Which orders. Bounds are inclusive unless named ``_above`` or ``_below``; empty means no restriction."""

    statuses: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    customer: str = ""
    sku: str = ""
    warehouse_id: str = ""
    channel: str = ""
    total_from: Decimal | None = None
    total_above: Decimal | None = None
    total_to: Decimal | None = None
    total_below: Decimal | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    #: ``unpaid`` (less than the total is paid), ``paid``, or ``""``
    payment: str = ""


def parse_order_query(text: str, *, now: datetime | None = None) -> OrderQuery:
    """Return the query ``text`` spells; ages count back from ``now`` (the present). Raises ``Invalid``."""
    present = now or datetime.now(UTC)
    query = OrderQuery()
    for match in _TOKEN.finditer(text):
        token = match[0]
        name, colon, value = token.partition(":")
        value = value.replace('"', "")
        if not colon or name.lower() not in _FIELDS:
            query = _word(query, token)
        elif not value:
            raise Invalid({token: f"say which {name.lower()}"})
        else:
            query = _FIELDS[name.lower()](query, token, value, present)
    return query


def _word(query: OrderQuery, token: str) -> OrderQuery:
    plain = token.replace('"', "").strip()
    if plain.lower() in _FLAGS and '"' not in token:
        return replace(query, payment=plain.lower())
    name, colon, value = token.partition(":")
    if colon and name.isalpha() and value and '"' not in name:
        raise Invalid({token: f"is unknown; there are {' '.join(f'{known}:' for known in _FIELDS)}"})
    return replace(query, words=(*query.words, plain)) if plain else query


def _statuses(query: OrderQuery, token: str, value: str, now: datetime) -> OrderQuery:
    asked = tuple(part.strip().lower() for part in value.split(",") if part.strip())
    for status in asked:
        if status not in STATUSES:
            raise Invalid({token: f"none of {', '.join(STATUSES)}"})
    return replace(query, statuses=tuple(dict.fromkeys((*query.statuses, *asked))))


def _total(query: OrderQuery, token: str, value: str, now: datetime) -> OrderQuery:
    low, dots, high = value.partition("..")
    if dots:
        return replace(query, total_from=parse_money(low, field=token), total_to=parse_money(high, field=token))
    for sign, field in ((">=", "total_from"), ("<=", "total_to"), (">", "total_above"), ("<", "total_below")):
        if value.startswith(sign):
            return replace(query, **{field: parse_money(value.removeprefix(sign), field=token)})  # type: ignore[arg-type]
    amount = parse_money(value, field=token)
    return replace(query, total_from=amount, total_to=amount)


def _created(query: OrderQuery, token: str, value: str, now: datetime) -> OrderQuery:
    sign = value[0] if value[0] in "<>" else ""
    bare = value.removeprefix(sign).removeprefix("=")
    if age := _AGE.match(bare.lower()):
        edge = now - int(age[1]) * _UNITS[age[2]]
        # ``>7d`` speaks of the age: older than seven days; without a sign it is "the last seven days".
        return replace(query, created_before=edge) if sign == ">" else replace(query, created_from=edge)
    first, dots, last = bare.partition("..")
    begin = _day(first, token, now)
    if dots:
        return replace(query, created_from=begin, created_before=_day(last, token, now) + timedelta(days=1))
    if sign == ">":
        return replace(query, created_from=begin + timedelta(days=1))
    if sign == "<":
        return replace(query, created_before=begin)
    return replace(query, created_from=begin, created_before=begin + timedelta(days=1))


def _day(text: str, token: str, now: datetime) -> datetime:
    """Return the midnight (UTC) at which the day ``text`` begins."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    if text.lower() in named:
        return named[text.lower()]
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid({token: f"{text!r} is no day: 2026-11-22, today, yesterday, >7d, <12h"}) from None


_Read = Callable[[OrderQuery, str, str, datetime], OrderQuery]
_FIELDS: dict[str, _Read] = {
    "status": _statuses,
    "customer": lambda query, token, value, now: replace(query, customer=value),
    "sku": lambda query, token, value, now: replace(query, sku=value),
    "warehouse": lambda query, token, value, now: replace(query, warehouse_id=value),
    "channel": lambda query, token, value, now: replace(query, channel=value),
    "total": _total,
    "created": _created,
}
