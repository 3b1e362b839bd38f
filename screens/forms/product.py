"""Forms for a product: add one, change its fixed fields, add or change one attribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from data.ids import new_id
from screens.catalog_data import current_product, edit_product, put_product
from screens.forms.overlay import FormOverlay
from screens.product_sheet import shown_value
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.catalog.types import AttributeValue, Product
    from data.shop import Shop

#: What the form's fields are called in the document.
_PATHS = {
    "title": "title",
    "brand": "brand",
    "category": "category",
    "base_price": "pricing.base_price",
    "discount_percentage": "pricing.discount_percentage",
    "barcode": "barcode",
    "status": "status",
    "description": "description",
}
_STATUSES = [Option("active", "active"), Option("draft", "draft"), Option("archived", "archived")]


def create_form() -> FormOverlay:
    """Return the form for a new product. Dismisses with the door's ``ProductPut``."""
    key = str(new_id())
    fields = [
        Field("sku", "SKU", required=True),
        Field("title", "Title", required=True),
        Field("brand", "Brand"),
        Field("category", "Category", placeholder="Electronics > Computers > Laptops"),
        Field("base_price", "Price", placeholder="without one it stays a draft"),
    ]
    return FormOverlay("New product", fields, lambda shop, values: put_product(shop, values, key))


class _Editing:
    """One product in one form: what the form began with, and the key its write runs under.

    ``shown`` says what the form's fields show of a product. After a conflict the product is read again, so the next
    write is against what is stored now.
    """

    def __init__(self, product: Product, shown: Callable[[Product], dict[str, str]]) -> None:
        self.product = product
        self.shown = shown
        self._key = str(new_id())

    def write(self, shop: Shop, changes: dict[str, object]) -> Any:
        """Write ``changes``, if nobody else wrote since."""
        product = self.product
        return _translated(edit_product, shop, product.product_id, product.version, changes, self._key)

    def again(self, shop: Shop) -> dict[str, str]:
        """Read the product again; return what its fields show now."""
        self.product, self._key = current_product(shop, self.product.product_id), str(new_id())
        return self.shown(self.product)


def edit_form(product: Product) -> FormOverlay:
    """Return the form for the fixed fields of ``product``; only what was changed is written, if nobody else did."""
    editing, begin = _Editing(product, _fixed_fields), _fixed_fields(product)

    def save(shop: Shop, values: dict[str, str]) -> Any:
        now = editing.shown(editing.product)
        changes: dict[str, object] = {_PATHS[name]: text or None for name, text in values.items() if text != now[name]}
        return editing.write(shop, changes)

    fields = [
        Field("title", "Title", value=begin["title"], required=True),
        Field("brand", "Brand", value=begin["brand"]),
        Field("category", "Category", value=begin["category"]),
        Field("base_price", "Price", value=begin["base_price"]),
        Field("discount_percentage", "Discount %", value=begin["discount_percentage"]),
        Field("barcode", "Barcode", value=begin["barcode"]),
        SelectField("status", "Status", _STATUSES, value=begin["status"]),
        Field("description", "Description", value=begin["description"]),
    ]
    return FormOverlay(f"Edit {product.sku}", fields, save, again=editing.again)


def _fixed_fields(product: Product) -> dict[str, str]:
    pricing = product.pricing
    return {
        "title": product.title,
        "brand": product.brand,
        "category": str(product.category),
        "base_price": "" if pricing.base_price is None else f"{pricing.base_price:.2f}",
        "discount_percentage": f"{pricing.discount_percentage.normalize():f}",
        "barcode": product.barcode,
        "status": product.status,
        "description": product.description,
    }


def attribute_form(product: Product, name: str = "") -> FormOverlay:
    """Return the form for one attribute: a new one, or ``name``, which another name renames and no value takes away."""

    def shown(of: Product) -> dict[str, str]:
        return {"name": name, "value": shown_value(of.attributes[name]) if name in of.attributes else ""}

    editing, begin = _Editing(product, shown), shown(product)
    fields = [
        Field("name", "Name", value=name, required=True, placeholder="memory.speed"),
        Field("value", "Value", value=begin["value"], placeholder="16   5,6000   yes   Black"),
    ]
    if name:
        fields.reverse()  # most come for the value

    def save(shop: Shop, values: dict[str, str]) -> Any:
        value: AttributeValue = editing.product.attributes.get(name)
        if values["value"] != shown(editing.product)["value"]:
            value = read_value(values["value"], value)
        changes: dict[str, object] = {f"attributes.{name}": None} if name else {}
        if values["value"]:
            changes[f"attributes.{values['name']}"] = value
        return editing.write(shop, changes)

    return FormOverlay(f"{product.sku}: {name or 'new attribute'}", fields, save, again=editing.again)


def read_value(text: str, before: AttributeValue = None) -> AttributeValue:
    """Return the typed value ``text`` spells: number, yes/no, none, text, or with commas a list of them.

    A value that was text before stays text: ``007`` in a text attribute is no number.
    """
    if isinstance(before, str):
        return text
    if "," in text:
        return [_scalar(part.strip()) for part in text.split(",") if part.strip()]
    return _scalar(text)


def _scalar(text: str) -> str | int | float | bool | None:
    words: dict[str, bool | None] = {"yes": True, "no": False, "true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if -1e15 < number < 1e15 else text  # also keeps nan and inf as the text they are
    return text


def _translated(write: Any, *arguments: Any) -> Any:
    """Call ``write``; name refused fields as the form does."""
    from data.errors import Invalid

    names = {path: name for name, path in _PATHS.items()}
    try:
        return write(*arguments)
    except Invalid as error:
        fields = {
            names.get(path, "value" if path.startswith("attributes") else path): why
            for path, why in error.fields.items()
        }
        raise Invalid(fields) from None
