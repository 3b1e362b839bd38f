"""One order as a list shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

__all__ = ["OrderRow"]


@dataclass(frozen=True)
class OrderRow:
    """One order in a list. ``item_count`` counts lines, ``units`` their units; ``shipped_units`` of them are sent.

    ``paid_amount`` is captured less refunded; ``payment_state`` is ``paid``, ``part`` or ``unpaid``, by what is to be
    paid after what was credited. ``assigned_to`` is a name, ``""`` for nobody; ``hold_reason`` is ``""`` unless the
    order is held back from shipping now.
    """

    order_id: UUID
    order_number: str
    user_id: UUID | None
    customer_name: str
    email: str
    created_at: datetime
    order_status: str
    channel: str
    item_count: int
    units: int
    shipped_units: int
    total_amount: Decimal
    paid_amount: Decimal
    payment_state: str
    currency: str
    version: int
    tags: tuple[str, ...] = ()
    assigned_to: str = ""
    hold_reason: str = ""
    on_hold_until: datetime | None = None
