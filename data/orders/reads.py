"""Reads of orders: plain functions over PostgreSQL that return frozen values, by keyset, never by OFFSET."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from data.errors import NotFound
from data.ids import normal_order_number, parse_id
from data.orders.figures import OpenWork, Today, count_by_status, needs_a_hand, today_summary
from data.orders.filters import HELD, PAID
from data.orders.listing import list_orders, order_rows
from data.orders.query import OrderQuery, parse_order_query
from data.orders.rows import OrderRow

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = [
    "HistoryRow",
    "OpenWork",
    "OrderDetail",
    "OrderItemRow",
    "OrderMovement",
    "OrderQuery",
    "OrderRow",
    "PaymentRow",
    "Today",
    "count_by_status",
    "get_order",
    "list_orders",
    "needs_a_hand",
    "orders_of",
    "parse_order_query",
    "placed_with",
    "today_summary",
]


@dataclass(frozen=True)
class OrderItemRow:
    """What one warehouse serves of one line. ``quantity`` was ordered; the other quantities say what became of it."""

    order_item_id: UUID
    line_no: int
    product_id: str
    sku: str
    product_name: str
    product_attributes: Mapping[str, Any]
    unit_price: Decimal
    quantity: int
    total_price: Decimal
    tax_amount: Decimal
    discount_amount: Decimal
    fulfillment_status: str
    warehouse_id: str | None
    tracking_number: str | None
    allocated_quantity: int = 0
    shipped_quantity: int = 0
    cancelled_quantity: int = 0
    returned_quantity: int = 0
    credited_quantity: int = 0


@dataclass(frozen=True)
class HistoryRow:
    """One step of the order's life; ``changed_by`` is the name of who took it, ``""`` where unknown."""

    created_at: datetime
    previous_status: str | None
    new_status: str
    changed_by: str
    change_reason: str
    order_version: int


@dataclass(frozen=True)
class PaymentRow:
    """One movement of money of the order; ``parent_payment_id`` is what it is of: a capture's authorisation, a refund's
    capture. ``failure`` says why a failed one failed."""

    payment_id: UUID
    created_at: datetime
    kind: str
    status: str
    amount: Decimal
    currency: str
    provider: str
    provider_reference: str
    parent_payment_id: UUID | None = None
    failure: str = ""


@dataclass(frozen=True)
class OrderMovement:
    """The order's stock movements of one kind on one level, added up, in units."""

    product_id: str
    warehouse_id: str
    kind: str
    quantity: int


@dataclass(frozen=True)
class OrderDetail:
    """One order with everything its screen shows.

    ``due_amount`` is what is still to be paid; below zero it is what the shop owes the customer. ``assigned_to`` is a
    name, ``""`` for nobody; ``hold_reason`` is ``""`` unless the order is held back from shipping now;
    ``discount_code`` is the code the customer named, ``""`` for none.
    """

    order_id: UUID
    order_number: str
    user_id: UUID | None
    customer_name: str
    email: str
    phone: str
    order_status: str
    channel: str
    subtotal: Decimal
    tax_amount: Decimal
    tax_included_amount: Decimal
    shipping_amount: Decimal
    discount_amount: Decimal
    total_amount: Decimal
    paid_amount: Decimal
    refunded_amount: Decimal
    payment_state: str
    currency: str
    shipping_address: Mapping[str, Any]
    billing_address: Mapping[str, Any]
    payment_method: str
    shipping_method: str
    notes: str
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    version: int
    items: tuple[OrderItemRow, ...]
    history: tuple[HistoryRow, ...]
    payments: tuple[PaymentRow, ...]
    movements: tuple[OrderMovement, ...]
    credited_amount: Decimal = Decimal("0.00")
    due_amount: Decimal = Decimal("0.00")
    tags: tuple[str, ...] = ()
    assigned_to: str = ""
    hold_reason: str = ""
    on_hold_until: datetime | None = None
    discount_code: str = ""


def get_order(postgres: Postgres, ref: str | UUID) -> OrderDetail:
    """Return the order with this number (typed as a person types it) or id. Raises ``NotFound``."""
    order_id = ref if isinstance(ref, UUID) else parse_id(ref)
    number = None if order_id else normal_order_number(str(ref)) or str(ref).strip()
    if number is not None and (not number.isascii() or "\0" in number or len(number) > 50):
        raise NotFound("order", number)
    with postgres.reading() as connection:
        row = connection.execute(_ORDER, {"order_id": order_id, "order_number": number}).mappings().one_or_none()
        if row is None:
            raise NotFound("order", str(ref))
        values = {"order_id": row["order_id"]}
        return OrderDetail(
            **{**row, "tags": tuple(row["tags"])},
            items=tuple(OrderItemRow(**item) for item in connection.execute(_ITEMS, values).mappings()),
            history=tuple(HistoryRow(**step) for step in connection.execute(_HISTORY, values).mappings()),
            payments=tuple(PaymentRow(**payment) for payment in connection.execute(_PAYMENTS, values).mappings()),
            movements=tuple(OrderMovement(**moved) for moved in connection.execute(_MOVEMENTS, values).mappings()),
        )


