"""Which units of an order go into which box: what the packing screen holds until it is confirmed. Pure.

Shape: one frozen ``Packing`` that every key replaces, so a key taken back or a store that says no loses nothing.
Everything starts packed, one box for each warehouse, because that is what happens nearly always.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from screens.order.page import FOR_GOOD
from screens.order.parcels_sheet import counted

if TYPE_CHECKING:
    from data.orders.reads import OrderDetail
    from data.shipments.messages import ShipOrder

#: What it is called among the things a person began (``screens.order.kept``).
PACKING = "packing"

__all__ = ["PACKING", "Box", "Packing", "Share", "packing_of"]


@dataclass(frozen=True)
class Share:
    """What one warehouse still has to send of one line: ``left`` units."""

    order_item_id: UUID
    sku: str
    title: str
    warehouse_id: str
    left: int
    state: str


@dataclass(frozen=True)
class Box:
    """One box: ``units`` by share."""

    warehouse_id: str
    units: Mapping[UUID, int] = field(default_factory=dict)
    carrier: str = ""
    tracking_number: str = ""

    @property
    def count(self) -> int:
        """Units in it."""
        return sum(self.units.values())


@dataclass(frozen=True)
class Packing:
    """An order's boxes as they are being packed. No unit is in two boxes, none is in a box of another warehouse."""

    order_id: UUID
    order_number: str
    version: int
    shares: tuple[Share, ...]
    boxes: tuple[Box, ...]

    def here(self, warehouse_id: str) -> tuple[Share, ...]:
        """The shares that a warehouse serves."""
        return tuple(share for share in self.shares if share.warehouse_id == warehouse_id)

    def loose(self, share: Share) -> int:
        """Units of ``share`` that are in no box."""
        return share.left - sum(box.units.get(share.order_item_id, 0) for box in self.boxes)

    @property
    def unpacked(self) -> tuple[str, ...]:
        """Warehouses with loose units and no box."""
        boxed = {box.warehouse_id for box in self.boxes}
        places = {share.warehouse_id for share in self.shares if self.loose(share)}
        return tuple(sorted(places - boxed))

    def put(self, number: int, share: Share, units: int) -> Packing:
        """Let box ``number`` hold ``units`` of ``share``: of the loose ones first, then of the other boxes."""
        key, boxes = share.order_item_id, list(self.boxes)
        units = max(0, min(units, share.left))
        missing = units - boxes[number].units.get(key, 0) - self.loose(share)
        for other, box in enumerate(boxes):
            taken = min(max(missing, 0), box.units.get(key, 0)) if other != number else 0
            if taken:
                boxes[other] = _with(box, key, box.units[key] - taken)
                missing -= taken
        boxes[number] = _with(boxes[number], key, units)
        return replace(self, boxes=tuple(boxes))

    def another(self, warehouse_id: str) -> tuple[Packing, int]:
        """Add a box in a warehouse, with what is loose there; return its number too."""
        units = {share.order_item_id: loose for share in self.here(warehouse_id) if (loose := self.loose(share))}
        places = [number for number, box in enumerate(self.boxes) if box.warehouse_id <= warehouse_id]
        at = places[-1] + 1 if places else 0
        boxes = (*self.boxes[:at], Box(warehouse_id, units), *self.boxes[at:])
        return replace(self, boxes=boxes), at

    def without(self, number: int) -> Packing:
        """Take a box away; its units stay behind unless they are put into another."""
        return replace(self, boxes=(*self.boxes[:number], *self.boxes[number + 1 :]))

    def labelled(self, number: int, carrier: str, tracking_number: str) -> Packing:
        """Write carrier and tracking number on a box."""
        boxes = list(self.boxes)
        boxes[number] = replace(boxes[number], carrier=carrier, tracking_number=tracking_number)
        return replace(self, boxes=tuple(boxes))

    @property
    def full(self) -> tuple[Box, ...]:
        """The boxes with something in them: these leave."""
        return tuple(box for box in self.boxes if box.count)

    @property
    def units(self) -> int:
        """Units in boxes."""
        return sum(box.count for box in self.boxes)

    @property
    def staying(self) -> int:
        """Units that stay behind."""
        return sum(share.left for share in self.shares) - self.units

    def sentence(self) -> str:
        """Return what confirming does."""
        places = " and ".join(sorted({box.warehouse_id for box in self.full}))
        count = len(self.full)
        boxes = f"{count} boxes" if count > 1 else "one box"
        stays = f" {counted(self.staying)} {'stays' if self.staying == 1 else 'stay'} behind." if self.staying else ""
        return f"Ships {counted(self.units)} of {self.order_number} in {boxes} out of {places}.{stays} {FOR_GOOD}"

    def command(self) -> ShipOrder:
        """Return what the door is given."""
        from data.orders.messages import LineUnits
        from data.shipments.messages import BoxInput, ShipOrder

        def lines(box: Box) -> tuple[Any, ...]:
            return tuple(LineUnits(order_item_id=key, quantity=units) for key, units in box.units.items() if units)

        boxes = tuple(
            BoxInput(
                warehouse_id=box.warehouse_id,
                lines=lines(box),
                carrier=box.carrier,
                tracking_number=box.tracking_number,
            )
            for box in self.full
        )
        return ShipOrder(order_id=self.order_id, boxes=boxes, expected_version=self.version)

    def kept(self) -> dict[str, Any]:
        """Return the boxes, and what they were packed from, as a draft's file keeps them."""
        import msgspec

        content: dict[str, Any] = msgspec.to_builtins({"shares": self.shares, "boxes": self.boxes}, str_keys=True)
        return content | {"version": self.version}

    def with_kept(self, content: Mapping[str, Any]) -> Packing | None:
        """Return this packing with the boxes of a draft, ``None`` where other units are to be sent by now."""
        import msgspec

        from data.structs import convert

        try:
            shares = convert(content.get("shares"), tuple[Share, ...])
            boxes = convert(content.get("boxes"), tuple[Box, ...])
        except msgspec.ValidationError:
            return None
        return replace(self, boxes=boxes) if shares == self.shares else None


def _with(box: Box, key: UUID, units: int) -> Box:
    return replace(box, units={**box.units, key: units})


def packing_of(order: OrderDetail) -> Packing:
    """Return the usual packing: all that is left, one box for each warehouse."""
    shares = tuple(
        Share(
            item.order_item_id,
            item.sku,
            item.product_name,
            item.warehouse_id,
            item.allocated_quantity,
            item.fulfillment_status,
        )
        for item in order.items
        if item.allocated_quantity and item.warehouse_id
    )
    packing = Packing(order.order_id, order.order_number, order.version, shares, ())
    for place in packing.unpacked:
        packing, _ = packing.another(place)
    return packing
