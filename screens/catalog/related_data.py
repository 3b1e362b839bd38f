"""What a product's page asks besides the product: what is like it, what is bought with it, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from data.access.history import Change
    from data.catalog.types import Product
    from data.shop import Shop

Part = TypeVar("Part")

_MOST = 6
_MOST_CHANGES = 30


@dataclass(frozen=True)
class RelatedRow:
    """A product that is shown beside another. ``orders`` hold both, 0 where it is only alike."""

    product_id: str
    sku: str
    title: str
    price: Decimal | None
    available: int | None
    orders: int = 0


@dataclass(frozen=True)
class Surroundings:
    """What stands around one product; a part is ``None`` while a store it needs is away."""

    together: tuple[RelatedRow, ...] | None
    alike: tuple[RelatedRow, ...] | None
    history: tuple[Change, ...] | None


def read_surroundings(shop: Shop, product: Product) -> Surroundings:
    """Return related products and the history of ``product``. Runs in a thread; never raises for a store away."""
    from data.access.history import history_of
    from data.analytics.related import bought_together
    from data.search.documents import from_product

    def together() -> tuple[RelatedRow, ...]:
        found = bought_together(shop.stores.analytics, product.product_id, limit=_MOST)
        return _rows(shop, [(one.product_id, one.orders) for one in found])

    def alike() -> tuple[RelatedRow, ...]:
        found = shop.stores.search.alike(from_product(product), limit=_MOST)
        return _rows(shop, [(one.product_id, 0) for one in found])

    return Surroundings(
        part(together),
        part(alike),
        part(lambda: history_of(shop.stores.postgres, "product", product.product_id, limit=_MOST_CHANGES)),
    )


def part(read: Callable[[], Part]) -> Part | None:
    """Return what ``read`` returns, ``None`` where the store it asks is away."""
    from data.errors import Unavailable

    try:
        return read()
    except Unavailable:
        return None


def _rows(shop: Shop, found: Sequence[tuple[str, int]]) -> tuple[RelatedRow, ...]:
    """Return the products ``found`` with the price and the stock of now; one that is gone is left out."""
    from data.catalog.reads import shown_products
    from data.stock.reads import levels_of

    ids = [product_id for product_id, _ in found]
    products = shown_products(shop.stores.mongo, ids)
    levels = part(lambda: levels_of(shop.stores.postgres, ids))
    return tuple(
        RelatedRow(
            product_id,
            product.sku,
            product.title,
            product.pricing.final_price,
            None if levels is None else sum(level.available_stock for level in levels.get(product_id, ())),
            orders,
        )
        for product_id, orders in found
        if (product := products.get(product_id)) is not None
    )
