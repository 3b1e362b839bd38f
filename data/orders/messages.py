"""What may be asked of orders: place one, change one's status, cancel lines, change where lines are served from.

Light: a form or a CLI verb builds a command without loading a driver; the door loads the handlers.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import msgspec

from data.carts.lines import CartLine
from data.command import Command
from data.orders.rules import Address

__all__ = [
    "Address",
    "AllocateOrder",
    "AllocatedItem",
    "CancelLines",
    "CartRef",
    "ChangeOrderStatus",
    "LineUnits",
    "LinesCancelled",
    "LinesMarked",
    "MarkLines",
    "OrderAllocated",
    "OrderLineInput",
    "OrderStatusChanged",
    "PlaceOrder",
    "PlacedItem",
    "PlacedOrder",
]


class OrderLineInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cart line: a product by ``sku`` or by ``product_id`` (exactly one), how many units, and from where.

    Without ``warehouse_id`` the line is served by the warehouse that can serve it whole and has most, else split.
    """

    quantity: int
    sku: str = ""
    product_id: str = ""
    warehouse_id: str | None = None


class CartRef(msgspec.Struct, frozen=True, kw_only=True):
    """The customer's cart an order is made from, as it was taken over; these units leave it when the order stands."""

    cart_id: str
    lines: tuple[CartLine, ...]


class PlacedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What one warehouse serves of one cart line; lines count from 1, after equal ones were added up."""

    line_no: int
    product_id: str
    sku: str
    warehouse_id: str
    quantity: int


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The order as it was placed. Amounts are in ``currency``."""

    order_id: UUID
    order_number: str
    order_status: str
    subtotal: Decimal
    tax_amount: Decimal
    shipping_amount: Decimal
    discount_amount: Decimal
    total_amount: Decimal
    currency: str
    items: tuple[PlacedItem, ...]


class PlaceOrder(Command, frozen=True, kw_only=True):
    """Place an order for the customer ``user_id``; stock is reserved, nothing is charged.

    The address to ship to is ``shipping_address``, else the stored ``shipping_address_id``, else the customer's default
    shipping address; the billing address follows the same rule and falls back on the shipping address.
    ``expected_total`` is the total the person saw: where the catalog or the rules say otherwise now, the order is
    refused with ``Conflict``. ``placed_at`` is for orders that were taken elsewhere earlier (import, demo data); it may
    not lie in the future. ``channel`` is a label of up to 20 characters (``phone``, ``web``, ``import``). ``code``
    takes something off and is counted as used by the transaction that places the order; ``cart`` becomes an order once
    (``data.orders.again`` empties it afterwards). ``draft_id`` names the held draft it was: the order takes over what
    that holds, all of which is let go in the same moment; refused, it holds on.

    Raises ``Invalid`` (per field; a code that does not hold), ``NotFound`` (customer), ``OutOfStock`` (every short
    line), ``Conflict`` (also for a cart that is an order already).
    """

    name: ClassVar[str] = "orders.place"
    permission: ClassVar[str] = "orders.place"
    result: ClassVar[type] = PlacedOrder
    handled_in: ClassVar[str] = "data.orders.placement"
    entry_limit: ClassVar[int] = 500

    user_id: UUID
    lines: tuple[OrderLineInput, ...]
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_address_id: UUID | None = None
    billing_address_id: UUID | None = None
    shipping_method: str = "standard"
    payment_method: str = ""
    notes: str = ""
    channel: str = "backoffice"
    expected_total: Decimal | None = None
    placed_at: datetime | None = None
    code: str = ""
    cart: CartRef | None = None
    draft_id: UUID | None = None


class OrderStatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The step that was taken; ``version`` is the order's new version."""

    order_id: UUID
    order_number: str
    previous_status: str
    new_status: str
    version: int


class ChangeOrderStatus(Command, frozen=True, kw_only=True):
    """Take an order one step along ``data.orders.rules.TRANSITIONS``.

    ``cancelled`` gives its reserved stock back; ``shipped`` takes it out of the house. ``reason`` is mandatory for a
    cancellation. ``expected_version`` is the version the person saw, ``None`` skips the comparison. ``at`` is for steps
    taken elsewhere earlier; it may not lie in the future.

    A step may need a permission of its own (``data.orders.life.ORDER_STEPS``).

    Raises ``NotFound``, ``Denied``, ``Invalid`` (unknown status, no such step from here, missing reason; a cancellation
    of an order that was sent in part), ``Conflict`` (version).
    """

    name: ClassVar[str] = "orders.status"
    permission: ClassVar[str] = "orders.status"
    result: ClassVar[type] = OrderStatusChanged
    handled_in: ClassVar[str] = "data.orders.status"

    order_id: UUID
    new_status: str
    reason: str = ""
    expected_version: int | None = None
    at: datetime | None = None


