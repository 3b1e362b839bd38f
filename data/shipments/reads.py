"""Reads of parcels: plain functions over PostgreSQL that return frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["ParcelItem", "ParcelRow", "order_of_parcel", "parcels_of"]


@dataclass(frozen=True)
class ParcelItem:
    """Units of one line's share in a box."""

    order_item_id: UUID
    line_no: int
    sku: str
    product_name: str
    quantity: int


@dataclass(frozen=True)
class ParcelRow:
    """One box; ``delivered_at`` is ``None`` while it is on its way. ``sent_by`` is a name, ``""`` where unknown."""

    shipment_id: UUID
    warehouse_id: str
    carrier: str
    tracking_number: str
    shipped_at: datetime
    delivered_at: datetime | None
    sent_by: str
    items: tuple[ParcelItem, ...]


def parcels_of(postgres: Postgres, order_id: UUID) -> tuple[ParcelRow, ...]:
    """Return the order's boxes in the order they left, each with what is in it."""
    inside: dict[UUID, list[ParcelItem]] = {}
    with postgres.reading() as connection:
        boxes = connection.execute(_BOXES, {"order_id": order_id}).mappings().all()
        for row in connection.execute(_ITEMS, {"order_id": order_id}).mappings():
            item = dict(row)
            inside.setdefault(item.pop("shipment_id"), []).append(ParcelItem(**item))
    return tuple(ParcelRow(**box, items=tuple(inside.get(box["shipment_id"], ()))) for box in boxes)


def order_of_parcel(postgres: Postgres, tracking_number: str) -> str | None:
    """Return the number of the order whose newest box has this tracking number, ``None`` where no box has it.

    Walks ``idx_shipments_tracking_number``.
    """
    with postgres.reading() as connection:
        number: str | None = connection.execute(_WITH_NUMBER, {"number": tracking_number.strip()}).scalar()
        return number


_WITH_NUMBER = text(
    """
    SELECT o.order_number FROM shipments s JOIN orders o USING (order_id)
     WHERE s.tracking_number = :number ORDER BY s.shipped_at DESC LIMIT 1
    """
)
_BOXES = text(
    """
    SELECT s.shipment_id, s.warehouse_id, coalesce(s.carrier, '') AS carrier,
           coalesce(s.tracking_number, '') AS tracking_number, s.shipped_at, s.delivered_at,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS sent_by
      FROM shipments s LEFT JOIN users u ON u.user_id = s.created_by
     WHERE s.order_id = :order_id ORDER BY s.shipped_at, s.shipment_id
    """
)
_ITEMS = text(
    """
    SELECT b.shipment_id, i.order_item_id, i.line_no, i.sku, i.product_name, b.quantity
      FROM shipments s JOIN shipment_items b USING (shipment_id) JOIN order_items i USING (order_item_id)
     WHERE s.order_id = :order_id ORDER BY i.line_no, i.order_item_id
    """
)
