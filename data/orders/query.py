"""The orders list's one line of query, read into a frozen value. Pure.

Words and ``field:value`` pairs, all of which must hold::

    status:processing,pending customer:ann sku:RAM-0412 warehouse:WH1 total:>100 created:>7d unpaid K7M2-QX4C
    tag:rush,gift assigned:me -tag:done held order:K7M2-QX4C,K7M2-R1B8

``total:`` takes ``100``, ``>100``, ``>=100``, ``<100`` or ``50..100``. ``created:`` takes a day (``2026-11-22``,
``today``, ``yesterday``), ``>2026-11-01``, a span of days ``2026-11-01..2026-11-22``, or an age: ``>7d`` is older than
seven days, ``<12h`` is the last twelve hours. ``tag:a,b`` is either, ``tag:a tag:b`` both. ``assigned:`` takes ``me``,
``none``, or words of a colleague's name or e-mail. ``paid``, ``unpaid`` and ``held`` stand alone; ``-`` before one of
these, ``tag:`` or ``assigned:`` turns it round. Plain words match the order number, the customer's name or e-mail;
quotes keep blanks together.

Every token that cannot be read is a problem with its place in the line and, where that can be guessed, what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from uuid import UUID

from data.errors import Invalid
from data.ids import normal_order_number
from data.money import parse_money
from data.orders.handling.rules import normal_tag
from data.orders.rules import STATUSES
from data.search.query import QueryProblem

__all__ = ["FIELDS", "FLAGS", "OrderLine", "OrderQuery", "parse_order_query", "read_order_query"]

_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_AGE = re.compile(r"^(\d{1,4})([hdw])$")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
#: words that stand alone
FLAGS = ("unpaid", "paid", "held")
_MOST_NUMBERS = 1_000
#: how much a word must be like a flag for the question whether that was meant
_ALIKE = 0.72


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
    #: ``unpaid`` (less came in than is to be paid), ``paid``, or ``""``
    payment: str = ""
    #: of each group one tag must be there
    tags: tuple[tuple[str, ...], ...] = ()
    without_tags: tuple[str, ...] = ()
    #: ``me``, ``none``, or words of a colleague's name
    assigned: str = ""
    not_assigned: str = ""
    held: bool | None = None
    numbers: tuple[str, ...] = ()
    #: who ``me`` is
    me: UUID | None = None

    def seen_by(self, user_id: UUID) -> OrderQuery:
        """Return the query as ``user_id`` asks it."""
        return replace(self, me=user_id)


@dataclass(frozen=True)
class OrderLine:
    """A line as read. ``problems`` are tokens left out of ``query``, ``hints`` words that may be meant otherwise."""

    query: OrderQuery
    problems: tuple[QueryProblem, ...] = ()
    hints: tuple[QueryProblem, ...] = ()


class _UnreadableError(Exception):
    """Why a token can't be read, which ``part`` of it (``""``: all of its value), and what may have been meant."""

    def __init__(self, why: str, part: str = "", meant: str = "") -> None:
        super().__init__(why)
        self.why, self.part, self.meant = why, part, meant


def parse_order_query(text: str, *, now: datetime | None = None) -> OrderQuery:
    """Return the query ``text`` spells; ages count back from ``now`` (the present).

    Raises ``Invalid`` with the first token that cannot be read as the field.
    """
    line = read_order_query(text, now=now)
    if line.problems:
        first = line.problems[0]
        token = next(match[0] for match in _TOKEN.finditer(text) if match.start() <= first.start < match.end())
        meant = f"; is {first.suggestion} meant?" if first.suggestion else ""
        raise Invalid({token: f"{first.message}{meant}"})
    return line.query


def read_order_query(text: str, *, now: datetime | None = None) -> OrderLine:
    """Return what ``text`` spells and what of it cannot be read. Never raises."""
    present = now or datetime.now(UTC)
    query, problems, hints = OrderQuery(), list[QueryProblem](), list[QueryProblem]()
    for match in _TOKEN.finditer(text):
        token = match[0]
        try:
            query = _with_token(query, token, present)
        except _UnreadableError as trouble:
            start, end = _place(token, trouble.part)
            problems.append(QueryProblem(match.start() + start, match.start() + end, trouble.why, trouble.meant))
        else:
            if meant := _flag_meant(token):
                hints.append(QueryProblem(match.start(), match.end(), f"{token} is looked for as a name", meant))
    return OrderLine(query, tuple(problems), tuple(hints))


def _place(token: str, part: str) -> tuple[int, int]:
    """Return where in ``token`` the trouble is: at ``part``, else in all of it."""
    start = token.find(part) if part else -1
    return (start, start + len(part)) if start >= 0 else (0, len(token))


def _flag_meant(token: str) -> str:
    word = token.lower()
    if word in FLAGS or not word.isalpha():
        return ""
    return _nearest(word, FLAGS, _ALIKE)


