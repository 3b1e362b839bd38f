"""Returns with their lines, and exchanges: the drafts of orders that replace what came back.

Stock knows of a return only what was inspected: restocked and damaged units. ``returned_quantity`` of the order's line
is their sum over all returns.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import Base, CreatedAt, Currency, Key, Money, Str20, Str50, UpdatedAt, column

__all__ = ["Exchange", "Return", "ReturnItem"]

_ZERO = text("0")


class Return(Base):
    """What a customer wants to send back. ``version`` counts its steps."""

    __tablename__ = "returns"

    return_id: ColumnClause[Key]
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id"))
    status: ColumnClause[Str20] = column(server_default=text("'requested'"))
    reason: ColumnClause[str]
    version: ColumnClause[int] = column(server_default=text("1"))
    received_at: ColumnClause[datetime | None]
    closed_at: ColumnClause[datetime | None]
    created_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    created_at: ColumnClause[CreatedAt]
    updated_at: ColumnClause[UpdatedAt]

    __table_args__ = (
        CheckConstraint("status IN ('requested', 'received', 'inspected', 'cancelled')", name="status"),
        # the returns of an order in time; the foreign key's index
        Index("idx_returns_order_id", "order_id", "created_at"),
        # what is to be received or inspected, oldest first
        Index("idx_returns_open", "created_at", postgresql_where=text("status IN ('requested', 'received')")),
        # what one member of staff took on (and the foreign key's index)
        Index("idx_returns_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )


class ReturnItem(Base):
    """Units of one line's share: asked for, received, and what became of them."""

    __tablename__ = "return_items"

    return_item_id: ColumnClause[Key]
    return_id: ColumnClause[UUID] = column(ForeignKey("returns.return_id"))
    order_item_id: ColumnClause[UUID] = column(ForeignKey("order_items.order_item_id"))
    quantity: ColumnClause[int]
    received_quantity: ColumnClause[int] = column(server_default=_ZERO)
    restocked_quantity: ColumnClause[int] = column(server_default=_ZERO)
    damaged_quantity: ColumnClause[int] = column(server_default=_ZERO)
    rejected_quantity: ColumnClause[int] = column(server_default=_ZERO)
    warehouse_id: ColumnClause[Str50 | None] = column(ForeignKey("warehouses.warehouse_id"))

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint(
            "least(restocked_quantity, damaged_quantity, rejected_quantity, quantity - received_quantity,"
            " received_quantity - restocked_quantity - damaged_quantity - rejected_quantity) >= 0",
            name="units",
        ),
        # the lines of a return; the foreign key's index
        UniqueConstraint("return_id", "order_item_id"),
        # what was asked back of a line; the foreign key's index
        Index("idx_return_items_order_item_id", "order_item_id"),
        # the foreign key's index: what a warehouse received
        Index("idx_return_items_warehouse_id", "warehouse_id", postgresql_where=text("warehouse_id IS NOT NULL")),
    )


class Exchange(Base):
    """The draft of an order that replaces a return's goods: ``lines`` as ``orders.place`` takes them.

    ``balance_amount`` is what the customer pays on top (below zero: gets back), as it was quoted: the new order's total
    less what the returned units are worth. ``placed_order_id`` is set once it was placed.
    """

    __tablename__ = "exchanges"

    exchange_id: ColumnClause[Key]
    return_id: ColumnClause[UUID] = column(ForeignKey("returns.return_id"))
    status: ColumnClause[Str20] = column(server_default=text("'draft'"))
    lines: ColumnClause[list[Any]] = column(JSONB())
    total_amount: ColumnClause[Money]
    credit_amount: ColumnClause[Money]
    balance_amount: ColumnClause[Money]
    currency: ColumnClause[Currency]
    placed_order_id: ColumnClause[UUID | None] = column(ForeignKey("orders.order_id"))
    created_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint("status IN ('draft', 'placed', 'cancelled')", name="status"),
        CheckConstraint("(status = 'placed') = (placed_order_id IS NOT NULL)", name="placed"),
        CheckConstraint("balance_amount = total_amount - credit_amount", name="balance_amount"),
        # the exchange of a return, one that is not cancelled; the foreign key's index
        Index("idx_exchanges_return_id", "return_id", unique=True, postgresql_where=text("status <> 'cancelled'")),
        # the foreign key's index: every exchange of a return
        Index("idx_exchanges_return_all", "return_id"),
        # which return an order replaces the goods of; the foreign key's index
        Index("idx_exchanges_placed_order_id", "placed_order_id", postgresql_where=text("placed_order_id IS NOT NULL")),
        # what one member of staff drafted (and the foreign key's index)
        Index("idx_exchanges_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )
