"""From a patch (path → clean value) and the stored document to the smallest update that brings it there.

Editing one product, importing thousands and the dry run of an import all ask here, so what counts as "changed", how
the price follows and which states are refused is said once. Pure: nothing here talks to MongoDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import Int64

from data.catalog.documents import (
    Document,
    amount,
    blank_product,
    category_document,
    category_names,
    leaf,
    search_words,
    stored_leaf,
    to_bson,
)
from data.catalog.fields import attribute_load
from data.catalog.rules import final_price, flatten, nest
from data.catalog.schema import KEPT_KEYS
from data.errors import Invalid

#: In a patch: take the attribute away. (A ``None`` is the value null.)
REMOVED: Any = type("Removed", (), {"__repr__": lambda _self: "REMOVED"})()

#: A change in one of these changes the words the product is found by.
_WORDED = ("sku", "title", "brand", "barcode")
_PRICED = ("pricing.base_price", "pricing.discount_percentage")


@dataclass(frozen=True)
class Change:
    """What differs: the new values by path, the paths to take away, and what stood at each of them before.

    A path that is not in ``before`` was not there at all, which is not the same as holding a null. The audit log keeps
    ``before`` and ``sets`` as they are, so that undoing knows what to take away and what to empty.
    """

    sets: Mapping[str, Any] = field(default_factory=dict)
    removes: tuple[str, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.sets or self.removes)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that differs, sorted."""
        return tuple(sorted([*self.sets, *self.removes]))


def difference(document: Mapping[str, Any], patch: Mapping[str, Any]) -> Change:
    """Return what must change in ``document`` so that ``patch`` holds, the computed price included.

    Raises ``Invalid`` where the result would be no valid product: an attribute that would be a value and a group at
    once, an active product without a price.
    """
    sets: dict[str, Any] = {}
    removes: list[str] = []
    for path, value in patch.items():
        stored = stored_value(document, path)
        if value is REMOVED or (path == "barcode" and value == ""):
            if stored is not None or has(document, path):
                removes.append(path)
        elif not same(stored, value) or (value is None and not has(document, path)):
            sets[path] = value
    _refuse_clashes(document, [path for path in sets if path.startswith("attributes.")])
    _follow_price(document, sets)
    if "status" in sets or "pricing.base_price" in sets:
        status = sets.get("status", document.get("status"))
        base = sets.get("pricing.base_price", stored_value(document, "pricing.base_price"))
        _refuse_unpriced(str(status), base, "status" if "status" in sets else "pricing.base_price")
    _refuse_too_many(document, sets, removes)
    before = {path: stored_value(document, path) for path in [*sets, *removes] if has(document, path)}
    return Change(sets, tuple(removes), before)


def stored_value(document: Mapping[str, Any], path: str) -> Any:
    """Return what ``document`` holds at ``path`` in the form a patch uses: amounts exact, the category as names."""
    if path == "category":
        return category_names(document)
    if path.startswith("pricing."):
        value = stored_leaf(document, path)
        return value if isinstance(value, bool | str) else amount(value)
    return leaf(document, path)


def has(document: Mapping[str, Any], path: str) -> bool:
    """Whether ``document`` holds anything, a null included, at ``path``."""
    *branches, last = path.split(".")
    node: Any = document
    for branch in branches:
        node = node.get(branch) if isinstance(node, Mapping) else None
    return isinstance(node, Mapping) and last in node


def new_document(patch: Mapping[str, Any], *, now: datetime, created_by: str) -> Document:
    """Return the document of a new product from its patch.

    A patch without a status makes it active where it has a price, else a draft. Raises ``Invalid`` like ``difference``,
    and where the title is missing.
    """
    if not patch.get("title"):
        raise Invalid({"title": "is missing"})
    base, discount = (patch.get(path) for path in _PRICED)
    status = patch.get("status", "draft" if base is None else "active")
    _refuse_unpriced(status, base, "status")
    document = blank_product(now, created_by)
    attributes: dict[str, Any] = {}
    for path, value in patch.items():
        if path.startswith("attributes."):
            attributes[path.removeprefix("attributes.")] = value
        elif value != "":  # what is empty is so already, but for the barcode, which then must not be there
            _put(document, path, value)
    try:
        document["attributes"] = to_bson(nest(attributes))
    except ValueError as clash:
        raise Invalid({"attributes": str(clash)}) from None
    document["status"] = status
    document["pricing"]["final_price"] = to_bson(final_price(base, discount or Decimal(0)))
    document["words"] = search_words(document)
    return document


