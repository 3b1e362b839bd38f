"""The category tree: its nodes are found by their path, and a node's parents always exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from bson import Int64
from msgspec import UNSET
from pymongo import UpdateOne

from data.catalog.fields import check_attribute_name, check_category, storable
from data.catalog.messages import CategorySaved, SaveCategory
from data.catalog.rules import slug_of
from data.catalog.types import PATH_SEPARATOR, AttributeDef
from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.stores.mongo import Mongo, translate_errors


@handles(SaveCategory)
def save_category(command: SaveCategory, uow: UnitOfWork) -> CategorySaved:
    """Create or change one category; its parents are created where they are missing. Raises ``Invalid``."""
    names = checked_path(command.path, "path")
    given = {
        "description": command.description,
        "is_active": command.is_active,
        "sort_order": command.sort_order,
        "attributes": _definitions(command.attributes) if command.attributes is not UNSET else UNSET,
    }
    sets = {name: value for name, value in given.items() if value is not UNSET}
    path, key = PATH_SEPARATOR.join(names), f"{uow.actor.user_id}:{uow.key}"
    with translate_errors():
        ensure_categories(uow.stores.mongo, [names], key=key)
        before = uow.stores.mongo.categories.find_one({"path": path}) or {}
        changed = {name: value for name, value in sets.items() if before.get(name) != value}
        if changed:
            uow.stores.mongo.categories.update_one({"path": path}, {"$set": changed, "$inc": {"version": Int64(1)}})
    created = before.get("created_key") == key
    if created:  # nothing of it was there before: undoing removes it
        uow.record("category", before["_id"], {}, {"path": path, "created": True})
    else:
        uow.record("category", before["_id"], {name: before.get(name) for name in changed}, changed)
    return CategorySaved(str(before["_id"]), path, created)


def ensure_categories(mongo: Mongo, paths: Iterable[tuple[str, ...]], *, key: str) -> None:
    """Create the categories at ``paths`` and their parents where they are missing; ``key`` is left in the new ones."""
    wanted = {names[:depth] for names in paths for depth in range(1, len(names) + 1)}
    missing = {PATH_SEPARATOR.join(names): names for names in wanted}
    for found in mongo.categories.find({"path": {"$in": list(missing)}}, {"path": 1}):
        del missing[found["path"]]
    if missing:
        writes = [
            UpdateOne({"path": path}, {"$setOnInsert": _new(names, key)}, upsert=True)
            for path, names in sorted(missing.items())
        ]
        mongo.categories.bulk_write(writes)


def category_states(mongo: Mongo, among: Collection[str] | None = None) -> dict[str, bool]:
    """Return by path whether a category takes products: of all, or of those ``among`` the paths that exist."""
    matching = {} if among is None else {"path": {"$in": list(among)}}
    found = mongo.categories.find(matching, {"path": 1, "is_active": 1})
    return {each["path"]: each.get("is_active") is not False for each in found}


def why_not_into(path: str, states: Mapping[str, bool]) -> str:
    """Say why no product is put into the category at ``path``, ``""`` where it takes them."""
    active = states.get(path)
    if active is None:
        return f"there is no category {path}"
    return "" if active else f"{path} is closed, it takes no more products"


def _new(names: tuple[str, ...], key: str) -> dict[str, Any]:
    return {
        "name": names[-1],
        "slug": slug_of(names[-1]),
        "parent_category": names[-2] if len(names) > 1 else None,
        "level": len(names),
        "description": "",
        "is_active": True,
        "sort_order": 0,
        "attributes": [],
        "version": Int64(1),
        "created_key": key,
    }


def checked_path(path: tuple[str, ...], field: str) -> tuple[str, ...]:
    """Return the names of a category's path. Raises ``Invalid`` naming ``field``."""
    try:
        names: tuple[str, ...] = check_category(path)
    except ValueError as reason:
        raise Invalid({field: str(reason)}) from None
    if not names:
        raise Invalid({field: "is missing"})
    return names


def _definitions(attributes: tuple[AttributeDef, ...]) -> list[dict[str, str]]:
    try:
        return [
            {"name": check_attribute_name(item.name), "label": storable(item.label), "unit": storable(item.unit)}
            for item in attributes
        ]
    except ValueError as reason:
        raise Invalid({"attributes": str(reason)}) from None
