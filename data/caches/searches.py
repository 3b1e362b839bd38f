"""``search:{hash}``: which products a search found, in which order, with the facets. What they cost is read live.

The key is made of the query and the index's generation, so an entry is never wrong for its key and needs no
invalidation: the next commit of the index asks under another key. Title and price come from the catalog, stock from
PostgreSQL for the rows that are shown: a search may lag, it may not lie. Rejected: taking the price from the product
cache, which is as old as the relay is late.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from data.caches.keys import SEARCH_SECONDS, search_key
from data.caches.versioned import VersionedCache
from data.catalog.reads import shown_products
from data.errors import Unavailable
from data.search.engine import Hit, SearchResult
from data.search.language import SearchQuery, format_query
from data.stock.reads import levels_of
from data.structs import decoder

if TYPE_CHECKING:
    from data.catalog.types import Product
    from data.shop import Shop

__all__ = ["cached_search"]

#: Raise it when ``SearchResult`` changes its shape: entries of older programs are then not read.
_FORMAT = 3

_encode = msgspec.json.Encoder().encode
_decode = decoder(SearchResult).decode


def cached_search(
    shop: Shop,
    query: SearchQuery,
    *,
    limit: int = 50,
    after: str | None = None,
    before: str | None = None,
    facets: bool = True,
) -> SearchResult:
    """Return what ``SearchEngine.search`` returns, its hits brought up to date from catalog and stock.

    A product that was deleted since it was indexed is left out of ``hits`` (``total`` still counts it). Where catalog
    or stock are away the hits are as indexed, and a note says so. Raises ``Unavailable`` where the search is.
    """
    engine = shop.stores.search

    def load() -> tuple[int, str]:
        found = engine.search(query, limit=limit, after=after, before=before, facets=facets)
        return 1, _encode(found).decode()

    asked = [_FORMAT, engine.generation, format_query(query), limit, after, before, facets]
    key = search_key(hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:32])
    return _live(shop, _decode(VersionedCache(shop.stores.redis.cache).fetch(key, SEARCH_SECONDS, load)))


def _live(shop: Shop, found: SearchResult) -> SearchResult:
    ids = [hit.product_id for hit in found.hits]
    hits, notes = found.hits, list(found.notes)
    try:
        products = shown_products(shop.stores.mongo, ids)
        hits = tuple(_described(hit, products[hit.product_id]) for hit in hits if hit.product_id in products)
    except Unavailable:
        notes.append("The catalog is away: titles and prices as of the last indexing.")
    try:
        levels = levels_of(shop.stores.postgres, ids)
        hits = tuple(
            _stocked(
                hit, sum(level.available_stock for level in of_product), sum(lv.reorder_level for lv in of_product)
            )
            for hit in hits
            for of_product in [levels.get(hit.product_id, ())]
        )
    except Unavailable:
        notes.append("The stock is away: quantities as of the last indexing.")
    return replace(found, hits=hits, notes=tuple(notes))


def _described(hit: Hit, product: Product) -> Hit:
    return replace(
        hit,
        revision=product.revision,
        sku=product.sku,
        title=product.title,
        brand=product.brand,
        category=product.category.names,
        price=product.pricing.final_price,
        currency=product.pricing.currency,
        status=product.status,
    )


def _stocked(hit: Hit, available: int, reorder_level: int) -> Hit:
    state = "out" if available <= 0 else "low" if available <= reorder_level else "in"
    return replace(hit, available_stock=available, stock_state=state)
