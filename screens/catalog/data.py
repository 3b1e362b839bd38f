"""What the catalog screens ask of the data rooms. Every function runs in a thread; rooms are imported in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data.types import Facet, Page
from screens.catalog.related_data import Surroundings, part, read_surroundings
from screens.shown import shown_value

if TYPE_CHECKING:
    from data.analytics.reads import ProductSales
    from data.catalog.types import Product
    from data.orders.reads import OrderRow
    from data.search.engine import SearchResult, Unheard
    from data.search.query import SearchQuery
    from data.shop import Shop
    from data.stock.reads import Level


@dataclass(frozen=True, slots=True)
class ProductHit:
    """One product in the list. ``available`` is PostgreSQL's, ``None`` while that is away (``indexed`` is search's).

    ``spans`` are the parts of the title that matched.
    """

    product_id: str
    sku: str
    title: str
    brand: str
    category: str
    price: Decimal | None
    status: str
    available: int | None
    reorder_level: int
    indexed: int
    spans: tuple[tuple[int, int], ...] = ()
    barcode: str = ""
    #: whether ``price`` is the catalog's, or what search knew last
    price_sure: bool = True
    #: those attributes as text that the list has columns for, by the name a query calls them
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a search found besides its rows. ``facets`` are ``None`` while nobody sees them: they were not counted.

    ``fallback`` is what MongoDB found instead, ``soon`` that search itself is being built and worth asking again.
    """

    total: int
    took_ms: float
    facets: tuple[Facet, ...] | None
    notes: tuple[str, ...]
    fallback: bool = False
    soon: bool = False
    unheard: tuple[Unheard, ...] = ()


def product_source(
    shop: Shop,
    query: SearchQuery,
    tell: Callable[[Found], None],
    seen: Callable[[], bool],
    attributes: Callable[[], Collection[str]],
    wanted: Callable[[], bool] = lambda: True,
) -> Any:
    """Return the page source of what ``query`` finds; ``tell`` hears of the first page's counts, facets and notes.

    ``seen`` says whether anybody sees the facets: counting them is most of a search's work. ``attributes`` says which
    ones there are columns for: a product has dozens, and a row lives as long as somebody scrolls. ``wanted`` says
    whether the list is still this query's: what a later letter has overtaken is left where it is, and its page is
    empty, because the letter's own search waits for the same processor.
    """
    from data.errors import Unavailable

    def fetch(*, after: str | None, before: str | None, limit: int) -> Page[ProductHit]:
        first = after is None and before is None
        facets = first and seen()
        if not wanted():
            return Page(())
        try:
            result = shop.stores.search.search(query, limit=limit, after=after, before=before, facets=facets)
        except Unavailable:
            if not first:
                raise
            return _without_search(shop, query, tell, "search is away")
        if first and not result.total and shop.stores.search.count() == 0:
            return _without_search(shop, query, tell, _why_empty(shop), soon=True)
        if not wanted():
            return Page(())
        rows = _hits(shop, result, attributes())
        if first:  # not before the rows are there: both are painted at once
            counted = result.facets if facets else None
            tell(Found(result.total, result.took_ms, counted, result.notes, unheard=result.unheard))
        return Page(rows, result.after, result.before, estimate=result.total if first else None, exact=True)

    return fetch


def _hits(shop: Shop, result: SearchResult, attributes: Collection[str]) -> tuple[ProductHit, ...]:
    from data.search.analysis import spans

    indexed = [
        ProductHit(
            product_id=hit.product_id,
            sku=hit.sku,
            title=hit.title,
            brand=hit.brand,
            category=hit.category[-1] if hit.category else "",
            price=hit.price,
            status=hit.status,
            available=None,
            reorder_level=0,
            indexed=hit.available_stock,
        )
        for hit in result.hits
    ]
    rows = renewed(shop, indexed, attributes)
    if not result.terms and not result.prefix:
        return rows
    return tuple(replace(row, spans=spans(row.title, result.terms, prefix=result.prefix)) for row in rows)


def renewed(shop: Shop, rows: Sequence[ProductHit], attributes: Collection[str]) -> tuple[ProductHit, ...]:
    """Return ``rows`` as catalog and PostgreSQL have them now; without those that are gone.

    Where one of the two is away its part is said to be what was known last.
    """
    ids = [row.product_id for row in rows]
    levels, products = _live(shop, ids), _products(shop, ids, attributes=bool(attributes))
    made = []
    for row in rows:
        if products is not None and row.product_id not in products:
            continue  # search has not heard of that yet
        held = levels.get(row.product_id, ()) if levels is not None else None
        now = replace(
            row,
            price_sure=False,
            available=None if held is None else sum(level.available_stock for level in held),
            reorder_level=sum(level.reorder_level for level in held or ()),
        )
        made.append(now if products is None else _as_it_is(now, products[row.product_id], attributes))
    return tuple(made)


def is_indexed(shop: Shop, product_id: str) -> bool:
    """Whether search knows the product as it is stored, or that it is gone."""
    from data.catalog.reads import shown_products

    stored = shown_products(shop.stores.mongo, [product_id]).get(product_id)
    known = shop.stores.search.versions([product_id]).get(product_id)
    return known is None if stored is None else known is not None and known >= stored.revision


