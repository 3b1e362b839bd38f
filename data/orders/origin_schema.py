"""The cart an order was made from and the code it used, the shop's own rates of tax, and drafts that hold stock.

The first two are written by ``placement.sql``. They are tables beside ``orders`` and no columns of it, so that an order
without them, nearly every one, costs nothing more.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, Numeric, String, text
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import Base, CreatedAt, Currency, Json, Key, Money, Str2, Str50, Str100, UpdatedAt, column

__all__ = ["CodeUse", "DiscountCode", "OrderDraft", "OrderedCart", "TaxRate"]


class OrderedCart(Base):
    """A cart that became an order: its id is taken once. ``lines`` are what is to be taken out of it in Redis."""

    __tablename__ = "ordered_carts"

    cart_id: ColumnClause[Str100] = column(primary_key=True)
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id", ondelete="CASCADE"))
    lines: ColumnClause[list[dict[str, Any]]] = column(JSONB())
    created_at: ColumnClause[CreatedAt]

    # the foreign key's index
    __table_args__ = (Index("idx_ordered_carts_order_id", "order_id"),)


class DiscountCode(Base):
    """A code customers name. Its terms never change; ``used`` rises with each order, ``is_active`` falls once.

    Either ``percent`` of the goods or ``amount`` off; ``amount`` and ``minimum`` (of the goods) are in ``currency``.
    """

    __tablename__ = "discount_codes"

    code: ColumnClause[Str50] = column(primary_key=True)
    percent: ColumnClause[Decimal | None] = column(Numeric(5, 2))
    amount: ColumnClause[Decimal | None] = column(Numeric(10, 2))
    currency: ColumnClause[Currency]
    minimum: ColumnClause[Money] = column(server_default=text("0"))
    valid_from: ColumnClause[datetime | None]
    valid_until: ColumnClause[datetime | None]
    uses_at_most: ColumnClause[int | None]
    used: ColumnClause[int] = column(server_default=text("0"))
    is_active: ColumnClause[bool] = column(server_default=text("true"))
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint(
            "(percent IS NULL) <> (amount IS NULL) AND coalesce(percent, amount) > 0 AND coalesce(percent, 0) <= 100",
            name="off",
        ),
        CheckConstraint("minimum >= 0", name="minimum"),
        CheckConstraint("used >= 0 AND used <= coalesce(uses_at_most, used)", name="used"),
    )


class CodeUse(Base):
    """One order's use of a code, and what it took off."""

    __tablename__ = "code_uses"

    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id", ondelete="CASCADE"), primary_key=True)
    code: ColumnClause[Str50] = column(ForeignKey("discount_codes.code"))
    amount: ColumnClause[Money]
    created_at: ColumnClause[CreatedAt]

    # the foreign key's index
    __table_args__ = (Index("idx_code_uses_code", "code"),)


class TaxRate(Base):
    """A row of the tax table that stands in for the standard one: ``data.orders.taxes.rules.TaxRow``."""

    __tablename__ = "tax_rates"

    country: ColumnClause[Str2] = column(primary_key=True)
    state: ColumnClause[Str100] = column(primary_key=True)
    category: ColumnClause[str] = column(String(300), primary_key=True)
    percent: ColumnClause[Decimal] = column(Numeric(7, 4))
    label: ColumnClause[Str50]
    inclusive: ColumnClause[bool | None]
    on_shipping: ColumnClause[bool]
    updated_at: ColumnClause[UpdatedAt]

    __table_args__ = (CheckConstraint("percent >= 0 AND percent <= 100", name="percent"),)


class OrderDraft(Base):
    """A draft whose stock is held until a date, for everybody to see; gone once somebody has taken it on."""

    __tablename__ = "order_drafts"

    draft_id: ColumnClause[Key]
    owner_id: ColumnClause[UUID] = column(ForeignKey("users.user_id"))
    customer_id: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    content: ColumnClause[Json]
    held_until: ColumnClause[datetime]
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        # list_drafts: what runs out first
        Index("idx_order_drafts_held_until", "held_until", "draft_id"),
        # the foreign keys' indexes
        Index("idx_order_drafts_owner_id", "owner_id"),
        Index("idx_order_drafts_customer_id", "customer_id"),
    )
