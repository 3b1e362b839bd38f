"""What may be asked of the tree of categories beside saving one of them: light, so that a form needs no driver."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from data.command import Command

__all__ = ["CategoriesOrdered", "CategoryMoved", "MoveCategory", "OrderCategories"]

_HANDLERS = "data.catalog.commands"


class CategoryMoved(msgspec.Struct, frozen=True, kw_only=True):
    """The category's id, its new path as one line, how many products followed."""

    category_id: str
    path: str
    products: int


class MoveCategory(Command, frozen=True, kw_only=True):
    """Give the category at ``path`` the path ``to`` (outermost first): another parent, another name, or both.

    What is below it and all its products follow. Raises ``NotFound``, ``Invalid`` (no such parent, too deep, inside
    itself) and ``Conflict`` where there is a category at ``to``.
    """

    name: ClassVar[str] = "catalog.category_move"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = CategoryMoved
    handled_in: ClassVar[str] = _HANDLERS

    path: tuple[str, ...]
    to: tuple[str, ...]


class CategoriesOrdered(msgspec.Struct, frozen=True, kw_only=True):
    """How many categories stand at another place than before."""

    changed: int


class OrderCategories(Command, frozen=True, kw_only=True):
    """Put the categories directly below ``parent`` (empty: the outermost) in the order of ``names``; others follow."""

    name: ClassVar[str] = "catalog.category_order"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = CategoriesOrdered
    handled_in: ClassVar[str] = _HANDLERS

    parent: tuple[str, ...] = ()
    names: tuple[str, ...]
