"""Between MongoDB's documents and the catalog's values; the only module that knows what a stored product looks like.

Money is stored as ``Decimal128`` and read from any BSON number, because other programs write doubles. Reading never
fails on what such a program left out or misspelled: a missing field is its default, a price that is no number is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bson import Decimal128, Int64, ObjectId
from bson.errors import InvalidId

from data.catalog.fields import LEVELS
from data.catalog.rules import flatten, words_of
from data.catalog.types import (
    AttributeDef,
    Category,
    CategoryPath,
    Media,
    Pricing,
    Product,
    ProductRow,
    Seo,
    StockSummary,
)
from data.money import cents

Document = dict[str, Any]

#: What a list of products needs of each.
ROW_FIELDS = dict.fromkeys(
    ("sku", "title", "brand", "category", "pricing", "inventory.available_stock", "status", "version", "updated_at"), 1
)
#: Bookkeeping that no reader of a product needs.
HIDDEN_FIELDS = {"words": 0, "edit_keys": 0}


def object_id(text: str) -> ObjectId | None:
    """Return the document id that ``text`` spells (24 hex digits), or ``None``."""
    try:
        return ObjectId(text)
    except InvalidId:
        return None


#: What BSON takes as it is: nearly all values there are.
_PLAIN = frozenset({str, int, float, bool, type(None)})
#: By its text, which tells 0 from 0.00: prices repeat, and PyMongo makes each in 100 lines of Python.
_decimal128 = lru_cache(maxsize=4096)(Decimal128)


def to_bson(value: Any) -> Any:
    """Return ``value`` as MongoDB stores it: amounts as Decimal128, tuples as arrays."""
    if type(value) in _PLAIN:
        return value
    match value:
        case Decimal():
            return _decimal128(str(value))
        case tuple() | list():
            return [to_bson(item) for item in value]
        case Mapping():
            return {name: to_bson(item) for name, item in value.items()}
    return value


def from_bson(value: Any) -> Any:
    """Return ``value`` as the catalog compares it: the opposite of ``to_bson``, with no type of BSON left in it."""
    if type(value) in _PLAIN:
        return value
    match value:
        case Decimal128():
            return value.to_decimal()
        case Int64():
            return int(value)
        case list():
            return [from_bson(item) for item in value]
    return value


def leaf(document: Mapping[str, Any], path: str) -> Any:
    """Return what stands at the dotted ``path`` of ``document``, or ``None``."""
    return from_bson(stored_leaf(document, path))


def stored_leaf(document: Mapping[str, Any], path: str) -> Any:
    """Return the same as it is stored, types of BSON included."""
    node: Any = document
    for part in path.split("."):
        if type(node) is not dict and not isinstance(node, Mapping):  # the second is dear to ask
            return None
        node = node.get(part)
    return node


def amount(value: object) -> Decimal | None:
    """Return a stored BSON number as an exact amount, ``None`` where there is none."""
    if isinstance(value, Decimal128):
        return _amounts(value.bid)
    value = from_bson(value)
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        return None
    number = Decimal(str(value))
    return cents(number) if number.is_finite() else None


@lru_cache(maxsize=4096)
def _amounts(bid: bytes) -> Decimal | None:
    number = Decimal128.from_bid(bid).to_decimal()
    return cents(number) if number.is_finite() else None


def category_names(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the stored category path, outermost first."""
    stored = part(document, "category")
    names = (str(stored.get(level) or "") for level in LEVELS)
    return tuple(name for name in names if name)


def category_document(names: tuple[str, ...]) -> Document:
    """Return the category sub-document; a level that is not used is left out, so that no facet counts an empty name."""
    return dict(zip(LEVELS, names, strict=False))


def pricing_of(document: Mapping[str, Any]) -> Pricing:
    """Return what a stored product costs."""
    stored = part(document, "pricing")
    return Pricing(
        base_price=amount(stored.get("base_price")),
        currency=str(stored.get("currency") or "USD"),
        discount_percentage=amount(stored.get("discount_percentage")) or Decimal(0),
        final_price=amount(stored.get("final_price")),
        tax_inclusive=stored.get("tax_inclusive") is True,
    )


