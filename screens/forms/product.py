"""Forms for a product: add one, change its fixed fields, add or change one attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.ids import new_id
from screens.catalog_data import edit_product, put_product
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


def edit_form(product: Product) -> FormOverlay:
    """Return the form for the fixed fields of ``product``; only what was changed is written, if nobody else did."""
    key = str(new_id())
    pricing = product.pricing
    fields = [
        Field("title", "Title", value=product.title, required=True),
        Field("brand", "Brand", value=product.brand),
        Field("category", "Category", value=str(product.category)),
        Field("base_price", "Price", value="" if pricing.base_price is None else f"{pricing.base_price:.2f}"),
        Field("discount_percentage", "Discount %", value=f"{pricing.discount_percentage.normalize():f}"),
        Field("barcode", "Barcode", value=product.barcode),
        SelectField("status", "Status", _STATUSES, value=product.status),
        Field("description", "Description", value=product.description),
    ]
    form = FormOverlay(f"Edit {product.sku}", fields, lambda shop, values: None)

    def save(shop: Shop, values: dict[str, str]) -> Any:
        changes: dict[str, object] = {_PATHS[name]: text or None for name, text in form.form.changes.items()}
        return _translated(edit_product, shop, product.product_id, product.version, changes, key)

    form.save_with(save)
    return form


def attribute_form(product: Product, name: str = "") -> FormOverlay:
    """Return the form for one attribute: a new one, or ``name``. An empty value takes the attribute away."""
    key = str(new_id())
    value = product.attributes.get(name)
    fields = [
        Field("value", "Value", value=shown_value(value) if name else "", placeholder="16   5,6000   yes   Black")
    ]
    if not name:
        fields.insert(0, Field("name", "Name", required=True, placeholder="memory.speed"))

    def save(shop: Shop, values: dict[str, str]) -> Any:
        path = f"attributes.{name or values['name']}"
        changes: dict[str, object] = {path: read_value(values["value"], value) if values["value"] else None}
        return _translated(edit_product, shop, product.product_id, product.version, changes, key)

    return FormOverlay(f"{product.sku}: {name or 'new attribute'}", fields, save)


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
