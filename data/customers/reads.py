"""Reads of customers: search by any words, one customer with everything a support desk asks for.

The list stands in the order of names (``users.sort_name``), a keyset of (sort_name, user_id). Every word typed must be
the beginning of a word of the name, of the e-mail or its domain, or of the phone number; both sides are folded by the
same SQL functions (first migration).

A search gathers the keys of all matches by the GIN index before it sorts them (MATERIALIZED): at a million customers
1 ms for a name, 0.2 s for one letter. Left to itself the planner takes a rare word for one in 200 rows and walks the
name index in hope of an early page, which took 2.4 s to find nobody. All customers, unsearched, are such a walk.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CTE, Select, Subquery, Uuid, false, func, literal, null, select, text, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY

from data.customers.rows import (
    AddressRow,
    CustomerDetail,
    CustomerOrder,
    CustomerRow,
    PaymentMethodRow,
)
from data.customers.schema import User, UserAddress, UserPaymentMethod
from data.errors import NotFound
from data.ids import parse_id
from data.orders.schema import Order
from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    import sqlalchemy

    from data.stores.postgres import Postgres

__all__ = [
    "AddressRow",
    "CustomerDetail",
    "CustomerOrder",
    "CustomerRow",
    "PaymentMethodRow",
    "get_customer",
    "search_customers",
]

LISTING = "customers:name"
#: A list row counts no further: the detail has the exact number.
ORDERS_COUNTED = 1_000
#: Of a longer question only the beginning is asked, in characters.
LONGEST_QUESTION = 200
LAST_ORDERS = 10
#: Orders that brought nothing in.
_NO_VALUE = ("cancelled", "refunded")

#: What a page shows of its customers, in the page's order; each look-up is one descent of an index.
_ROWS = text(
    f"""
    SELECT u.user_id, u.email, coalesce(u.first_name, '') AS first_name, coalesce(u.last_name, '') AS last_name,
           coalesce(u.phone, '') AS phone, u.is_active, u.created_at, coalesce(place.city, '') AS city,
           coalesce(place.country, '') AS country, counted.order_count, newest.created_at AS last_order_at
      FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS page (user_id, row_no)
      JOIN users u ON u.user_id = page.user_id
      LEFT JOIN LATERAL (
            SELECT a.city, a.country FROM user_addresses a WHERE a.user_id = page.user_id
             ORDER BY a.is_default DESC, a.address_type DESC, a.address_id LIMIT 1) AS place ON true
      LEFT JOIN LATERAL (
            SELECT count(*) AS order_count
              FROM (SELECT FROM orders o WHERE o.user_id = page.user_id LIMIT {ORDERS_COUNTED}) AS o) AS counted ON true
      LEFT JOIN LATERAL (
            SELECT o.created_at FROM orders o WHERE o.user_id = page.user_id
             ORDER BY o.created_at DESC, o.order_id DESC LIMIT 1) AS newest ON true
     ORDER BY page.row_no
    """
)


def search_customers(
    postgres: Postgres, question: str = "", *, after: str | None = None, before: str | None = None, limit: int = 50
) -> Page[CustomerRow]:
    """Return a page of the customers whom every word of ``question`` fits, in the order of names; blank means all.

    ``before=""`` asks for the last page. The first page alone says how many there are: of a search exactly, of all
    customers as the planner believes. A question without any word (``&``) fits nobody. Raises ``Invalid`` for a cursor
    of another list.
    """
    backwards, first = before is not None, before is None and not after
    with postgres.reading() as connection:
        found = connection.execute(_page(question, before or after, limit, backwards=backwards)).all()
        more, found = len(found) > limit, found[:limit]
        if backwards:
            found = found[::-1]
        rows = _rows(connection, [row.user_id for row in found])
        counted = None if not first else found[0].matches if more else len(found)
        estimate = max(_estimate(connection), len(found) + more) if first and counted is None else counted
    follows = bool(before) if backwards else more
    precedes = more if backwards else bool(after)
    return Page(
        rows=rows,
        after=_cursor(found[-1]) if found and follows else None,
        before=_cursor(found[0]) if found and precedes else None,
        estimate=estimate,
        exact=counted is not None,
    )


def get_customer(postgres: Postgres, ref: str | UUID) -> CustomerDetail:
    """Return the customer with this id or e-mail (in any letter case). Raises ``NotFound``."""
    user_id = ref if isinstance(ref, UUID) else parse_id(ref)
    by = User.user_id == user_id if user_id else func.lower(User.email) == func.lower(str(ref).strip())
    with postgres.reading() as connection:
        user = connection.execute(select(User.__table__).where(by)).one_or_none()
        if user is None:
            raise NotFound("customer", str(ref))
        count, value = _totals(connection, user.user_id)
        return CustomerDetail(
            user_id=user.user_id,
            email=user.email,
            first_name=user.first_name or "",
            last_name=user.last_name or "",
            phone=user.phone or "",
            date_of_birth=user.date_of_birth,
            is_active=user.is_active,
            email_verified=user.email_verified,
            created_at=user.created_at,
            updated_at=user.updated_at,
            last_login=user.last_login,
            version=user.version,
            addresses=_addresses(connection, user.user_id),
            payment_methods=_payment_methods(connection, user.user_id),
            order_count=count,
            lifetime_value=value,
            last_orders=_last_orders(connection, user.user_id),
        )


def _page(question: str, cursor: str | None, limit: int, *, backwards: bool) -> Select[Any]:
    """Select the keys of a page and one more, from ``cursor`` on, nearest first, with the number of matches."""
    keys = _keys(question)
    order = (keys.c.sort_name, keys.c.user_id)
    matches = (
        select(func.count()).select_from(keys).scalar_subquery() if isinstance(keys, CTE) and not cursor else null()
    )
    page = select(keys, matches.label("matches")).limit(limit + 1)
    page = page.order_by(*((column.desc() for column in order) if backwards else order))
    if not cursor:
        return page
    sort_name, user_id = decode_cursor(LISTING, cursor)
    edge = tuple_(literal(sort_name), literal(user_id, Uuid()))
    return page.where(tuple_(*order) < edge if backwards else tuple_(*order) > edge)


def _keys(question: str) -> CTE | Subquery:
    """Return the keys of all customers, or of those the question fits, gathered before anything is sorted."""
    everybody = select(User.sort_name, User.user_id).where(~User.is_staff)
    if not question.strip():
        return everybody.subquery("everybody")
    fits = User.search_words.op("@@")(func.user_query(question[:LONGEST_QUESTION], type_=TSQUERY()))
    return everybody.where(fits if _storable(question) else false()).cte("matched").prefix_with("MATERIALIZED")


def _storable(question: str) -> bool:
    """Say whether any stored text could hold this; of what none can, the driver could not even ask."""
    try:
        return b"\0" not in question.encode()
    except UnicodeEncodeError:
        return False


def _cursor(row: Any) -> str:
    return encode_cursor(LISTING, row.sort_name, row.user_id)


def _rows(connection: sqlalchemy.Connection, ids: list[UUID]) -> tuple[CustomerRow, ...]:
    """Return what the list shows of these customers, in this order."""
    if not ids:
        return ()
    return tuple(CustomerRow(**row._mapping) for row in connection.execute(_ROWS, {"ids": ids}))


def _estimate(connection: sqlalchemy.Connection) -> int:
    """Return how many customers the planner believes there are; nothing is counted."""
    plan = connection.execute(text("EXPLAIN (FORMAT JSON) SELECT FROM users WHERE NOT is_staff")).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])


def _addresses(connection: sqlalchemy.Connection, user_id: UUID) -> tuple[AddressRow, ...]:
    rows = connection.execute(
        select(UserAddress.__table__)
        .where(UserAddress.user_id == user_id)
        .order_by(UserAddress.address_type.desc(), UserAddress.is_default.desc(), UserAddress.address_id)
    )
    return tuple(
        AddressRow(
            address_id=row.address_id,
            address_type=row.address_type,
            is_default=row.is_default,
            street_address=row.street_address,
            city=row.city,
            state=row.state or "",
            postal_code=row.postal_code,
            country=row.country,
        )
        for row in rows
    )


def _payment_methods(connection: sqlalchemy.Connection, user_id: UUID) -> tuple[PaymentMethodRow, ...]:
    rows = connection.execute(
        select(UserPaymentMethod.__table__)
        .where(UserPaymentMethod.user_id == user_id, UserPaymentMethod.is_active)
        .order_by(UserPaymentMethod.is_default.desc(), UserPaymentMethod.payment_method_id)
    )
    return tuple(
        PaymentMethodRow(
            payment_method_id=row.payment_method_id,
            payment_type=row.payment_type,
            is_default=row.is_default,
            card_brand=row.card_brand or "",
            card_last_four=row.card_last_four or "",
            expiry_month=row.expiry_month,
            expiry_year=row.expiry_year,
            billing_address_id=row.billing_address_id,
        )
        for row in rows
    )


def _totals(connection: sqlalchemy.Connection, user_id: UUID) -> tuple[int, dict[str, Decimal]]:
    """Return how many orders the customer placed, and what they brought, by currency."""
    worth = func.sum(Order.total_amount).filter(Order.order_status.not_in(_NO_VALUE))
    rows = connection.execute(
        select(Order.currency, func.count().label("orders"), worth.label("worth"))
        .where(Order.user_id == user_id)
        .group_by(Order.currency)
        .order_by(Order.currency)
    ).all()
    return sum(row.orders for row in rows), {row.currency: row.worth for row in rows if row.worth is not None}


def _last_orders(connection: sqlalchemy.Connection, user_id: UUID) -> tuple[CustomerOrder, ...]:
    rows = connection.execute(
        select(
            Order.order_id,
            Order.order_number,
            Order.order_status,
            Order.total_amount,
            Order.currency,
            Order.created_at,
        )
        .where(Order.user_id == user_id)
        .order_by(Order.created_at.desc(), Order.order_id.desc())
        .limit(LAST_ORDERS)
    )
    return tuple(CustomerOrder(*row) for row in rows)
