"""``storekeeper products related|history|suggest``: what stands around a product, and what a search may mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import columns
from cli.options import JsonCommand
from cli.session import opened_shop

if TYPE_CHECKING:
    from data.access.history import Change

_LIMIT = click.option("--limit", type=click.IntRange(1, 100), default=8, show_default=True, metavar="N")


@click.command(cls=JsonCommand)
@click.argument("ref")
@_LIMIT
def related(ref: str, limit: int) -> Answer:
    """Show what is bought with a product (SKU, id or barcode) in a year's orders, and what is like it."""
    from data.analytics.related import bought_together
    from data.catalog.reads import get_product, get_products
    from data.search.documents import from_product

    with opened_shop("catalog.view") as shop:
        product = get_product(shop.stores.mongo, ref)
        together = bought_together(shop.stores.analytics, product.product_id, limit=limit)
        alike = shop.stores.search.alike(from_product(product), limit=limit)
        known = get_products(shop.stores.mongo, [one.product_id for one in together])
    bought = [
        {**plain(one), "title": known[one.product_id].title if one.product_id in known else ""} for one in together
    ]

    def lines() -> Iterable[str]:
        yield from columns(
            ("bought together", "title", "orders"), [(one["sku"], one["title"], one["orders"]) for one in bought]
        )
        yield ""
        yield from columns(("alike", "title", "price"), [(one.sku, one.title, one.price) for one in alike])

    return Answer({"together": bought, "alike": plain(alike)}, lines)


@click.command(cls=JsonCommand)
@click.argument("ref")
@_LIMIT
def history(ref: str, limit: int) -> Answer:
    """Show who changed what of a product (SKU, id or barcode), newest first."""
    from data.access.history import history_of
    from data.catalog.reads import get_product

    with opened_shop("catalog.view") as shop:
        product = get_product(shop.stores.mongo, ref)
        changes = history_of(shop.stores.postgres, "product", product.product_id, limit=limit)
    rows = [row for change in changes for row in _rows(change)]
    return Answer({"changes": plain(changes)}, lambda: columns(("at", "by", "what", "was", "became"), rows))


def _rows(change: Change) -> Iterable[tuple[Any, ...]]:
    before, after = change.before or {}, change.after or {}
    for path in dict.fromkeys([*after, *before]):
        yield change.at, change.who, path, before.get(path), after.get(path)


@click.command(cls=JsonCommand)
@click.argument("words", nargs=-1, required=True)
@_LIMIT
def suggest(words: tuple[str, ...], limit: int) -> Answer:
    """Show what WORDS may be the beginning of: categories, brands, products, with the query that finds each."""
    with opened_shop("catalog.view") as shop:
        found = shop.stores.search.suggest(" ".join(words), limit=limit)
    rows = [(one.kind, one.text, one.count, one.query) for one in found]
    return Answer({"suggestions": plain(found)}, lambda: columns(("kind", "text", "products", "query"), rows))
