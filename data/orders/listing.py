"""The list of orders: one query line, newest first, by keyset (created_at, order_id) in both directions.

What the line asks is ``data.orders.filters``; here it becomes a page, and about how many there are.

Who asks for words may mean thousands of customers who hardly order, and no statistics say so: the walk for them is
given a bounded time, and asked the other way round where that does not do. Rejected: a bound in orders (see
``filters``), and a count of their orders beforehand, which takes longer than most such pages.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from data.errors import Unavailable
from data.estimate import bounded_count, estimate_rows
from data.orders.filters import COUNTED, HELD, PAID, read_filter
from data.orders.rows import OrderRow
from data.paging import decode_cursor, encode_cursor
from data.stores.postgres import sqlstate
from data.types import Page

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.estimate import Approximate
    from data.orders.filters import Filter
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
    asked = _Asked(query, after, before, limit)
    if (query.customer or query.words) and _LONG.get(query, 0.0) < time.monotonic():
        try:
            return _page(postgres, asked, patience_ms=_PATIENCE_MS + _PATIENCE_MS_A_ROW * limit)
        except Unavailable as error:
            if sqlstate(error) != _CANCELLED:
                raise
        if len(_LONG) >= _REMEMBERED:
            _LONG.clear()
        _LONG[query] = time.monotonic() + _REMEMBERED_SECONDS
    return _page(postgres, asked)


#: What a page that asks for customers by their words may take before it is asked by going out from them, and until when
#: it is at once. Both ways give the same page.
_PATIENCE_MS, _PATIENCE_MS_A_ROW = 200, 2
_CANCELLED = "57014"
_LONG: dict[OrderQuery, float] = {}
_REMEMBERED, _REMEMBERED_SECONDS = 500, 60.0


class _Asked(NamedTuple):
    """What ``list_orders`` was asked."""

    query: OrderQuery
    after: str | None
    before: str | None
    limit: int


def _page(postgres: Postgres, of: _Asked, *, patience_ms: int = 0) -> Page[OrderRow]:
    """Return the page; with patience by walking the list, ``Unavailable`` (57014) where a statement takes longer."""
    limit, backwards, first = of.limit, of.before is not None, of.before is None and not of.after
    with postgres.reading() as connection:
        _set_up(connection, patience_ms)
        asked = read_filter(connection, of.query)
        cursor = of.before if backwards else of.after
        if cursor:
            at, order_id = decode_cursor(LISTING, cursor)
            edge = "({0}.created_at, {0}.order_id) " + ("> " if backwards else "< ") + "(:edge_at, :edge_id)"
            asked.add_moment(edge, edge_at=at, edge_id=order_id)
        order = "ORDER BY o.created_at {0}, o.order_id {0} LIMIT :limit".format("ASC" if backwards else "DESC")
        select = asked.select() if patience_ms or not asked.may_be_long else asked.going_out(order)
        rows = order_rows(connection, f"{select} {order}", {**asked.values, "limit": limit + 1})
        more = len(rows) > limit
        rows = (rows[1:] if backwards else rows[:limit]) if more else rows
        estimate = None
        if first:
            estimate = _guess(connection, asked, limit + 1) if more else len(rows)
    follows, precedes = (bool(of.before), more) if backwards else (more, bool(of.after))
    return Page(
        rows=tuple(rows),
        after=_cursor(rows[-1]) if rows and follows else None,
        before=_cursor(rows[0]) if rows and precedes else None,
        estimate=estimate,
        exact=first and not more,
    )


def _guess(connection: Connection, asked: Filter, seen: int) -> int:
    guess = estimate_rows(connection, asked.select(guessed=True), asked.values)
    return max(int(guess * asked.times), seen)


def _set_up(connection: Connection, patience_ms: int = 0) -> None:
    """Have plans made for the values ("status = shipped" and "status = pending" want different indexes), in bounds."""
    bound = f", set_config('statement_timeout', '{patience_ms}', true)" if patience_ms else ""
    connection.execute(text(f"SELECT set_config('plan_cache_mode', 'force_custom_plan', true){bound}"))


def count_orders(postgres: Postgres, queries: Iterable[OrderQuery]) -> list[Approximate]:
    """Return about how many orders each of ``queries`` finds, in a bounded time each; see ``data.estimate``."""
    counts: list[Approximate] = []
    with postgres.reading() as connection:
        _set_up(connection)
        for query in queries:
            asked = read_filter(connection, query, COUNTED)
            guessed = asked.select(guessed=True)
            counts.append(bounded_count(connection, asked.select(), asked.values, guessed=guessed))
    return counts


def _cursor(row: OrderRow) -> str:
    return encode_cursor(LISTING, row.created_at, row.order_id)
