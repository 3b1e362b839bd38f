"""What may be asked of orders: place one, change one's status.

Light: a form or a CLI verb builds a command without loading a driver; the door loads the handlers.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command
from data.orders.rules import Address

__all__ = [
    "Address",
    "ChangeOrderStatus",
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
    not lie in the future. ``channel`` is a label of up to 20 characters (``phone``, ``web``, ``import``).

    Raises ``Invalid`` (per field), ``NotFound`` (customer), ``OutOfStock`` (every short line), ``Conflict``.
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

    Raises ``NotFound``, ``Invalid`` (unknown status, no such step from here, missing reason), ``Conflict`` (version).
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
