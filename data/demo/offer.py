"""Demo data for a newcomer: loaded once per folder of local engines, and never beside somebody's own products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.stores import NAMES
from data.types import ReportProgress

if TYPE_CHECKING:
    from data.demo.report import DemoReport
    from data.settings import Settings
    from data.shop import Shop

__all__ = ["DemoOffer"]


class DemoOffer:
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

    def load(
        self, shop: Shop, *, products: int = 2_000, customers: int = 500, orders: int = 1_000, seed: int = 7,
        report: ReportProgress | None = None,
    ) -> DemoReport | None:  # fmt: skip
        """Load the demo data, or go on with a load that was interrupted; ``None`` where there is nothing to load.

        Raises what ``load_demo`` raises; whatever ``report`` raises interrupts it.
        """
        if not self.stands or not self._begin(shop):
            return None
        from data.demo.load import load_demo  # not before: every later `make run` asks, and pays for no driver

        loaded = load_demo(shop, products=products, customers=customers, orders=orders, seed=seed, report=report)
        self._file.write_text("done")
        return loaded

    def _begin(self, shop: Shop) -> bool:
        """Note that loading begins; where products are that this did not load, say no, now and ever."""
        from data.catalog.reads import list_products

        if not self._word() and list_products(shop.stores.mongo, limit=1).rows:
            self._file.write_text("done")
            return False
        self._file.write_text("begun")
        return True

    def _word(self) -> str:
        try:
            return self._file.read_text()
        except FileNotFoundError:
            return ""
