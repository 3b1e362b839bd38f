"""How the screens say times, amounts and states: one convention, written once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from data.types import StatusMark

_ORDER_MARKS = {
    "pending": StatusMark("○", "pending", "warn"),
    "confirmed": StatusMark("◔", "confirmed"),
    "processing": StatusMark("◑", "processing"),
    "shipped": StatusMark("◕", "shipped", "good"),
    "delivered": StatusMark("●", "delivered", "good"),
    "cancelled": StatusMark("✗", "cancelled", "muted"),
    "refunded": StatusMark("↺", "refunded", "muted"),
}
_PRODUCT_MARKS = {
    "active": StatusMark("●", "active", "good"),
    "draft": StatusMark("○", "draft", "warn"),
    "archived": StatusMark("✗", "archived", "muted"),
}


#: What ``by_name`` takes for a number: no more digits than an index has, all of them ASCII.
_DIGITS = re.compile(r"([0-9]{1,9})")

_moment: datetime | None = None


def now() -> datetime:
    """Return the present, aware, in UTC. Screens ask here, so that a picture can be taken at a fixed time."""
    return _moment or datetime.now(UTC)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Let the screens believe that it is ``moment``, for pictures that must look the same tomorrow."""
    global _moment
    before, _moment = _moment, moment
    try:
        yield
    finally:
        _moment = before


def when(at: datetime | None, present: datetime | None = None) -> str:
    """Return ``at`` as a list shows it: ``12 min``, ``14:02`` (today), ``Tue 18:40`` (this week), then the day."""
    if at is None:
        return "–"
    present = present or now()
    local, today = at.astimezone(), present.astimezone()
    age = present - at
    if timedelta(0) <= age < timedelta(minutes=1):
        return "now"
    if timedelta(0) <= age < timedelta(hours=1):
        return f"{int(age.total_seconds() // 60)} min"
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if timedelta(0) <= age < timedelta(days=6):
        return f"{local:%a %H:%M}"
    if local.year == today.year:
        return f"{local.day} {local:%b}"
    return f"{local:%Y-%m-%d}"


def age(at: datetime | None, present: datetime | None = None) -> str:
    """Return how long ago ``at`` was, in its largest unit: ``12 min``, ``5 h``, ``3 days``."""
    if at is None:
        return "–"
    minutes = max(int(((present or now()) - at).total_seconds() // 60), 0)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h"
    days = minutes // (24 * 60)
    return f"{days:,} day{'' if days == 1 else 's'}"


def took(milliseconds: float) -> str:
    """Return how long an answer took: ``7 ms``; under half a millisecond nobody counts."""
    return f"{milliseconds:.0f} ms" if milliseconds >= 0.5 else "<1 ms"


def exact(at: datetime | None) -> str:
    """Return ``at`` as a detail shows it: ``2026-11-22 14:02``."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at is not None else "–"


def order_mark(status: str) -> StatusMark:
    """Return the mark of an order's status."""
    return _ORDER_MARKS.get(status, StatusMark("?", status))


def product_mark(status: str) -> StatusMark:
    """Return the mark of a product's status."""
    return _PRODUCT_MARKS.get(status, StatusMark("?", status))


def payment_mark(state: str, paid: Decimal, status: str = "") -> StatusMark:
    """Return the mark of what is paid: everything, ``paid`` of it, or nothing; a closed order owes nothing."""
    if status in ("cancelled", "refunded"):
        return StatusMark("●", f"{paid:,.2f}", "warn") if paid > 0 else StatusMark("–", "", "muted")
    if state == "paid":
        return StatusMark("●", "paid", "good")
    if state == "part":
        return StatusMark("◐", f"{paid:,.2f}", "warn")
    return StatusMark("○", "unpaid", "warn")


def parcel_mark(status: str, shipped: int, units: int) -> StatusMark:
    """Return the mark of what is sent: units sent of all units while open, else how the order ended."""
    if status in ("delivered", "cancelled", "refunded"):
        return order_mark(status)
    if shipped >= units:
        return StatusMark("●", f"{shipped}/{units}", "good")
    return StatusMark("◐" if shipped else "○", f"{shipped}/{units}", "warn" if shipped else "plain")


def stock_mark(available: int, reorder_level: int = 0) -> StatusMark:
    """Return the mark of a stock level: none, low (at or below the reorder level), or in stock."""
    if available <= 0:
        return StatusMark("▲", "none", "bad")
    if available <= reorder_level:
        return StatusMark("▲", f"{available:,}", "warn")
    return StatusMark("●", f"{available:,}", "good")


def by_name(pair: tuple[str, Any]) -> list[tuple[bool, int, str]]:
    """Return a key that sorts named values as people count: ``slot 2`` before ``slot 10``."""
    parts = enumerate(_DIGITS.split(pair[0]))
    return [(place % 2 == 0, int(part) if place % 2 else 0, part) for place, part in parts]


def shown_value(value: Any) -> str:
    """Return an attribute's value as text: lists with commas, ``none`` for what is known to be absent."""
    if isinstance(value, list):
        return ", ".join(shown_value(item) for item in value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def address_line(address: Mapping[str, Any]) -> str:
    """Return an address as one line: ``Kantstr. 12, 10623 Berlin, DE``."""
    town = " ".join(str(address[name]) for name in ("postal_code", "city") if address.get(name))
    parts = (
        str(address.get("street_address") or ""),
        town,
        str(address.get("state") or ""),
        str(address.get("country") or ""),
    )
    return ", ".join(part for part in parts if part)
