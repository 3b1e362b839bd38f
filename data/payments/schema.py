"""Payments of an order, one row per step: authorise, capture, void, refund.

A row's only change is from ``pending`` to its end, and the database holds that: the amount, order and provider of a
payment never change, and no row goes away. It also refuses a refund beyond what the order took in and has not given
back, in the refund's currency; pending refunds count as given. The same holds for each capture: refunds that name it
as their parent never come to more than it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import Base, CreatedAt, Currency, Key, Money, Str20, Str50, Str100, column

__all__ = ["Payment", "Refund"]


class Payment(Base):
    """One step of money. ``amount`` is positive for every kind; a refund's direction is in its ``kind``.

    ``provider_reference`` is the provider's own id; ``idempotency_key`` is what the provider was given, unique per
    provider, so a step sent twice is one step. ``parent_payment_id`` is the authorisation a capture or void is of, or
    the capture a refund gives back; ``failure`` is why a step failed.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("kind IN ('authorise', 'capture', 'void', 'refund')", name="kind"),
        CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
        CheckConstraint("amount > 0", name="amount"),
        # A step sent to the provider twice is one row.
        UniqueConstraint("provider", "idempotency_key"),
        # get_order: the payments of an order in time; the foreign key's index.
        Index("idx_payments_order_id", "order_id", "created_at"),
        # Steps whose end nobody heard of yet: the sweep that asks the provider.
        Index("idx_payments_pending", "created_at", postgresql_where=text("status = 'pending'")),
        # A provider's message names only its own reference.
        Index(
            "idx_payments_provider_reference",
            "provider",
            "provider_reference",
            postgresql_where=text("provider_reference IS NOT NULL"),
        ),
        # The foreign key's index: where a payment method was used.
        Index(
            "idx_payments_payment_method_id",
            "payment_method_id",
            postgresql_where=text("payment_method_id IS NOT NULL"),
        ),
        # What was captured of an authorisation, refunded of a capture; the foreign key's index.
        Index(
            "idx_payments_parent_payment_id",
            "parent_payment_id",
            postgresql_where=text("parent_payment_id IS NOT NULL"),
        ),
        # How a refund was paid; the foreign key's index.
        Index("idx_payments_refund_id", "refund_id", postgresql_where=text("refund_id IS NOT NULL")),
        # The foreign key's index: what one member of staff booked.
        Index("idx_payments_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )

    payment_id: ColumnClause[Key]
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id"))
    kind: ColumnClause[Str20]
    status: ColumnClause[Str20] = column(server_default=text("'pending'"))
    amount: ColumnClause[Money]
    currency: ColumnClause[Currency]
    provider: ColumnClause[Str50]
    provider_reference: ColumnClause[Str100 | None]
    payment_method_id: ColumnClause[UUID | None] = column(ForeignKey("user_payment_methods.payment_method_id"))
    idempotency_key: ColumnClause[str] = column(String(200))
    created_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    created_at: ColumnClause[CreatedAt]
    parent_payment_id: ColumnClause[UUID | None] = column(ForeignKey("payments.payment_id"))
    refund_id: ColumnClause[UUID | None] = column(ForeignKey("refunds.refund_id"))
    failure: ColumnClause[str | None]


class Refund(Base):
    """A decision to give money back, with what for; the money itself are the payments that name it.

    ``items`` are the lines it is for: ``[{"order_item_id", "sku", "quantity", "amount"}]``. ``credited_amount`` is the
    part that was taken off what the customer owes; the rest paid back what the shop owed already. Append-only.
    """

    __tablename__ = "refunds"

    refund_id: ColumnClause[Key]
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id"))
    amount: ColumnClause[Money]
    shipping_amount: ColumnClause[Money] = column(server_default=text("0"))
    credited_amount: ColumnClause[Money] = column(server_default=text("0"))
    currency: ColumnClause[Currency]
    items: ColumnClause[list[Any]] = column(JSONB(), server_default=text("'[]'"))
    restock: ColumnClause[bool] = column(server_default=text("false"))
    reason: ColumnClause[str]
    created_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("least(shipping_amount, credited_amount, amount - shipping_amount) >= 0", name="parts"),
        # the refunds of an order in time; the foreign key's index
        Index("idx_refunds_order_id", "order_id", "created_at"),
        # what one member of staff gave back (and the foreign key's index)
        Index("idx_refunds_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )
