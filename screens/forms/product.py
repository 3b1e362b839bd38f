"""Forms for a product: add one, change its fixed fields, copy it, change one attribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from data.ids import new_id
from data.money import ungrouped
from screens.catalog.attribute_draft import guess, kind_of, read
from screens.catalog.data import current_product, edit_product
from screens.catalog.editing_data import create_product, duplicate_product, save_attributes
from screens.forms.overlay import FormOverlay
from screens.shown import shown_value
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.catalog.types import AttributeValue, Product
    from data.shop import Shop

#: What the form's fields are called in the document, in the order of the form.
PATHS = {
    "title": "title",
    "brand": "brand",
    "category": "category",
    "base_price": "pricing.base_price",
    "discount_percentage": "pricing.discount_percentage",
    "currency": "pricing.currency",
    "tax_inclusive": "pricing.tax_inclusive",
    "barcode": "barcode",
    "status": "status",
    "description": "description",
    "supplier_id": "inventory.supplier_id",
    "primary_image": "media.primary_image",
    "additional_images": "media.additional_images",
    "videos": "media.videos",
    "meta_title": "seo.meta_title",
    "meta_description": "seo.meta_description",
    "keywords": "seo.keywords",
}
_LABELS = {
    "title": "Title",
    "brand": "Brand",
    "category": "Category",
    "base_price": "Price",
    "discount_percentage": "Discount %",
    "currency": "Currency",
    "tax_inclusive": "Tax included",
    "barcode": "Barcode",
    "status": "Status",
    "description": "Description",
    "supplier_id": "Supplier",
    "primary_image": "Picture",
    "additional_images": "More pictures",
    "videos": "Films",
    "meta_title": "Search title",
    "meta_description": "Search text",
    "keywords": "Keywords",
}
_PLACEHOLDERS = {
    "category": "Electronics > Computers > Laptops",
    "base_price": "without one it stays a draft",
    "additional_images": "addresses, blanks between",
    "videos": "addresses, blanks between",
    "keywords": "commas between",
}
_STATUSES = [Option("active", "active"), Option("draft", "draft"), Option("archived", "archived")]
_FLAGS = [Option("no", "no"), Option("yes", "yes")]
#: Lists of addresses are written with blanks between, of words with commas.
_SEPARATORS = {"additional_images": " ", "videos": " ", "keywords": ", "}


def create_form() -> FormOverlay:
    """Return the form for a new product. Dismisses with the door's ``ProductPut``."""
    key, begin = str(new_id()), {"currency": "USD", "tax_inclusive": "no", "status": ""}

    def save(shop: Shop, values: dict[str, str]) -> Any:
        given = {name: typed(name, text) for name, text in values.items() if text}
        given |= {name: ungrouped(given[name]) for name in ("base_price", "discount_percentage") if name in given}
        return _named(create_product, shop, given, key)

    fields = [Field("sku", "SKU", required=True), *_fields(begin)]
    return FormOverlay("New product", fields, save, aside=customer_pays)


def duplicate_form(product_id: str, sku: str) -> FormOverlay:
    """Return the form that copies a product. Dismisses with the door's ``ProductPut``."""
    key = str(new_id())
    fields = [
        Field("sku", "New SKU", required=True),
        Field("title", "Title", placeholder="left empty: the same title"),
    ]

    def save(shop: Shop, values: dict[str, str]) -> Any:
        return _named(duplicate_product, shop, product_id, values["sku"], values["title"], key)

    return FormOverlay(f"Copy {sku} as a draft", fields, save, verb="copies")


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
        return _named(edit_product, shop, product.product_id, product.version, changes, self._key)

    def write_attribute(self, shop: Shop, old: str, name: str, value: AttributeValue, *, keep: bool) -> Any:
        """Write one attribute: ``old`` under ``name`` with ``value``; without ``keep`` it is taken away."""
        sets = {name: value} if keep else {}
        renames = {old: name} if keep and old and old != name else {}
        return _named(save_attributes, shop, self.product, sets, renames, () if keep else (old,), self._key)

    def again(self, shop: Shop) -> dict[str, str]:
        """Read the product again; return what its fields show now."""
        self.product, self._key = current_product(shop, self.product.product_id), str(new_id())
        return self.shown(self.product)


def edit_form(product: Product) -> FormOverlay:
    """Return the form for the fixed fields of ``product``; only what was changed is written, if nobody else did."""
    editing, begin = _Editing(product, _fixed_fields), _fixed_fields(product)

    def save(shop: Shop, values: dict[str, str]) -> Any:
        now = editing.shown(editing.product)
        changes = {PATHS[name]: typed(name, text) for name, text in values.items() if text != now[name]}
        return editing.write(shop, changes)

    return FormOverlay(f"Edit {product.sku}", _fields(begin), save, again=editing.again, aside=customer_pays)


