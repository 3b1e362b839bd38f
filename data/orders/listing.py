"""The list of orders: one query line, newest first, by keyset (created_at, order_id) in both directions.

What the line asks is ``data.orders.filters``; here it becomes a page, and about how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from data.estimate import bounded_count, estimate_rows
from data.orders.filters import HELD, PAID, read_filter
from data.orders.rows import OrderRow
from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.estimate import Approximate
    from data.orders.query import OrderQuery
    from data.stores.postgres import Postgres

__all__ = ["count_orders", "list_orders", "order_rows"]

LISTING = "orders:-created_at"
_LISTED = """
    WITH page AS MATERIALIZED ({page})
    SELECT o.order_id, o.order_number, o.user_id,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS customer_name,
           coalesce(u.email, '') AS email, o.created_at, o.order_status, o.channel,
           coalesce(line.lines, 0) AS item_count, coalesce(line.units, 0) AS units,
           coalesce(line.shipped_units, 0) AS shipped_units, o.total_amount, o.paid_amount,
           CASE WHEN {paid} THEN 'paid' WHEN o.paid_amount > 0 THEN 'part' ELSE 'unpaid' END AS payment_state,
           o.currency, o.version, o.tags,
           coalesce(nullif(trim(concat_ws(' ', s.first_name, s.last_name)), ''), s.email, '') AS assigned_to,
           CASE WHEN {held} THEN o.hold_reason ELSE '' END AS hold_reason,
           CASE WHEN {held} THEN o.on_hold_until END AS on_hold_until
      FROM page o
      LEFT JOIN users u ON u.user_id = o.user_id
      LEFT JOIN users s ON s.user_id = o.assigned_to
      CROSS JOIN LATERAL (
            SELECT count(DISTINCT i.line_no)::int AS lines, sum(i.quantity)::int AS units,
                   coalesce(sum(i.shipped_quantity), 0)::int AS shipped_units
              FROM order_items i WHERE i.order_id = o.order_id) AS line
     ORDER BY o.created_at DESC, o.order_id DESC
"""


def listed(page: str) -> str:
    """Return the SELECT of ``OrderRow`` for the orders that ``page`` selects (``orders o``, whole rows).

    What a row shows besides is read for the page's rows only.
    """
    return _LISTED.format(page=page, held=HELD, paid=PAID)


def order_rows(connection: Connection, page: str, values: Mapping[str, Any]) -> list[OrderRow]:
    """Return the rows of ``listed(page)``."""
    found = connection.execute(text(listed(page)), dict(values)).mappings()
    return [OrderRow(**{**row, "tags": tuple(row["tags"])}) for row in found]


def list_orders(
    postgres: Postgres, query: OrderQuery, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> Page[OrderRow]:
    """Return a page of the orders ``query`` describes, newest first; ``before=""`` asks for the last page.

    ``estimate`` is the planner's, made for the first page only, exact where that holds everything. Raises ``Invalid``
    for a cursor of another list.
    """
    backwards, first = before is not None, before is None and not after
    with postgres.reading() as connection:
        # The plan must know the values: "status = shipped" and "status = pending" want different indexes.
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        asked = read_filter(connection, query)
        cursor = before if backwards else after
        if cursor:
            at, order_id = decode_cursor(LISTING, cursor)
            edge = "({0}.created_at, {0}.order_id) " + ("> " if backwards else "< ") + "(:edge_at, :edge_id)"
            asked.add_moment(edge, edge_at=at, edge_id=order_id)
        order = "ORDER BY o.created_at {0}, o.order_id {0} LIMIT :limit".format("ASC" if backwards else "DESC")
        rows = order_rows(connection, f"{asked.select()} {order}", {**asked.values, "limit": limit + 1})
        more = len(rows) > limit
        rows = (rows[1:] if backwards else rows[:limit]) if more else rows
        estimate = None
        if first:
            guessed = asked.select(guessed=True)
            estimate = estimate_rows(connection, guessed, asked.values, seen=limit + 1) if more else len(rows)
    follows, precedes = (bool(before), more) if backwards else (more, bool(after))
    return Page(
        rows=tuple(rows),
        after=_cursor(rows[-1]) if rows and follows else None,
        before=_cursor(rows[0]) if rows and precedes else None,
        estimate=estimate,
        exact=first and not more,
    )


def count_orders(postgres: Postgres, queries: Iterable[OrderQuery]) -> list[Approximate]:
    """Return about how many orders each of ``queries`` finds, in a bounded time each; see ``data.estimate``."""
    counts: list[Approximate] = []
    with postgres.reading() as connection:
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        for query in queries:
            asked = read_filter(connection, query)
            guessed = asked.select(guessed=True)
            counts.append(bounded_count(connection, asked.select(), asked.values, guessed=guessed))
    return counts


def _cursor(row: OrderRow) -> str:
    return encode_cursor(LISTING, row.created_at, row.order_id)
