"""``storekeeper demo load``: believable data to try things on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import pairs
from cli.narration import Narrator
from cli.options import Noun
from cli.session import opened_shop, require

if TYPE_CHECKING:
    from data.shop import Shop


@click.group(cls=Noun, name="demo")
def command() -> None:
    """Load demo data."""


@command.command()
@click.option("--products", type=click.IntRange(0, 100_000), default=2000, show_default=True, metavar="N")
@click.option("--customers", type=click.IntRange(0, 100_000), default=500, show_default=True, metavar="N")
@click.option("--orders", type=click.IntRange(0, 1_000_000), default=1000, show_default=True, metavar="N")
@click.option("--seed", type=int, default=7, show_default=True, metavar="N", help="The same seed makes the same data.")
@click.option("--if-new", is_flag=True, help="Only on local engines that hold no product yet; else do nothing.")
def load(products: int, customers: int, orders: int, seed: int, if_new: bool) -> Answer:
    """Load products, customers with addresses, and orders of the last 90 days in every status."""
    from data.demo import load_demo

    with opened_shop() as shop:
        require(shop, "demo.load")
        if if_new and not _is_new(shop):
            return Answer({"loaded": False})
        with Narrator() as narrate:
            report = load_demo(shop, products=products, customers=customers, orders=orders, seed=seed, report=narrate)
    return Answer({"loaded": True, **plain(report)}, lambda: _lines(report))


def _is_new(shop: Shop) -> bool:
    """Say whether every store is this machine's own and the catalog is empty: never anybody's real shop."""
    from data.catalog.reads import list_products
    from data.stores import NAMES

    if not all(shop.settings.is_local(store) for store in NAMES):
        return False
    return not list_products(shop.stores.mongo, limit=1).rows


def _lines(report: Any) -> Iterable[str]:
    yield from pairs(plain(report))