class LineUnits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some units of an order's line: by ``order_item_id``, or by ``sku`` wherever the order's lines hold it."""

    quantity: int
    sku: str = ""
    order_item_id: UUID | None = None


class LinesCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The order after ``units`` were cancelled: ``credit`` was taken off its price, and ``owed`` is left to be paid.

    ``owed`` below zero is what the customer gets back.
    """

    order_id: UUID
    order_number: str
    order_status: str
    version: int
    units: int
    credit: Decimal
    owed: Decimal
    currency: str


class CancelLines(Command, frozen=True, kw_only=True):
    """Cancel units that were not sent yet, of some ``lines`` or (``()``) of all; their stock is free again.

    Cancelling the last unit cancels the order where nothing was sent, shipping price included; else the order is then
    sent in whole. ``reason`` is mandatory. Money that was taken stays until it is refunded.

    Raises ``NotFound``, ``Invalid`` (no reason, more than is left, nothing left), ``Conflict`` (version).
    """

    name: ClassVar[str] = "orders.cancel"
    permission: ClassVar[str] = "orders.cancel"
    result: ClassVar[type] = LinesCancelled
    handled_in: ClassVar[str] = "data.orders.cancelling"
    entry_limit: ClassVar[int] = 1_000

    order_id: UUID
    reason: str
    lines: tuple[LineUnits, ...] = ()
    expected_version: int | None = None


class AllocatedItem(msgspec.Struct, frozen=True, kw_only=True):
    """Where units of a line are held, still to be sent."""

    order_item_id: UUID
    line_no: int
    sku: str
    warehouse_id: str
    quantity: int


class OrderAllocated(msgspec.Struct, frozen=True, kw_only=True):
    """Where the order's open units are held now; ``moved`` of them changed their warehouse."""

    order_id: UUID
    order_number: str
    version: int
    moved: int
    items: tuple[AllocatedItem, ...]


class AllocateOrder(Command, frozen=True, kw_only=True):
    """Choose anew which warehouses serve what is still to be sent.

    Either by ``strategy`` (``data.stock.allocation.STRATEGIES``) for all of it, or by hand: ``lines`` units, of those
    that ``from_warehouse`` holds (``""``: any), go to ``to_warehouse``. Units move by difference: what stays where it
    is is never let go. A line may be split over warehouses.

    Raises ``NotFound``, ``Invalid``, ``Conflict`` (version), ``OutOfStock`` where ``to_warehouse`` has too few.
    """

    name: ClassVar[str] = "orders.allocate"
    permission: ClassVar[str] = "orders.allocate"
    result: ClassVar[type] = OrderAllocated
    handled_in: ClassVar[str] = "data.orders.allocating"
    entry_limit: ClassVar[int] = 1_000

    order_id: UUID
    strategy: str = ""
    lines: tuple[LineUnits, ...] = ()
    from_warehouse: str = ""
    to_warehouse: str = ""
    reason: str = ""
    expected_version: int | None = None


class LinesMarked(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines' shares changed to ``state``."""

    order_id: UUID
    order_number: str
    version: int
    state: str
    lines: int


class MarkLines(Command, frozen=True, kw_only=True):
    """Say how far the floor is with what is still to be sent: ``state`` is ``picked``, ``packed`` or ``allocated``.

    Of ``order_item_ids``, or of all that ``warehouse_id`` serves, or (neither given) of all. Raises ``NotFound``,
    ``Invalid`` (no such step, a line that holds nothing), ``Conflict`` (version).
    """

    name: ClassVar[str] = "orders.mark"
    permission: ClassVar[str] = "orders.ship"
    result: ClassVar[type] = LinesMarked
    handled_in: ClassVar[str] = "data.orders.marking"
    entry_limit: ClassVar[int] = 1_000

    order_id: UUID
    state: str
    order_item_ids: tuple[UUID, ...] = ()
    warehouse_id: str = ""
    expected_version: int | None = None
