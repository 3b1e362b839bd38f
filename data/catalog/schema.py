"""The two collections of the catalog: their validators and indexes.

The seed's fields keep their names. Ours: ``version`` (content) and ``revision`` (every write), ``barcode``, ``words``
(for ``reads.prefix_search``), ``edit_keys`` (the idempotency keys of the last 16 writes, see ``data.door``), and on a
category ``attributes`` (label and unit by name) and ``created_key``.

The validator is strict on the type of every fixed field and demands ``version``, so no other program can write a
product this one could not read. It takes any BSON number as a price, because other programs write doubles. Attributes
are free in their names and typed in their values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from data.catalog.fields import LEVELS, MAX_DESCRIPTION, MAX_SKU, MAX_TITLE, STATUSES

if TYPE_CHECKING:
    from pymongo.database import Database

#: How many idempotency keys a document remembers.
KEPT_KEYS = 16

_WHOLE = {"bsonType": ["int", "long"], "minimum": 0}
_TEXT = {"bsonType": "string"}
_TEXTS = {"bsonType": "array", "items": _TEXT}
_DATE = {"bsonType": "date"}
_PRICE = {"bsonType": ["number", "null"], "minimum": 0}
_SCALARS = ["string", "number", "bool", "null"]


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    # MongoDB refuses an empty list of required names.
    needed = {"required": required} if required else {}
    return {"bsonType": "object", **needed, "properties": properties}


PRODUCT_SCHEMA = _object(
    ["sku", "title", "status", "pricing", "version"],
    {
        "sku": _TEXT | {"minLength": 1, "maxLength": MAX_SKU},
        "title": _TEXT | {"minLength": 1, "maxLength": MAX_TITLE},
        "description": _TEXT | {"maxLength": MAX_DESCRIPTION},
        "brand": _TEXT,
        "barcode": _TEXT | {"minLength": 1},
        "category": _object([], dict.fromkeys(LEVELS, _TEXT)),
        "attributes": {
            "bsonType": "object",
            "additionalProperties": {
                "bsonType": [*_SCALARS, "array", "object"],
                "items": {"bsonType": _SCALARS},
            },
        },
        "pricing": _object(
            ["currency"],
            {
                "base_price": _PRICE,
                "currency": _TEXT | {"pattern": "^[A-Z]{3}$"},
                "discount_percentage": {"bsonType": "number", "minimum": 0, "maximum": 100},
                "final_price": _PRICE,
                "tax_inclusive": {"bsonType": "bool"},
            },
        ),
        "inventory": _object(
            [],
            {
                "total_stock": _WHOLE,
                "available_stock": _WHOLE,
                "reserved_stock": _WHOLE,
                "reorder_level": _WHOLE,
                "supplier_id": _TEXT,
                "version": _WHOLE,
            },
        ),
        "media": _object([], {"primary_image": _TEXT, "additional_images": _TEXTS, "videos": _TEXTS}),
        "seo": _object([], {"meta_title": _TEXT, "meta_description": _TEXT, "keywords": _TEXTS}),
        "status": {"enum": list(STATUSES)},
        "version": _WHOLE,
        "revision": _WHOLE,
        "created_at": _DATE,
        "updated_at": _DATE,
        "created_by": _TEXT,
        "words": _TEXTS,
        "edit_keys": {"bsonType": "array", "maxItems": KEPT_KEYS},
    },
)

CATEGORY_SCHEMA = _object(
    ["name", "slug", "path", "level", "version"],
    {
        "name": _TEXT | {"minLength": 1},
        "slug": _TEXT | {"minLength": 1},
        "parent_category": {"bsonType": ["string", "null"]},
        "level": {"bsonType": ["int", "long"], "minimum": 1, "maximum": 3},
        "path": _TEXT | {"minLength": 1},
        "description": _TEXT,
        "is_active": {"bsonType": "bool"},
        "sort_order": {"bsonType": ["int", "long"]},
        "attributes": {
            "bsonType": "array",
            "items": _object(["name"], {"name": _TEXT, "label": _TEXT, "unit": _TEXT}),
        },
        "version": _WHOLE,
        "created_key": _TEXT,
    },
)

PRODUCT_INDEXES = (
    IndexModel([("sku", ASCENDING)], name="sku", unique=True),
    # A scanner's code finds one product; products without a barcode do not have the field.
    IndexModel(
        [("barcode", ASCENDING)],
        name="barcode",
        unique=True,
        partialFilterExpression={"barcode": {"$type": "string"}},
    ),
    # reads.list_products by status, and of a category and everything below it; reads.attributes_of.
    IndexModel([("status", ASCENDING), ("sku", ASCENDING)], name="status"),
    IndexModel(
        [(f"category.{level}", ASCENDING) for level in LEVELS] + [("sku", ASCENDING)],
        name="category",
    ),
    IndexModel([("brand", ASCENDING), ("sku", ASCENDING)], name="brand"),
    # "What changed since": the reconciling sweep of search and cache.
    IndexModel([("updated_at", DESCENDING), ("_id", ASCENDING)], name="updated_at"),
    # reads.prefix_search, when the search engine is down: ^word on folded words.
    IndexModel([("words", ASCENDING)], name="words"),
)

CATEGORY_INDEXES = (
    IndexModel([("path", ASCENDING)], name="path", unique=True),
    IndexModel([("slug", ASCENDING)], name="slug"),
    IndexModel([("parent_category", ASCENDING), ("sort_order", ASCENDING)], name="parent_category"),
)


def ensure_schema(db: Database[Any]) -> None:
    """Create or bring up to date both collections, their validators and indexes. Safe to call at every start.

    Two starts at once do not fight: creating what is there is no error, and a validator is written where it differs.
    """
    present = {found["name"]: found.get("options", {}) for found in db.list_collections()}
    for name, schema, indexes in (
        ("products", PRODUCT_SCHEMA, PRODUCT_INDEXES),
        ("categories", CATEGORY_SCHEMA, CATEGORY_INDEXES),
    ):
        validator = {"$jsonSchema": schema}
        # Creates the collection too, and unlike create_collection does not fail when two do it at once.
        db[name].create_indexes(list(indexes))
        if present.get(name, {}).get("validator") != validator:
            db.command("collMod", name, validator=validator, validationLevel="strict", validationAction="error")
