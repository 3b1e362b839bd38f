"""What the warehouse screens ask of the data rooms. Every function runs in a thread; rooms are imported in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.types import Page

if TYPE_CHECKING:
    from data.shop import Shop
    from data.stock.messages import StockMoved
    from data.stock.query import StockFilter
    from data.stock.reads import LevelQuery, LevelRow, MovementRow

#: How many products words may stand for in a list of levels; more words narrow it.
WORDS_FIND = 300


@dataclass(frozen=True)
class StockRow:
    """A level with its product's title, ``""`` while the catalog is away."""

    level: LevelRow
    title: str

    @property
    def key(self) -> str:
        """The row's identity: product and warehouse."""
        return f"{self.level.product_id}@{self.level.warehouse_id}"


def level_source(shop: Shop, wanted: StockFilter) -> Any:
    """Return the page source of the levels ``wanted``, each with its title."""
    from data.stock.reads import list_levels

    query = _level_query(shop, wanted)

    def fetch(*, after: str | None, before: str | None, limit: int) -> Page[StockRow]:
        if query is None:
            return Page(rows=(), estimate=0, exact=True)
        page = list_levels(shop.stores.postgres, query, after=after, before=before, limit=limit)
        titles = titles_of(shop, [row.product_id for row in page.rows])
        rows = tuple(StockRow(row, titles.get(row.product_id, "")) for row in page.rows)
        return Page(rows=rows, after=page.after, before=page.before, estimate=page.estimate, exact=page.exact)

    return fetch


def _level_query(shop: Shop, wanted: StockFilter) -> LevelQuery | None:
    """Return the query for ``wanted``; ``None`` where its words find no product."""
    from data.errors import Unavailable
    from data.orders.offers import find_ids, named
    from data.stock.reads import LevelQuery

    base: dict[str, Any] = {"warehouse_id": wanted.warehouse_id, "low": wanted.low, "out": wanted.out}
    if not wanted.words:
        return LevelQuery(**base)
    try:
        # What is scanned is one product; words may mean many.
        found = named(shop.stores, wanted.words) or find_ids(shop.stores, wanted.words, limit=WORDS_FIND)
    except Unavailable:  # without catalog and search the SKU is still known to PostgreSQL
        return LevelQuery(text=wanted.words, **base)
    return LevelQuery(product_ids=found, **base) if found else None


def titles_of(shop: Shop, product_ids: list[str]) -> Mapping[str, str]:
    """Return titles by product id; nothing while the catalog is away, because stock is counted all the same."""
    from data.catalog.reads import get_products
    from data.errors import Unavailable

    try:
        return {key: product.title for key, product in get_products(shop.stores.mongo, set(product_ids)).items()}
    except Unavailable:
        return {}


def movement_source(shop: Shop, product_id: str, warehouse_id: str) -> Any:
    """Return the page source of a product's movements, of one warehouse or (``""``) of all."""
    from data.stock.reads import list_movements

    def fetch(*, after: str | None, before: str | None, limit: int) -> Page[MovementRow]:
        return list_movements(
            shop.stores.postgres, product_id, warehouse_id or None, after=after, before=before, limit=limit
        )

    return fetch


def last_movements(shop: Shop, product_id: str, warehouse_id: str) -> tuple[MovementRow, ...]:
    """Return the newest movements of one level."""
    page: Page[MovementRow] = movement_source(shop, product_id, warehouse_id)(after=None, before=None, limit=15)
    return page.rows


def receive(shop: Shop, product_id: str, warehouse_id: str, quantity: int, reason: str, key: str) -> StockMoved:
    """Take units in."""
    from data.stock.commands import ReceiveStock

    command = ReceiveStock(product_id=product_id, warehouse_id=warehouse_id, quantity=quantity, reason=reason)
    moved: StockMoved = shop.door.run(command, shop.actor, key=key).result
    return moved


def adjust(
    shop: Shop, product_id: str, warehouse_id: str, counted: int, expected: int | None, reason: str, key: str
) -> StockMoved:
    """Set what was counted, if the level is still what the person saw."""
    from data.stock.commands import AdjustStock

    command = AdjustStock(
        product_id=product_id, warehouse_id=warehouse_id, set_available=counted, expected=expected, reason=reason
    )
    moved: StockMoved = shop.door.run(command, shop.actor, key=key).result
    return moved


def available_now(shop: Shop, product_id: str, warehouse_id: str) -> int:
    """Return how many units the book says can be sold now."""
    from data.stock.reads import levels_of

    levels = levels_of(shop.stores.postgres, [product_id]).get(product_id, ())
    return next((level.available_stock for level in levels if level.warehouse_id == warehouse_id), 0)


def set_reorder_level(shop: Shop, product_id: str, warehouse_id: str, level: int, key: str) -> object:
    """Set from which stock on the product counts as low."""
    from data.stock.commands import SetReorderLevel

    command = SetReorderLevel(product_id=product_id, warehouse_id=warehouse_id, reorder_level=level)
    return shop.door.run(command, shop.actor, key=key).result


def find_product(shop: Shop, text: str) -> tuple[str, str, str]:
    """Return (product id, SKU, title) of what was scanned or typed. Raises ``NotFound``."""
    from data.catalog.reads import get_product

    product = get_product(shop.stores.mongo, text)
    return product.product_id, product.sku, product.title
