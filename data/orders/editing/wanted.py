"""What an edit wants of each line: changes laid on the lines there are, every field checked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from data.errors import Invalid
from data.money import MAX_AMOUNT, cents
from data.orders.editing.facts import LineFacts, OrderFacts
from data.orders.editing.messages import Discount, LineAdded, LineEdit, OrderChanges
from data.orders.rules import PricedLine

__all__ = ["MAX_QUANTITY", "WantedLine", "off", "wanted_lines"]

#: As in ``data.orders.cart``, which needs a driver to be imported.
MAX_QUANTITY = 1_000_000
_ZERO = Decimal("0.00")
_WHY = "say why the price is not the usual one"


@dataclass(frozen=True)
class WantedLine:
    """One line as it shall be; ``before`` is ``None`` for a new one, ``quantity`` 0 takes it out."""

    line_no: int
    before: LineFacts | None
    product_id: str
    sku: str
    title: str
    unit_price: Decimal
    quantity: int
    discount: Decimal
    tax_inclusive: bool
    reason: str = ""
    attributes: Any = field(default_factory=dict)
    category: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """Before discount."""
        return self.unit_price * self.quantity

    @property
    def net(self) -> Decimal:
        """After the line's discount."""
        return self.total - self.discount

    @property
    def priced_anew(self) -> bool:
        """Whether its amounts are others than before."""
        old = self.before
        return old is None or (self.quantity, self.unit_price, self.discount) != (
            old.quantity,
            old.unit_price,
            old.discount_amount,
        )


def wanted_lines(order: OrderFacts, changes: OrderChanges, added: Sequence[PricedLine]) -> tuple[WantedLine, ...]:
    """Return every line of the edited order, those taken out included. ``added`` prices ``changes.add``, one by one.

    Raises ``Invalid`` naming each field that can't be so.
    """
    refused: dict[str, str] = {}
    edits = _by_line(order, changes, refused)
    lines = [_edited(line, *edits.get(line.line_no, (LineEdit(), "")), changes.reason, refused) for line in order.lines]
    number = max((line.line_no for line in order.lines), default=0)
    for place, (asked, priced) in enumerate(zip(changes.add, added, strict=True)):
        lines.append(_new(number + 1 + place, asked, priced, f"add[{place}]", changes.reason, refused))
        if priced.currency != order.currency:
            refused[f"add[{place}].sku"] = f"is priced in {priced.currency}, the order is in {order.currency}"
    if not any(line.quantity > (line.before.cancelled if line.before is not None else 0) for line in lines):
        refused["lines"] = "no line would be left; cancel the order instead"
    if refused:
        raise Invalid(refused)
    return tuple(lines)


def off(discount: Discount | None, base: Decimal, where: str, refused: dict[str, str]) -> Decimal | None:
    """Return what ``discount`` takes off ``base``, ``None`` where it says nothing; what can't be is ``refused``."""
    if discount is None:
        return None
    if (discount.percent is None) == (discount.amount is None):
        refused[where] = "is a percent or an amount, one of them"
        return None
    if discount.percent is not None:
        if not 0 <= discount.percent <= 100:
            refused[where] = "must be between 0 and 100 percent"
            return None
        return cents(base * discount.percent / 100)
    amount = discount.amount
    assert amount is not None
    if not 0 <= amount <= base or amount != cents(amount):
        refused[where] = f"must be between 0 and {base:,.2f}, with at most two decimals"
        return None
    return cents(amount)


def _by_line(order: OrderFacts, changes: OrderChanges, refused: dict[str, str]) -> dict[int, tuple[LineEdit, str]]:
    """Return each edit with the name of its field, by the number of the line it means."""
    found: dict[int, tuple[LineEdit, str]] = {}
    for place, edit in enumerate(changes.lines):
        name = f"lines[{place}]"
        numbers = [
            line.line_no
            for line in order.lines
            if edit.line_no in (0, line.line_no) and edit.sku.strip() in ("", line.sku)
        ]
        if not (edit.line_no or edit.sku.strip()):
            refused[name] = "name the line by line_no or by sku"
        elif not numbers:
            refused[name] = "is no line of the order"
        elif len(numbers) > 1:
            refused[name] = f"{edit.sku} stands in lines {' and '.join(map(str, numbers))}; say which by line_no"
        elif numbers[0] in found:
            refused[name] = f"changes line {numbers[0]} a second time"
        else:
            found[numbers[0]] = edit, name
    return found


def _edited(line: LineFacts, edit: LineEdit, name: str, reason: str, refused: dict[str, str]) -> WantedLine:
    quantity = line.quantity if edit.quantity is None else edit.quantity
    price = _price(edit.unit_price, line.unit_price, f"{name}.unit_price", refused)
    _check_quantity(quantity, line.fixed, f"{name}.quantity", refused)
    discount = off(edit.discount, price * quantity, f"{name}.discount", refused)
    if discount is None:  # it grows and shrinks with the line
        before = line.total_price
        discount = cents(line.discount_amount * price * quantity / before) if before else _ZERO
    why = (edit.reason or reason).strip()
    cheaper = edit.discount is not None and discount > 0
    if not why and (price != line.unit_price or cheaper):
        refused[f"{name}.reason"] = _WHY
    return WantedLine(
        line_no=line.line_no,
        before=line,
        product_id=line.product_id,
        sku=line.sku,
        title=line.title,
        unit_price=price,
        quantity=quantity,
        discount=discount,
        tax_inclusive=line.tax_inclusive,
        reason=why,
        category=line.category,
    )


def _new(
    line_no: int, asked: LineAdded, priced: PricedLine, name: str, reason: str, refused: dict[str, str]
) -> WantedLine:
    price = _price(asked.unit_price, priced.unit_price, f"{name}.unit_price", refused)
    _check_quantity(asked.quantity, 1, f"{name}.quantity", refused)
    discount = off(asked.discount, price * asked.quantity, f"{name}.discount", refused) or _ZERO
    why = (asked.reason or reason).strip()
    if not why and (price != priced.unit_price or discount > 0):
        refused[f"{name}.reason"] = _WHY
    return WantedLine(
        line_no=line_no,
        before=None,
        product_id=priced.product_id,
        sku=priced.sku,
        title=priced.title,
        unit_price=price,
        quantity=asked.quantity,
        discount=discount,
        tax_inclusive=priced.tax_inclusive,
        reason=why,
        attributes=priced.attributes,
        category=priced.category,
    )


def _price(asked: Decimal | None, usual: Decimal, name: str, refused: dict[str, str]) -> Decimal:
    if asked is None:
        return usual
    if not 0 <= asked <= MAX_AMOUNT or asked != cents(asked):
        refused[name] = f"must be between 0 and {MAX_AMOUNT:,}, with at most two decimals"
        return usual
    return cents(asked)


def _check_quantity(quantity: int, least: int, name: str, refused: dict[str, str]) -> None:
    if not 0 <= quantity <= MAX_QUANTITY:
        refused[name] = f"must be between 0 and {MAX_QUANTITY:,}"
    elif quantity < least:
        refused[name] = (
            "must be 1 or more"
            if least == 1 and not quantity
            else f"{least} of it were sent or cancelled, so {least} stay"
        )
