"""What can be said of an order without a store: its states, its prices, its tax and shipping. Pure.

Rounding: each line's tax is rounded half up to the cent on its own and the sums are sums of rounded amounts, so that
every printed column adds up. Rounding once per order was rejected: then the lines' tax would not sum to the order's.

Tax is destination based: the rate follows the shipping address and the product's category, by the table of
``data.orders.taxes.rules``. Where the price contains its tax (as the row says, else ``pricing.tax_inclusive``), the tax
is taken out of it, not added to it. Shipping is taxed where the row for goods of any category says so, at its rate; its
price contains the tax when every line's price does.

What a discount code takes off lowers the tax: it is spread over the lines by what they cost, to the cent, and each line
is taxed on the rest, as an edit of an order does it (``data.orders.editing.prices``). Shipping is not reduced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from data.errors import Invalid
from data.money import CENT, MAX_AMOUNT, cents
from data.orders.codes.rules import CodeTerms
from data.orders.life import following
from data.orders.taxes.rules import NO_TAX, STANDARD, Taxes

__all__ = [
    "CLOSED",
    "OPEN",
    "SHIPPING",
    "STATUSES",
    "TRANSITIONS",
    "Address",
    "LineTotal",
    "PricedLine",
    "ShippingMethod",
    "Totals",
    "check_step",
    "quote",
    "spread",
    "tax_on",
]

#: Every status of the seed's CHECK, in the order of an order's life.
STATUSES = ("pending", "confirmed", "processing", "shipped", "delivered", "cancelled", "refunded")
#: Still to be sent: these hold reserved stock.
OPEN = ("pending", "confirmed", "processing")
#: Nothing may follow.
CLOSED = ("cancelled", "refunded")

#: The steps an order may take (``data.orders.life`` says who may, and what each does). A step back is not a step: a
#: wrong ``confirmed`` is cancelled and placed again.
TRANSITIONS: Mapping[str, tuple[str, ...]] = {status: following(status) for status in STATUSES}


def check_step(current: str, new: str) -> None:
    """Raise ``Invalid`` on ``new_status`` unless an order may go from ``current`` to ``new``, naming what it may."""
    if new not in STATUSES:
        raise Invalid({"new_status": f"{new!r} is not one of {', '.join(STATUSES)}"})
    allowed = TRANSITIONS[current]
    if new not in allowed:
        where = f"only to {' or '.join(allowed)}" if allowed else "nowhere"
        raise Invalid({"new_status": f"an order that is {current} goes {where}, not to {new}"})


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an order goes, copied into it as it was. Field names are the seed's; ``country`` is ISO 3166-1 alpha-2."""

    street_address: str
    city: str
    postal_code: str
    country: str
    state: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""


@dataclass(frozen=True)
class ShippingMethod:
    """A way to send an order and what it costs, in the order's currency."""

    code: str
    label: str
    amount: Decimal


SHIPPING: Mapping[str, ShippingMethod] = {
    "standard": ShippingMethod("standard", "Standard", Decimal("4.90")),
    "express": ShippingMethod("express", "Express", Decimal("12.90")),
}

_ZERO = Decimal("0.00")


class PricedLine(msgspec.Struct, frozen=True):
    """A cart line with what the catalog says of its product. ``attributes`` and ``title`` are copied into the order."""

    product_id: str
    sku: str
    title: str
    unit_price: Decimal
    quantity: int
    currency: str = "USD"
    tax_inclusive: bool = False
    warehouse_id: str | None = None
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict)
    category: tuple[str, ...] = ()


class LineTotal(msgspec.Struct, frozen=True):
    """The amounts of one line. ``tax_included`` is the part of ``tax_amount`` that ``total_price`` already contains."""

    total_price: Decimal
    tax_amount: Decimal
    tax_included: Decimal


class Totals(msgspec.Struct, frozen=True):
    """What an order costs; ``lines`` stand in the order of the lines quoted.

    ``total_amount = subtotal + tax_amount - tax_included_amount + shipping_amount - discount_amount``. ``tax_name`` is
    what to call the tax (``VAT 19 %``), ``""`` where there is none or lines have several.
    """

    lines: tuple[LineTotal, ...]
    subtotal: Decimal
    tax_amount: Decimal
    tax_included_amount: Decimal
    shipping_amount: Decimal
    discount_amount: Decimal
    total_amount: Decimal
    currency: str
    tax_name: str