def _fields(begin: Mapping[str, str]) -> list[Field]:
    """Return one field for each of ``PATHS``."""
    fields: list[Field] = []
    for name, label in _LABELS.items():
        value = begin.get(name, "")
        if name in ("status", "tax_inclusive"):
            options = _FLAGS if name == "tax_inclusive" else _STATUSES
            fields.append(SelectField(name, label, options, value=value))
        else:
            hint = _PLACEHOLDERS.get(name, "")
            fields.append(Field(name, label, value=value, required=name == "title", placeholder=hint))
    return fields


def _fixed_fields(product: Product) -> dict[str, str]:
    pricing, media, seo = product.pricing, product.media, product.seo
    return {
        "title": product.title,
        "brand": product.brand,
        "category": str(product.category),
        "base_price": "" if pricing.base_price is None else f"{pricing.base_price:.2f}",
        "discount_percentage": f"{pricing.discount_percentage.normalize():f}",
        "currency": pricing.currency,
        "tax_inclusive": "yes" if pricing.tax_inclusive else "no",
        "barcode": product.barcode,
        "status": product.status,
        "description": product.description,
        "supplier_id": product.inventory.supplier_id,
        "primary_image": media.primary_image,
        "additional_images": _SEPARATORS["additional_images"].join(media.additional_images),
        "videos": _SEPARATORS["videos"].join(media.videos),
        "meta_title": seo.meta_title,
        "meta_description": seo.meta_description,
        "keywords": _SEPARATORS["keywords"].join(seo.keywords),
    }


def typed(name: str, text: str) -> Any:
    """Return what the form's field ``name`` means by ``text``, as a command takes it; empty text is ``None``."""
    if name in _SEPARATORS:
        return [part.strip() for part in text.split(_SEPARATORS[name].strip() or None) if part.strip()]
    if name == "tax_inclusive":
        return text == "yes"
    if name == "category" and text:
        return [part.strip() for part in text.split(">")]
    return text or None


def customer_pays(values: Mapping[str, str]) -> str:
    """Return what the price and the discount in a form come to."""
    from data.catalog.rules import final_price

    try:
        base = Decimal(ungrouped(values["base_price"])) if values["base_price"] else None
        discount = Decimal(values["discount_percentage"] or "0")
    except InvalidOperation:
        return "Customer pays –: price or discount is not a number"
    if base is None:
        return "Customer pays –: no price yet"
    if not base.is_finite() or not 0 <= discount <= 100:
        return "Customer pays –: the discount is from 0 to 100 %"
    tax = "tax included" if values["tax_inclusive"] == "yes" else "before tax"
    return f"Customer pays {final_price(base, discount):,.2f} {values['currency']}, {tax}"


def attribute_form(product: Product, name: str = "") -> FormOverlay:
    """Return the form for one attribute: a new one, or ``name``, which another name renames and no value takes away."""

    def shown(of: Product) -> dict[str, str]:
        return {"name": name, "value": shown_value(of.attributes[name]) if name in of.attributes else ""}

    editing, begin = _Editing(product, shown), shown(product)
    fields = [
        Field("name", "Name", value=name, required=True, placeholder="memory.speed"),
        Field("value", "Value", value=begin["value"], required=not name, placeholder="16   5,6000   yes   Black"),
    ]
    if name:
        fields.reverse()  # most come for the value

    def save(shop: Shop, values: dict[str, str]) -> Any:
        value: AttributeValue = editing.product.attributes.get(name)
        if values["value"] != shown(editing.product)["value"]:
            value = read_value(values["value"], value)
        return editing.write_attribute(shop, name, values["name"], value, keep=bool(values["value"]))

    return FormOverlay(f"{product.sku}: {name or 'new attribute'}", fields, save, again=editing.again)


def read_value(text: str, before: AttributeValue = None) -> AttributeValue:
    """Return the typed value ``text`` spells: number, yes/no, none, text, or with commas a list of them.

    A value that was text before stays text: ``007`` in a text attribute is no number.
    """
    if isinstance(before, str):
        return text
    if text.casefold() == "none":
        return None
    return read("list" if kind_of(before) == "list" and "," in text else guess(text), text)


def _named(write: Any, *arguments: Any) -> Any:
    """Call ``write``; name refused fields as the form does."""
    from data.errors import Invalid

    names = {path: name for name, path in PATHS.items()}
    try:
        return write(*arguments)
    except Invalid as error:
        fields = {_field_of(path, names): why for path, why in error.fields.items()}
        raise Invalid(fields) from None


def _field_of(path: str, names: Mapping[str, str]) -> str:
    path = path.removeprefix("changes.").removeprefix("product.")
    return names.get(path, "value" if path.startswith("attributes") else path.partition("[")[0])
