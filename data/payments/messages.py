"""What may be asked of payments: book a step that has happened; begin one with a provider, and settle it; refund.

``BeginPayment`` and ``RefundOrder`` only promise: what they write is ``pending``. ``data.payments.flow`` takes it to
the provider, outside of any transaction, and settles it with what the provider said.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command
from data.orders.messages import LineUnits

__all__ = [
    "BeginPayment",
    "PaymentBegun",
    "PaymentRecorded",
    "PaymentSettled",
    "RecordPayment",
    "RefundBegun",
    "RefundOrder",
    "RefundShare",
    "SettlePayment",
]


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


class PaymentBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A step that waits for its provider. ``operation_key`` is what the provider is given, for ever the same."""

    payment_id: UUID
    order_id: UUID
    order_number: str
    kind: str
    amount: Decimal
    currency: str
    provider: str
    operation_key: str


class BeginPayment(Command, frozen=True, kw_only=True):
    """Promise one step of money: ``authorise``, ``capture`` or ``void``; it is then taken to ``provider``.

    ``amount`` ``None`` is all that is owed (for a void, all of the authorisation). ``parent_payment_id`` is the
    authorisation a capture or void is of. ``provider_reference`` is what a person was told (a statement's line).

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` with the order's money where more would be taken than is owed,
    more of an authorisation than it holds, or a void of one that was captured.
    """

    name: ClassVar[str] = "payments.begin"
    permission: ClassVar[str] = "payments.capture"
    result: ClassVar[type] = PaymentBegun
    handled_in: ClassVar[str] = "data.payments.operations"

    order_id: UUID
    kind: str
    amount: Decimal | None = None
    provider: str = "manual"
    provider_reference: str = ""
    parent_payment_id: UUID | None = None
    payment_method_id: UUID | None = None


class PaymentSettled(msgspec.Struct, frozen=True, kw_only=True):
    """How a step ended: ``status`` is ``succeeded`` or ``failed``, with the ``failure``. ``owed`` is what is left."""

    payment_id: UUID
    order_id: UUID
    order_number: str
    kind: str
    status: str
    amount: Decimal
    currency: str
    provider: str
    provider_reference: str
    failure: str
    owed: Decimal


class SettlePayment(Command, frozen=True, kw_only=True):
    """Write down how a pending step ended. Settled already, it stays as it is: a provider may answer twice.

    Raises ``NotFound``, and ``Conflict`` where it ended otherwise before.
    """

    name: ClassVar[str] = "payments.settle"
    permission: ClassVar[str] = "payments.record"
    result: ClassVar[type] = PaymentSettled
    handled_in: ClassVar[str] = "data.payments.operations"

    payment_id: UUID
    accepted: bool
    provider_reference: str = ""
    failure: str = ""


class RefundShare(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a refund that one capture gives back."""

    payment_id: UUID
    amount: Decimal


class RefundBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as promised. ``credit`` was taken off what the customer owes, the rest paid back what the shop owed."""

    refund_id: UUID
    order_id: UUID
    order_number: str
    amount: Decimal
    credit: Decimal
    currency: str
    restocked: int
    payments: tuple[PaymentBegun, ...]


class RefundOrder(Command, frozen=True, kw_only=True):
    """Give money back: for units that were sent (``lines``), for shipping, any other ``amount``, or all of these.

    With nothing named it is what the shop owes the customer. ``amount`` first pays back what is owed, the rest is
    goodwill and needs no return. ``restock`` takes the units of ``lines`` back into stock at once; without it they may
    still come back as a return, and are not credited twice. ``shares`` says which captures give how much; without it
    the newest give first. What was cancelled or has come back is owed already and needs no ``lines``.

    Raises ``NotFound``, ``Invalid`` (field by field), and ``Conflict`` with the order's money where more would be given
    back than was captured and not refunded.
    """

    name: ClassVar[str] = "payments.refund"
    permission: ClassVar[str] = "payments.refund"
    result: ClassVar[type] = RefundBegun
    handled_in: ClassVar[str] = "data.payments.refunding"
    entry_limit: ClassVar[int] = 1_000

    order_id: UUID
    reason: str
    lines: tuple[LineUnits, ...] = ()
    shipping: Decimal | None = None
    amount: Decimal | None = None
    restock: bool = False
    shares: tuple[RefundShare, ...] = ()
    expected_version: int | None = None
