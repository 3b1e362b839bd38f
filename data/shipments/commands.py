"""The handlers of parcels: units leave the house box by box, the order follows its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.orders.handling.commands import refuse_held
from data.orders.life import following, fulfilment_of, status_of
from data.orders.lines import LineChange, apply_changes, chosen, units_of
from data.orders.locks import lock_items, lock_order
from data.orders.steps import Taken, checked_reason, checked_time, write_steps
from data.shipments.boxes import Box, deliver_boxes, undelivered_items, write_boxes
from data.shipments.messages import (
    BoxInput,
    DeliverParcels,
    OrderShipped,
    ParcelsDelivered,
    ParcelSent,
    ShipOrder,
)
from data.stock.ledger import Move, move

__all__ = ["deliver_parcels", "ship_order"]


@handles(ShipOrder)
def ship_order(command: ShipOrder, uow: UnitOfWork) -> OrderShipped:
    """Send the boxes; see ``ShipOrder`` for what is raised."""
    order = lock_order(uow.connection, command.order_id, command.expected_version)
    if "shipped" not in following(order.order_status):
        raise Invalid({"order_status": f"{order.order_number} is {order.order_status}, it cannot be sent now"})
    refuse_held(order, uow.now)
    at, items = checked_time(command.at, order.created_at, uow.now), lock_items(uow.connection, [order.order_id])
    boxes = _boxes(command, items, at)
    changes = _changes(items, boxes)
    after = [changes[key].units if (key := item.order_item_id) in changes else units_of(item) for item in items]
    step = Taken(
        order,
        status_of(order.order_status, after),
        checked_reason(command.reason) or _told(boxes),
        at,
        told={"parcels": [_sent(box) for box in boxes]},
        kind="shipped",
    )
    move(uow, _moves(step, items, boxes))
    write_boxes(uow, boxes)
    apply_changes(uow.connection, list(changes.values()))
    write_steps(uow, [step])
    return OrderShipped(
        order_id=order.order_id,
        order_number=order.order_number,
        order_status=step.status,
        version=step.version,
        parcels=tuple(_sent(box) for box in boxes),
        units_left=sum(units.allocated for units in after),
    )


def _boxes(command: ShipOrder, items: Sequence[Row[Any]], at: datetime) -> list[Box]:
    """Return the boxes with their units by line. A unit is in one box: each takes from what the former ones left."""
    free = {item.order_item_id: item.allocated_quantity for item in items if item.warehouse_id is not None}
    places = sorted({item.warehouse_id for item in items if free.get(item.order_item_id)})
    if not places:
        raise Invalid({"boxes": "nothing is left to be sent"})
    asked = command.boxes or tuple(BoxInput(warehouse_id=place) for place in places)
    boxes: list[Box] = []
    for number, one in enumerate(asked):
        try:
            place, units = _inside(one, items, free, places)
        except Invalid as refused:
            raise Invalid({f"boxes[{number}].{field}": why for field, why in refused.fields.items()}) from None
        for key, part in units.items():
            free[key] -= part
        boxes.append(Box(command.order_id, place, units, at, one.carrier.strip(), one.tracking_number.strip()))
    return boxes


def _inside(
    box: BoxInput, items: Sequence[Row[Any]], free: Mapping[UUID, int], places: Sequence[str]
) -> tuple[str, dict[UUID, int]]:
    if len(box.carrier.strip()) > 50 or len(box.tracking_number.strip()) > 100:
        raise Invalid({"tracking_number": "is longer than 100 characters, or the carrier than 50"})
    if not box.warehouse_id and len(places) > 1:
        raise Invalid({"warehouse_id": f"must be one of {', '.join(places)}"})
    place = box.warehouse_id or places[0]
    here = [item for item in items if item.warehouse_id == place]
    if box.lines:
        return place, chosen(here, box.lines, free, f"to be sent from {place}")
    units = {item.order_item_id: free[item.order_item_id] for item in here if free[item.order_item_id]}
    if not units:
        raise Invalid({"warehouse_id": f"{place} has nothing of this order to send"})
    return place, units


def _changes(items: Sequence[Row[Any]], boxes: Sequence[Box]) -> dict[UUID, LineChange]:
    changes: dict[UUID, LineChange] = {}
    for item in items:
        sent = sum(box.units.get(item.order_item_id, 0) for box in boxes)
        if sent:
            numbers = [box.tracking_number for box in boxes if item.order_item_id in box.units and box.tracking_number]
            state = fulfilment_of(LineChange(item, "", shipped=sent).units, item.fulfillment_status)
            tracking = numbers[-1] if numbers else None
            changes[item.order_item_id] = LineChange(item, state, shipped=sent, tracking=tracking)
    return changes


def _moves(step: Taken, items: Sequence[Row[Any]], boxes: Sequence[Box]) -> list[Move]:
    product = {item.order_item_id: item.product_id for item in items}
    return [
        Move(
            *(product[key], box.warehouse_id, "ship", units, step.reason, step.order.order_id, "order", step.at),
            cause=f"{step.version}:{key}:{number}",
        )
        for number, box in enumerate(boxes)
        for key, units in sorted(box.units.items(), key=lambda part: (product[part[0]], part[0]))
    ]


def _told(boxes: Sequence[Box]) -> str:
    """Return what the history says of boxes that nobody said anything of."""
    told = (
        f"{sum(box.units.values())} from {box.warehouse_id}"
        + (f" ({box.tracking_number})" if box.tracking_number else "")
        for box in boxes
    )
    return f"sent {', '.join(told)}"[:1_000]


def _sent(box: Box) -> ParcelSent:
    return ParcelSent(
        shipment_id=box.shipment_id,
        warehouse_id=box.warehouse_id,
        carrier=box.carrier,
        tracking_number=box.tracking_number,
        units=sum(box.units.values()),
    )


@handles(DeliverParcels)
def deliver_parcels(command: DeliverParcels, uow: UnitOfWork) -> ParcelsDelivered:
    """Mark boxes as arrived; see ``DeliverParcels`` for what is raised."""
    order = lock_order(uow.connection, command.order_id, command.expected_version)
    at, items = checked_time(command.at, order.created_at, uow.now), lock_items(uow.connection, [order.order_id])
    arrived = deliver_boxes(uow, {order.order_id: at}, command.shipment_ids or None)
    if missing := set(command.shipment_ids) - arrived:
        raise NotFound("parcel on its way", str(min(missing)))
    if not arrived:
        raise Invalid({"shipment_ids": f"nothing of {order.order_number} is on its way"})
    still = undelivered_items(uow, order.order_id)
    whole = order.order_status == "shipped" and not still
    step = Taken(
        order,
        "delivered" if whole else order.order_status,
        f"{len(arrived)} {'parcel' if len(arrived) == 1 else 'parcels'} arrived",
        at,
        told={"parcels": sorted(map(str, arrived))},
        kind="delivered",
    )
    apply_changes(
        uow.connection,
        [
            LineChange(item, "delivered")
            for item in items
            if item.order_item_id not in still and item.fulfillment_status == "shipped"
        ],
    )
    write_steps(uow, [step])
    return ParcelsDelivered(
        order_id=order.order_id,
        order_number=order.order_number,
        order_status=step.status,
        version=step.version,
        parcels=len(arrived),
    )
