"""Writing boxes: rows of ``shipments`` and what is in them. Stock and the order's lines are the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import insert, text

from data.ids import new_id
from data.shipments.schema import Shipment, ShipmentItem

if TYPE_CHECKING:
    from data.door import UnitOfWork

__all__ = ["Box", "deliver_boxes", "undelivered_items", "write_boxes"]

_DELIVER = text(
    """
    UPDATE shipments s SET delivered_at = greatest(k.at, s.shipped_at)
      FROM unnest(CAST(:orders AS uuid[]), CAST(:times AS timestamptz[])) AS k (order_id, at)
     WHERE s.order_id = k.order_id AND s.delivered_at IS NULL
       AND (CAST(:only AS uuid[]) IS NULL OR s.shipment_id = ANY(:only))
    RETURNING s.shipment_id
    """
)
_UNDELIVERED = text(
    """
    SELECT DISTINCT b.order_item_id FROM shipments s JOIN shipment_items b USING (shipment_id)
     WHERE s.order_id = :order_id AND s.delivered_at IS NULL
    """
)


@dataclass(frozen=True)
class Box:
    """One box as it leaves; ``units`` by line. All lines are shares that ``warehouse_id`` serves."""

    order_id: UUID
    warehouse_id: str
    units: Mapping[UUID, int]
    at: datetime
    carrier: str = ""
    tracking_number: str = ""
    shipment_id: UUID = field(default_factory=new_id)


def write_boxes(uow: UnitOfWork, boxes: Sequence[Box]) -> None:
    """Insert ``boxes`` with their contents."""
    if not boxes:
        return
    uow.connection.execute(insert(Shipment), [_row(uow, box) for box in boxes])
    uow.connection.execute(
        insert(ShipmentItem),
        [
            {"shipment_id": box.shipment_id, "order_item_id": item, "quantity": units}
            for box in boxes
            for item, units in box.units.items()
        ],
    )


def _row(uow: UnitOfWork, box: Box) -> dict[str, Any]:
    return {
        "shipment_id": box.shipment_id,
        "order_id": box.order_id,
        "warehouse_id": box.warehouse_id,
        "carrier": box.carrier or None,
        "tracking_number": box.tracking_number or None,
        "shipped_at": box.at,
        "created_by": uow.actor.user_id,
        "created_at": uow.now,
    }


def deliver_boxes(
    uow: UnitOfWork, orders: Mapping[UUID, datetime], only: Iterable[UUID] | None = None
) -> frozenset[UUID]:
    """Mark the boxes of ``orders`` that are on their way as arrived at the time given, or ``only`` some of them.

    Return the ids of those that were on their way.
    """
    values = {"orders": list(orders), "times": list(orders.values()), "only": None if only is None else list(only)}
    return frozenset(uow.connection.execute(_DELIVER, values).scalars())


def undelivered_items(uow: UnitOfWork, order_id: UUID) -> frozenset[UUID]:
    """Return the order's lines with units in a box that has not arrived."""
    return frozenset(uow.connection.execute(_UNDELIVERED, {"order_id": order_id}).scalars())
