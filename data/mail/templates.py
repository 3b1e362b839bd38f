"""What a message begins as: confirmation, shipping with tracking, refund, written from the order as it is. Pure.

Code reviewed like any other text of the program. Rejected: templates in a language of their own, kept in the database,
which somebody has to learn and nothing checks; what is prefilled here is edited before it is sent anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.money import show_money
from data.text import visible

if TYPE_CHECKING:
    from data.orders.reads import OrderDetail
    from data.shipments.reads import ParcelRow

__all__ = ["TEMPLATES", "Template", "beginning", "why_not"]

_ADDRESS = ("street_address", "postal_code", "city", "state", "country")


@dataclass(frozen=True)
class Template:
    """``label`` is what it is called; ``why_not`` says why it does not fit an order, ``""`` where it does."""

    label: str
    subject: str
    body: Callable[[OrderDetail, Sequence[ParcelRow]], list[str]]
    why_not: Callable[[OrderDetail], str]


def why_not(name: str, order: OrderDetail) -> str:
    """Say why the template ``name`` does not fit ``order``, ``""`` where it does."""
    return TEMPLATES[name].why_not(order)


def beginning(
    name: str, order: OrderDetail, parcels: Sequence[ParcelRow], *, seller: str = "", author: str = ""
) -> tuple[str, str]:
    """Return subject and text to begin with; an unknown ``name``, as ``""``, gives greeting and signature alone.

    ``seller`` is the setting, ``|`` between its lines.
    """
    template = TEMPLATES.get(name)
    subject = template.subject if template else "Your order {}"
    body = template.body(order, parcels) if template else ["", ""]
    signed = [line for part in (author, *seller.split("|")) if (line := part.strip())]
    text = [f"Dear {order.customer_name or 'customer'},", "", *body, "", "Kind regards", *signed]
    return subject.format(order.order_number), "\n".join(visible(line) for line in text)


def _confirmation(order: OrderDetail, parcels: Sequence[ParcelRow]) -> list[str]:
    due = order.due_amount
    paid = f"{show_money(due)} {order.currency} is still to be paid." if due > 0 else "It is paid, thank you."
    costs = f"Shipping {show_money(order.shipping_amount)}, tax {show_money(order.tax_amount)}"
    return [
        f"thank you for your order {order.order_number}:",
        "",
        *_lines(order),
        "",
        f"{costs}, total {show_money(order.total_amount)} {order.currency}.",
        paid,
        "",
        f"It goes to: {_place(order.shipping_address)}",
    ]


def _shipping(order: OrderDetail, parcels: Sequence[ParcelRow]) -> list[str]:
    told = [f"your order {order.order_number} is on its way."]
    for number, parcel in enumerate(parcels, 1):
        label = " ".join(part for part in (parcel.carrier, parcel.tracking_number) if part)
        told += ["", f"Parcel {number} of {len(parcels)}{f': {label}' if label else ''}"]
        told += [f"  {item.quantity} x {item.product_name}" for item in parcel.items]
    if left := sum(item.allocated_quantity for item in order.items):
        told += ["", f"{left} more {'unit follows' if left == 1 else 'units follow'} in another parcel."]
    return [*told, "", f"It goes to: {_place(order.shipping_address)}"]


def _refund(order: OrderDetail, parcels: Sequence[ParcelRow]) -> list[str]:
    given = [one for one in order.payments if (one.kind, one.status) == ("refund", "succeeded")]
    whole = f"{show_money(order.refunded_amount)} {order.currency}"
    told = [f"for your order {order.order_number} we have refunded {whole}."]
    if given and given[-1].amount != order.refunded_amount:
        last = given[-1]
        told += [f"The last part of it, {show_money(last.amount)}, is of {last.created_at:%Y-%m-%d}."]
    return [*told, "It reaches you the way you paid, within a few days."]


def _lines(order: OrderDetail) -> list[str]:
    units: dict[int, tuple[int, str]] = {}
    for item in order.items:
        count = units.get(item.line_no, (0, ""))[0] + item.quantity - item.cancelled_quantity
        units[item.line_no] = count, item.product_name
    return [f"  {count} x {name}" for count, name in units.values() if count]


def _place(address: Mapping[str, object]) -> str:
    return ", ".join(str(part) for name in _ADDRESS if (part := address.get(name)))


def _always(order: OrderDetail) -> str:
    return ""


def _sent(order: OrderDetail) -> str:
    return "" if any(item.shipped_quantity for item in order.items) else "nothing was sent yet"


def _refunded(order: OrderDetail) -> str:
    return "" if order.refunded_amount > 0 else "nothing was refunded"


TEMPLATES: Mapping[str, Template] = {
    "confirmation": Template("confirmation", "Your order {}", _confirmation, _always),
    "shipping": Template("shipping, with tracking", "Your order {} is on its way", _shipping, _sent),
    "refund": Template("refund", "Refund for your order {}", _refund, _refunded),
}
