"""The figures of the day and of the open work. What they cost follows the open work, never the years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import text

from data.orders.filters import HELD, UNPAID
from data.orders.rules import OPEN

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.stores.postgres import Postgres

__all__ = ["LATE_AFTER", "OpenWork", "Today", "count_by_status", "needs_a_hand", "today_summary"]

#: An open order older than this is late.
LATE_AFTER = timedelta(days=3)
#: What may be sent when it is not held: the view To ship says the same.
_TO_SHIP = ("confirmed", "processing")


@dataclass(frozen=True)
class Today:
    """The day so far and the open work.

    ``revenue`` adds up ``total_amount`` of orders not cancelled, by currency. ``open_by_status`` counts held orders,
    too; ``to_ship`` does not: nobody may send those, and the view of that name leaves them out as well.
    """

    orders: int
    revenue: Mapping[str, Decimal]
    open_by_status: Mapping[str, int]
    to_ship: int


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
        return {status: orders for status, (orders, _) in _open_work(connection).items()}


def today_summary(postgres: Postgres, *, now: datetime | None = None) -> Today:
    """Return the figures of the day (UTC) that ``now`` is in, and of the open work."""
    midnight = (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with postgres.reading() as connection:
        sums = connection.execute(_TODAY, {"midnight": midnight}).all()
        work = _open_work(connection)
        return Today(
            orders=sum(row.orders for row in sums),
            revenue={row.currency: row.revenue for row in sums if row.revenue is not None},
            open_by_status={status: orders for status, (orders, _) in work.items()},
            to_ship=sum(orders - held for status, (orders, held) in work.items() if status in _TO_SHIP),
        )


def needs_a_hand(postgres: Postgres, *, now: datetime | None = None) -> OpenWork:
    """Return what somebody should look at; lateness counts back from ``now``."""
    with postgres.reading() as connection:
        levels = connection.execute(_LOW).one()
        late = connection.execute(_LATE, {"edge": (now or datetime.now(UTC)) - LATE_AFTER}).one()
        unpaid = connection.execute(_UNPAID).one()
        return OpenWork(levels.low_stock, levels.sold_out, late.orders, late.oldest, unpaid.orders, unpaid.oldest)


def _open_work(connection: Connection) -> dict[str, tuple[int, int]]:
    """Return for each open status how many orders stand in it, and how many of those are held."""
    found = {row.order_status: (row.orders, row.held) for row in connection.execute(_OPEN_WORK)}
    return {status: found.get(status, (0, 0)) for status in OPEN}


_TODAY = text(
    """
    SELECT currency, count(*) AS orders,
           sum(total_amount) FILTER (WHERE order_status NOT IN ('cancelled', 'refunded')) AS revenue
      FROM orders WHERE created_at >= :midnight GROUP BY currency ORDER BY currency
    """
)
# The four below read only the partial indexes idx_orders_open, idx_orders_held, idx_orders_unpaid and
# idx_inventory_available_stock: the open work, which does not grow with the years.
_OPEN_WORK = text(
    f"""
    SELECT work.order_status, work.orders, coalesce(back.held, 0) AS held
      FROM (SELECT order_status, count(*) AS orders FROM orders
             WHERE order_status IN ('pending', 'confirmed', 'processing') GROUP BY order_status) AS work
      LEFT JOIN (SELECT o.order_status, count(*) AS held FROM orders o
                  WHERE {HELD} GROUP BY o.order_status) AS back USING (order_status)
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
    SELECT count(*) AS orders, min(o.created_at) AS oldest FROM orders o
     WHERE o.order_status IN ('pending', 'confirmed', 'processing') AND {UNPAID}
    """
)
_LOW = text(
    """
    SELECT count(*) AS low_stock, count(*) FILTER (WHERE available_stock = 0) AS sold_out FROM inventory WHERE is_low
    """
)
