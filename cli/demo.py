"""``storekeeper demo load``: believable data to try things on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import pairs
from cli.narration import Narrator
from cli.options import Noun
from cli.session import opened_shop, require
from data.settings import Settings, load_settings
from data.stores import NAMES

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
@click.option(
    "--if-new", is_flag=True, help="Once per folder of local engines, and only where no product is; else nothing."
)
def load(products: int, customers: int, orders: int, seed: int, if_new: bool) -> Answer:
    """Load products, customers with addresses, and orders of the last 90 days in every status.

    A load that was interrupted goes on where it was; one that is complete changes nothing.
    """
    settings = load_settings()
    offer = _Offer(settings)
    if if_new and not offer.stands:
        return Answer({"loaded": False})
    with opened_shop() as shop:
        require(shop, "demo.load")
        if if_new and not offer.begin(shop):
            return Answer({"loaded": False})
        from data.demo import load_demo  # not before: every later `make run` asks, and pays for no driver

        with Narrator() as narrate:
            report = load_demo(shop, products=products, customers=customers, orders=orders, seed=seed, report=narrate)
        if if_new:
            offer.close()
    return Answer({"loaded": True, **plain(report)}, lambda: pairs(plain(report)))


class _Offer:
    """Whether ``make run`` loads demo data: never into servers, never beside somebody's products, and once only.

    A word in a file of the local engines' folder, so that every later start learns it without opening a store:
    ``begun`` until the load is complete, then ``done``.
    """

    def __init__(self, settings: Settings) -> None:
        self._local = all(settings.is_local(store) for store in NAMES)
        self._file = settings.home / "demo"

    @property
    def stands(self) -> bool:
        """Whether there may be something to load."""
        return self._local and self._word() != "done"

    def begin(self, shop: Shop) -> bool:
        """Note that loading begins; where products are that this did not load, say no, now and ever."""
        from data.catalog.reads import list_products

        if not self._word() and list_products(shop.stores.mongo, limit=1).rows:
            self.close()
            return False
        self._file.write_text("begun")
        return True

    def close(self) -> None:
        """Note that there is nothing more to load."""
        self._file.write_text("done")

    def _word(self) -> str:
        try:
            return self._file.read_text()
        except FileNotFoundError:
            return ""
