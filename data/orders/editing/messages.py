"""What may be asked of a placed order: change its lines, prices, discounts, addresses, shipping or notes.

Light: a form or a CLI verb builds the command without loading a driver; the door loads the handler.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command
from data.orders.rules import Address

__all__ = [
    "Amounts",
    "Discount",
    "EditOrder",
    "EditedLine",
    "FieldChange",
    "LineAdded",
    "LineEdit",
    "OrderChanges",
    "OrderEdited",
    "WarehouseUnits",
]


class Discount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Off a line or an order: ``percent`` (0 to 100) or ``amount`` in the order's currency, one of them; 0 for none.

    A percentage is turned into an amount when it is given; a line's discount then grows and shrinks with its quantity.
    """

    percent: Decimal | None = None
    amount: Decimal | None = None


class LineEdit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What becomes of one line, named by ``line_no`` or, where only one line has it, by ``sku``; ``None`` stays.

    ``quantity`` counts the units ordered, sent and cancelled ones included; 0 takes the line out. ``reason`` says why
    the price is another or something is taken off.
    """

    line_no: int = 0
    sku: str = ""
    quantity: int | None = None
    unit_price: Decimal | None = None
    discount: Discount | None = None
    reason: str = ""


class LineAdded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A new line: a product by ``sku`` or ``product_id``, at the catalog's price unless ``unit_price`` is given."""

    sku: str = ""
    product_id: str = ""
    quantity: int = 1
    unit_price: Decimal | None = None
    discount: Discount | None = None
    reason: str = ""


class OrderChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Everything an edit changes; what is ``None`` or empty stays. ``notes=""`` empties them.

    Changes say what a field becomes, never by how much: so they can be laid on a newer version of the order.
    """

    lines: tuple[LineEdit, ...] = ()
    add: tuple[LineAdded, ...] = ()
    discount: Discount | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_method: str | None = None
    notes: str | None = None
    reason: str = ""


class WarehouseUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units in one warehouse."""

    warehouse_id: str
    units: int


class EditedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line before and after; ``quantity`` 0 was taken out, ``was_quantity`` 0 is new.

    ``taken`` is where further units come from, ``freed`` where units go back to, ``left`` what is then still free in
    those warehouses; ``short`` units are nowhere. ``total`` is after the line's discount.
    """

    line_no: int
    product_id: str
    sku: str
    title: str
    was_quantity: int
    quantity: int
    was_price: Decimal
    unit_price: Decimal
    was_discount: Decimal
    discount: Decimal
    was_total: Decimal
    total: Decimal
    reason: str = ""
    taken: tuple[WarehouseUnits, ...] = ()
    freed: tuple[WarehouseUnits, ...] = ()
    left: tuple[WarehouseUnits, ...] = ()
    short: int = 0


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """What an order comes to. ``owed`` is left to be collected; below zero it is to be given back.

    ``parcels`` is how many warehouses serve it.
    """

    subtotal: Decimal
    discount_amount: Decimal
    shipping_amount: Decimal
    tax_amount: Decimal
    tax_included_amount: Decimal
    total_amount: Decimal
    credited_amount: Decimal
    owed: Decimal
    parcels: int


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field that changed: ``field`` names it to programs (``line:1:quantity``), ``label`` to readers."""

    field: str
    label: str
    was: str
    now: str


class OrderEdited(msgspec.Struct, frozen=True, kw_only=True):
    """The order before and after the edit, amounts in ``currency``; ``version`` is its new one."""

    order_id: UUID
    order_number: str
    version: int
    order_status: str
    currency: str
    was: Amounts
    now: Amounts
    lines: tuple[EditedLine, ...]
    changed: tuple[FieldChange, ...]


class EditOrder(Command, frozen=True, kw_only=True):
    """Change an order that is not sent in whole, nor cancelled: all of ``changes`` or nothing.

    Stock moves by difference: units that stay are never let go. Amounts of what is not touched stay as they are.
    Nothing is charged or refunded: what the customer owes changes. ``expected_version`` is the version the person saw,
    ``expected_total`` the new total they were shown.

    Raises ``NotFound`` (order), ``Invalid`` (per field), ``OutOfStock`` (every short line), and ``Conflict`` where the
    order is at another version or comes to another total; ``current`` then holds the stored ``order`` (as
    ``data.orders.editing.facts.OrderFacts``), its ``version``, and the ``total_amount`` of the edit, if it has one.
    """

    name: ClassVar[str] = "orders.edit"
    permission: ClassVar[str] = "orders.edit"
    result: ClassVar[type] = OrderEdited
    handled_in: ClassVar[str] = "data.orders.editing.commands"
    entry_limit: ClassVar[int] = 1_000
    can_preview: ClassVar[bool] = True

    order_id: UUID
    changes: OrderChanges
    expected_version: int | None = None
    expected_total: Decimal | None = None
