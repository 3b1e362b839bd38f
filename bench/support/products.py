"""Products to measure with: the real PC parts, and as many more as are wanted, made of them.

They lie below ``STOREKEEPER_SAMPLE_DATA`` (a folder or file), or in ``../shared/data`` beside the repository; without
either the demo's are taken. The same number gives the same products, so that two runs are about the same index.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import UNSET

from data.catalog.imports.files import find_sources, read_rows
from data.catalog.imports.mapping import load_mapping
from data.catalog.imports.rows import RowMapper
from data.catalog.messages import ProductInput
from data.demo.products import make_products
from data.search.engine import SearchDocument

__all__ = ["MAPPING", "demo_documents", "enough", "mongo_document", "sample_documents", "sample_files"]

ROOT = Path(__file__).parents[2]
#: How a row of the PC parts becomes a product.
MAPPING = ROOT / "docs" / "pc-parts.toml"


def sample_files() -> list[Path]:
    """Return the files of the real products, none where there are none."""
    named = os.environ.get("STOREKEEPER_SAMPLE_DATA")
    places = (Path(named) if named else None, ROOT.parent / "shared" / "data")
    found = next((path for path in places if path and path.exists()), None)
    if found is None:
        return []
    return [found] if found.is_file() else sorted(found.glob("*.zip"))


def sample_documents() -> tuple[str, list[SearchDocument]]:
    """Return where the products come from, and the products."""
    files = sample_files()
    if not files:
        return "demo", demo_documents(5_000)
    mapper = RowMapper(load_mapping(MAPPING))
    rows = (mapper.map(raw).product for source in find_sources(files) for raw in read_rows(source))
    return files[0].name, [_document(number, product) for number, product in enumerate(rows)]


def demo_documents(count: int) -> list[SearchDocument]:
    """Return the first ``count`` products of the demo shop."""
    return [_document(number, made.product) for number, made in enumerate(make_products(count, 7))]


def _document(number: int, product: ProductInput) -> SearchDocument:
    price = None if product.base_price is UNSET else product.base_price
    attributes: dict[str, Any] = {
        name: [item for item in value if item is not None] if isinstance(value, list) else value
        for name, value in product.attributes.items()
        if value is not None
    }
    return SearchDocument(
        product_id=f"{number:024x}",
        revision=1,
        sku=product.sku,
        title=str(product.title),
        brand="" if product.brand is UNSET else str(product.brand),
        category=() if product.category is UNSET else tuple(product.category),
        attributes=attributes,
        price=None if price is None else Decimal(str(price)),
        available_stock=number * 7919 % 60,
        reorder_level=5,
        status="active" if product.status is UNSET else str(product.status),
        popularity=float(number * 104_729 % 97),
    )


def enough(documents: Sequence[SearchDocument], count: int) -> Iterator[SearchDocument]:
    """Yield ``count`` products: the given ones, then their later models."""
    for number in range(count):
        model, place = divmod(number, len(documents))
        one = documents[place]
        if model:
            one = replace(one, product_id=f"{number:024x}", sku=f"{one.sku}-M{model}", title=f"{one.title} Mk{model}")
        yield one


def mongo_document(one: SearchDocument) -> dict[str, Any]:
    """Return one product as a document of MongoDB with the fields that are searched and counted here."""
    levels = dict(zip(("primary", "secondary", "tertiary"), one.category, strict=False))
    price = None if one.price is None else float(one.price)
    return {
        "_id": one.product_id,
        "sku": one.sku,
        "title": one.title,
        "brand": one.brand,
        "category": levels,
        "attributes": dict(one.attributes),
        "pricing": {"final_price": price, "currency": one.currency},
        "inventory": {"available_stock": one.available_stock, "reorder_level": one.reorder_level},
        "status": one.status,
    }
