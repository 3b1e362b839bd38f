"""What an edited order costs. Pure.

Amounts of what is not touched stay as they were taken, to the cent, whatever the tax table says today; what is touched
is taxed by that table (``data.orders.taxes.rules``). Taxing everything anew was rejected: then a change of a telephone
number could change a total.

A discount on the order lowers the tax: it is spread over the lines by what they cost. Units that were cancelled or
given back stay credited, at the price their line has now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from data.errors import Invalid
from data.money import MAX_AMOUNT
from data.orders.editing.facts import OrderFacts
from data.orders.editing.messages import OrderChanges
from data.orders.editing.units import NewShare, Served
from data.orders.editing.wanted import WantedLine, off
from data.orders.rules import SHIPPING, spread, tax_on
from data.orders.worth import LineAmounts, OrderAmounts, line_worths, units_worth

__all__ = ["Priced", "PricedShare", "price"]

_ZERO = Decimal("0.00")


@dataclass(frozen=True)
class PricedShare:
    """A row of ``order_items`` to be, with its part of the line's amounts."""

    share: NewShare
    line_no: int
    unit_price: Decimal
    discount_amount: Decimal
    tax_amount: Decimal

    @property
    def total_price(self) -> Decimal:
        """Before discount."""
        return self.unit_price * self.share.quantity


@dataclass(frozen=True)
class Priced:
    """The order's amounts as the schema keeps them, and those of its rows."""

    subtotal: Decimal
    discount_amount: Decimal
    shipping_amount: Decimal
    tax_amount: Decimal
    tax_included_amount: Decimal
    total_amount: Decimal
    credited_amount: Decimal
    shares: tuple[PricedShare, ...]


def price(order: OrderFacts, served: Sequence[Served], changes: OrderChanges, ship_to: Mapping[str, Any]) -> Priced:
    """Return what the lines of ``served`` cost when sent to ``ship_to``.

    Raises ``Invalid``: a shipping method nobody knows, a discount that can't be, more than an order may come to.
    """
    lines = [one.line for one in served if one.line.quantity]
    goods = sum((line.net for line in lines), _ZERO)
    order_discount = _order_discount(order, changes, goods)
    method = order.shipping_method if changes.shipping_method is None else changes.shipping_method
    shipping = _shipping(order, method)
    moved = _place_of(ship_to) != _place_of(order.shipping_address)
    shares = spread(order_discount, [line.net for line in lines])
    fresh = [_tax(order, line.net - part, ship_to, line) for line, part in zip(lines, shares, strict=True)]
    every = moved or order_discount != order.order_discount
    taxes = [
        tax if every or line.priced_anew or line.before is None else line.before.tax_amount
        for line, tax in zip(lines, fresh, strict=True)
    ]
    included = bool(lines) and all(line.tax_inclusive for line in lines)
    same_shipping = not moved and shipping == order.shipping_amount and included == _included(order)
    shipping_tax = order.shipping_tax if same_shipping else _shipping_tax(order, shipping, ship_to, inclusive=included)
    subtotal = sum((line.total for line in lines), _ZERO)
    tax = sum(taxes, shipping_tax)
    tax_included = sum(
        (tax for line, tax in zip(lines, taxes, strict=True) if line.tax_inclusive),
        shipping_tax if included else _ZERO,
    )
    discount = order_discount + sum((line.discount for line in lines), _ZERO)
    total = subtotal + tax - tax_included + shipping - discount
    if total > MAX_AMOUNT:
        raise Invalid({"lines": f"come to {total:,}, an order holds at most {MAX_AMOUNT:,}"})
    taxed = {line.line_no: tax for line, tax in zip(lines, taxes, strict=True)}
    rows = tuple(row for one in served for row in _rows(one, taxed.get(one.line.line_no, _ZERO)))
    sums = OrderAmounts(total, shipping, tax, tax_included)
    return Priced(
        subtotal=subtotal,
        discount_amount=discount,
        shipping_amount=shipping,
        tax_amount=tax,
        tax_included_amount=tax_included,
        total_amount=total,
        credited_amount=_credited(order, sums, rows),
        shares=rows,
    )


