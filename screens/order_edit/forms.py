"""The small forms of an edit: they ask and check, the draft takes what they answer. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from data.errors import Invalid
from screens.forms.overlay import FormOverlay
from screens.new_order.basket import MAX_QUANTITY
from screens.order_edit.draft import EditDraft, shown_discount, typed_discount, typed_price
from widgets.field import Field, numeric

if TYPE_CHECKING:
    from data.orders.editing.messages import EditedLine
    from data.shop import Shop

_ADDRESS = (
    ("first_name", "First name", False),
    ("last_name", "Last name", False),
    ("street_address", "Street", True),
    ("postal_code", "Postal code", True),
    ("city", "Town", True),
    ("state", "State", False),
    ("country", "Country", True),
    ("phone", "Phone", False),
)
_VERB = "takes it"


def quantity_form(line: EditedLine) -> FormOverlay:
    """Return the form for a line's quantity; it answers with ``quantity``."""
    check = numeric(low=0, high=MAX_QUANTITY)
    field = Field("quantity", "Quantity", value=str(line.quantity), required=True, check=check)
    return FormOverlay(
        f"{line.sku} {line.title}", [field], lambda shop, values: {"quantity": int(values["quantity"])}, verb=_VERB
    )


def price_form(draft: EditDraft, line: EditedLine) -> FormOverlay:
    """Return the form for a line's price, with its reason."""
    fields = [Field("unit_price", "Price", value=f"{line.unit_price:.2f}", required=True), _reason(draft, line)]

    def take(shop: Shop, values: dict[str, str]) -> dict[str, Any]:
        price = typed_price(values["unit_price"])
        return {"unit_price": price, "reason": _why(values, needed=price != line.was_price)}

    return FormOverlay(f"Price of {line.sku} {line.title}", fields, take, verb=_VERB)


def discount_form(draft: EditDraft, line: EditedLine) -> FormOverlay:
    """Return the form for a line's discount, with its reason."""
    edit = draft.edit_of(line.line_no)
    value = shown_discount(edit.discount if edit is not None else None) or _amount(line.discount)
    fields = [Field("discount", "Discount", value=value, placeholder="10 %   5.00   0"), _reason(draft, line)]

    def take(shop: Shop, values: dict[str, str]) -> dict[str, Any]:
        off = typed_discount(values["discount"])
        return {"discount": off, "reason": _why(values, needed=bool(off.percent or off.amount))}

    return FormOverlay(f"Discount on {line.sku} {line.title}", fields, take, verb=_VERB)


def order_discount_form(draft: EditDraft) -> FormOverlay:
    """Return the form for a discount on the whole order, with its reason."""
    off = draft.changes.discount
    value = shown_discount(off) if off is not None else _amount(draft.order.order_discount)
    fields = [
        Field("discount", "Discount", value=value, placeholder="10 %   5.00   0"),
        Field("reason", "Reason", value=draft.changes.reason, placeholder="late delivery"),
    ]

    def take(shop: Shop, values: dict[str, str]) -> dict[str, Any]:
        asked = typed_discount(values["discount"])
        return {"discount": asked, "reason": _why(values, needed=bool(asked.percent or asked.amount))}

    return FormOverlay("Discount on the whole order", fields, take, verb=_VERB)


def address_form(title: str, stored: Mapping[str, Any]) -> FormOverlay:
    """Return the form for one of the order's addresses; it answers with an ``Address``."""
    fields = [
        Field(name, label, value=str(stored.get(name) or ""), required=required) for name, label, required in _ADDRESS
    ]

    def take(shop: Shop, values: dict[str, str]) -> Any:
        from data.orders.addresses import checked_address
        from data.orders.rules import Address

        try:
            return checked_address("address", Address(**values))
        except Invalid as error:
            named = {name.removeprefix("address."): why for name, why in error.fields.items()}
            raise Invalid(named) from None

    return FormOverlay(title, fields, take, verb=_VERB)


def notes_form(notes: str) -> FormOverlay:
    """Return the form for the order's notes."""
    field = Field("notes", "Notes", value=notes)
    return FormOverlay("Notes on the order", [field], lambda shop, values: {"notes": values["notes"]}, verb=_VERB)


def _reason(draft: EditDraft, line: EditedLine) -> Field:
    edit = draft.edit_of(line.line_no)
    return Field("reason", "Reason", value=edit.reason if edit is not None else "", placeholder="price match")


def _why(values: Mapping[str, str], *, needed: bool) -> str:
    if needed and not values["reason"]:
        raise Invalid({"reason": "say why; it stands in the order's history"})
    return values["reason"]


def _amount(amount: Any) -> str:
    return f"{amount:.2f}" if amount else ""
