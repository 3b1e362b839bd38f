"""The one fact table of analytics: a row for each order line, newest version wins.

``order_lines`` is a ReplacingMergeTree: a line written again with a higher ``version`` (a status change, an edit)
replaces the older row when parts merge, and every query reads with FINAL, so the time of the merge never shows. The
sort key starts with the day, which the dashboards filter by, and is unique per line; the day of an order never
changes, so a line's versions always meet in one partition. A batch that is sent twice is dropped by its token
(``data.events.facts``), and would do no harm if it were not.

Rejected: SummingMergeTree or a materialized view of daily sums, which a retried insert would count twice.

An order edit that takes a line out sends that line once more with quantity 0 and amounts 0.
"""

from __future__ import annotations

from data.stores.clickhouse import Analytics

__all__ = ["COLUMNS", "LINES", "ensure_schema"]

LINES = "order_lines"

#: Name and type of every column, in the order in which rows are written.
COLUMNS: dict[str, str] = {
    "order_id": "UUID",
    "order_item_id": "UUID",
    "order_number": "String",
    "user_id": "Nullable(UUID)",
    "product_id": "String",
    "sku": "String",
    "brand": "LowCardinality(String)",
    "category": "LowCardinality(String)",
    "warehouse_id": "LowCardinality(String)",
    "channel": "LowCardinality(String)",
    "quantity": "UInt32",
    "unit_price": "Decimal(10, 2)",
    "total_price": "Decimal(12, 2)",
    "discount_amount": "Decimal(10, 2)",
    "tax_amount": "Decimal(10, 2)",
    "order_status": "LowCardinality(String)",
    "currency": "LowCardinality(String)",
    "country": "LowCardinality(String)",
    "placed_at": "DateTime64(6, 'UTC')",
    "version": "UInt64",
}


def ensure_schema(analytics: Analytics) -> None:
    """Create the table where it is missing. Safe to call at every start and from several processes at once."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    analytics.command(
        f"CREATE TABLE IF NOT EXISTS {LINES} ({columns}) ENGINE = ReplacingMergeTree(version)"
        " PARTITION BY toYYYYMM(placed_at) ORDER BY (toDate(placed_at), order_id, order_item_id)"
        # A plain MergeTree forgets tokens unless told how many to keep.
        " SETTINGS non_replicated_deduplication_window = 1000"
    )
