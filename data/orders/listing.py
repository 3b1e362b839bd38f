"""The list of orders: one query line, newest first, by keyset (created_at, order_id) in both directions.

Words and ``customer:`` are resolved to a bounded set of customers first, so that the list walks one index: the
customers' where few are meant, else the newest orders until a page is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from data.estimate import Approximate, bounded_count, estimate_rows
from data.ids import normal_order_number
from data.orders.rows import OrderRow
from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.orders.query import OrderQuery
    from data.stores.postgres import Postgres

__all__ = ["HELD", "count_orders", "list_orders", "order_rows"]

LISTING = "orders:-created_at"
#: Words that fit more customers than this are not resolved first: then the newest orders hold a page of them soon.
_RESOLVED = 500
#: A product with more lines than this is soon met among the newest orders; up to here its orders are sorted.
_FEW_LINES = 5_000

#: Held back from shipping now: a hold whose time has come is none, whether or not a job ran.
HELD = "(o.hold_reason IS NOT NULL AND (o.on_hold_until IS NULL OR o.on_hold_until > now()))"
_LISTED = """
    WITH page AS MATERIALIZED ({page})
    SELECT o.order_id, o.order_number, o.user_id,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS customer_name,
           coalesce(u.email, '') AS email, o.created_at, o.order_status, o.channel,
           coalesce(line.lines, 0) AS item_count, coalesce(line.units, 0) AS units,
           coalesce(line.shipped_units, 0) AS shipped_units, o.total_amount, o.paid_amount,
           CASE WHEN o.paid_amount >= o.total_amount THEN 'paid' WHEN o.paid_amount > 0 THEN 'part' ELSE 'unpaid' END
               AS payment_state,
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
    return _LISTED.format(page=page, held=HELD)


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
        where, values = _conditions(connection, query)
        base = f"SELECT o.* FROM orders o{where}"
        order = "ORDER BY o.created_at {0}, o.order_id {0} LIMIT :limit".format("ASC" if backwards else "DESC")
        edge, edge_values = _edge(before if backwards else after, backwards=backwards)
        joined = f"{base}{' AND ' if where else ' WHERE '}{edge}" if edge else base
        rows = order_rows(connection, f"{joined} {order}", {**values, **edge_values, "limit": limit + 1})
        more = len(rows) > limit
        rows = (rows[1:] if backwards else rows[:limit]) if more else rows
        estimate = None
        if first:
            estimate = estimate_rows(connection, base, values, seen=limit + 1) if more else len(rows)
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
            where, values = _conditions(connection, query)
            counts.append(bounded_count(connection, f"SELECT o.* FROM orders o{where}", values))
    return counts


def _cursor(row: OrderRow) -> str:
    return encode_cursor(LISTING, row.created_at, row.order_id)


def _edge(cursor: str | None, *, backwards: bool) -> tuple[str, dict[str, Any]]:
    if not cursor:
        return "", {}
    at, order_id = decode_cursor(LISTING, cursor)
    sign = ">" if backwards else "<"
    return f"(o.created_at, o.order_id) {sign} (:edge_at, :edge_id)", {"edge_at": at, "edge_id": order_id}


def _conditions(connection: Connection, query: OrderQuery) -> tuple[str, dict[str, Any]]:
    """Return the WHERE clause (with a leading blank, or ``""``) and its values."""
    parts: list[str] = []
    values: dict[str, Any] = {}

    def add(condition: str, **named: Any) -> None:
        parts.append(condition)
        values.update(named)

    if len(query.statuses) == 1:  # told by itself: an index gives one state in the list's order, of several it does not
        add("o.order_status = :status", status=query.statuses[0])
    elif query.statuses:
        add("o.order_status = ANY(:statuses)", statuses=list(query.statuses))
    for name, sign in (("from", ">="), ("above", ">"), ("to", "<="), ("below", "<")):
        bound = getattr(query, f"total_{name}")
        if bound is not None:
            add(f"o.total_amount {sign} :total_{name}", **{f"total_{name}": bound})
    if query.created_from is not None:
        add("o.created_at >= :created_from", created_from=query.created_from)
    if query.created_before is not None:
        add("o.created_at < :created_before", created_before=query.created_before)
    if query.channel:
        add("o.channel = :channel", channel=_storable(query.channel))
    if query.sku:
        add(_with_sku(connection, _storable(query.sku), values))
    if query.warehouse_id:
        add(
            "EXISTS (SELECT FROM order_items i WHERE i.order_id = o.order_id AND i.warehouse_id = :warehouse_id)",
            warehouse_id=_storable(query.warehouse_id),
        )
    if query.numbers:
        add("o.order_number = ANY(:order_numbers)", order_numbers=list(query.numbers))
    for place, group in enumerate(query.tags):
        # The first half is what the partial index is made of; the planner does not see that the second implies it.
        add(
            f"(o.tags <> '{{}}' AND o.tags && CAST(:tags_{place} AS text[]))", **{f"tags_{place}": _all_storable(group)}
        )
    if query.without_tags:
        add("NOT (o.tags && CAST(:no_tags AS text[]))", no_tags=_all_storable(query.without_tags))
    if query.assigned:
        add(_of_staff(connection, query, query.assigned, "assigned", values))
    if query.not_assigned:
        add(f"({_of_staff(connection, query, query.not_assigned, 'not_assigned', values)}) IS NOT TRUE")
    if query.held is not None:
        add(HELD if query.held else f"{HELD} IS NOT TRUE")
    if query.payment:
        add(f"o.paid_amount {'<' if query.payment == 'unpaid' else '>='} o.total_amount")
    if query.customer:
        add(*_of_customers(connection, query.customer, "customer", values))
    if query.words:
        words = " ".join(query.words)
        customers = _of_customers(connection, words, "words", values)[0]
        numbers = [number for word in (*query.words, words) if (number := normal_order_number(word))]
        begins = _storable(words.upper().replace(" ", ""))
        add(
            f"({customers} OR o.order_number = ANY(:numbers)"
            " OR (o.order_number >= :begins AND o.order_number < :ends))",
            numbers=numbers,
            begins=begins or "~",
            ends=f"{begins}~",
        )
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), values