def update_of(document: Mapping[str, Any], change: Change, *, now: datetime, key: str) -> Document:
    """Return the MongoDB update that makes ``change``, raises version and revision, and leaves ``key`` behind."""
    sets = {path: category_document(v) if path == "category" else to_bson(v) for path, v in change.sets.items()}
    if any(path in _WORDED for path in change.paths):
        merged = {name: change.sets.get(name, document.get(name)) for name in _WORDED if name not in change.removes}
        sets["words"] = search_words(merged)
    update: Document = {
        "$set": sets | {"updated_at": now},
        "$inc": {"version": Int64(1), "revision": Int64(1)},
        "$push": {"edit_keys": {"$each": [edit_entry(document, change, key)], "$slice": -KEPT_KEYS}},
    }
    if change.removes:
        update["$unset"] = dict.fromkeys(change.removes, "")
    return update


def edit_entry(document: Mapping[str, Any], change: Change, key: str) -> Document:
    """Return what the document remembers of a write, so that a repeat of it can answer as the first one did."""
    return {"key": key, "version": Int64(int(document.get("version") or 0) + 1), "changed": list(change.paths)}


def entry_of(document: Mapping[str, Any], key: str) -> Document | None:
    """Return what ``document`` remembers of the write made under ``key``, or ``None``."""
    return next((entry for entry in document.get("edit_keys") or () if entry.get("key") == key), None)


def _put(document: Document, path: str, value: Any) -> None:
    if path == "category":
        document["category"] = category_document(value)
        return
    *branches, last = path.split(".")
    node = document
    for branch in branches:
        node = node.setdefault(branch, {})
    node[last] = to_bson(value)


def still(stored: Any, seen: Any) -> bool:
    """Say whether ``stored`` is what somebody saw or logged as JSON, where an amount is text and a path a list."""
    if isinstance(stored, Decimal):
        return isinstance(seen, str | int | float) and not isinstance(seen, bool) and stored == Decimal(str(seen))
    return same(list(stored) if isinstance(stored, tuple) else stored, seen)


def same(stored: Any, value: Any) -> bool:
    """Say whether two values are equal in value and kind: ``True`` is not ``1``, ``5`` and ``5.0`` are one number."""
    if type(stored) is str and type(value) is str:  # nearly all are
        return stored == value
    if isinstance(stored, list | tuple) and isinstance(value, list | tuple):
        return len(stored) == len(value) and all(map(same, stored, value))
    if isinstance(stored, bool) or isinstance(value, bool):
        return stored is value
    return bool(stored == value)


def _follow_price(document: Mapping[str, Any], sets: dict[str, Any]) -> None:
    if not any(path in sets for path in _PRICED):
        return
    base, discount = (sets.get(path, stored_value(document, path)) for path in _PRICED)
    final = final_price(base, discount or Decimal(0))
    if not same(stored_value(document, "pricing.final_price"), final):
        sets["pricing.final_price"] = final


def _refuse_unpriced(status: str, base: Decimal | None, blamed: str) -> None:
    if status == "active" and base is None:
        raise Invalid({blamed: "an active product needs a price; without one it can be a draft"})


def _refuse_too_many(document: Mapping[str, Any], sets: Mapping[str, Any], removes: Iterable[str]) -> None:
    """Refuse what would give the product more attributes, or more text in them, than a document may hold."""
    named = {path.removeprefix("attributes."): value for path, value in sets.items() if path.startswith("attributes.")}
    if not named:
        return
    gone = {path.removeprefix("attributes.") for path in removes}
    stored = flatten(document.get("attributes") or {})
    left = {name: value for name, value in (stored | named).items() if name not in gone}
    if problem := attribute_load(left):
        raise Invalid({"attributes": problem})


def _refuse_clashes(document: Mapping[str, Any], paths: Iterable[str]) -> None:
    """Refuse an attribute below one that has a value, and a value in the place of a group."""
    new = set(paths)
    for path in new:
        parts = path.split(".")
        above = [".".join(parts[:depth]) for depth in range(2, len(parts))]
        standing = leaf(document, path)
        if isinstance(standing, Mapping) and flatten(standing):  # a group that nobody uses any more may be replaced
            raise Invalid({path: "has attributes below it"})
        if any(p in new or (has(document, p) and not isinstance(leaf(document, p), Mapping)) for p in above):
            raise Invalid({path: "lies below an attribute that has a value"})
