"""Parcels and what is in them. One row is one box from one warehouse; its lines say how many units of which share.

A row is made when the box leaves and changes once, when it arrives. ``order_items.tracking_number`` (the seed's) keeps
the number of the last box with units of that share, so that the list and the palette still find it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, text

from data.schema_base import Base, CreatedAt, Key, Str50, Str100, column

__all__ = ["Shipment", "ShipmentItem"]


class Shipment(Base):
    """One box. ``shipped_at`` may be earlier than ``created_at``, for boxes that were booked late."""

    __tablename__ = "shipments"

    shipment_id: ColumnClause[Key]
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id"))
    warehouse_id: ColumnClause[Str50] = column(ForeignKey("warehouses.warehouse_id"))
    carrier: ColumnClause[Str50 | None]
    tracking_number: ColumnClause[Str100 | None]
    shipped_at: ColumnClause[datetime]
    delivered_at: ColumnClause[datetime | None]
    created_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint("delivered_at >= shipped_at", name="delivered_at"),
        # parcels_of an order; the foreign key's index
        Index("idx_shipments_order_id", "order_id", "shipped_at"),
        # what left one warehouse, newest first; the foreign key's index
        Index("idx_shipments_warehouse_id", "warehouse_id", text("shipped_at DESC")),
        # the palette and a scan find a parcel by its number
        Index("idx_shipments_tracking_number", "tracking_number", postgresql_where=text("tracking_number IS NOT NULL")),
        # what one member of staff sent (and the foreign key's index)
        Index("idx_shipments_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )


class ShipmentItem(Base):
    """``quantity`` units of one line's share in one box."""

    __tablename__ = "shipment_items"

    shipment_id: ColumnClause[UUID] = column(ForeignKey("shipments.shipment_id"), primary_key=True)
    order_item_id: ColumnClause[UUID] = column(ForeignKey("order_items.order_item_id"), primary_key=True)
    quantity: ColumnClause[int]

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        # in which boxes a line's units went; the foreign key's index
        Index("idx_shipment_items_order_item_id", "order_item_id"),
    )
