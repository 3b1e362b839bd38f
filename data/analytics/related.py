"""What customers buy together: orders that hold one product, and what else they hold.

Read from the fact table when it is asked, so it is as new as the last order the relay delivered. Rejected: a table of
pairs kept up to date by each order, which a status change, an edit and a replay would each have to take back again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data.analytics.reads import NOT_SOLD
from data.analytics.schema import LINES
from data.stores.clickhouse import Analytics

__all__ = ["BoughtTogether", "bought_together"]

#: A product that lies in more orders than this is looked at in its newest ones.
_MOST_ORDERS = 20_000
_SOLD = "order_status NOT IN {not_sold:Array(String)} AND quantity > 0"


@dataclass(frozen=True)
class BoughtTogether:
    """A product with the number of orders that hold it beside the one that was asked about."""

    product_id: str
    sku: str
    orders: int


def bought_together(
    analytics: Analytics, product_id: str, days: int = 365, limit: int = 8, *, now: datetime | None = None
) -> tuple[BoughtTogether, ...]:
    """Return what the orders of the last ``days`` × 24 hours with ``product_id`` hold besides it, commonest first.

    Raises ``Unavailable``.
    """
    until = now or datetime.now(UTC)
    rows = analytics.query(
        f"SELECT product_id, argMax(sku, placed_at), uniqExact(order_id) AS orders FROM {LINES} FINAL"
        f" WHERE order_id IN (SELECT order_id FROM {LINES} FINAL WHERE product_id = {{product_id:String}} AND {_SOLD}"
        " AND placed_at >= {since:DateTime64(6, 'UTC')} AND placed_at < {until:DateTime64(6, 'UTC')}"
        " ORDER BY placed_at DESC LIMIT {most:UInt32})"
        # The same days again: they let whole parts of the table be left out.
        " AND placed_at >= {since:DateTime64(6, 'UTC')} AND placed_at < {until:DateTime64(6, 'UTC')}"
        f" AND product_id != {{product_id:String}} AND {_SOLD}"
        " GROUP BY product_id ORDER BY orders DESC, product_id LIMIT {limit:UInt32}",
        {
            "product_id": product_id,
            "since": until - timedelta(days=days),
            "until": until,
            "not_sold": list(NOT_SOLD),
            "most": _MOST_ORDERS,
            "limit": limit,
        },
    )
    return tuple(BoughtTogether(row[0], row[1], int(row[2])) for row in rows)
