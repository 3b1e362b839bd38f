"""What the dashboard asks: every part on its own, so that a store that is away takes only its own lines along.

Runs in a thread; the rooms are imported in it. The books (PostgreSQL) are read each time, the sales of the last weeks
(ClickHouse, titles from MongoDB) only when the last answer is ``SALES_EVERY`` old: they move slower and cost more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from data.errors import Unavailable
from screens.order.kept import Keep, begun
from screens.order_edit.data import open_edits
from screens.shown import now

if TYPE_CHECKING:
    from data.analytics.reads import SalesComparison, SalesDay, TopProduct
    from data.orders.reads import OpenWork, Today
    from data.shop import Shop
    from data.types import Health

Part = TypeVar("Part")
SPARK_DAYS = 14
SELLING_DAYS = 7
IDLE_DAYS = 90
SALES_EVERY = timedelta(seconds=20)


@dataclass(frozen=True)
class Selling:
    """A product that sells: figures of the last days, its title, and what is left of it in all warehouses."""

    product: TopProduct
    title: str
    left: int


@dataclass(frozen=True)
class Idle:
    """A product that holds stock and was not sold for long."""

    product_id: str
    sku: str
    title: str


@dataclass(frozen=True)
class Books:
    """What PostgreSQL says."""

    read_at: datetime
    today: Today
    work: OpenWork
    dead_letters: int


@dataclass(frozen=True)
class Sales:
    """What ClickHouse says of the last weeks; ``compared`` speaks of today up to this moment."""

    read_at: datetime
    days: tuple[SalesDay, ...]
    compared: SalesComparison
    selling: tuple[Selling, ...]
    idle: tuple[Idle, ...]


@dataclass(frozen=True)
class Figures:
    """The day in figures. A part is the one read before where its store is away (``None`` where there was none);

    ``away`` says which stores and why.
    """

    books: Books | None
    sales: Sales | None
    stores: tuple[Health, ...]
    away: dict[str, str] = field(default_factory=dict)
    #: (order number, changes) of each edit the person began and did not finish
    edits: tuple[tuple[str, int], ...] = ()
    #: what else the person began to do to an order and did not finish
    begun: tuple[Keep, ...] = ()


def read_figures(shop: Shop, earlier: Figures | None = None, *, afresh: bool = True) -> Figures:
    """Return the figures of this moment; never raises because one store is away.

    Unless ``afresh``, the sales of ``earlier`` are kept while they are young.
    """
    from data.stores import NAMES

    away: dict[str, str] = {}

    def part(read: Callable[[Shop], Part], otherwise: Part | None) -> Part | None:
        try:
            return read(shop)
        except Unavailable as error:
            away[error.store] = error.reason
            return otherwise

    books = part(_books, earlier.books if earlier else None)
    sales = earlier.sales if earlier else None
    if afresh or sales is None or now() - sales.read_at > SALES_EVERY:
        sales = part(_sales, sales)
    health = tuple(shop.stores.health(name) for name in NAMES)
    return Figures(books, sales, health, away, open_edits(shop), begun(shop))


def _books(shop: Shop) -> Books:
    from data.events.reads import relay_status
    from data.orders.reads import needs_a_hand, today_summary

    postgres, at = shop.stores.postgres, now()
    today, work = today_summary(postgres, now=at), needs_a_hand(postgres, now=at)
    return Books(at, today, work, relay_status(postgres).dead_letters)


def _sales(shop: Shop) -> Sales:
    from data.analytics.reads import compare_with_last_week, not_moving, sales_by_day, top_products
    from data.catalog.reads import get_products
    from data.stock.reads import levels_of, untouched

    stores, currency, at = shop.stores, shop.settings.currency, now()
    top = top_products(stores.analytics, SELLING_DAYS, 8, currency=currency, now=at)
    held = dict(untouched(stores.postgres, limit=50))
    still = not_moving(stores.analytics, list(held), IDLE_DAYS, now=at)[:8]
    products = get_products(stores.mongo, [*(product.product_id for product in top), *still])
    titles = {product_id: product.title for product_id, product in products.items()}
    levels = levels_of(stores.postgres, [product.product_id for product in top])
    return Sales(
        read_at=at,
        days=sales_by_day(stores.analytics, SPARK_DAYS, currency=currency, now=at),
        compared=compare_with_last_week(stores.analytics, currency=currency, now=at),
        selling=tuple(
            Selling(
                product,
                titles.get(product.product_id, ""),
                sum(level.available_stock for level in levels.get(product.product_id, ())),
            )
            for product in top
        ),
        idle=tuple(Idle(product_id, held[product_id], titles.get(product_id, "")) for product_id in still),
    )