def _nearest(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    return next(iter(get_close_matches(word.lower(), list(known), n=1, cutoff=alike)), "")


def _with_token(query: OrderQuery, token: str, now: datetime) -> OrderQuery:
    bare = token.removeprefix("-")
    name, colon, value = bare.partition(":")
    name, value = name.lower(), value.replace('"', "")
    if bare != token and (name in _TURNED if colon else bare.lower() in _TURNED):
        if colon and not value:
            raise _UnreadableError(f"say which {name}")
        return _TURNED[name](query, value)
    if bare != token or not colon or name not in FIELDS:
        return _word(query, token)
    if not value:
        raise _UnreadableError(f"say which {name}")
    return FIELDS[name](query, value, now)


def _word(query: OrderQuery, token: str) -> OrderQuery:
    plain = token.replace('"', "").strip()
    if plain.lower() in FLAGS and '"' not in token:
        if plain.lower() == "held":
            return replace(query, held=True)
        return replace(query, payment=plain.lower())
    name, colon, value = token.partition(":")
    if colon and name.isalpha() and value and '"' not in name:
        known = " ".join(f"{each}:" for each in FIELDS)
        meant = _nearest(name, FIELDS)
        raise _UnreadableError(f"is unknown; there are {known}", f"{name}:", f"{meant}:" if meant else "")
    return replace(query, words=(*query.words, plain)) if plain else query


def _statuses(query: OrderQuery, value: str, now: datetime) -> OrderQuery:
    asked = tuple(part.strip() for part in value.split(",") if part.strip())
    for status in asked:
        if status.lower() not in STATUSES:
            raise _UnreadableError(f"none of {', '.join(STATUSES)}", status, _nearest(status, STATUSES))
    statuses = (status.lower() for status in asked)
    return replace(query, statuses=tuple(dict.fromkeys((*query.statuses, *statuses))))


def _amount(text: str) -> Decimal:
    try:
        return parse_money(text, field="total")
    except Invalid as refused:
        raise _UnreadableError(refused.fields["total"], text.strip()) from None


def _total(query: OrderQuery, value: str, now: datetime) -> OrderQuery:
    low, dots, high = value.partition("..")
    if dots:
        return replace(query, total_from=_amount(low), total_to=_amount(high))
    for sign, field in ((">=", "total_from"), ("<=", "total_to"), (">", "total_above"), ("<", "total_below")):
        if value.startswith(sign):
            return replace(query, **{field: _amount(value.removeprefix(sign))})  # type: ignore[arg-type]
    amount = _amount(value)
    return replace(query, total_from=amount, total_to=amount)


def _created(query: OrderQuery, value: str, now: datetime) -> OrderQuery:
    sign = value[0] if value[0] in "<>" else ""
    bare = value.removeprefix(sign).removeprefix("=")
    if age := _AGE.match(bare.lower()):
        edge = now - int(age[1]) * _UNITS[age[2]]
        # ``>7d`` speaks of the age: older than seven days; without a sign it is "the last seven days".
        return replace(query, created_before=edge) if sign == ">" else replace(query, created_from=edge)
    first, dots, last = bare.partition("..")
    begin = _day(first, now)
    if dots:
        return replace(query, created_from=begin, created_before=_day(last, now) + timedelta(days=1))
    if sign == ">":
        return replace(query, created_from=begin + timedelta(days=1))
    if sign == "<":
        return replace(query, created_before=begin)
    return replace(query, created_from=begin, created_before=begin + timedelta(days=1))


def _day(text: str, now: datetime) -> datetime:
    """Return the midnight (UTC) at which the day ``text`` begins."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    if text.lower() in named:
        return named[text.lower()]
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        meant = _nearest(text, named)
        raise _UnreadableError(f"{text!r} is no day: 2026-11-22, today, yesterday, >7d, <12h", text, meant) from None


def _tag_group(value: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(normal_tag(part) for part in value.split(",") if part.strip()))
    if not tags:
        raise _UnreadableError("say which tag")
    return tags


def _order_numbers(query: OrderQuery, value: str, now: datetime) -> OrderQuery:
    asked = [part.strip() for part in value.split(",") if part.strip()]
    for number in asked:
        if normal_order_number(number) is None:
            raise _UnreadableError(f"{number!r} is no order number, write it like K7M2-QX4C", number)
    if len(asked) > _MOST_NUMBERS:
        raise _UnreadableError(f"names more than {_MOST_NUMBERS:,} orders")
    return replace(query, numbers=(*query.numbers, *filter(None, map(normal_order_number, asked))))


_Read = Callable[[OrderQuery, str, datetime], OrderQuery]
#: every field of the line, in the order they are told
FIELDS: dict[str, _Read] = {
    "status": _statuses,
    "customer": lambda query, value, now: replace(query, customer=value),
    "sku": lambda query, value, now: replace(query, sku=value),
    "warehouse": lambda query, value, now: replace(query, warehouse_id=value),
    "channel": lambda query, value, now: replace(query, channel=value),
    "total": _total,
    "created": _created,
    "tag": lambda query, value, now: replace(query, tags=(*query.tags, _tag_group(value))),
    "assigned": lambda query, value, now: replace(query, assigned=value),
    "order": _order_numbers,
}
#: what ``-`` turns round
_TURNED: dict[str, Callable[[OrderQuery, str], OrderQuery]] = {
    "held": lambda query, value: replace(query, held=False),
    "unpaid": lambda query, value: replace(query, payment="paid"),
    "paid": lambda query, value: replace(query, payment="unpaid"),
    "tag": lambda query, value: replace(query, without_tags=(*query.without_tags, *_tag_group(value))),
    "assigned": lambda query, value: replace(query, not_assigned=value),
}
