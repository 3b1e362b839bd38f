"""A product of the catalog as a document of the search index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import Decimal128

from data.catalog.documents import product_of
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
    attributes = {
        name: kept for name, value in product.attributes.items() if (kept := _without_nulls(value)) is not None
    }
    coded = (
        value for name, value in attributes.items() if name_key(name) in _CODE_NAMES and isinstance(value, str | int)
    )
    return SearchDocument(
        product_id=product.product_id,
        revision=product.revision,
        sku=product.sku,
        title=product.title,
        brand=product.brand,
        category=product.category.names,
        description=product.description,
        codes=tuple(filter(None, (product.barcode, *map(str, coded)))),
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
    """Return what the index holds of a stored product; never fails on what another program left out or misspelled."""
    return from_product(product_of(document), popularity=popularity)


def _without_nulls(value: object) -> AttributeScalar | list[AttributeScalar] | None:
    if not isinstance(value, list | tuple):
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
