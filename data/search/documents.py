"""A product of the catalog as a document of the search index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import Decimal128

from data.catalog.documents import amount, attributes_in, category_names, instant, part, units
from data.catalog.types import Product
from data.search.analysis import name_key
from data.search.engine import AttributeScalar, SearchDocument

__all__ = ["from_mongo", "from_product"]

#: Attributes by which a part is asked for like by its SKU; the catalog has one barcode, makers have more codes.
_CODE_NAMES = frozenset({"barcode", "ean", "gtin", "isbn", "mpn", "part_number", "upc"})


def from_product(product: Product, *, popularity: float = 0.0) -> SearchDocument:
    """Return what the index holds of ``product``. ``popularity`` is in units sold, see ``SearchDocument``.

    A null attribute says nothing that could be looked for, so it is left out, as are nulls in lists.
    """
    attributes = _without_nulls(product.attributes)
    return SearchDocument(
        product_id=product.product_id,
        revision=product.revision,
        sku=product.sku,
        title=product.title,
        brand=product.brand,
        category=product.category.names,
        description=product.description,
        codes=_codes(product.barcode, attributes),
        attributes=attributes,
        price=product.pricing.final_price,
        currency=product.pricing.currency,
        available_stock=product.inventory.available_stock,
        reorder_level=product.inventory.reorder_level,
        status=product.status,
        created_at=product.created_at,
        popularity=popularity,
    )


def from_mongo(document: Mapping[str, Any], *, popularity: float = 0.0) -> SearchDocument:
    """Return the same of a stored product; never fails on what another program left out or misspelled.

    Straight from the document, because thousands are indexed at a time and a ``Product`` holds twice as much.
    """
    attributes = _without_nulls(attributes_in(document))
    pricing, stock = part(document, "pricing"), part(document, "inventory")
    return SearchDocument(
        product_id=str(document["_id"]),
        revision=units(document, "revision"),
        sku=str(document.get("sku", "")),
        title=str(document.get("title", "")),
        brand=str(document.get("brand") or ""),
        category=category_names(document),
        description=str(document.get("description") or ""),
        codes=_codes(str(document.get("barcode") or ""), attributes),
        attributes=attributes,
        price=amount(pricing.get("final_price")),
        currency=str(pricing.get("currency") or "USD"),
        available_stock=units(stock, "available_stock"),
        reorder_level=units(stock, "reorder_level"),
        status=str(document.get("status", "active")),
        created_at=instant(document.get("created_at")),
        popularity=popularity,
    )


_Attributes = dict[str, AttributeScalar | list[AttributeScalar]]


def _codes(barcode: str, attributes: _Attributes) -> tuple[str, ...]:
    coded = (value for name, value in attributes.items() if name_key(name) in _CODE_NAMES)
    return tuple(filter(None, (barcode, *(str(value) for value in coded if isinstance(value, str | int)))))


def _without_nulls(attributes: Mapping[str, object]) -> _Attributes:
    return {name: kept for name, value in attributes.items() if (kept := _kept(value)) is not None}


def _kept(value: object) -> AttributeScalar | list[AttributeScalar] | None:
    if not isinstance(value, (list, tuple)):
        return _scalar(value)
    return [item for item in map(_scalar, value) if item is not None] or None


def _scalar(value: object) -> AttributeScalar | None:
    """Return ``value`` as the index knows it: another program may have stored a date or a decimal."""
    match value:
        case None | "":
            return None
        case str() | int() | float():
            return value
        case Decimal128():
            return float(value.to_decimal())
    return str(value)