def _order_discount(order: OrderFacts, changes: OrderChanges, goods: Decimal) -> Decimal:
    refused: dict[str, str] = {}
    asked = off(changes.discount, goods, "discount", refused)
    if not refused and asked and not changes.reason.strip():
        refused["reason"] = "say why the order costs less"
    if refused:
        raise Invalid(refused)
    return min(order.order_discount, goods) if asked is None else asked


def _shipping(order: OrderFacts, method: str) -> Decimal:
    if method == order.shipping_method:
        return order.shipping_amount
    if method not in SHIPPING:
        raise Invalid({"shipping_method": f"{method!r} is not one of {', '.join(SHIPPING)}"})
    return SHIPPING[method].amount


def _place_of(address: Mapping[str, Any]) -> tuple[str, str]:
    """Return what of an address tax goes by."""
    return str(address.get("country") or "").strip().upper(), str(address.get("state") or "").strip().upper()


def _included(order: OrderFacts) -> bool:
    return bool(order.lines) and all(line.tax_inclusive for line in order.lines)


def _tax(order: OrderFacts, amount: Decimal, ship_to: Mapping[str, Any], line: WantedLine) -> Decimal:
    """Return the tax on (or in) what a line costs, by the table every order is taxed by."""
    rule = order.taxes.rule(*_place_of(ship_to), line.category)
    return tax_on(amount, rule.rate, inclusive=line.tax_inclusive)


def _shipping_tax(order: OrderFacts, amount: Decimal, ship_to: Mapping[str, Any], *, inclusive: bool) -> Decimal:
    rule = order.taxes.rule(*_place_of(ship_to))
    return tax_on(amount, rule.rate, inclusive=inclusive) if rule.on_shipping else _ZERO


def _rows(served: Served, tax: Decimal) -> list[PricedShare]:
    """Return the line's rows, its tax and discount split by their units; where neither changed, as they were."""
    line = served.line
    old = line.before
    same = old is not None and not line.priced_anew and tax == old.tax_amount
    units = [Decimal(share.quantity) for share in served.shares]
    taxes, discounts = spread(tax, units), spread(line.discount, units)
    return [
        PricedShare(
            share=share,
            line_no=line.line_no,
            unit_price=line.unit_price,
            discount_amount=share.before.discount_amount if same and share.before else discounts[place],
            tax_amount=share.before.tax_amount if same and share.before else taxes[place],
        )
        for place, share in enumerate(served.shares)
    ]


def _credited(order: OrderFacts, now: OrderAmounts, rows: Sequence[PricedShare]) -> Decimal:
    """Return what the customer need not pay: units credited before are worth what their line is worth now."""
    kept = [row for row in rows if row.share.quantity]
    before = [
        (share, line.unit_price * share.quantity, share.discount_amount, share.tax_amount)
        for line in order.lines
        for share in line.shares
    ]
    if not any(share.credited for share, *_ in before):
        return min(order.credited_amount, now.total_amount)
    old_sums = OrderAmounts(order.total_amount, order.shipping_amount, order.tax_amount, order.tax_included_amount)
    old = line_worths(old_sums, [LineAmounts(*amounts) for _, *amounts in before]).lines
    new = line_worths(now, [LineAmounts(row.total_price, row.discount_amount, row.tax_amount) for row in kept]).lines
    credit = order.credited_amount
    for (share, *_), worth in zip(before, old, strict=True):
        credit -= units_worth(worth, share.quantity, 0, share.credited)
    for row, worth in zip(kept, new, strict=True):
        if row.share.before is not None:
            credit += units_worth(worth, row.share.quantity, 0, row.share.before.credited)
    return max(_ZERO, min(credit, now.total_amount))