def tax_on(amount: Decimal, rate: Decimal, *, inclusive: bool) -> Decimal:
    """Return the tax on ``amount``, or the tax in it where it is ``inclusive``, half up to the cent."""
    share = amount * rate / (1 + rate) if inclusive else amount * rate
    return share.quantize(CENT, rounding=ROUND_HALF_UP)


def spread(amount: Decimal, over: Sequence[Decimal]) -> list[Decimal]:
    """Split ``amount`` by the sizes in ``over``, to the cent: each part is a difference of two rounded running sums."""
    whole, run, given = sum(over, _ZERO), _ZERO, _ZERO
    parts = []
    for each in over:
        run += each
        upto = cents(amount * run / whole) if whole else _ZERO
        parts.append(upto - given)
        given = upto
    return parts


def quote(
    lines: Sequence[PricedLine],
    address: Address | None,
    method: str = "standard",
    code: CodeTerms | None = None,
    taxes: Taxes = STANDARD,
) -> Totals:
    """Return what ``lines`` cost when sent to ``address`` by shipping ``method``, less what ``code`` takes off. The
    New-order screen and placement both ask here, so the total shown is the total placed. Without an address no tax is
    computed; without lines nothing is charged.

    Raises ``Invalid``: unknown method, lines in different currencies, an amount beyond the schema's DECIMAL(10,2), a
    code that does not hold for these goods.
    """
    shipping = SHIPPING.get(method)
    if shipping is None:
        raise Invalid({"shipping_method": f"{method!r} is not one of {', '.join(SHIPPING)}"})
    currency = _one_currency(lines)
    rule = taxes.rule(address.country, address.state) if address else NO_TAX
    rules = [rule] * len(lines)
    if address and taxes.by_category:
        rules = [taxes.rule(address.country, address.state, line.category) for line in lines]
    goods = [cents(line.unit_price * line.quantity) for line in lines]
    subtotal = sum(goods, _ZERO)
    discount = _discount(code, subtotal, currency) if lines else _ZERO
    parts = spread(discount, goods) if discount else [_ZERO] * len(goods)
    inclusive = [each.includes(line.tax_inclusive) for line, each in zip(lines, rules, strict=True)]
    totals = tuple(
        _line_total(total, part, each.rate, inclusive=inside)
        for total, part, each, inside in zip(goods, parts, rules, inclusive, strict=True)
    )
    shipping_amount = shipping.amount if lines else _ZERO
    included = bool(lines) and all(inclusive)
    shipping_tax = tax_on(shipping_amount, rule.rate if rule.on_shipping else Decimal(0), inclusive=included)
    tax = sum((line.tax_amount for line in totals), shipping_tax)
    tax_included = sum((line.tax_included for line in totals), shipping_tax if included else _ZERO)
    total = subtotal + tax - tax_included + shipping_amount - discount
    if total > MAX_AMOUNT:
        raise Invalid({"lines": f"come to {total:,}, an order holds at most {MAX_AMOUNT:,}"})
    return Totals(
        lines=totals,
        subtotal=subtotal,
        tax_amount=tax,
        tax_included_amount=tax_included,
        shipping_amount=shipping_amount,
        discount_amount=discount,
        total_amount=total,
        currency=currency,
        tax_name=rule.name if all(each.name == rule.name for each in rules) else "",
    )


def _discount(code: CodeTerms | None, goods: Decimal, currency: str) -> Decimal:
    if code is None:
        return _ZERO
    if why := code.why_not(goods, currency):
        raise Invalid({"code": f"{code.code} {why}"})
    return code.off(goods)


def _one_currency(lines: Iterable[PricedLine]) -> str:
    currencies = sorted({line.currency for line in lines}) or ["USD"]
    if len(currencies) > 1:
        raise Invalid({"lines": f"are priced in {' and '.join(currencies)}; an order has one currency"})
    return currencies[0]


def _line_total(total: Decimal, discount: Decimal, rate: Decimal, *, inclusive: bool) -> LineTotal:
    tax = tax_on(total - discount, rate, inclusive=inclusive)
    return LineTotal(total, tax, tax if inclusive else _ZERO)
