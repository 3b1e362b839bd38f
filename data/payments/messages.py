"""What may be asked of payments: book one step of money. Handler: ``data.payments.commands``."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = ["PaymentRecorded", "RecordPayment"]


class PaymentRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """The booked step, and what the order's money comes to after it, in ``currency``."""

    payment_id: UUID
    order_id: UUID
    kind: str
    amount: Decimal
    currency: str
    captured: Decimal
    refunded: Decimal


class RecordPayment(Command, frozen=True, kw_only=True):
    """Book a step of money that has happened: ``kind`` is ``authorise``, ``capture``, ``void`` or ``refund``.

    ``amount`` is positive and in the order's currency. ``provider`` is who moved it (``bank``, ``card``),
    ``provider_reference`` what they call it, ``reference`` what they were given so that a step sent twice is one step
    (``""``: this command's key). ``at`` is when it happened, ``None`` now; not in the future.

    Raises ``NotFound`` (order), ``Invalid`` (per field), ``Conflict`` where more would be captured than the order comes
    to, more refunded than was captured, or ``reference`` is booked already.
    """

    name: ClassVar[str] = "payments.record"
    permission: ClassVar[str] = "payments.record"
    result: ClassVar[type] = PaymentRecorded
    handled_in: ClassVar[str] = "data.payments.commands"

    order_id: UUID
    kind: str
    amount: Decimal
    provider: str = "manual"
    provider_reference: str = ""
    reference: str = ""
    payment_method_id: UUID | None = None
    at: datetime | None = None
