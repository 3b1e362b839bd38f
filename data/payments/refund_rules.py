"""What of an order can be given back, and what that comes to. Pure: the handler and the form ask the same questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.orders.worth import units_worth

__all__ = ["CaptureLeft", "RefundLine", "Refundable", "refundable_units"]


def refundable_units(items: Iterable[Any], coming: Mapping[UUID, int] | None = None) -> dict[UUID, int]:
    """Return the units of each of ``items`` (rows of ``order_items``, however they were read) that were sent, have not
    come back, and whose price was not given back before.

    With ``coming`` (units by line that are on their way back) only those that can be taken into stock at once: what is
    coming is taken in when it is inspected.
    """
    free: dict[UUID, int] = {}
    for item in items:
        units = item.shipped_quantity - (item.credited_quantity - item.cancelled_quantity)
        if coming is not None:
            at_home = item.shipped_quantity - item.returned_quantity - coming.get(item.order_item_id, 0)
            units = min(units, at_home)
        free[item.order_item_id] = units
    return free


@dataclass(frozen=True)
class RefundLine:
    """A line with units that can be refunded: ``free`` of them, ``restockable`` into stock at once.

    ``worth`` is what all ``quantity`` units are worth, ``credited`` of which were taken off the price before.
    """

    order_item_id: UUID
    sku: str
    title: str
    free: int
    restockable: int
    quantity: int
    credited: int
    worth: Decimal

    def worth_of(self, units: int) -> Decimal:
        """Return what ``units`` more of it are worth."""
        return units_worth(self.worth, self.quantity, self.credited, units)


@dataclass(frozen=True)
class CaptureLeft:
    """A capture with what it can still give back."""

    payment_id: UUID
    provider: str
    reference: str
    left: Decimal


@dataclass(frozen=True)
class Refundable:
    """What of an order can be given back. ``owed`` below zero is what the shop owes the customer already."""

    order_id: UUID
    order_number: str
    version: int
    currency: str
    captured: Decimal
    refunded: Decimal
    left: Decimal
    owed: Decimal
    shipping_left: Decimal
    lines: tuple[RefundLine, ...]
    captures: tuple[CaptureLeft, ...]

    def amount_of(
        self, units: Mapping[UUID, int], shipping: Decimal | None = None, amount: Decimal | None = None
    ) -> Decimal:
        """Return what a refund of ``units`` by line, ``shipping`` and any other ``amount`` comes to.

        With nothing named it is what the shop owes, as ``RefundOrder`` says.
        """
        if not units and shipping is None and amount is None:
            return max(Decimal("0.00"), -self.owed)
        lines = sum((line.worth_of(units.get(line.order_item_id, 0)) for line in self.lines), Decimal("0.00"))
        return lines + (shipping or 0) + (amount or 0)
