"""What may be asked of returns: request, receive, inspect, close; draft an exchange and say that it was placed.

Light: a form or a CLI verb builds a command without loading a driver; the door loads the handlers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command
from data.orders.messages import LineUnits, OrderLineInput

__all__ = [
    "CloseReturn",
    "DraftExchange",
    "ExchangeDrafted",
    "InspectLine",
    "InspectReturn",
    "LinkExchange",
    "ReceiveReturn",
    "RequestReturn",
    "ReturnChanged",
]

_HANDLERS = "data.returns.commands"


class ReturnChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A return after a step. Units are sums over its lines; ``credit`` is what this step took off the order's price,
    ``owed`` what the customer still owes of the order (below zero: gets back)."""

    return_id: UUID
    order_id: UUID
    order_number: str
    status: str
    version: int
    quantity: int
    received: int
    restocked: int
    damaged: int
    rejected: int
    credit: Decimal
    owed: Decimal
    currency: str


class RequestReturn(Command, frozen=True, kw_only=True):
    """Note that a customer wants to send ``lines`` back; stock and money stay as they are.

    Raises ``NotFound``, ``Invalid`` (no reason; more units than were sent and are not back or on their way).
    """

    name: ClassVar[str] = "returns.request"
    permission: ClassVar[str] = "returns.request"
    result: ClassVar[type] = ReturnChanged
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 1_000

    order_id: UUID
    lines: tuple[LineUnits, ...]
    reason: str


class ReceiveReturn(Command, frozen=True, kw_only=True):
    """Note that units arrived at ``warehouse_id``: ``lines`` or (``()``) all that are missing. Stock stays as it is.

    Raises ``NotFound``, ``Invalid`` (more than was asked for, a closed return).
    """

    name: ClassVar[str] = "returns.receive"
    permission: ClassVar[str] = "returns.inspect"
    result: ClassVar[type] = ReturnChanged
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 1_000

    return_id: UUID
    warehouse_id: str
    lines: tuple[LineUnits, ...] = ()
    expected_version: int | None = None


class InspectLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of units of one line: back in stock, kept as damaged, or rejected (the customer's again)."""

    sku: str = ""
    order_item_id: UUID | None = None
    restock: int = 0
    damaged: int = 0
    reject: int = 0


class InspectReturn(Command, frozen=True, kw_only=True):
    """Decide on units that were received; here, and only here, stock moves and the order gets cheaper.

    Rejected units are not taken off the price. The return is ``inspected`` with its last unit. Raises ``NotFound``,
    ``Invalid`` (more than was received and is not decided), ``Conflict`` (version).
    """

    name: ClassVar[str] = "returns.inspect"
    permission: ClassVar[str] = "returns.inspect"
    result: ClassVar[type] = ReturnChanged
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 1_000

    return_id: UUID
    lines: tuple[InspectLine, ...]
    note: str = ""
    expected_version: int | None = None


class CloseReturn(Command, frozen=True, kw_only=True):
    """End a return though not all of it came: ``cancelled`` where nothing was inspected, else ``inspected``.

    Raises ``NotFound``, ``Invalid`` (no reason; units that were received and not decided on).
    """

    name: ClassVar[str] = "returns.close"
    permission: ClassVar[str] = "returns.request"
    result: ClassVar[type] = ReturnChanged
    handled_in: ClassVar[str] = _HANDLERS

    return_id: UUID
    reason: str
    expected_version: int | None = None


class ExchangeDrafted(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange as quoted: ``balance_amount`` is paid on top, or given back where it is below zero."""

    exchange_id: UUID
    return_id: UUID
    status: str
    lines: tuple[OrderLineInput, ...]
    total_amount: Decimal
    credit_amount: Decimal
    balance_amount: Decimal
    currency: str
    placed_order_id: UUID | None


class DraftExchange(Command, frozen=True, kw_only=True):
    """Draft the order that replaces a return's goods; a former draft of the return is cancelled.

    It is quoted at today's prices for the address and shipping method of the first order; the units of the return are
    worth what they were sold for. Nothing is reserved. Raises ``NotFound``, ``Invalid``, ``Conflict`` where one was
    placed already.
    """

    name: ClassVar[str] = "returns.exchange"
    permission: ClassVar[str] = "returns.request"
    result: ClassVar[type] = ExchangeDrafted
    handled_in: ClassVar[str] = "data.returns.exchanges"
    entry_limit: ClassVar[int] = 500

    return_id: UUID
    lines: tuple[OrderLineInput, ...]


class LinkExchange(Command, frozen=True, kw_only=True):
    """Say which order a drafted exchange became (``data.returns.exchanges.place_exchange`` places and links).

    Raises ``NotFound`` and ``Conflict`` where it became another one.
    """

    name: ClassVar[str] = "returns.link"
    permission: ClassVar[str] = "returns.request"
    result: ClassVar[type] = ExchangeDrafted
    handled_in: ClassVar[str] = "data.returns.exchanges"

    exchange_id: UUID
    order_id: UUID
