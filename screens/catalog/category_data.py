"""What the screen of categories asks of the data rooms. Every function runs in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.catalog.types import Category
    from data.shop import Shop

#: Where counting a category's products stops.
COUNTED = 1_000


def read_tree(shop: Shop) -> tuple[Category, ...]:
    """Return every category, parents before children."""
    from data.catalog.reads import category_tree

    return category_tree(shop.stores.mongo)


def count_products(shop: Shop, path: tuple[str, ...]) -> int:
    """Return how many products are in it and below, counted to ``COUNTED`` at most."""
    from data.catalog.category_moves import products_in

    return products_in(shop.stores.mongo, path, limit=COUNTED)


def save_category(shop: Shop, path: tuple[str, ...], fields: dict[str, Any], key: str) -> Any:
    """Create or change a category."""
    from data.catalog.messages import SaveCategory

    return shop.door.run(SaveCategory(path=path, **fields), shop.actor, key=key).result


def move_category(shop: Shop, path: tuple[str, ...], to: tuple[str, ...], key: str) -> Any:
    """Move or rename a category with all that is in it."""
    from data.catalog.category_messages import MoveCategory

    return shop.door.run(MoveCategory(path=path, to=to), shop.actor, key=key).result


def order_categories(shop: Shop, parent: tuple[str, ...], names: tuple[str, ...], key: str) -> Any:
    """Put the categories below ``parent`` in this order."""
    from data.catalog.category_messages import OrderCategories

    return shop.door.run(OrderCategories(parent=parent, names=names), shop.actor, key=key).result
