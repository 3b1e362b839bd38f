"""What was sold: plain functions over the fact table that return frozen values.

*Revenue* is the sum of the lines' ``total_price`` less their discount, in one currency, without tax added at the till
and without shipping. Orders that were cancelled or refunded are no sales and count nowhere. Days and hours are those
of the caller's time zone. Every list is without gaps: a day on which nothing was sold is a row of zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from data.analytics.schema import LINES
from data.stores.clickhouse import Analytics

__all__ = [
    "NOT_SOLD",
    "ProductSales",
    "SalesComparison",
    "SalesDay",
    "SalesHour",
    "TopProduct",
    "compare_with_last_week",
    "last_sale_at",
    "not_moving",
    "popular_product_ids",
    "product_sales",
    "sales_by_day",
    "sales_by_hour",
    "top_products",
    "units_sold",
]

#: Order states whose lines are no revenue.
NOT_SOLD = ("cancelled", "refunded")
_ZERO = Decimal("0.00")

_SOLD = (
    f"FROM {LINES} FINAL"
    " WHERE placed_at >= {since:DateTime64(6, 'UTC')} AND placed_at < {until:DateTime64(6, 'UTC')}"
    " AND order_status NOT IN {not_sold:Array(String)} AND quantity > 0"
)
_IN_CURRENCY = " AND currency = {currency:String}"
_SUMS = "uniqExact(order_id), sum(quantity), sum(total_price - discount_amount)"


@dataclass(frozen=True)
class SalesDay:
    """One day's sales: orders, units, revenue."""

    day: date
    orders: int = 0
    units: int = 0
    revenue: Decimal = _ZERO


@dataclass(frozen=True)
class SalesHour:
    """One hour's sales; ``hour`` is 0 to 23."""

    hour: int
    orders: int = 0
    units: int = 0
    revenue: Decimal = _ZERO


@dataclass(frozen=True)
class SalesComparison:
    """Today up to ``at``, and the same weekday last week up to the same time of day."""

    at: datetime
    today: SalesDay
    last_week: SalesDay

    @property
    def change_percent(self) -> Decimal | None:
        """How much more revenue today than last week, in percent, one decimal; ``None`` where last week had none."""
        if not self.last_week.revenue:
            return None
        return ((self.today.revenue / self.last_week.revenue - 1) * 100).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class TopProduct:
    """One product's sales over a period. ``sku`` is the one it was last sold under."""

    product_id: str
    sku: str
    orders: int
    units: int
    revenue: Decimal


@dataclass(frozen=True)
class ProductSales:
    """One product's sales, day by day, and over the whole period. ``last_sold_at`` is ``None`` where nothing was."""

    product_id: str
    days: tuple[SalesDay, ...]
    orders: int
    units: int
    revenue: Decimal
    last_sold_at: datetime | None


def sales_by_day(
    analytics: Analytics, days: int, tz: tzinfo = UTC, *, currency: str = "USD", now: datetime | None = None
) -> tuple[SalesDay, ...]:
    """Return the last ``days`` days, oldest first, today (up to now) last. Raises ``Unavailable``."""
    today = _now(now).astimezone(tz).date()
    first = today - timedelta(days=days - 1)
    rows = analytics.query(
        f"SELECT toDate(placed_at, {{zone:String}}) AS day, {_SUMS} {_SOLD}{_IN_CURRENCY} GROUP BY day",
        _period(first, today, tz) | {"currency": currency, "zone": zone_name(tz)},
    )
    return _without_gaps(first, days, rows)


def sales_by_hour(analytics: Analytics, day: date, tz: tzinfo = UTC, *, currency: str = "USD") -> tuple[SalesHour, ...]:
    """Return the 24 hours of ``day`` on the wall clock of ``tz``. Raises ``Unavailable``."""
    rows = analytics.query(
        f"SELECT toHour(placed_at, {{zone:String}}) AS hour, {_SUMS} {_SOLD}{_IN_CURRENCY} GROUP BY hour",
        _period(day, day, tz) | {"currency": currency, "zone": zone_name(tz)},
    )
    found = {int(row[0]): SalesHour(int(row[0]), row[1], row[2], row[3]) for row in rows}
    return tuple(found.get(hour, SalesHour(hour)) for hour in range(24))


def compare_with_last_week(
    analytics: Analytics, tz: tzinfo = UTC, *, currency: str = "USD", now: datetime | None = None
) -> SalesComparison:
    """Return today so far beside the same weekday last week up to the same time of day. Raises ``Unavailable``."""
    at = _now(now).astimezone(tz)
    week_ago = at.date() - timedelta(days=7)
    clock = at.time().replace(tzinfo=None)
    today = _one_day(analytics, at.date(), clock, tz, currency)
    return SalesComparison(at.astimezone(UTC), today, _one_day(analytics, week_ago, clock, tz, currency))


def top_products(
    analytics: Analytics, days: int, limit: int = 10, *, currency: str = "USD", now: datetime | None = None
) -> tuple[TopProduct, ...]:
    """Return the products with the most revenue of the last ``days`` × 24 hours, best first. Raises ``Unavailable``."""
    rows = analytics.query(
        f"SELECT product_id, argMax(sku, placed_at), {_SUMS} AS revenue {_SOLD}{_IN_CURRENCY}"
        " GROUP BY product_id ORDER BY revenue DESC, product_id LIMIT {limit:UInt32}",
        _last(days, now) | {"currency": currency, "limit": limit},
    )
    return tuple(TopProduct(*row) for row in rows)


