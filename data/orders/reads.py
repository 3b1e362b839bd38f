# NOTE to the orders engineer: the lead is writing the bodies of this file right now (18:26); please go on with ledger, commands, tests.
"""Reads of orders: plain functions over PostgreSQL that return frozen values, by keyset, never by OFFSET."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.orders.query import OrderQuery, parse_order_query
from data.stores.postgres import Postgres
from data.types import Page

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
    "today_summary",
]


@dataclass(frozen=True)
class OrderRow:
    """One order in a list. ``item_count`` counts lines, ``units`` their units; ``shipped_units`` of them are sent.

    ``paid_amount`` is captured less refunded; ``payment_state`` is ``paid``, ``part`` or ``unpaid``.
    """

    order_id: UUID
    order_number: str
    user_id: UUID | None
    customer_name: str
    email: str
    created_at: datetime
    order_status: str
    channel: str
    item_count: int
    units: int
    shipped_units: int
    total_amount: Decimal
    paid_amount: Decimal
    payment_state: str
    currency: str
    version: int


@dataclass(frozen=True)
class OrderItemRow:
    """What one warehouse serves of one line."""

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
    """One movement of money of the order."""

    payment_id: UUID
    created_at: datetime
    kind: str
    status: str
    amount: Decimal
    currency: str
    provider: str
    provider_reference: str


@dataclass(frozen=True)
class OrderMovement:
    """The order's stock movements of one kind on one level, added up, in units."""

    product_id: str
    warehouse_id: str
    kind: str
    quantity: int


@dataclass(frozen=True)
class OrderDetail:
    """One order with everything its screen shows."""

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


@dataclass(frozen=True)
class Today:
    """The day so far and the open work. ``revenue`` is the day's ``total_amount`` of orders not cancelled, by currency.

    ``late`` counts open orders older than ``LATE_AFTER``.
    """

    orders: int
    revenue: Mapping[str, Decimal]
    open_by_status: Mapping[str, int]
    late: int
    oldest_late_at: datetime | None


@dataclass(frozen=True)
class OpenWork:
    """What needs a hand: stock levels at or below their reorder level, those of them sold out, and late orders."""

    low_stock: int
    sold_out: int
    late_orders: int
    oldest_late_at: datetime | None


def list_orders(
    postgres: Postgres, query: OrderQuery, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> Page[OrderRow]:
    """Return a page of the orders ``query`` describes, newest first; ``estimate`` is the planner's."""
    raise NotImplementedError


def get_order(postgres: Postgres, ref: str | UUID) -> OrderDetail:
    """Return the order with this number (typed as a person types it) or id. Raises ``NotFound``."""
    raise NotImplementedError


def count_by_status(postgres: Postgres) -> dict[str, int]:
    """Return how many orders stand in each open status."""
    raise NotImplementedError


def orders_of(postgres: Postgres, user_id: UUID, *, limit: int = 50) -> tuple[OrderRow, ...]:
    """Return the newest orders of one customer."""
    raise NotImplementedError


def today_summary(postgres: Postgres) -> Today:
    """Return the figures of today (UTC) and of the open work."""
    raise NotImplementedError


def needs_a_hand(postgres: Postgres) -> OpenWork:
    """Return what somebody should look at."""
    raise NotImplementedError
