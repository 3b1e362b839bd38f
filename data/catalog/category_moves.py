"""Moving a category with everything below it and all its products, and putting siblings in order.

The nodes keep their ids and get new paths, then the products follow in batches, each by an update that computes the new
path from the old one, so that a deeper level stays what it was. Run again after a crash it goes on: moved nodes carry
the command's key, moved products no longer match. Rejected: copying nodes and deleting the old ones, which loses their
descriptions' history and leaves two trees while products move.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bson import Int64
from pymongo import UpdateOne
from sqlalchemy import text

from data.catalog.categories import checked_path
from data.catalog.category_messages import CategoriesOrdered, CategoryMoved, MoveCategory, OrderCategories
from data.catalog.documents import Document, to_bson
from data.catalog.edits import document_key
from data.catalog.fields import LEVELS
from data.catalog.prices import forget_prices
from data.catalog.rules import slug_of
from data.catalog.types import PATH_SEPARATOR
from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid, NotFound
from data.stores.mongo import Mongo, translate_errors

Names = tuple[str, ...]
_BATCH = 1_000
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('the tree of categories', 0))")


@handles(MoveCategory)
def move_category(command: MoveCategory, uow: UnitOfWork) -> CategoryMoved:
    """Move or rename a category with all that is in it; see ``MoveCategory`` for what is raised."""
    old, new = checked_path(command.path, "path"), checked_path(command.to, "to")
    if old == new:
        raise Invalid({"to": "is where it is already"})
    if new[: len(old)] == old:
        raise Invalid({"to": "lies inside the category itself"})
    uow.connection.execute(_TURN)
    mongo, key = uow.stores.mongo, document_key(uow)
    with translate_errors():
        root = _moved_nodes(mongo, old, new, key)
        moved = _move_products(mongo, old, new, uow)
    uow.record("category", root["_id"], {"path": list(old)}, {"path": list(new), "products": moved})
    return CategoryMoved(category_id=str(root["_id"]), path=PATH_SEPARATOR.join(new), products=moved)


@handles(OrderCategories)
def order_categories(command: OrderCategories, uow: UnitOfWork) -> CategoriesOrdered:
    """Put the categories directly below ``parent`` in this order; see ``OrderCategories``."""
    parent = checked_path(command.parent, "parent") if command.parent else ()
    mongo = uow.stores.mongo
    uow.connection.execute(_TURN)
    with translate_errors():
        siblings = {found["name"]: found for found in mongo.categories.find(_children_of(parent))}
        unknown = [name for name in command.names if name not in siblings]
        if unknown:
            raise Invalid({"names": f"there is no category {unknown[0]} here"})
        rest = sorted(set(siblings) - set(command.names), key=lambda name: (_place(siblings[name]), name))
        writes = []
        for place, name in enumerate((*command.names, *rest), start=1):
            found = siblings[name]
            if _place(found) != place * 10:
                writes.append(UpdateOne({"_id": found["_id"]}, _set({"sort_order": place * 10})))
                uow.record("category", found["_id"], {"sort_order": _place(found)}, {"sort_order": place * 10})
        if writes:
            mongo.categories.bulk_write(writes)
    return CategoriesOrdered(changed=len(writes))


def products_in(mongo: Mongo, path: Names, *, limit: int = _BATCH, status: str = "") -> int:
    """Return how many products are in the category and below it, of any or one status, to ``limit`` at most."""
    matching = _inside(path) | ({"status": status} if status else {})
    with translate_errors():
        return mongo.products.count_documents(matching, limit=limit, maxTimeMS=5_000)


def _set(values: dict[str, Any]) -> Document:
    return {"$set": values, "$inc": {"version": Int64(1)}}


def _place(node: Document) -> int:
    return int(node.get("sort_order") or 0)


def _children_of(parent: Names) -> Document:
    if not parent:
        return {"level": 1}
    return {"level": len(parent) + 1, "path": {"$regex": "^" + re.escape(PATH_SEPARATOR.join(parent) + PATH_SEPARATOR)}}


def _inside(path: Names) -> Document:
    return {f"category.{level}": name for level, name in zip(LEVELS, path, strict=False)}


def _moved_nodes(mongo: Mongo, old: Names, new: Names, key: str) -> Document:
    """Give the node and those below it their new paths; return the node. Raises as ``MoveCategory`` says."""
    old_path, new_path = PATH_SEPARATOR.join(old), PATH_SEPARATOR.join(new)
    standing = mongo.categories.find_one({"path": new_path})
    mine = standing is not None and standing.get("moved_key") == key
    below = {"$regex": "^" + re.escape(old_path + PATH_SEPARATOR)}
    nodes = list(mongo.categories.find({"$or": [{"path": old_path}, {"path": below}]}))
    if not nodes and standing is not None and mine:
        return standing
    root = next((node for node in nodes if node["path"] == old_path), standing if mine else None)
    if root is None:
        raise NotFound("category", old_path)
    if standing is not None and not mine:
        raise Conflict(f"There is a category {new_path} already.", current={"path": new_path})
    _refuse_place(mongo, nodes, old, new)
    writes = []
    for node in nodes:
        names = new + tuple(node["path"].split(PATH_SEPARATOR)[len(old) :])
        values = {
            "name": names[-1],
            "slug": slug_of(names[-1]),
            "path": PATH_SEPARATOR.join(names),
            "level": len(names),
            "parent_category": names[-2] if len(names) > 1 else None,
            "moved_key": key,
        }
        writes.append(UpdateOne({"_id": node["_id"]}, _set(values)))
    mongo.categories.bulk_write(writes)
    return root


def _refuse_place(mongo: Mongo, nodes: Sequence[Document], old: Names, new: Names) -> None:
    deepest = max(len(node["path"].split(PATH_SEPARATOR)) for node in nodes)
    if deepest + len(new) - len(old) > len(LEVELS):
        raise Invalid({"to": f"would make more than {len(LEVELS)} levels"})
    parent = PATH_SEPARATOR.join(new[:-1])
    if parent and mongo.categories.find_one({"path": parent}, {"_id": 1}) is None:
        raise Invalid({"to": f"there is no category {parent}"})


def _move_products(mongo: Mongo, old: Names, new: Names, uow: UnitOfWork) -> int:
    """Put the products of the old path into the new one, a deeper level kept; return how many there were."""
    shift = len(new) - len(old)
    # A level is what the new path says, or the old document's level that much further out; a missing one stays so.
    levels: dict[str, Any] = {
        level: to_bson({"$literal": new[at]}) if at < len(new) else f"$category.{LEVELS[at - shift]}"
        for at, level in enumerate(LEVELS)
        if at < len(new) or len(old) <= at - shift < len(LEVELS)
    }
    follow = [
        {
            "$set": {
                "category": {"$mergeObjects": [levels]},  # an expression, so that it replaces instead of merging
                "version": {"$add": ["$version", Int64(1)]},
                "revision": {"$add": [{"$ifNull": ["$revision", Int64(0)]}, Int64(1)]},
                "updated_at": uow.now,
            }
        }
    ]
    moved = 0
    inside = _inside(old)
    while ids := [found["_id"] for found in mongo.products.find(inside, {"_id": 1}).limit(_BATCH)]:
        moved += mongo.products.update_many({"_id": {"$in": ids}, **inside}, follow).modified_count
        forget_prices(mongo)
    return moved
