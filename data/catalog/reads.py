"""Reads of the catalog: plain functions over MongoDB that return frozen values. No count, no OFFSET."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from data.catalog.types import AttributeUse, Category, CategoryPath, Product, ProductRow
from data.stores.mongo import Mongo
from data.types import Page


def get_product(mongo: Mongo, ref: str) -> Product:
    """Return the product with this id, SKU or barcode (tried in that order). Raises ``NotFound``."""
    raise NotImplementedError


def get_products(mongo: Mongo, ids: Iterable[str]) -> dict[str, Product]:
    """Return the products with these ids, by id; an id without a product is left out."""
    raise NotImplementedError


def by_skus(mongo: Mongo, skus: Iterable[str]) -> dict[str, Product]:
    """Return the products with these SKUs, by SKU; a SKU without a product is left out."""
    raise NotImplementedError


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
    """Return a page of products by SKU, optionally of one category (and below), brand or status."""
    raise NotImplementedError


def prefix_search(mongo: Mongo, text: str, *, limit: int = 50) -> tuple[ProductRow, ...]:
    """Return products of which every word of ``text`` begins a word of title, brand or SKU.

    What is left while the search engine is down: no typo tolerance, no ranking; the order is that of the SKUs.
    """
    raise NotImplementedError


def category_tree(mongo: Mongo, *, active_only: bool = False) -> tuple[Category, ...]:
    """Return every category in the order of the tree: parents before children, siblings by ``sort_order`` and name."""
    raise NotImplementedError


def attributes_of(mongo: Mongo, category: CategoryPath, *, sample: int = 1000) -> tuple[AttributeUse, ...]:
    """Return the attributes that products of ``category`` have, commonest first, from a sample of them."""
    raise NotImplementedError


def known_attributes(mongo: Mongo) -> Mapping[str, tuple[str, str]]:
    """Return label and unit by attribute name, over all categories that define it."""
    raise NotImplementedError