def popular_product_ids(
    analytics: Analytics, days: int = 90, limit: int = 1000, *, now: datetime | None = None
) -> tuple[str, ...]:
    """Return the ids of the products sold in most orders of the last ``days`` × 24 hours. Raises ``Unavailable``."""
    rows = analytics.query(
        f"SELECT product_id {_SOLD} GROUP BY product_id"
        " ORDER BY uniqExact(order_id) DESC, sum(quantity) DESC, product_id LIMIT {limit:UInt32}",
        _last(days, now) | {"limit": limit},
    )
    return tuple(row[0] for row in rows)


def units_sold(
    analytics: Analytics, days: int = 90, limit: int = 50_000, *, now: datetime | None = None
) -> dict[str, int]:
    """Return the units sold of the ``limit`` best-selling products of the last ``days`` × 24 hours, by product id.

    Raises ``Unavailable``.
    """
    rows = analytics.query(
        f"SELECT product_id, sum(quantity) AS units {_SOLD} GROUP BY product_id"
        " ORDER BY units DESC, product_id LIMIT {limit:UInt32}",
        _last(days, now) | {"limit": limit},
    )
    return {row[0]: int(row[1]) for row in rows}


def product_sales(
    analytics: Analytics,
    product_id: str,
    days: int = 90,
    tz: tzinfo = UTC,
    *,
    currency: str = "USD",
    now: datetime | None = None,
) -> ProductSales:
    """Return one product's sales of the last ``days`` days, today included. Raises ``Unavailable``."""
    today = _now(now).astimezone(tz).date()
    first = today - timedelta(days=days - 1)
    rows = analytics.query(
        f"SELECT toDate(placed_at, {{zone:String}}) AS day, {_SUMS}, max(placed_at) {_SOLD}{_IN_CURRENCY}"
        " AND product_id = {product_id:String} GROUP BY day",
        _period(first, today, tz) | {"currency": currency, "zone": zone_name(tz), "product_id": product_id},
    )
    series = _without_gaps(first, days, rows)
    return ProductSales(
        product_id,
        series,
        # An order lies on one day, so the days' orders may be added up.
        sum(day.orders for day in series),
        sum(day.units for day in series),
        sum((day.revenue for day in series), _ZERO),
        max((row[4] for row in rows), default=None),
    )


def not_moving(
    analytics: Analytics, product_ids: Sequence[str], days: int = 90, *, now: datetime | None = None
) -> tuple[str, ...]:
    """Return those of ``product_ids`` that were not sold in the last ``days`` × 24 hours. Raises ``Unavailable``."""
    if not product_ids:
        return ()
    rows = analytics.query(
        f"SELECT DISTINCT product_id {_SOLD} AND product_id IN {{product_ids:Array(String)}}",
        _last(days, now) | {"product_ids": list(product_ids)},
    )
    moving = {row[0] for row in rows}
    return tuple(product_id for product_id in product_ids if product_id not in moving)


def last_sale_at(analytics: Analytics) -> datetime | None:
    """Return when the newest order known here was placed: the "as of" of every figure. Raises ``Unavailable``."""
    count, newest = analytics.query(f"SELECT count(), max(placed_at) FROM {LINES}")[0]
    return newest if count else None


def zone_name(tz: tzinfo) -> str:
    """Return the IANA name of ``tz`` as ClickHouse wants it. Raises ``ValueError`` for a zone without a name."""
    if tz is UTC:
        return "UTC"
    name = getattr(tz, "key", None)
    if not isinstance(name, str):
        raise ValueError(f"{tz!r} has no IANA name, take a zoneinfo.ZoneInfo")
    return name


def _now(now: datetime | None) -> datetime:
    return now or datetime.now(UTC)


def _between(since: datetime, until: datetime) -> dict[str, object]:
    return {"since": since, "until": until, "not_sold": list(NOT_SOLD)}


def _last(days: int, now: datetime | None) -> dict[str, object]:
    until = _now(now)
    return _between(until - timedelta(days=days), until)


def _period(first: date, last: date, tz: tzinfo) -> dict[str, object]:
    """Return the bounds of whole days of ``tz``: midnight before ``first`` to midnight after ``last``."""
    start = datetime.combine(first, time(), tzinfo=tz)
    return _between(start, datetime.combine(last + timedelta(days=1), time(), tzinfo=tz))


def _one_day(analytics: Analytics, day: date, until: time, tz: tzinfo, currency: str) -> SalesDay:
    bounds = _between(datetime.combine(day, time(), tzinfo=tz), datetime.combine(day, until, tzinfo=tz))
    rows = analytics.query(f"SELECT {_SUMS} {_SOLD}{_IN_CURRENCY}", bounds | {"currency": currency})
    return SalesDay(day, *rows[0])


def _without_gaps(first: date, days: int, rows: list[tuple[Any, ...]]) -> tuple[SalesDay, ...]:
    found = {row[0]: SalesDay(*row[:4]) for row in rows}
    wanted = (first + timedelta(days=offset) for offset in range(days))
    return tuple(found.get(day, SalesDay(day)) for day in wanted)
