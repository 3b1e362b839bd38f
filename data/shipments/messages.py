"""What may be asked of parcels: send an order, whole or in boxes; say that boxes arrived.

Light: a form or a CLI verb builds a command without loading a driver; the door loads the handlers.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command
from data.orders.messages import LineUnits

__all__ = ["BoxInput", "DeliverParcels", "OrderShipped", "ParcelSent", "ParcelsDelivered", "ShipOrder"]

_HANDLERS = "data.shipments.commands"


class BoxInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One box from one warehouse; ``lines`` is what is in it, ``()`` all that the warehouse holds of the order.

    ``warehouse_id`` may be left out where all units come from one.
    """

    warehouse_id: str = ""
    lines: tuple[LineUnits, ...] = ()
    carrier: str = ""
    tracking_number: str = ""


class ParcelSent(msgspec.Struct, frozen=True, kw_only=True):
    """A box that left, with its units."""

    shipment_id: UUID
    warehouse_id: str
    carrier: str
    tracking_number: str
    units: int


class OrderShipped(msgspec.Struct, frozen=True, kw_only=True):
    """The order after its boxes left; ``units_left`` are still to be sent."""

    order_id: UUID
    order_number: str
    order_status: str
    version: int
    parcels: tuple[ParcelSent, ...]
    units_left: int


class ShipOrder(Command, frozen=True, kw_only=True):
    """Send ``boxes`` of an open order, or (``()``) all of it, a box for each warehouse: the units leave the house.

    The order is ``shipped`` with its last unit, ``processing`` before. ``at`` is when the boxes left (now).

    Raises ``NotFound``, ``Invalid`` (not to be sent now, more than the warehouse holds of the order, an empty box),
    ``Conflict`` (version).
    """

    name: ClassVar[str] = "orders.ship"
    permission: ClassVar[str] = "orders.ship"
    result: ClassVar[type] = OrderShipped
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 1_000

    order_id: UUID
    boxes: tuple[BoxInput, ...] = ()
    reason: str = ""
    expected_version: int | None = None
    at: datetime | None = None


class ParcelsDelivered(msgspec.Struct, frozen=True, kw_only=True):
    """How many boxes arrived, and the order after it."""

    order_id: UUID
    order_number: str
    order_status: str
    version: int
    parcels: int


class DeliverParcels(Command, frozen=True, kw_only=True):
    """Say that boxes arrived: those of ``shipment_ids``, or (``()``) all that are on their way.

    The order is ``delivered`` when it was sent in whole and its last box arrived. Raises ``NotFound`` (order, box),
    ``Invalid`` (nothing on its way, ``at``), ``Conflict`` (version).
    """

    name: ClassVar[str] = "orders.deliver"
    permission: ClassVar[str] = "orders.ship"
    result: ClassVar[type] = ParcelsDelivered
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 1_000

    order_id: UUID
    shipment_ids: tuple[UUID, ...] = ()
    expected_version: int | None = None
    at: datetime | None = None