def index_generation(shop: Shop) -> int:
    """Return a number that is another after every change of the index."""
    return shop.stores.search.generation


def _as_it_is(row: ProductHit, product: Product, attributes: Collection[str]) -> ProductHit:
    """Return ``row`` with what the catalog says now: search may lag a moment behind an edit."""
    from data.search.analysis import name_key

    return replace(
        row,
        sku=product.sku,
        title=product.title,
        spans=row.spans if product.title == row.title else (),
        brand=product.brand,
        category=product.category.names[-1] if product.category.names else "",
        price=product.pricing.final_price,
        price_sure=True,
        status=product.status,
        barcode=product.barcode,
        attributes={
            key: shown_value(value)
            for name, value in (product.attributes.items() if attributes else ())
            if (key := name_key(name)) in attributes
        },
    )


def _products(shop: Shop, ids: list[str], *, attributes: bool) -> Mapping[str, Product] | None:
    """Return the visible products as the catalog holds them: the cache is as old as the relay is late."""
    from data.catalog.reads import shown_products

    return part(lambda: shown_products(shop.stores.mongo, ids, attributes=attributes))


def _live(shop: Shop, ids: list[str]) -> Mapping[str, tuple[Level, ...]] | None:
    """Return the levels of the visible products from PostgreSQL: search may lag, it may not lie."""
    from data.stock.reads import levels_of

    return part(lambda: levels_of(shop.stores.postgres, ids))


def _why_empty(shop: Shop) -> str:
    """Say why nothing at all is indexed: a new shop or a new layout of the index, which the relay builds."""
    from data.events.reads import relay_status

    status = part(lambda: relay_status(shop.stores.postgres))
    return "the search index is being built" if status and status.running else "no relay runs to build the search index"


def _without_search(
    shop: Shop, query: SearchQuery, tell: Callable[[Found], None], why: str, *, soon: bool = False
) -> Page[ProductHit]:
    """Return what MongoDB finds by the beginnings of the words; filters and facets wait for the search engine."""
    from data.catalog.reads import list_products, prefix_search

    if query.text:
        found = prefix_search(shop.stores.mongo, query.text, limit=200)
    else:
        found = list_products(shop.stores.mongo, limit=200).rows
    levels = _live(shop, [row.product_id for row in found]) or {}
    rows = tuple(
        ProductHit(
            product_id=row.product_id,
            sku=row.sku,
            title=row.title,
            brand=row.brand,
            category=row.category.names[-1] if row.category.names else "",
            price=row.pricing.final_price,
            status=row.status,
            available=sum(level.available_stock for level in levels[row.product_id])
            if row.product_id in levels
            else None,
            reorder_level=sum(level.reorder_level for level in levels.get(row.product_id, ())),
            indexed=row.available_stock,
        )
        for row in found
    )
    notes = (f"{why}: beginnings of words only, no filters",) if rows or not soon else ()
    tell(Found(len(rows), 0.0, (), notes, fallback=True, soon=bool(soon and rows)))
    return Page(rows, estimate=len(rows))


def read_facets(shop: Shop, query: SearchQuery) -> tuple[Facet, ...]:
    """Return the facets of what ``query`` finds."""
    return shop.stores.search.search(query, limit=1).facets


def read_facet(shop: Shop, query: SearchQuery, name: str, contains: str) -> Facet:
    """Return one facet of ``query`` in full, or its values that contain ``contains``."""
    return shop.stores.search.facet(query, name, contains=contains, limit=300)


@dataclass(frozen=True)
class ProductView:
    """One product with what the other stores know of it; a part is ``None`` while its store is away."""

    product: Product
    levels: tuple[Level, ...] | None
    sales: ProductSales | None
    orders: tuple[OrderRow, ...] | None
    around: Surroundings | None = None


def read_product(shop: Shop, ref: str) -> ProductView:
    """Return the product with this id, SKU or barcode, its stock, sales and newest orders. Raises ``NotFound``."""
    from data.analytics.reads import product_sales
    from data.catalog.reads import get_product
    from data.orders.query import OrderQuery
    from data.orders.reads import list_orders
    from data.stock.reads import levels_of

    product = get_product(shop.stores.mongo, ref)
    stores = shop.stores

    return ProductView(
        product,
        part(lambda: levels_of(stores.postgres, [product.product_id]).get(product.product_id, ())),
        part(lambda: product_sales(stores.analytics, product.product_id, 30, currency=product.pricing.currency)),
        part(lambda: list_orders(stores.postgres, OrderQuery(sku=product.sku), limit=5).rows),
    )


def read_product_whole(shop: Shop, ref: str) -> ProductView:
    """Return what ``read_product`` returns with what is related to the product and its history."""
    view = read_product(shop, ref)
    return replace(view, around=read_surroundings(shop, view.product))


def current_product(shop: Shop, product_id: str) -> Product:
    """Return the product as it is stored now. Raises ``NotFound``."""
    from data.catalog.reads import get_product

    return get_product(shop.stores.mongo, product_id)


def edit_product(shop: Shop, product_id: str, version: int, changes: dict[str, object], key: str) -> Any:
    """Change some fields of the product, if it is still at ``version``."""
    from data.catalog.messages import EditProduct

    command = EditProduct(product_id=product_id, expected_version=version, changes=changes)
    return shop.door.run(command, shop.actor, key=key).result