def orders_of(postgres: Postgres, user_id: UUID, *, limit: int = 50) -> tuple[OrderRow, ...]:
    """Return the newest orders of one customer."""
    page = (
        "SELECT o.* FROM orders o WHERE o.user_id = :user_id ORDER BY o.created_at DESC, o.order_id DESC LIMIT :limit"
    )
    with postgres.reading() as connection:
        return tuple(order_rows(connection, page, {"user_id": user_id, "limit": limit}))


def placed_with(postgres: Postgres, actor_id: UUID, key: str) -> str | None:
    """Return the number of the order that the actor placed with this idempotency key, ``None`` where there is none."""
    if not key.isprintable():  # the door takes no such key
        return None
    with postgres.reading() as connection:
        found = connection.execute(_PLACED_WITH, {"actor_id": actor_id, "key": key})
        number: str | None = found.scalar_one_or_none()
        return number


_PLACED_WITH = text(
    """
    SELECT result ->> 'order_number' FROM idempotency_keys
     WHERE actor_id = :actor_id AND key = :key AND command = 'orders.place'
    """
)
#: What an order ``o`` took in: captured and refunded, of the steps that succeeded.
_TAKEN_IN = """
    SELECT coalesce(sum(p.amount) FILTER (WHERE p.kind = 'capture'), 0) AS captured,
           coalesce(sum(p.amount) FILTER (WHERE p.kind = 'refund'), 0) AS refunded
      FROM payments p WHERE p.order_id = o.order_id AND p.status = 'succeeded'
"""
_ORDER = text(
    f"""
    SELECT o.order_id, o.order_number, o.user_id,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS customer_name,
           coalesce(u.email, '') AS email, coalesce(u.phone, '') AS phone, o.order_status, o.channel,
           o.subtotal, o.tax_amount, o.tax_included_amount, o.shipping_amount, o.discount_amount, o.total_amount,
           o.credited_amount, o.total_amount - o.credited_amount - money.captured + money.refunded AS due_amount,
           money.captured - money.refunded AS paid_amount, money.refunded AS refunded_amount,
           CASE WHEN {PAID} THEN 'paid' WHEN o.paid_amount > 0 THEN 'part' ELSE 'unpaid' END AS payment_state,
           o.currency, o.shipping_address, o.billing_address, coalesce(o.payment_method, '') AS payment_method,
           coalesce(o.shipping_method, '') AS shipping_method, coalesce(o.notes, '') AS notes,
           o.created_at, o.updated_at, o.confirmed_at, o.shipped_at, o.delivered_at, o.cancelled_at, o.version,
           o.tags, coalesce(nullif(trim(concat_ws(' ', s.first_name, s.last_name)), ''), s.email, '') AS assigned_to,
           CASE WHEN {HELD} THEN o.hold_reason ELSE '' END AS hold_reason,
           CASE WHEN {HELD} THEN o.on_hold_until END AS on_hold_until, coalesce(c.code, '') AS discount_code
      FROM orders o LEFT JOIN users u ON u.user_id = o.user_id LEFT JOIN users s ON s.user_id = o.assigned_to
      LEFT JOIN code_uses c ON c.order_id = o.order_id
     CROSS JOIN LATERAL ({_TAKEN_IN}) AS money
     WHERE o.order_id = :order_id OR o.order_number = :order_number
    """
)
_ITEMS = text(
    """
    SELECT order_item_id, line_no, product_id, sku, product_name,
           coalesce(product_attributes, '{}') AS product_attributes, unit_price, quantity, total_price, tax_amount,
           discount_amount, fulfillment_status, warehouse_id, tracking_number, allocated_quantity, shipped_quantity,
           cancelled_quantity, returned_quantity, credited_quantity
      FROM order_items WHERE order_id = :order_id ORDER BY line_no, warehouse_id, order_item_id
    """
)
_HISTORY = text(
    """
    SELECT h.created_at, h.previous_status, h.new_status,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS changed_by,
           coalesce(h.change_reason, '') AS change_reason, h.order_version
      FROM order_status_history h LEFT JOIN users u ON u.user_id = h.changed_by
     WHERE h.order_id = :order_id ORDER BY h.order_version, h.history_id
    """
)
_PAYMENTS = text(
    """
    SELECT payment_id, created_at, kind, status, amount, currency, provider,
           coalesce(provider_reference, '') AS provider_reference, parent_payment_id, coalesce(failure, '') AS failure
      FROM payments WHERE order_id = :order_id ORDER BY created_at, payment_id
    """
)
_MOVEMENTS = text(
    """
    SELECT product_id, warehouse_id, kind, sum(quantity)::int AS quantity
      FROM inventory_movements WHERE reference_id = :order_id
     GROUP BY product_id, warehouse_id, kind ORDER BY min(sequence)
    """
)
