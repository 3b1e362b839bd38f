"""Which products a bulk job or an export is about: those named, or all that a line of query finds, as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from data.bulk.messages import TargetInput
from data.catalog.reads import by_skus, get_products
from data.errors import NotFound
from data.search.language import parse_query

if TYPE_CHECKING:
    from data.search.engine import Hit
    from data.search.query import SearchQuery
    from data.shop import Shop

__all__ = ["found", "marked", "named", "of_line"]

_PAGE = 500


def named(shop: Shop, skus: Sequence[str]) -> list[TargetInput]:
    """Return the products with these SKUs. Raises ``NotFound`` naming the first that is none."""
    products = by_skus(shop.stores.mongo, skus)
    for sku in skus:
        if sku not in products:
            raise NotFound("product", sku)
    return [TargetInput(target_id=products[sku].product_id, label=sku) for sku in dict.fromkeys(skus)]


def marked(shop: Shop, ids: Iterable[str]) -> Iterator[TargetInput]:
    """Yield the products with these ids; one that is no longer there is left out."""
    wanted = list(ids)
    for at in range(0, len(wanted), _PAGE):
        products = get_products(shop.stores.mongo, wanted[at : at + _PAGE])
        for product in sorted(products.values(), key=lambda product: product.sku):
            yield TargetInput(target_id=product.product_id, label=product.sku)


def of_line(shop: Shop, line: str) -> Iterator[TargetInput]:
    """Yield every product that the line of query finds now. Raises ``Invalid`` where the line cannot be read."""
    query = parse_query(line).checked("filter")
    return (TargetInput(target_id=hit.product_id, label=hit.sku) for hit in found(shop, query))


def found(shop: Shop, query: SearchQuery) -> Iterator[Hit]:
    """Yield every hit of ``query``, page by page; a page held at a time, in a stable order without a bound.

    By best match only so many hits can be paged through, so without an order of its own the query runs by title.
    """
    after = None
    ordered = query.with_sort("title") if query.sort == "best" else query
    while True:
        result = shop.stores.search.search(ordered, limit=_PAGE, after=after)
        yield from result.hits
        after = result.after
        if after is None:
            return
