"""An order as an edit sees it: plain values that a draft keeps, a conflict carries and the rules compute with. Pure.

A line here is what the customer ordered; its shares are the rows of ``order_items``, one for each warehouse that
serves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

from data.orders.life import Units
from data.orders.taxes.rules import Taxes, TaxRow, taxes_with
from data.orders.worth import owed

__all__ = ["LineFacts", "OrderFacts", "Share", "TaxedAs", "facts_of", "prices_hold_tax"]

_ZERO = Decimal("0.00")


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one warehouse serves of a line: a row of ``order_items``."""

    order_item_id: UUID
    warehouse_id: str | None
    quantity: int
    shipped: int
    cancelled: int
    returned: int
    credited: int
    state: str
    discount_amount: Decimal
    tax_amount: Decimal

    @property
    def units(self) -> Units:
        """Its units as ``data.orders.life`` counts them."""
        return Units(self.quantity, self.shipped, self.cancelled, self.returned)

    @property
    def fixed(self) -> int:
        """Units an edit can't take away: sent, cancelled, or given back already."""
        return max(self.shipped + self.cancelled, self.credited)


class LineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One line: ``tax_inclusive`` says whether its price contains its tax, ``category`` which rate may be its own."""

    line_no: int
    product_id: str
    sku: str
    title: str
    unit_price: Decimal
    tax_inclusive: bool
    shares: tuple[Share, ...]
    category: tuple[str, ...] = ()

    @property
    def quantity(self) -> int:
        """Units ordered."""
        return sum(share.quantity for share in self.shares)

    @property
    def cancelled(self) -> int:
        """Units that were cancelled and will never be sent."""
        return sum(share.cancelled for share in self.shares)

    @property
    def fixed(self) -> int:
        """Units an edit can't take away."""
        return sum(share.fixed for share in self.shares)

    @property
    def discount_amount(self) -> Decimal:
        """What is off the line."""
        return sum((share.discount_amount for share in self.shares), _ZERO)

    @property
    def tax_amount(self) -> Decimal:
        """The line's tax."""
        return sum((share.tax_amount for share in self.shares), _ZERO)

    @property
    def total_price(self) -> Decimal:
        """Before discount."""
        return self.unit_price * self.quantity


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The order; addresses as stored. ``captured`` and ``refunded`` are sums of its payments.

    ``tax_rows`` are the shop's own rows of the tax table, by which what an edit touches is taxed.
    """

    order_id: UUID
    order_number: str
    version: int
    order_status: str
    currency: str
    lines: tuple[LineFacts, ...]
    subtotal: Decimal
    discount_amount: Decimal
    shipping_amount: Decimal
    tax_amount: Decimal
    tax_included_amount: Decimal
    total_amount: Decimal
    credited_amount: Decimal
    captured: Decimal
    refunded: Decimal
    shipping_address: dict[str, Any]
    billing_address: dict[str, Any]
    shipping_method: str
    payment_method: str
    notes: str
    tax_rows: tuple[TaxRow, ...] = ()

    @property
    def taxes(self) -> Taxes:
        """The tax table."""
        return taxes_with(self.tax_rows)

    @property
    def owed(self) -> Decimal:
        """What the customer still owes; below zero the shop owes."""
        return owed(self.total_amount, self.credited_amount, self.captured, self.refunded)

    @property
    def order_discount(self) -> Decimal:
        """What is off the order besides what is off its lines."""
        return self.discount_amount - sum((line.discount_amount for line in self.lines), _ZERO)

    @property
    def shipping_tax(self) -> Decimal:
        """The part of the tax that is no line's."""
        return self.tax_amount - sum((line.tax_amount for line in self.lines), _ZERO)

    def line(self, line_no: int) -> LineFacts | None:
        """Return the line with this number."""
        return next((line for line in self.lines if line.line_no == line_no), None)


def prices_hold_tax(tax_amount: Decimal, tax_included_amount: Decimal) -> bool | None:
    """Say whether the order's prices contain their tax; ``None`` where its amounts don't tell (untaxed, or mixed)."""
    if tax_amount and not tax_included_amount:
        return False
    return True if tax_amount and tax_included_amount == tax_amount else None


class TaxedAs(msgspec.Struct, frozen=True):
    """What the catalog says of a product's tax: whether its price contains it, and its category."""

    inclusive: bool = False
    category: tuple[str, ...] = ()


def facts_of(
    order: Any,
    items: Iterable[Any],
    captured: Decimal,
    refunded: Decimal,
    taxed: Mapping[str, TaxedAs],
    tax_rows: tuple[TaxRow, ...] = (),
) -> OrderFacts:
    """Return the facts of rows of ``orders`` and ``order_items``; ``taxed`` tells of products by id.

    Whether a price contains its tax is asked there only where the order's amounts don't tell.
    """
    known = prices_hold_tax(order.tax_amount, order.tax_included_amount)
    ordered = sorted(items, key=lambda item: (item.line_no, item.warehouse_id or "", item.order_item_id))
    lines = []
    for line_no, rows in groupby(ordered, key=lambda item: item.line_no):
        shares = tuple(rows)
        first = shares[0]
        product = taxed.get(first.product_id, TaxedAs())
        lines.append(
            LineFacts(
                line_no=line_no,
                product_id=first.product_id,
                sku=first.sku,
                title=first.product_name,
                unit_price=first.unit_price,
                tax_inclusive=product.inclusive if known is None else known,
                shares=tuple(_share(item) for item in shares),
                category=product.category,
            )
        )
    return OrderFacts(
        **{name: getattr(order, name) for name in _SAME},
        lines=tuple(lines),
        captured=captured,
        refunded=refunded,
        shipping_address=_plain(order.shipping_address),
        billing_address=_plain(order.billing_address),
        shipping_method=order.shipping_method or "",
        payment_method=order.payment_method or "",
        notes=order.notes or "",
        tax_rows=tax_rows,
    )


_SAME = (
    *("order_id", "order_number", "version", "order_status", "currency", "subtotal", "discount_amount"),
    *("shipping_amount", "tax_amount", "tax_included_amount", "total_amount", "credited_amount"),
)


def _share(item: Any) -> Share:
    return Share(
        order_item_id=item.order_item_id,
        warehouse_id=item.warehouse_id,
        quantity=item.quantity,
        shipped=item.shipped_quantity,
        cancelled=item.cancelled_quantity,
        returned=item.returned_quantity,
        credited=item.credited_quantity,
        state=item.fulfillment_status,
        discount_amount=item.discount_amount,
        tax_amount=item.tax_amount,
    )


def _plain(address: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the parts of an address that say something; a draft and a conflict compare them."""
    return {name: value for name, value in (address or {}).items() if value}
