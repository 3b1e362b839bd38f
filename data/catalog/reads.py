"""Reads of the catalog: plain functions over MongoDB that return frozen values. No count, no OFFSET.

Every function raises ``Unavailable("mongodb", …)`` when the store does not answer within its timeouts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from data.catalog.documents import HIDDEN_FIELDS, ROW_FIELDS, Document, category_of, object_id, product_of, row_of
from data.catalog.fields import LEVELS
from data.catalog.rules import flatten, words_of
from data.catalog.types import (
    PATH_SEPARATOR,
    AttributeDef,
    AttributeUse,
    AttributeValue,
    Category,
    CategoryPath,
    Product,
    ProductRow,
)
from data.errors import NotFound
from data.paging import decode_cursor, encode_cursor
from data.stores.mongo import Mongo, translate_errors
from data.types import Page

_LISTING = "catalog:sku"
_MAX_TIME_MS = 5_000
#: What ``shown_products`` reads of a product.
_SHOWN = dict.fromkeys(("sku", "title", "brand", "category", "pricing", "status", "barcode", "revision"), 1)
#: How many values of one attribute ``attributes_of`` names.
_SHOWN_VALUES = 20


def get_product(mongo: Mongo, ref: str) -> Product:
    """Return the product with this id, SKU or barcode (tried in that order). Raises ``NotFound``."""
    ref = ref.strip()
    wanted = object_id(ref)
    ways: list[dict[str, object]] = [{"_id": wanted}] if wanted else []
    ways += [{"sku": ref}, {"barcode": ref}] if ref else []
    with translate_errors():
        for way in ways:
            found = mongo.products.find_one(way, HIDDEN_FIELDS, max_time_ms=_MAX_TIME_MS)
            if found is not None:
                return product_of(found)
    raise NotFound("product", ref)


def get_products(mongo: Mongo, ids: Iterable[str]) -> dict[str, Product]:
    """Return the products with these ids, by id; an id without a product is left out."""
    return {product_id: product_of(found) for product_id, found in get_documents(mongo, ids).items()}


def shown_products(mongo: Mongo, ids: Iterable[str], *, attributes: bool = False) -> dict[str, Product]:
    """Return what a list shows of the products with these ids, as it is stored now; the other fields are empty.

    With ``attributes`` these too. An id without a product is left out.
    """
    wanted = [found for found in map(object_id, ids) if found]
    fields = _SHOWN | ({"attributes": 1} if attributes else {})
    with translate_errors():
        found = map(product_of, mongo.products.find({"_id": {"$in": wanted}}, fields, max_time_ms=_MAX_TIME_MS))
        return {product.product_id: product for product in found}


def get_documents(mongo: Mongo, ids: Iterable[str]) -> dict[str, Document]:
    """Return the same as they are stored, for who needs little of each of very many."""
    wanted = [found for found in map(object_id, ids) if found]
    return {str(found["_id"]): found for found in _many(mongo, {"_id": {"$in": wanted}})}


def by_skus(mongo: Mongo, skus: Iterable[str]) -> dict[str, Product]:
    """Return the products with these SKUs, by SKU; a SKU without a product is left out."""
    return {product.sku: product for product in map(product_of, _many(mongo, {"sku": {"$in": list(skus)}}))}


def list_products(
    mongo: Mongo,
    *,
    category: CategoryPath | None = None,
    brand: str = "",
    status: str = "",
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[ProductRow]:
    """Return a page of products by SKU, optionally of one category (and below), brand or status.

    ``after`` and ``before`` are cursors of this list (``before=""`` is the last page); ``Invalid`` for any other. The
    estimate is the collection's size where nothing was filtered, else ``None``.
    """
    matching: dict[str, Any] = _in_category(category)
    matching |= {name: value for name, value in (("brand", brand), ("status", status)) if value}
    backward = before is not None
    edge = decode_cursor(_LISTING, before or after or "") if before or after else ()
    keyed = {"sku": {"$lt" if backward else "$gt": edge[0]}} if edge else {}
    with translate_errors():
        cursor = mongo.products.find(matching | keyed, ROW_FIELDS, max_time_ms=_MAX_TIME_MS)
        rows = [row_of(found) for found in cursor.sort("sku", -1 if backward else 1).limit(limit + 1)]
        estimate = None if matching else mongo.products.estimated_document_count(maxTimeMS=_MAX_TIME_MS)
    more, rows = len(rows) > limit, rows[:limit]
    if backward:
        rows.reverse()
    follows, precedes = (bool(edge), more) if backward else (more, bool(edge))
    return Page(
        tuple(rows),
        after=encode_cursor(_LISTING, rows[-1].sku) if rows and follows else None,
        before=encode_cursor(_LISTING, rows[0].sku) if rows and precedes else None,
        estimate=estimate,
    )


def prefix_search(mongo: Mongo, text: str, *, limit: int = 50) -> tuple[ProductRow, ...]:
    """Return products of which every word of ``text`` begins a word of title, brand, SKU or barcode.

    What is left while the search engine is down: no typo tolerance, no ranking; the order is that of the SKUs.
    """
    words = words_of(text)
    if not words:
        return ()
    # The longest word narrows most; MongoDB takes the first condition's bounds when it cannot tell.
    conditions = [{"words": {"$regex": f"^{re.escape(word)}"}} for word in sorted(words, key=len, reverse=True)]
    with translate_errors():
        cursor = mongo.products.find({"$and": conditions}, ROW_FIELDS, max_time_ms=_MAX_TIME_MS)
        return tuple(row_of(found) for found in cursor.sort("sku", 1).limit(limit))


def category_tree(mongo: Mongo, *, active_only: bool = False) -> tuple[Category, ...]:
    """Return every category in the order of the tree: parents before children, siblings by ``sort_order`` and name."""
    matching = {"is_active": {"$ne": False}} if active_only else {}
    with translate_errors():
        nodes = [category_of(found) for found in mongo.categories.find(matching, max_time_ms=_MAX_TIME_MS)]
    below: dict[str, list[Category]] = {}
    for node in sorted(nodes, key=lambda node: (node.sort_order, node.name)):
        below.setdefault(node.path.rpartition(PATH_SEPARATOR)[0], []).append(node)

    def walk(parent: str) -> Iterable[Category]:
        for node in below.get(parent, ()):
            yield node
            yield from walk(node.path)

    return tuple(walk(""))


def attributes_of(mongo: Mongo, category: CategoryPath, *, sample: int = 1000) -> tuple[AttributeUse, ...]:
    """Return the attributes of the first ``sample`` products of ``category`` (and below), the commonest first."""
    used: Counter[str] = Counter()
    values: dict[str, Counter[str]] = {}
    with translate_errors():
        cursor = mongo.products.find(_in_category(category), {"attributes": 1}, max_time_ms=_MAX_TIME_MS).limit(sample)
        for found in cursor:
            for name, value in flatten(found.get("attributes") or {}).items():
                used[name] += 1
                values.setdefault(name, Counter()).update(_spoken(value))
    return tuple(
        AttributeUse(name, count, tuple(value for value, _ in values[name].most_common(_SHOWN_VALUES)))
        for name, count in used.most_common()
    )


def known_attributes(mongo: Mongo) -> Mapping[str, AttributeDef]:
    """Return how the categories speak of each attribute, by its name; the deepest category's word counts."""
    with translate_errors():
        cursor = mongo.categories.find({"attributes.0": {"$exists": True}}, max_time_ms=_MAX_TIME_MS).sort("level", 1)
        return {item.name: item for found in cursor for item in category_of(found).attributes}


def _many(mongo: Mongo, matching: dict[str, Any]) -> list[Document]:
    with translate_errors():
        return mongo.products.find(matching, HIDDEN_FIELDS, max_time_ms=_MAX_TIME_MS).to_list()


def _in_category(category: CategoryPath | None) -> dict[str, Any]:
    names = category.names if category else ()
    return {f"category.{level}": name for level, name in zip(LEVELS, names, strict=False)}


def _spoken(value: AttributeValue) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [str(item) for item in items if item is not None]
