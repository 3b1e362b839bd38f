"""The life of an order: every step it may take, who may take it, and what it does to stock and money. Pure.

One table for the order, one for what one warehouse serves of a line. ``data.orders.rules.TRANSITIONS`` is read off the
first; the handlers ask the tables and hold no rule of their own. A graph in the database was rejected: a reader of
this page could not say what it holds.

The order's status follows from its lines where it can: it is ``shipped`` when the last unit that was not cancelled has
left, ``cancelled`` when the last unit was cancelled and none had left, ``delivered`` when every parcel has arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = [
    "FULFILMENT",
    "FULFILMENT_STEPS",
    "HOLDING",
    "ORDER_STEPS",
    "FulfilmentStep",
    "OrderStep",
    "Units",
    "following",
    "fulfilment_of",
    "order_step",
    "status_of",
]

#: Every state of the seed's CHECK on ``order_items``.
FULFILMENT = ("pending", "allocated", "picked", "packed", "shipped", "delivered")
#: Lines in these states hold reserved stock.
HOLDING = frozenset({"allocated", "picked", "packed"})


@dataclass(frozen=True)
class OrderStep:
    """One step of an order. ``permission`` is needed to take it.

    ``stock`` is the kind of movement its held units make (``""``: none), ``money`` what happens to what the customer
    owes: ``credit`` takes all of it off, ``""`` leaves it. ``stamp`` is the order's column that keeps the time.
    ``reversible`` says that who took it may take it back: nothing left the house, no unit was let go, no price moved.
    """

    before: str
    after: str
    permission: str
    stock: str = ""
    money: str = ""
    stamp: str = ""
    reversible: bool = False


ORDER_STEPS: tuple[OrderStep, ...] = (
    OrderStep("pending", "confirmed", "orders.status", stamp="confirmed_at", reversible=True),
    OrderStep("pending", "cancelled", "orders.cancel", stock="release", money="credit", stamp="cancelled_at"),
    OrderStep("confirmed", "processing", "orders.status", reversible=True),
    OrderStep("confirmed", "shipped", "orders.ship", stock="ship", stamp="shipped_at"),
    OrderStep("confirmed", "cancelled", "orders.cancel", stock="release", money="credit", stamp="cancelled_at"),
    OrderStep("processing", "shipped", "orders.ship", stock="ship", stamp="shipped_at"),
    OrderStep("processing", "cancelled", "orders.cancel", stock="release", money="credit", stamp="cancelled_at"),
    OrderStep("shipped", "delivered", "orders.ship", stamp="delivered_at"),
    OrderStep("shipped", "refunded", "payments.refund", money="credit"),
    OrderStep("delivered", "refunded", "payments.refund", money="credit"),
)


@dataclass(frozen=True)
class FulfilmentStep:
    """One step of what a warehouse serves of a line; ``stock`` is the kind of movement of its units."""

    before: str
    after: str
    permission: str
    stock: str = ""


FULFILMENT_STEPS: tuple[FulfilmentStep, ...] = (
    FulfilmentStep("pending", "allocated", "orders.allocate", "reserve"),
    FulfilmentStep("allocated", "picked", "orders.ship"),
    FulfilmentStep("allocated", "packed", "orders.ship"),
    FulfilmentStep("picked", "packed", "orders.ship"),
    FulfilmentStep("picked", "allocated", "orders.ship"),
    FulfilmentStep("packed", "allocated", "orders.ship"),
    *(FulfilmentStep(state, "shipped", "orders.ship", "ship") for state in ("allocated", "picked", "packed")),
    *(FulfilmentStep(state, "pending", "orders.cancel", "release") for state in ("allocated", "picked", "packed")),
    FulfilmentStep("shipped", "delivered", "orders.ship"),
)
_ORDER_STEP: Mapping[tuple[str, str], OrderStep] = {(step.before, step.after): step for step in ORDER_STEPS}


@dataclass(frozen=True)
class Units:
    """What became of the units one warehouse serves of a line: ``ordered`` is all of them.

    ``shipped + cancelled <= ordered`` and ``returned <= shipped``; the rest of ``ordered`` is allocated.
    """

    ordered: int
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0

    @property
    def allocated(self) -> int:
        """Units that hold reserved stock and are still to be sent."""
        return self.ordered - self.shipped - self.cancelled


def order_step(before: str, after: str) -> OrderStep | None:
    """Return the step from ``before`` to ``after``, ``None`` where there is none."""
    return _ORDER_STEP.get((before, after))


def following(status: str) -> tuple[str, ...]:
    """Return the states an order may go to from ``status``, the usual one first."""
    return tuple(step.after for step in ORDER_STEPS if step.before == status)


def fulfilment_of(units: Units, current: str, *, delivered: bool = False) -> str:
    """Return the state of a line's share with these ``units``: that of the unit that is furthest behind.

    ``current`` stays while units are held; ``delivered`` says that every parcel with units of it has arrived.
    """
    if units.allocated:
        return current
    if units.shipped:
        return "delivered" if delivered else "shipped"
    return "pending"


def status_of(status: str, lines: Iterable[Units]) -> str:
    """Return the order's status after units of its ``lines`` were sent or cancelled; ``status`` is the one before."""
    every = tuple(lines)
    if any(units.allocated for units in every):
        return "processing" if status == "confirmed" and any(units.shipped for units in every) else status
    return "shipped" if any(units.shipped for units in every) else "cancelled"
