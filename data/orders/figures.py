"""The figures of the day and of the open work. What they cost follows the open work, never the years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import text

from data.orders.rules import OPEN

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.stores.postgres import Postgres

__all__ = ["LATE_AFTER", "PAID", "OpenWork", "Today", "count_by_status", "needs_a_hand", "today_summary"]

#: An open order older than this is late.
LATE_AFTER = timedelta(days=3)

#: What an order ``o`` took in: captured and refunded, of the steps that succeeded.
PAID = """
    SELECT coalesce(sum(p.amount) FILTER (WHERE p.kind = 'capture'), 0) AS captured,
           coalesce(sum(p.amount) FILTER (WHERE p.kind = 'refund'), 0) AS refunded
      FROM payments p WHERE p.order_id = o.order_id AND p.status = 'succeeded'
"""


@dataclass(frozen=True)
class Today:
    """The day so far and the open work; ``revenue`` adds up ``total_amount`` of orders not cancelled, by currency."""

    orders: int
    revenue: Mapping[str, Decimal]
    open_by_status: Mapping[str, int]


@dataclass(frozen=True)
class OpenWork:
    """What needs a hand: stock levels at or below their reorder level, those of them sold out, and open orders.

    ``late_orders`` are open and older than ``LATE_AFTER``; ``unpaid_orders`` are open and not paid in full.
    """

    low_stock: int
    sold_out: int
    late_orders: int
    oldest_late_at: datetime | None
    unpaid_orders: int
    oldest_unpaid_at: datetime | None


def count_by_status(postgres: Postgres) -> dict[str, int]:
    """Return how many orders stand in each open status."""
    with postgres.reading() as connection:
        return _open_by_status(connection)


def today_summary(postgres: Postgres, *, now: datetime | None = None) -> Today:
    """Return the figures of the day (UTC) that ``now`` is in, and of the open work."""
    midnight = (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with postgres.reading() as connection:
        sums = connection.execute(_TODAY, {"midnight": midnight}).all()
        return Today(
            orders=sum(row.orders for row in sums),
            revenue={row.currency: row.revenue for row in sums if row.revenue is not None},
            open_by_status=_open_by_status(connection),
        )


def needs_a_hand(postgres: Postgres, *, now: datetime | None = None) -> OpenWork:
    """Return what somebody should look at; lateness counts back from ``now``."""
    with postgres.reading() as connection:
        levels = connection.execute(_LOW).one()
        late = connection.execute(_LATE, {"edge": (now or datetime.now(UTC)) - LATE_AFTER}).one()
        unpaid = connection.execute(_UNPAID).one()
        return OpenWork(levels.low_stock, levels.sold_out, late.orders, late.oldest, unpaid.orders, unpaid.oldest)


def _open_by_status(connection: Connection) -> dict[str, int]:
    found = {row.order_status: row.orders for row in connection.execute(_OPEN_BY_STATUS)}
    return {status: found.get(status, 0) for status in OPEN}


_TODAY = text(
    """
    SELECT currency, count(*) AS orders,
           sum(total_amount) FILTER (WHERE order_status NOT IN ('cancelled', 'refunded')) AS revenue
      FROM orders WHERE created_at >= :midnight GROUP BY currency ORDER BY currency
    """
)
# The four below read only the partial indexes idx_orders_open and idx_inventory_available_stock: the open work, which
# does not grow with the years.
_OPEN_BY_STATUS = text(
    """
    SELECT order_status, count(*) AS orders FROM orders
     WHERE order_status IN ('pending', 'confirmed', 'processing') GROUP BY order_status
    """
)
_LATE = text(
    """
    SELECT count(*) AS orders, min(created_at) AS oldest FROM orders
     WHERE order_status IN ('pending', 'confirmed', 'processing') AND created_at < :edge
    """
)
_UNPAID = text(
    f"""
    SELECT count(*) AS orders, min(o.created_at) AS oldest FROM orders o CROSS JOIN LATERAL ({PAID}) AS money
     WHERE o.order_status IN ('pending', 'confirmed', 'processing') AND money.captured - money.refunded < o.total_amount
    """
)
_LOW = text(
    """
    SELECT count(*) AS low_stock, count(*) FILTER (WHERE available_stock = 0) AS sold_out FROM inventory WHERE is_low
    """
)
