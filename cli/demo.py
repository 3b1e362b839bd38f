"""``storekeeper demo load``: believable data to try things on."""

from __future__ import annotations

import click

from cli.answer import Answer, plain
from cli.columns import pairs
from cli.narration import Narrator
from cli.options import Noun
from cli.session import opened_shop, require
from data.demo.offer import DemoOffer
from data.settings import load_settings


@click.group(cls=Noun, name="demo")
def command() -> None:
    """Load demo data."""


@command.command()
@click.option("--products", type=click.IntRange(0, 100_000), default=2000, show_default=True, metavar="N")
@click.option("--customers", type=click.IntRange(0, 100_000), default=500, show_default=True, metavar="N")
@click.option("--orders", type=click.IntRange(0, 1_000_000), default=1000, show_default=True, metavar="N")
@click.option("--seed", type=int, default=7, show_default=True, metavar="N", help="The same seed makes the same data.")
@click.option(
    "--if-new", is_flag=True, help="Once per folder of local engines, and only where no product is; else nothing."
)
def load(products: int, customers: int, orders: int, seed: int, if_new: bool) -> Answer:
    """Load products, customers with addresses, and orders of the last 90 days in every status.

    A load that was interrupted goes on where it was; one that is complete changes nothing.
    """
    size = {"products": products, "customers": customers, "orders": orders, "seed": seed}
    offer = DemoOffer(load_settings())
    if if_new and not offer.stands:
        return Answer({"loaded": False})
    with opened_shop() as shop, Narrator() as narrate:
        require(shop, "demo.load")
        if if_new:
            report = offer.load(shop, **size, report=narrate)
        else:
            from data.demo.load import load_demo

            report = load_demo(shop, **size, report=narrate)
    if report is None:
        return Answer({"loaded": False})
    return Answer({"loaded": True, **plain(report)}, lambda: pairs(plain(report)))