def _with_sku(connection: Connection, sku: str, values: dict[str, Any]) -> str:
    """Return the condition "the order has a line of ``sku``"; what it needs goes into ``values``.

    Lines are found by their product (``idx_order_items_product_id``). Where there are few, their orders are looked up
    and sorted; where there are many, the newest orders hold a page of them soon. Left to the planner, which takes a SKU
    and its product for two unrelated conditions, a product that sells most takes a second at a million orders.
    """
    products = list(connection.execute(_PRODUCTS_OF_SKU, {"sku": sku}).scalars())
    values |= {"sku": sku, "sku_products": products}
    lines = connection.execute(_LINES_OF, {"products": products, "most": _FEW_LINES + 1}).scalar_one()
    rows = "SELECT i.order_id FROM order_items i WHERE i.product_id = ANY(CAST(:sku_products AS text[]))"
    if lines > _FEW_LINES:
        return f"EXISTS ({rows} AND i.order_id = o.order_id AND CASE WHEN i.sku = :sku THEN true END)"
    return f"o.order_id = ANY(ARRAY({rows} AND i.sku = :sku))"


_PRODUCTS_OF_SKU = text("SELECT DISTINCT v.product_id FROM inventory v WHERE v.sku = :sku")
_LINES_OF = text(
    """
    SELECT count(*) FROM (
           SELECT FROM order_items i WHERE i.product_id = ANY(CAST(:products AS text[])) LIMIT :most) AS lines
    """
)


def _of_customers(connection: Connection, words: str, name: str, values: dict[str, Any]) -> tuple[str]:
    """Return the condition "the order is of a customer whom ``words`` fit"; what it needs goes into ``values``."""
    asked = _storable(words)[:200]
    fits = "SELECT u.user_id FROM users u WHERE u.search_words @@ user_query(:{0})"
    ids = connection.execute(
        text(f"{fits.format('asked')} LIMIT :most"), {"asked": asked, "most": _RESOLVED + 1}
    ).scalars()
    found = list(ids)
    if len(found) > _RESOLVED:
        values[name] = asked
        return (f"o.user_id IN ({fits.format(name)})",)
    values[name] = found
    return (f"o.user_id = ANY(CAST(:{name} AS uuid[]))",)


def _of_staff(connection: Connection, query: OrderQuery, asked: str, name: str, values: dict[str, Any]) -> str:
    """Return the condition "the order is assigned to whom ``asked`` means"; what it needs goes into ``values``."""
    if asked.lower() == "none":
        return "o.assigned_to IS NULL"
    if asked.lower() == "me" and query.me is not None:
        values[name] = [query.me]
    else:
        words = _storable(asked)[:200]
        found = connection.execute(_STAFF, {"asked": words, "most": _RESOLVED}).scalars()
        values[name] = list(found)
    return f"o.assigned_to = ANY(CAST(:{name} AS uuid[]))"


_STAFF = text(
    """
    SELECT u.user_id FROM users u
     WHERE u.is_staff AND (lower(u.email) = lower(:asked) OR u.search_words @@ user_query(:asked)) LIMIT :most
    """
)


def _all_storable(words: Iterable[str]) -> list[str]:
    return [_storable(word) for word in words]


def _storable(words: str) -> str:
    """Return ``words`` without what no stored text can hold, so that the driver can ask for it."""
    return words.replace("\0", "").encode("utf-8", "ignore").decode()
