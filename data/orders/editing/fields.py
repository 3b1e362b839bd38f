"""An order as fields with name, label and text: what history shows of an edit, and a conflict side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from data.orders.editing.facts import OrderFacts
from data.orders.editing.messages import FieldChange

__all__ = ["NOTHING", "LineValues", "Shown", "address_text", "differences", "fields_of", "order_fields"]

#: Stands where there is no such line, or nothing in a field.
NOTHING = "–"
_PARTS = ("first_name", "last_name", "street_address", "postal_code", "city", "state", "country", "phone")


class Shown(NamedTuple):
    """A field for readers."""

    label: str
    text: str


class LineValues(NamedTuple):
    """What of a line an edit can change."""

    line_no: int
    sku: str
    quantity: int
    unit_price: Decimal
    discount: Decimal


def address_text(address: Mapping[str, Any]) -> str:
    """Return all of an address in one line."""
    return " ".join(str(address[part]) for part in _PARTS if address.get(part)) or NOTHING


def order_fields(
    lines: Iterable[LineValues],
    discount: Decimal,
    shipping_address: Mapping[str, Any],
    billing_address: Mapping[str, Any],
    shipping_method: str,
    notes: str,
) -> dict[str, Shown]:
    """Return everything of an order an edit can change, by field: ``line:1:quantity``, ``discount``, ``notes`` …"""
    fields = {name: shown for line in lines for name, shown in _line_fields(line)}
    return fields | {
        "discount": Shown("discount", f"{discount:,.2f}"),
        "shipping_address": Shown("ship to", address_text(shipping_address)),
        "billing_address": Shown("bill to", address_text(billing_address)),
        "shipping_method": Shown("shipping", shipping_method or NOTHING),
        "notes": Shown("notes", notes or NOTHING),
    }


def _line_fields(line: LineValues) -> Iterator[tuple[str, Shown]]:
    name = f"line:{line.line_no}"
    yield f"{name}:quantity", Shown(f"{line.sku} quantity", str(line.quantity))
    yield f"{name}:price", Shown(f"{line.sku} price", f"{line.unit_price:,.2f}")
    yield f"{name}:discount", Shown(f"{line.sku} discount", f"{line.discount:,.2f}")


def fields_of(order: OrderFacts) -> dict[str, Shown]:
    """Return the fields of a stored order."""
    lines = (
        LineValues(line.line_no, line.sku, line.quantity, line.unit_price, line.discount_amount) for line in order.lines
    )
    return order_fields(
        lines,
        order.order_discount,
        order.shipping_address,
        order.billing_address,
        order.shipping_method,
        order.notes,
    )


def differences(was: Mapping[str, Shown], now: Mapping[str, Shown]) -> tuple[FieldChange, ...]:
    """Return the fields whose text is another; of a line that is new or gone, its quantity alone."""
    found = []
    for name in dict.fromkeys((*was, *now)):
        before, after = was.get(name), now.get(name)
        if before == after or ((before is None or after is None) and not name.endswith(":quantity")):
            continue
        either = before or after
        assert either is not None
        old, new = (before.text if before else NOTHING), (after.text if after else NOTHING)
        found.append(FieldChange(field=name, label=either.label, was=old, now=new))
    return tuple(found)
