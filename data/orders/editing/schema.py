"""Rows that an edit took out of an order, as they were.

``order_items`` holds what is ordered now, and only that: its CHECK wants a quantity above 0, as the seed has it. What
was taken out stands here, so that analytics can be told that the line counts for nothing any more.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnClause, ForeignKey, Index

from data.schema_base import Base, CreatedAt, Money, Str50, Str100, Str255, column

__all__ = ["RemovedOrderItem"]


class RemovedOrderItem(Base):
    """A former row of ``order_items``; ``order_version`` is the order's version without it."""

    __tablename__ = "removed_order_items"
    __table_args__ = (
        # what analytics reads with an order; the foreign key's index
        Index("idx_removed_order_items_order_id", "order_id", "order_version"),
    )

    order_item_id: ColumnClause[UUID] = column(primary_key=True)
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id", ondelete="CASCADE"))
    order_version: ColumnClause[int]
    line_no: ColumnClause[int]
    product_id: ColumnClause[Str100]
    sku: ColumnClause[Str100]
    product_name: ColumnClause[Str255]
    unit_price: ColumnClause[Money]
    quantity: ColumnClause[int]
    warehouse_id: ColumnClause[Str50 | None]
    created_at: ColumnClause[CreatedAt]
