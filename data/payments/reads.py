"""Reads of an order's money: what is due, paid and refunded, always added up from the steps themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from data.errors import NotFound
from data.orders.worth import owed
from data.payments.sums import Money, money_of

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["Account", "RefundRow", "StepRow", "account_of"]


@dataclass(frozen=True)
class StepRow:
    """One step of money; ``booked_by`` is a name, ``""`` where unknown."""

    payment_id: UUID
    created_at: datetime
    kind: str
    status: str
    amount: Decimal
    currency: str
    provider: str
    provider_reference: str
    parent_payment_id: UUID | None
    refund_id: UUID | None
    failure: str
    booked_by: str


@dataclass(frozen=True)
class RefundRow:
    """One decision to give money back, with what it was for."""

    refund_id: UUID
    created_at: datetime
    amount: Decimal
    shipping_amount: Decimal
    credited_amount: Decimal
    currency: str
    items: tuple[dict[str, Any], ...]
    restock: bool
    reason: str
    decided_by: str


@dataclass(frozen=True)
class Account:
    """An order's money. ``owed`` is what the customer has still to pay; below zero the shop owes it to the customer."""

    order_id: UUID
    total_amount: Decimal
    credited_amount: Decimal
    currency: str
    money: Money
    owed: Decimal
    steps: tuple[StepRow, ...]
    refunds: tuple[RefundRow, ...]


def account_of(postgres: Postgres, order_id: UUID) -> Account:
    """Return the order's money with every step and refund, oldest first. Raises ``NotFound``."""
    with postgres.reading() as connection:
        order = connection.execute(_ORDER, {"order_id": order_id}).one_or_none()
        if order is None:
            raise NotFound("order", str(order_id))
        money = money_of(connection, [order_id])[order_id]
        steps = tuple(StepRow(**row) for row in connection.execute(_STEPS, {"order_id": order_id}).mappings())
        refunds = tuple(
            RefundRow(**{**row, "items": tuple(row["items"])})
            for row in connection.execute(_REFUNDS, {"order_id": order_id}).mappings()
        )
    due = owed(order.total_amount, order.credited_amount, money.captured, money.refunded)
    return Account(order_id, order.total_amount, order.credited_amount, order.currency, money, due, steps, refunds)


_NAME = "coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '')"
_ORDER = text("SELECT total_amount, credited_amount, currency FROM orders WHERE order_id = :order_id")
_STEPS = text(
    f"""
    SELECT p.payment_id, p.created_at, p.kind, p.status, p.amount, p.currency, p.provider,
           coalesce(p.provider_reference, '') AS provider_reference, p.parent_payment_id, p.refund_id,
           coalesce(p.failure, '') AS failure, {_NAME} AS booked_by
      FROM payments p LEFT JOIN users u ON u.user_id = p.created_by
     WHERE p.order_id = :order_id ORDER BY p.created_at, p.payment_id
    """
)
_REFUNDS = text(
    f"""
    SELECT r.refund_id, r.created_at, r.amount, r.shipping_amount, r.credited_amount, r.currency, r.items, r.restock,
           r.reason, {_NAME} AS decided_by
      FROM refunds r LEFT JOIN users u ON u.user_id = r.created_by
     WHERE r.order_id = :order_id ORDER BY r.created_at, r.refund_id
    """
)
