"""What the screen of categories asks of the data rooms. Every function runs in a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from screens.catalog.facets import category_choice
from screens.catalog.related_data import part

if TYPE_CHECKING:
    from data.catalog.types import Category
    from data.search.query import SearchQuery
    from data.shop import Shop
    from data.types import Facet

#: Where counting a category's products stops.
COUNTED = 1_000
#: More categories than a shop has, so that one request counts all of them.
_ALL = 100_000


@dataclass(frozen=True)
class Tree:
    """Every category, parents before children, with the products in each and below; ``None`` while search is away."""

    nodes: Sequence[Category]
    counts: Mapping[str, int] | None


@dataclass(frozen=True)
class CategoryView:
    """One category with what search counts in it; ``facets`` are ``None`` while that is away."""

    node: Category
    total: int
    facets: Sequence[Facet] | None


def read_tree(shop: Shop) -> Tree:
    """Return the tree with its counts: one read of MongoDB, one request to search."""
    from data.catalog.reads import category_tree
    from data.search.query import SearchQuery

    counted = part(lambda: shop.stores.search.facet(SearchQuery(), "category", limit=_ALL))
    counts = None if counted is None else {value.value: value.count for value in counted.values}
    return Tree(category_tree(shop.stores.mongo), counts)


def read_category(shop: Shop, node: Category) -> CategoryView:
    """Return what is in the category and below it, counted by search."""
    found = part(lambda: shop.stores.search.search(_query_of(node.path), limit=1))
    return CategoryView(node, found.total, found.facets) if found is not None else CategoryView(node, 0, None)


def line_of(path: str, tree: Sequence[Category]) -> str:
    """Return the line of query that finds the products of the category at ``path``, as the facets would write it."""
    from data.search.language import format_query

    return format_query(_query_of(category_choice(path, [node.path for node in tree])))


def _query_of(choice: str) -> SearchQuery:
    from data.search.query import Filter, SearchQuery

    return SearchQuery(filters=(Filter("category", (choice,)),))


def count_products(shop: Shop, path: tuple[str, ...]) -> tuple[int, int]:
    """Return how many products are in it and below, and how many of these are archived, to ``COUNTED`` at most."""
    from data.catalog.category_moves import products_in

    mongo = shop.stores.mongo
    return products_in(mongo, path, limit=COUNTED), products_in(mongo, path, limit=COUNTED, status="archived")


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
