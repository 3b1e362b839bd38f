"""``storekeeper products …``: searching and showing are here, what changes products in ``product_edits``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import columns, pairs, shown
from cli.options import Noun, with_after, with_limit
from cli.product_bulk import bulk
from cli.product_edits import archive, attributes, create, duplicate, edit, restore
from cli.product_export import export
from cli.product_import import import_
from cli.product_reads import history, related, suggest
from cli.session import opened_shop
from cli.views import find_view
from data.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection

    from data.catalog.types import Product
    from data.search.engine import SearchResult
    from data.search.language import SearchQuery
    from data.stock.reads import Level


@click.group(cls=Noun, name="products")
def command() -> None:
    """Search, show, edit and import products."""


@command.command()
@click.argument("words", nargs=-1)
@click.option(
    "--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="As color=White, brand=A,B, price:50..100."
)
@click.option("--sort", default="", metavar="ORDER", help="As sort: in the query: price, -price, newest …")
@click.option("--view", metavar="NAME", help="Narrow what a saved view finds.")
@click.option("--no-facets", is_flag=True, help="Leave the facets out.")
@with_limit
@with_after
def search(
    words: tuple[str, ...],
    filters: tuple[str, ...],
    sort: str,
    view: str | None,
    no_facets: bool,
    limit: int,
    after: str | None,
) -> Answer:
    """Search the catalog; WORDS are a query as in the terminal: corsair vengeance color:White -used.

    Values of one filter are alternatives, different filters must all hold. Stock is that of this moment.
    """
    from data.caches.searches import cached_search

    with opened_shop("catalog.view") as shop:
        if view is not None:
            words = (find_view(shop, "products", view).query, *words)
        query = _query(words, filters, sort, shop.stores.search.attribute_names())
        found = cached_search(shop, query, limit=limit, after=after, facets=not no_facets)
    document = {
        "total": found.total,
        "total_exact": True,
        "hits": plain(found.hits),
        "facets": plain(found.facets),
        "took_ms": found.took_ms,
        "notes": list(found.notes),
        "next": found.after,
    }
    return Answer(document, lambda: _found_lines(found))


def _query(words: Iterable[str], filters: Iterable[str], sort: str, attributes: Collection[str]) -> SearchQuery:
    """Return the query of the words and options. Raises ``Invalid`` for what cannot be read."""
    from data.search.language import format_query, parse_filter, parse_query

    query = parse_query(" ".join(words)).checked()
    for text in filters:
        query = query.with_filter(parse_filter(text))
    if sort:
        try:
            query = query.with_sort(sort)
        except ValueError as error:
            raise Invalid({"sort": str(error)}) from None
    # Read again with the names that products have, so that a mistyped one is told and not answered with nothing.
    return parse_query(format_query(query), attributes=attributes).checked("filter") if attributes else query


def _found_lines(found: SearchResult) -> Iterable[str]:
    yield from columns(
        ("sku", "title", "brand", "price", "currency", "available"),
        [(hit.sku, hit.title, hit.brand, hit.price, hit.currency, hit.available_stock) for hit in found.hits],
    )
    yield ""
    for facet in found.facets:
        values = ", ".join(f"{shown(each.value)} {each.count:,}" for each in facet.values[:8])
        yield f"{shown(facet.label)}: {values}"
    for note in found.notes:
        yield shown(note)
    yield f"{found.total:,} found in {found.took_ms:.1f} ms"
    if found.after:
        yield f"More: --after {found.after}"


@command.command()
@click.argument("ref")
def show(ref: str) -> Answer:
    """Show one product (SKU, id or barcode) with its attributes and its stock in every warehouse."""
    from data.catalog.reads import get_product
    from data.stock.reads import levels_of

    with opened_shop("catalog.view") as shop:
        product = get_product(shop.stores.mongo, ref)
        levels = levels_of(shop.stores.postgres, [product.product_id]).get(product.product_id, ())
    return Answer({**plain(product), "stock": plain(levels)}, lambda: _product_lines(product, levels))


def _product_lines(product: Product, levels: Iterable[Level]) -> Iterable[str]:
    yield from pairs(
        {
            "sku": product.sku,
            "title": product.title,
            "brand": product.brand,
            "category": str(product.category),
            "price": product.pricing.final_price,
            "currency": product.pricing.currency,
            "status": product.status,
            "barcode": product.barcode,
            "version": product.version,
            "description": product.description,
        }
    )
    if product.attributes:
        yield ""
        yield from pairs(dict(sorted(product.attributes.items())))
    yield ""
    yield from columns(
        ("warehouse", "available", "reserved", "damaged", "total"),
        [
            (each.warehouse_id, each.available_stock, each.reserved_stock, each.damaged_stock, each.total_stock)
            for each in levels
        ],
    )


for _verb in (create, edit, attributes, duplicate, archive, restore, bulk, export, import_, related, history, suggest):
    command.add_command(_verb)
