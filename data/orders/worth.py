"""What the units of an order are worth: the share of its total that goes when they are cancelled or come back. Pure.

The shares of the lines and of shipping add up to the order's total to the cent, and the units of a line to its share,
whatever order they go in: what n units are worth is the difference of two rounded sums, never n times a rounded unit
price. Rounding each unit was rejected: three units of 10.00 would come back as 9.99 (vendure#4013 is of that kind).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from data.money import CENT, cents

__all__ = ["LineAmounts", "OrderAmounts", "Worth", "line_worths", "owed", "refund_credit", "units_worth"]

_ZERO = Decimal("0.00")


@dataclass(frozen=True)
class OrderAmounts:
    """The order's own amounts, as stored."""

    total_amount: Decimal
    shipping_amount: Decimal
    tax_amount: Decimal
    tax_included_amount: Decimal


@dataclass(frozen=True)
class LineAmounts:
    """One line's amounts, as stored: ``total_price`` is before discount, ``tax_amount`` may be in it."""

    total_price: Decimal
    discount_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True)
class Worth:
    """The order's total, split: ``lines`` in the order given, and ``shipping`` with its tax."""

    lines: tuple[Decimal, ...]
    shipping: Decimal


def line_worths(order: OrderAmounts, lines: Sequence[LineAmounts]) -> Worth:
    """Split the order's total over its lines and shipping.

    A line is worth its price less its discount plus the tax that is not in its price; a discount on the whole order is
    spread over lines and shipping by what they are worth. Where only some prices contain tax, the contained part is
    spread over all lines by their tax, since lines do not say which they are.
    """
    outside = 1 - order.tax_included_amount / order.tax_amount if order.tax_amount else Decimal(0)
    shipping_tax = order.tax_amount - sum((line.tax_amount for line in lines), _ZERO)
    raw = [line.total_price - line.discount_amount + line.tax_amount * outside for line in lines]
    raw.append(order.shipping_amount + shipping_tax * outside)
    everything = sum(raw, Decimal(0))
    shares = [order.total_amount * part / everything if everything else Decimal(0) for part in raw]
    *worths, shipping = _rounded(shares, order.total_amount)
    return Worth(tuple(worths), shipping)


def _rounded(shares: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """Round to the cent so that the running sums are right: then the last of them is ``total`` exactly."""
    rounded, exact, given = [], Decimal(0), _ZERO
    for share in shares[:-1]:
        exact += share
        rounded.append(min(cents(exact), total) - given)
        given += rounded[-1]
    return [*rounded, total - given]


def units_worth(worth: Decimal, quantity: int, before: int, units: int) -> Decimal:
    """Return what ``units`` more of a line of ``quantity`` are worth where ``before`` of them went earlier."""
    return _first(worth, quantity, before + units) - _first(worth, quantity, before)


def _first(worth: Decimal, quantity: int, units: int) -> Decimal:
    return (worth * units / quantity).quantize(CENT, rounding=ROUND_HALF_UP)


def owed(total_amount: Decimal, credited_amount: Decimal, captured: Decimal, refunded: Decimal) -> Decimal:
    """Return what the customer still owes; below zero it is what the shop owes the customer."""
    return total_amount - credited_amount - captured + refunded


def refund_credit(amount: Decimal, owed_before: Decimal) -> Decimal:
    """Return what of a refund of ``amount`` is taken off what the customer owes.

    It first pays back what the shop owed the customer (``owed_before`` below zero); only the rest, goodwill, makes the
    order cheaper. So a refund never turns into something the customer has to pay again.
    """
    return max(_ZERO, amount - max(_ZERO, -owed_before))
