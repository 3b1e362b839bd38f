"""The one function that says what an edit makes of an order. Pure: the screen calls it at every key, the handler once
more under the locks, so what was shown is what is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec

from data.errors import Invalid
from data.orders.editing.facts import OrderFacts
from data.orders.editing.fields import LineValues, Shown, differences, fields_of, order_fields
from data.orders.editing.messages import Amounts, EditedLine, FieldChange, OrderChanges, WarehouseUnits
from data.orders.editing.prices import Priced, price
from data.orders.editing.units import Key, Served, serve
from data.orders.editing.wanted import wanted_lines
from data.orders.life import status_of
from data.orders.rules import OPEN, Address, PricedLine
from data.orders.worth import owed

__all__ = ["NewOrder", "edited"]


@dataclass(frozen=True)
class NewOrder:
    """The order as the edit makes it. ``served`` and ``priced`` are what is written, the rest is what is shown."""

    order_status: str
    shipping_address: Mapping[str, Any]
    billing_address: Mapping[str, Any]
    shipping_method: str
    notes: str
    served: tuple[Served, ...]
    priced: Priced
    was: Amounts
    now: Amounts
    lines: tuple[EditedLine, ...]
    changed: tuple[FieldChange, ...]

    @property
    def short(self) -> tuple[EditedLine, ...]:
        """The lines that can't be served in whole."""
        return tuple(line for line in self.lines if line.short)


def edited(
    order: OrderFacts, changes: OrderChanges, added: Sequence[PricedLine] = (), free: Mapping[Key, int] | None = None
) -> NewOrder:
    """Return what ``changes`` make of ``order``.

    ``added`` prices ``changes.add``, one by one; ``free`` gives the units that can be sold of each product in each
    warehouse, what the order holds itself not counted. A line that is short is in ``short``, nothing is raised for it.

    Raises ``Invalid`` naming each field that can't be so, and on ``order_status`` where the order is not open.
    """
    if order.order_status not in OPEN:
        raise Invalid({"order_status": f"{order.order_number} is {order.order_status}, it can't be edited any more"})
    ship_to = _address(changes.shipping_address, order.shipping_address)
    wanted = wanted_lines(order, changes, [_as_taxed(order, line, ship_to) for line in added])
    served, left = serve(order, wanted, free or {})
    priced = price(order, served, changes, ship_to)
    shares = [share for one in served for share in one.shares if share.quantity]
    new = NewOrder(
        order_status=status_of(order.order_status, [share.units for share in shares]),
        shipping_address=ship_to,
        billing_address=_address(changes.billing_address, order.billing_address),
        shipping_method=order.shipping_method if changes.shipping_method is None else changes.shipping_method,
        notes=order.notes if changes.notes is None else changes.notes.strip(),
        served=tuple(served),
        priced=priced,
        was=_was(order),
        now=Amounts(
            **{name: getattr(priced, name) for name in _SAME},
            owed=owed(priced.total_amount, priced.credited_amount, order.captured, order.refunded),
            parcels=len({share.warehouse_id for share in shares}),
        ),
        lines=tuple(_shown(one, left) for one in served),
        changed=(),
    )
    return replace(new, changed=differences(fields_of(order), _fields(new)))


_SAME = (
    *("subtotal", "discount_amount", "shipping_amount", "tax_amount", "tax_included_amount", "total_amount"),
    "credited_amount",
)


def _as_taxed(order: OrderFacts, line: PricedLine, ship_to: Mapping[str, Any]) -> PricedLine:
    """Return a new line with its price holding tax or not as the tax table says for where it goes."""
    rule = order.taxes.rule(str(ship_to.get("country") or ""), str(ship_to.get("state") or ""), line.category)
    return msgspec.structs.replace(line, tax_inclusive=rule.includes(line.tax_inclusive))


def _address(asked: Address | None, stored: Mapping[str, Any]) -> Mapping[str, Any]:
    if asked is None:
        return stored
    return {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name).strip())}


def _was(order: OrderFacts) -> Amounts:
    places = {share.warehouse_id for line in order.lines for share in line.shares}
    return Amounts(**{name: getattr(order, name) for name in _SAME}, owed=order.owed, parcels=len(places))


def _fields(new: NewOrder) -> dict[str, Shown]:
    lines = [one.line for one in new.served if one.line.quantity]
    values = (LineValues(line.line_no, line.sku, line.quantity, line.unit_price, line.discount) for line in lines)
    discount = new.priced.discount_amount - sum((line.discount for line in lines), Decimal("0.00"))
    return order_fields(values, discount, new.shipping_address, new.billing_address, new.shipping_method, new.notes)


def _shown(served: Served, left: Mapping[Key, int]) -> EditedLine:
    line, old = served.line, served.line.before
    zero = Decimal("0.00")
    places = served.taken or (dict.fromkeys(place for product, place in left if product == line.product_id))
    return EditedLine(
        line_no=line.line_no,
        product_id=line.product_id,
        sku=line.sku,
        title=line.title,
        was_quantity=old.quantity if old else 0,
        quantity=line.quantity,
        was_price=old.unit_price if old else zero,
        unit_price=line.unit_price,
        was_discount=old.discount_amount if old else zero,
        discount=line.discount if line.quantity else zero,
        was_total=old.total_price - old.discount_amount if old else zero,
        total=line.net if line.quantity else zero,
        reason=line.reason,
        taken=_units(served.taken),
        freed=_units(served.freed),
        left=_units({place: left.get((line.product_id, place), 0) for place in places}),
        short=served.short,
    )


def _units(counts: Mapping[str, int]) -> tuple[WarehouseUnits, ...]:
    return tuple(WarehouseUnits(warehouse_id=place, units=units) for place, units in sorted(counts.items()))
