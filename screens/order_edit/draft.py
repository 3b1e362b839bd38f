"""An edit of an order while it is typed: what it began with, what it changes, the key it will be confirmed under. Pure.

Every key of the screen gives a new draft; what stands as it was before is no change, so taking a change back by hand
leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from data.errors import Invalid
from data.ids import new_id
from data.money import parse_money
from data.orders.editing.facts import OrderFacts
from data.orders.editing.messages import Discount, LineAdded, LineEdit, OrderChanges
from data.orders.editing.rules import NewOrder, edited
from data.orders.editing.units import Key
from data.structs import convert

if TYPE_CHECKING:
    from data.orders.offers import Offer

NO_EDIT = OrderChanges()


@dataclass(frozen=True)
class EditDraft:
    """``order`` as the edit began; ``offers`` are the products added, by SKU; ``free`` the stock of all products."""

    order: OrderFacts
    free: Mapping[Key, int]
    changes: OrderChanges = NO_EDIT
    offers: Mapping[str, Offer] = field(default_factory=dict)
    key: str = field(default_factory=lambda: str(new_id()))

    def result(self) -> NewOrder:
        """Return what the edit makes of the order. Raises ``Invalid``."""
        stock = {(offer.product_id, place): units for offer in self.offers.values() for place, units in offer.stock}
        return edited(self.order, self.changes, self.added(), {**stock, **self.free})

    def added(self) -> list[Any]:
        """Return the products added as the rules take them."""
        return [self.offers[one.sku].priced(one.quantity) for one in self.changes.add]

    @property
    def empty(self) -> bool:
        """Whether nothing is changed."""
        return msgspec.structs.replace(self.changes, reason="") == NO_EDIT

    @property
    def count(self) -> int:
        """How many things are changed."""
        whole = (getattr(self.changes, name) for name in _WHOLE)
        return len(self.changes.lines) + len(self.changes.add) + sum(one is not None for one in whole)

    def with_changes(self, **changes: Any) -> EditDraft:
        """Return the draft with fields of the order as a whole changed."""
        return replace(self, changes=msgspec.structs.replace(self.changes, **changes))

    def edit_of(self, line_no: int) -> LineEdit | LineAdded | None:
        """Return what is changed of the line, ``None`` for nothing."""
        place = self.place_added(line_no)
        if place is not None:
            return self.changes.add[place]
        return next((edit for edit in self.changes.lines if edit.line_no == line_no), None)

    def place_added(self, line_no: int) -> int | None:
        """Return the place among the added lines of the line with this number, ``None`` for a line of the order."""
        place = line_no - max((line.line_no for line in self.order.lines), default=0) - 1
        return place if place >= 0 else None

    def with_line(self, line_no: int, **values: Any) -> EditDraft:
        """Return the draft with the line changed; quantity 0 takes it out, an added one without a trace."""
        place = self.place_added(line_no)
        if place is not None:
            return self._with_added(place, values)
        before = self.order.line(line_no)
        edit = self.edit_of(line_no) or LineEdit(line_no=line_no)
        assert before is not None
        assert isinstance(edit, LineEdit)
        edit = msgspec.structs.replace(edit, **values)
        if edit.quantity == before.quantity:
            edit = msgspec.structs.replace(edit, quantity=None)
        if edit.unit_price == before.unit_price:
            edit = msgspec.structs.replace(edit, unit_price=None)
        rest = [one for one in self.changes.lines if one.line_no != line_no]
        if (edit.quantity, edit.unit_price, edit.discount) != (None, None, None):
            rest.append(edit)
        return self.with_changes(lines=tuple(sorted(rest, key=lambda one: one.line_no)))

    def _with_added(self, place: int, values: Mapping[str, Any]) -> EditDraft:
        add = list(self.changes.add)
        one = msgspec.structs.replace(add[place], **values)
        add[place : place + 1] = [one] if one.quantity > 0 else []
        return self.with_changes(add=tuple(add))

    def with_product(self, offer: Offer, quantity: int) -> EditDraft:
        """Return the draft with more of a product: on its line, at its price, where it has one, else on a new one."""
        for place, one in enumerate(self.changes.add):
            if one.sku == offer.sku:
                return self._with_added(place, {"quantity": one.quantity + quantity})
        for line in self.order.lines:
            if line.product_id == offer.product_id:
                edit = self.edit_of(line.line_no)
                now = line.quantity if edit is None or edit.quantity is None else edit.quantity
                return self.with_line(line.line_no, quantity=now + quantity)
        known = replace(self, offers={**self.offers, offer.sku: offer})
        return known.with_changes(add=(*self.changes.add, LineAdded(sku=offer.sku, quantity=quantity)))

    def kept(self) -> dict[str, Any]:
        """Return the draft as its file keeps it."""
        return {
            "order_number": self.order.order_number,
            "order": msgspec.to_builtins(self.order),
            "changes": msgspec.to_builtins(self.changes),
            "key": self.key,
            "count": self.count,
        }


_WHOLE = ("discount", "shipping_address", "billing_address", "shipping_method", "notes")


def read_changes(content: Mapping[str, Any]) -> tuple[OrderFacts, OrderChanges, str] | None:
    """Return what a draft's file holds: order, changes, key; ``None`` where it can't be read any more."""
    try:
        order = convert(content.get("order"), OrderFacts)
        return order, convert(content.get("changes"), OrderChanges), str(content["key"])
    except (msgspec.ValidationError, KeyError):
        return None


def typed_price(text: str) -> Decimal:
    """Return the price a person typed. Raises ``Invalid`` on ``unit_price``."""
    return parse_money(text, field="unit_price")


def typed_discount(text: str) -> Discount:
    """Return the discount a person typed: ``10 %`` or ``5.00``; nothing is none. Raises ``Invalid`` on ``discount``."""
    words = text.strip()
    if not words.endswith("%"):
        return Discount(amount=parse_money(words or "0", field="discount"))
    try:
        percent = Decimal(words.removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        raise Invalid({"discount": f"{text!r} is no discount, write it like 10 % or 5.00"}) from None
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise Invalid({"discount": "must be between 0 and 100 percent"})
    return Discount(percent=percent)


def shown_discount(discount: Discount | None) -> str:
    """Return a discount as it is typed."""
    if discount is None:
        return ""
    if discount.percent is not None:
        return f"{discount.percent.normalize():f} %"
    return f"{discount.amount:.2f}" if discount.amount else ""