def product_of(document: Mapping[str, Any]) -> Product:
    """Return the stored product."""
    stock, media, seo = (part(document, name) for name in ("inventory", "media", "seo"))
    return Product(
        product_id=str(document["_id"]),
        sku=str(document.get("sku", "")),
        title=str(document.get("title", "")),
        description=str(document.get("description") or ""),
        brand=str(document.get("brand") or ""),
        category=CategoryPath.of(*category_names(document)),
        attributes=attributes_in(document),
        pricing=pricing_of(document),
        inventory=StockSummary(
            total_stock=units(stock, "total_stock"),
            available_stock=units(stock, "available_stock"),
            reserved_stock=units(stock, "reserved_stock"),
            reorder_level=units(stock, "reorder_level"),
            supplier_id=str(stock.get("supplier_id") or ""),
            version=units(stock, "version"),
        ),
        media=Media(str(media.get("primary_image") or ""), _texts(media, "additional_images"), _texts(media, "videos")),
        seo=Seo(str(seo.get("meta_title") or ""), str(seo.get("meta_description") or ""), _texts(seo, "keywords")),
        status=str(document.get("status", "active")),
        barcode=str(document.get("barcode") or ""),
        version=units(document, "version"),
        revision=units(document, "revision"),
        created_at=instant(document.get("created_at")),
        updated_at=instant(document.get("updated_at")),
        created_by=str(document.get("created_by") or ""),
    )


def row_of(document: Mapping[str, Any]) -> ProductRow:
    """Return the stored product as a list shows it; ``document`` holds at least ``ROW_FIELDS``."""
    return ProductRow(
        product_id=str(document["_id"]),
        sku=str(document.get("sku", "")),
        title=str(document.get("title", "")),
        brand=str(document.get("brand") or ""),
        category=CategoryPath.of(*category_names(document)),
        pricing=pricing_of(document),
        available_stock=units(part(document, "inventory"), "available_stock"),
        status=str(document.get("status", "active")),
        version=units(document, "version"),
        updated_at=instant(document.get("updated_at")),
    )


def category_of(document: Mapping[str, Any]) -> Category:
    """Return the stored category."""
    return Category(
        category_id=str(document["_id"]),
        name=str(document.get("name", "")),
        slug=str(document.get("slug", "")),
        path=str(document.get("path", "")),
        level=units(document, "level"),
        parent_category=str(document.get("parent_category") or ""),
        description=str(document.get("description") or ""),
        is_active=document.get("is_active") is not False,
        sort_order=units(document, "sort_order"),
        attributes=tuple(
            AttributeDef(str(item.get("name", "")), str(item.get("label") or ""), str(item.get("unit") or ""))
            for item in document.get("attributes") or ()
            if isinstance(item, Mapping)
        ),
        version=units(document, "version"),
    )


def blank_product(now: datetime, created_by: str) -> Document:
    """Return the document of a product nobody has said anything about yet."""
    return {
        "_id": ObjectId(),
        "sku": "",
        "title": "",
        "description": "",
        "brand": "",
        "category": {},
        "attributes": {},
        "pricing": {
            "base_price": None,
            "currency": "USD",
            "discount_percentage": _decimal128("0"),
            "final_price": None,
            "tax_inclusive": False,
        },
        "inventory": {
            "total_stock": 0,
            "available_stock": 0,
            "reserved_stock": 0,
            "reorder_level": 0,
            "supplier_id": "",
            "version": Int64(0),
        },
        "media": {"primary_image": "", "additional_images": [], "videos": []},
        "seo": {"meta_title": "", "meta_description": "", "keywords": []},
        "status": "draft",
        "version": Int64(1),
        "revision": Int64(1),
        "created_at": now,
        "updated_at": now,
        "created_by": created_by,
    }


def search_words(document: Mapping[str, Any]) -> list[str]:
    """Return the words by which ``prefix_search`` finds the product."""
    return words_of(*(str(document.get(name) or "") for name in ("sku", "title", "brand", "barcode")))


def attributes_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a stored product by their dotted names."""
    stored = flatten(part(document, "attributes"))
    return {name: value if type(value) in _PLAIN else _plain(value) for name, value in stored.items()}


def part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the sub-document ``name``, an empty one where there is none."""
    stored = document.get(name)
    return stored if type(stored) is dict or isinstance(stored, Mapping) else {}


def units(document: Mapping[str, Any], name: str) -> int:
    """Return the whole number that stands under ``name``, 0 where none does."""
    value = document.get(name)
    return int(value) if isinstance(value, int | float) else 0


def _plain(value: Any) -> Any:
    """An attribute's value; what another program stored as an exact decimal is a number like any other."""
    clean = from_bson(value)
    return float(clean) if isinstance(clean, Decimal) else clean


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(item) for item in document.get(name) or ())


def instant(value: object) -> datetime | None:
    """Return a stored time as aware UTC, ``None`` for what is no time."""
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
