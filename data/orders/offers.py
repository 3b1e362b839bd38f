"""Offers: what can be put into an order now, with its stored price and the stock of this moment.

Prices come from MongoDB and stock from PostgreSQL, never from the index: search only says which products are meant.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from data.catalog.reads import by_skus, get_product, get_products, prefix_search
from data.errors import NotFound, Unavailable
from data.orders.rules import PricedLine
from data.stock.reads import levels_of

if TYPE_CHECKING:
    from data.catalog.types import Product
    from data.stores import Stores

__all__ = ["Offer", "find_ids", "find_offers", "named", "offers_named", "offers_of"]


@dataclass(frozen=True)
class Offer:
    """One product as an order form shows it. ``stock`` is (warehouse, units available) in the order of warehouses."""

    product_id: str
    sku: str
    title: str
    unit_price: Decimal | None
    currency: str
    tax_inclusive: bool
    status: str
    stock: tuple[tuple[str, int], ...]
    barcode: str = ""
    category: tuple[str, ...] = ()

    def is_called(self, text: str) -> bool:
        """Say whether ``text`` is this product's SKU, in capitals or not, or its barcode."""
        wanted = text.strip().casefold()
        return bool(wanted) and wanted in (self.sku.casefold(), self.barcode.casefold())

    @property
    def available(self) -> int:
        """Units that can be sold, all warehouses together."""
        return sum(units for _, units in self.stock)

    @property
    def why_not(self) -> str:
        """Why it can't be sold at all, ``""`` when it can."""
        if self.unit_price is None:
            return "has no price"
        return "" if self.status == "active" else f"is {self.status}"

    def priced(self, quantity: int) -> PricedLine:
        """Return ``quantity`` of it as a line to be quoted; without a price it counts as 0.00."""
        return PricedLine(
            product_id=self.product_id,
            sku=self.sku,
            title=self.title,
            unit_price=self.unit_price or Decimal("0.00"),
            quantity=quantity,
            currency=self.currency,
            tax_inclusive=self.tax_inclusive,
            category=self.category,
        )


def offers_of(stores: Stores, skus: Iterable[str]) -> dict[str, Offer]:
    """Return the offers of these SKUs, by SKU; a SKU nobody knows is left out."""
    products = by_skus(stores.mongo, tuple(skus))
    return {offer.sku: offer for offer in _offers(stores, tuple(products.values()))}


def find_offers(stores: Stores, text: str, *, limit: int = 8) -> tuple[Offer, ...]:
    """Return what ``text`` may mean, best first: the product with that SKU or barcode, then what the words find.

    While the search engine is away, words are looked up as beginnings in MongoDB. Raises ``Unavailable`` only where
    MongoDB or PostgreSQL is away.
    """
    text = text.strip()
    if not text:
        return ()
    ids = find_ids(stores, text, limit=limit)
    stored = get_products(stores.mongo, ids)
    return _offers(stores, tuple(stored[product_id] for product_id in ids if product_id in stored))


def find_ids(stores: Stores, text: str, *, limit: int) -> tuple[str, ...]:
    """Return the ids of the products ``text`` may mean, the one with that very SKU or barcode first.

    Raises ``Unavailable`` only where the catalog is away too.
    """
    from data.search.language import parse_query

    exact = named(stores, text) if " " not in text else ()
    try:
        hits = stores.search.search(parse_query(text), limit=limit, facets=False).hits
        found = tuple(hit.product_id for hit in hits)
    except Unavailable:
        found = tuple(row.product_id for row in prefix_search(stores.mongo, text, limit=limit))
    return tuple(dict.fromkeys((*exact, *found)))[:limit]


def named(stores: Stores, code: str) -> tuple[str, ...]:
    """Return the id of the product with this very SKU or barcode; SKUs are mostly capitals, typing mostly is not."""
    for spelling in dict.fromkeys((code, code.upper())):
        with contextlib.suppress(NotFound):
            return (get_product(stores.mongo, spelling).product_id,)
    return ()


def offers_named(stores: Stores, code: str) -> tuple[Offer, ...]:
    """Return the offer of the product with this very SKU or barcode, or nothing."""
    found = get_products(stores.mongo, named(stores, code))
    return _offers(stores, tuple(found.values()))


def _offers(stores: Stores, products: Sequence[Product]) -> tuple[Offer, ...]:
    levels = levels_of(stores.postgres, [product.product_id for product in products]) if products else {}
    return tuple(
        Offer(
            product_id=product.product_id,
            sku=product.sku,
            title=product.title,
            unit_price=product.pricing.final_price,
            currency=product.pricing.currency,
            tax_inclusive=product.pricing.tax_inclusive,
            status=product.status,
            barcode=product.barcode,
            category=product.category.names,
            stock=tuple((level.warehouse_id, level.available_stock) for level in levels.get(product.product_id, ())),
        )
        for product in products
    )
