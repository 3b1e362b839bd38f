"""What the dashboard asks: every part on its own, so that a store that is away takes only its own lines along.

Runs in a thread; the rooms are imported in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from data.errors import Unavailable
from screens.shown import now

if TYPE_CHECKING:
    from data.analytics.reads import SalesComparison, SalesDay, TopProduct
    from data.orders.reads import OpenWork, Today
    from data.shop import Shop
    from data.types import Health

Part = TypeVar("Part")
SPARK_DAYS = 14
SELLING_DAYS = 7


@dataclass(frozen=True)
class Selling:
    """A product that sells: figures of the last days, its title, and what is left of it in all warehouses."""

    product: TopProduct
    title: str
    left: int | None


@dataclass(frozen=True)
class Idle:
    """A product that holds stock and was not sold for long."""

    product_id: str
    sku: str
    title: str


@dataclass(frozen=True)
class Figures:
    """The day in figures; a part is ``None`` (or empty) where its store is away, ``away`` says which and why."""

    read_at: datetime
    today: Today | None = None
    work: OpenWork | None = None
    days: tuple[SalesDay, ...] = ()
    compared: SalesComparison | None = None
    selling: tuple[Selling, ...] = ()
    idle: tuple[Idle, ...] = ()
    dead_letters: int = 0
    stores: tuple[Health, ...] = ()
    away: dict[str, str] = field(default_factory=dict)


def read_figures(shop: Shop) -> Figures:
    """Return the figures of this moment; never raises because one store is away."""
    from data.analytics import reads as analytics
    from data.orders.reads import needs_a_hand, today_summary
    from data.stores import NAMES

    away: dict[str, str] = {}

    def part(read: Callable[[], Part], otherwise: Part) -> Part:
        try:
            return read()
        except Unavailable as error:
            away[error.store] = error.reason
            return otherwise

    stores, currency = shop.stores, shop.settings.currency
    return Figures(
        read_at=now(),
        today=part(lambda: today_summary(stores.postgres), None),
        work=part(lambda: needs_a_hand(stores.postgres), None),
        days=part(lambda: analytics.sales_by_day(stores.analytics, SPARK_DAYS, currency=currency), ()),
        compared=part(lambda: analytics.compare_with_last_week(stores.analytics, currency=currency), None),
        selling=part(lambda: _selling(shop), ()),
        idle=part(lambda: _idle(shop), ()),
        dead_letters=part(lambda: _dead_letters(shop), 0),
        stores=tuple(stores.health(name) for name in NAMES),
        away=away,
    )


def _selling(shop: Shop) -> tuple[Selling, ...]:
    from data.analytics.reads import top_products
    from data.catalog.reads import get_products
    from data.stock.reads import levels_of

    top = top_products(shop.stores.analytics, SELLING_DAYS, 8, currency=shop.settings.currency)
    ids = [product.product_id for product in top]
    titles = get_products(shop.stores.mongo, ids)
    levels = levels_of(shop.stores.postgres, ids)
    return tuple(
        Selling(
            product,
            titles[product.product_id].title if product.product_id in titles else "",
            sum(level.available_stock for level in levels.get(product.product_id, ())),
        )
        for product in top
    )


def _idle(shop: Shop) -> tuple[Idle, ...]:
    """Return a few of the fullest shelves that sold nothing in 90 days."""
    from data.analytics.reads import not_moving
    from data.catalog.reads import get_products
    from data.stock.reads import untouched

    held = untouched(shop.stores.postgres, limit=50)
    still = not_moving(shop.stores.analytics, [product_id for product_id, _ in held], 90)[:8]
    titles = get_products(shop.stores.mongo, still)
    skus = dict(held)
    return tuple(
        Idle(product_id, skus[product_id], titles[product_id].title if product_id in titles else "")
        for product_id in still
    )


def _dead_letters(shop: Shop) -> int:
    from data.events.reads import relay_status

    return relay_status(shop.stores.postgres).dead_letters
