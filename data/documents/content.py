"""What stands on a packing slip, a pick list and an invoice. Pure: an order as read goes in, a ``Paper`` comes out.

The packing slip and the invoice go to the customer: internal notes never stand on them, public ones on the slip. The
pick list stays in the house; it has no prices and no address, only where to take what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data.documents.paper import Block, Column, Facts, Lines, Paper, Sums, Table
from data.errors import Invalid
from data.money import show_money

if TYPE_CHECKING:
    from data.orders.reads import OrderDetail, OrderItemRow

__all__ = ["KINDS", "invoice", "packing_slip", "pick_list"]

#: every kind of document, with its title
KINDS: Mapping[str, str] = {"packing-slip": "Packing slip", "pick-list": "Pick list", "invoice": "Invoice"}

_ADDRESS = ("street_address", "city", "state", "postal_code", "country")
_SLIP = (Column("SKU", 20), Column("Title", 46), Column("Ordered", 11, True), Column("Before", 11, True),
         Column("In this", 12, True))  # fmt: skip
_PICK = (Column("SKU", 18), Column("Title", 42), Column("Take", 8, True), Column("Orders", 26), Column("Got", 6))
_BILL = (Column("SKU", 18), Column("Title", 42), Column("Qty", 8, True), Column("Price", 16, True),
         Column("Total", 16, True))  # fmt: skip
_MONEY = {"capture": "Paid", "refund": "Refunded"}


def packing_slip(
    order: OrderDetail, *, sender: Sequence[str] = (), notes: Sequence[str] = (), warehouse: str = ""
) -> Paper:
    """Return what goes into the parcel: units still to be sent, or, where all were sent, those that were.

    ``warehouse`` leaves only what is served from there; ``notes`` are public ones. Raises ``Invalid`` where there is
    nothing to pack.
    """
    items = [item for item in order.items if not warehouse or item.warehouse_id == warehouse]
    left = any(item.allocated_quantity for item in items)
    rows = tuple(
        (
            item.sku,
            item.product_name,
            str(item.quantity),
            str(item.shipped_quantity if left else 0),
            str(item.allocated_quantity if left else item.shipped_quantity),
        )
        for item in items
        if (item.allocated_quantity if left else item.shipped_quantity)
    )
    if not rows:
        place = f" from {warehouse}" if warehouse else ""
        raise Invalid({"order": f"{order.order_number} is {order.order_status}: nothing of it is sent{place}"})
    facts = Facts(
        (
            ("Deliver to", _person(order, order.shipping_address)),
            ("Order", (order.order_number,)),
            ("Placed", (_day(order.created_at),)),
            ("Shipping", (order.shipping_method or "standard",)),
        )
    )
    blocks: list[Block] = [facts, Table(_SLIP, rows)]
    if notes:
        blocks.append(Lines("Notes", tuple(notes)))
    return _paper("packing-slip", order, sender, blocks, "Units ordered, sent in earlier parcels, and in this parcel.")


def pick_list(orders: Sequence[OrderDetail], *, warehouse: str = "", now: datetime) -> Paper:
    """Return what is to be taken from the shelves of ``warehouse`` (or each of them) for ``orders``, by SKU.

    Raises ``Invalid`` where nothing is left to be taken.
    """
    wanted: dict[str, dict[str, list[tuple[OrderItemRow, str]]]] = {}
    for order in orders:
        for item in order.items:
            place = item.warehouse_id or ""
            if item.allocated_quantity and place and (not warehouse or place == warehouse):
                wanted.setdefault(place, {}).setdefault(item.sku, []).append((item, order.order_number))
    if not wanted:
        raise Invalid({"orders": "nothing of them is left to be picked" + (f" in {warehouse}" if warehouse else "")})
    blocks: list[Block] = []
    for place in sorted(wanted):
        rows = tuple(_picked(sku, wanted[place][sku]) for sku in sorted(wanted[place]))
        blocks += [Lines(f"Warehouse {place}", ()), Table(_PICK, rows)]
    notes = tuple(f"{order.order_number}: {order.notes}" for order in orders if order.notes)
    if notes:
        blocks.append(Lines("Said with the order", notes))
    numbers = tuple(order.order_number for order in orders)
    reference = numbers[0] if len(numbers) == 1 else f"{len(numbers)}-orders-{now:%Y%m%d-%H%M%S}"
    return Paper("pick-list", KINDS["pick-list"], reference, now, blocks=tuple(blocks))


def _picked(sku: str, items: Sequence[tuple[OrderItemRow, str]]) -> tuple[str, ...]:
    units = sum(item.allocated_quantity for item, _ in items)
    each: dict[str, int] = {}
    for item, number in items:
        each[number] = each.get(number, 0) + item.allocated_quantity
    told = ", ".join(f"{number} ×{count}" for number, count in each.items())
    return sku, items[0][0].product_name, str(units), told, "[  ]"


def invoice(order: OrderDetail, *, sender: Sequence[str] = ()) -> Paper:
    """Return what the customer is charged, what was paid and what is due, in the order's currency.

    Cancelled and returned units stand as a credit under the total, as the order's own amounts do. The document carries
    the order's number: a number range of its own, as some countries' tax law asks for, is the bookkeeping's.
    """
    facts = Facts(
        (
            ("Bill to", _person(order, order.billing_address)),
            ("Deliver to", _person(order, order.shipping_address)),
            ("Order", (order.order_number,)),
            ("Date", (_day(order.created_at),)),
            ("Payment", (order.payment_method or "–",)),
        )
    )
    rows = tuple(
        (item.sku, item.product_name, str(item.quantity), show_money(item.unit_price), show_money(item.total_price))
        for item in order.items
    )
    blocks: list[Block] = [facts, Table(_BILL, rows), Sums(_charged(order))]
    if paid := _paid(order):
        blocks.append(Sums(paid))
    return _paper("invoice", order, sender, blocks, f"All amounts in {order.currency}.")


def _charged(order: OrderDetail) -> tuple[tuple[str, str], ...]:
    rows = [("Items", show_money(order.subtotal))]
    if order.discount_amount:
        code = f" ({order.discount_code})" if order.discount_code else ""
        rows.append((f"Discount{code}", f"-{show_money(order.discount_amount)}"))
    rows.append(("Shipping", show_money(order.shipping_amount)))
    added = order.tax_amount - order.tax_included_amount
    if added or not order.tax_included_amount:
        rows.append(("Tax", show_money(added)))
    if order.tax_included_amount:
        rows.append(("Tax contained in the prices", f"({show_money(order.tax_included_amount)})"))
    return (*rows, (f"Total {order.currency}", show_money(order.total_amount)))


def _paid(order: OrderDetail) -> tuple[tuple[str, str], ...]:
    rows = [
        (f"{_MONEY[payment.kind]} {_day(payment.created_at)}", show_money(_signed(payment.kind, payment.amount)))
        for payment in order.payments
        if payment.status == "succeeded" and payment.kind in _MONEY
    ]
    if order.credited_amount:
        rows.insert(0, ("Credited", f"-{show_money(order.credited_amount)}"))
    due = order.due_amount
    return (*rows, (f"{'To be refunded' if due < 0 else 'Due'} {order.currency}", show_money(abs(due))))


def _signed(kind: str, amount: Decimal) -> Decimal:
    return -amount if kind == "capture" else amount


def _paper(kind: str, order: OrderDetail, sender: Sequence[str], blocks: Sequence[Block], footer: str) -> Paper:
    return Paper(kind, KINDS[kind], order.order_number, order.updated_at, tuple(sender), tuple(blocks), footer)


def _person(order: OrderDetail, address: Mapping[str, Any]) -> tuple[str, ...]:
    street, city, state, postcode, country = (str(address.get(name) or "") for name in _ADDRESS)
    lines = (order.customer_name or order.email, street, " ".join(filter(None, (postcode, city, state))), country)
    return tuple(line for line in lines if line)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
