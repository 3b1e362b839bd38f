"""Editing one product, and the categories they stand in."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from data.catalog.categories import category_states, why_not_into
from data.catalog.changes import (
    REMOVED,
    Change,
    difference,
    entry_of,
    stored_value,
    update_of,
)
from data.catalog.documents import Document, category_names, from_bson, object_id
from data.catalog.fields import LEVELS, check_attributes, check_category, check_fields
from data.catalog.messages import (
    ArchiveProduct,
    EditAttributes,
    EditProduct,
    ProductEdited,
    RestoreProduct,
)
from data.catalog.prices import forget_prices
from data.catalog.rules import flatten
from data.catalog.types import PATH_SEPARATOR
from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid, NotFound
from data.stores.mongo import Mongo, translate_errors

#: How often an edit without an expected version starts over because an import was faster.
_TRIES = 10
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_ATTRIBUTE = "attributes."
_CATEGORY = "category."


@handles(EditProduct)
def edit_product(command: EditProduct, uow: UnitOfWork) -> ProductEdited:
    """Change the product by compare-and-set on its version; see ``EditProduct`` for what is raised."""
    new_sku = command.changes.get("sku")
    return change_product(
        uow,
        command.product_id,
        lambda document: patch_of(document, command.changes),
        expected_version=command.expected_version,
        watched=tuple(command.changes),
        new_sku=new_sku if isinstance(new_sku, str) else "",
    )


@handles(ArchiveProduct)
def archive_product(command: ArchiveProduct, uow: UnitOfWork) -> ProductEdited:
    """Take the product out of sale; one that is archived already stays as it is."""
    return change_product(
        uow,
        command.product_id,
        lambda document: {"status": "archived"},
        expected_version=command.expected_version,
        watched=("status",),
    )


@handles(RestoreProduct)
def restore_product(command: RestoreProduct, uow: UnitOfWork) -> ProductEdited:
    """Bring an archived product back: active where it has a price, else a draft. Raises ``Invalid`` for another."""

    def patch(document: Document) -> dict[str, Any]:
        if document.get("status") != "archived":
            raise Invalid({"status": f"is {document.get('status')}, not archived"})
        return {"status": "draft" if stored_value(document, "pricing.base_price") is None else "active"}

    return change_product(
        uow, command.product_id, patch, expected_version=command.expected_version, watched=("status",)
    )


@handles(EditAttributes)
def edit_attributes(command: EditAttributes, uow: UnitOfWork) -> ProductEdited:
    """Set, rename and remove attributes in one go; see ``EditAttributes`` for what is raised."""
    names = (*command.sets, *command.removes, *command.renames, *command.renames.values())
    return change_product(
        uow,
        command.product_id,
        lambda document: _attribute_patch(document, command),
        expected_version=command.expected_version,
        watched=tuple(f"{_ATTRIBUTE}{name}" for name in dict.fromkeys(names)),
    )


def change_product(
    uow: UnitOfWork,
    ref: str,
    plan: Callable[[Document], Mapping[str, Any]],
    *,
    expected_version: int | None = None,
    watched: tuple[str, ...] = (),
    new_sku: str = "",
) -> ProductEdited:
    """Bring one product to the patch that ``plan`` makes of its document, once for the command being run.

    ``ref`` is the id or the SKU, ``new_sku`` the one the patch gives it. ``watched`` are the paths whose stored values
    a ``Conflict`` over ``expected_version`` tells. Raises what ``plan`` raises, ``NotFound``, ``Invalid`` and
    ``Conflict``.
    """
    mongo, key = uow.stores.mongo, document_key(uow)
    with translate_errors():
        take_turns(uow, _find(mongo, ref, key, new_sku)["_id"])
        for _ in range(_TRIES):
            document = _find(mongo, ref, key, new_sku)
            made = entry_of(document, key)
            if made:  # an earlier run wrote the document and lost its commit
                edited = _edited(document, int(made["version"]), tuple(made["changed"]))
                uow.record("product", edited.product_id, None, {"version": edited.version, "changed": edited.changed})
                return edited
            _refuse_old(document, expected_version, watched)
            change = difference(document, plan(document))
            if not change:
                return _edited(document, int(document.get("version") or 0), ())
            refuse_taken_sku(mongo, document, change)
            refuse_unknown_category(mongo, change)
            if _written(mongo, document, change, uow, key):
                uow.record("product", document["_id"], change.before, dict(change.sets))
                return _edited(
                    document | {"sku": change.sets.get("sku", document["sku"])}, _next(document), change.paths
                )
    raise Conflict(f"{ref} is being edited by others; look at it again and repeat.")


def _attribute_patch(document: Document, command: EditAttributes) -> dict[str, Any]:
    """Return the patch of an attribute editor. A renamed attribute keeps its value, unless ``sets`` gives another."""
    stored = flatten(document.get("attributes") or {})
    unknown = [name for name in command.renames if name not in stored]
    if unknown:
        raise Invalid({f"{_ATTRIBUTE}{name}": "is not there to be renamed" for name in unknown})
    taken = {
        new: f"there is an attribute {new} already"
        for old, new in command.renames.items()
        if new != old and new in stored and new not in command.removes and new not in command.renames
    }
    if taken:
        raise Invalid({f"{_ATTRIBUTE}{name}": why for name, why in taken.items()})
    moved = {new: from_bson(stored[old]) for old, new in command.renames.items()}
    patch, wrong = check_attributes(moved | command.sets)
    if wrong:
        raise Invalid(wrong)
    gone = [name for name in (*command.removes, *command.renames) if f"{_ATTRIBUTE}{name}" not in patch]
    return patch | {f"{_ATTRIBUTE}{name}": REMOVED for name in gone}


def document_key(uow: UnitOfWork) -> str:
    """Return how a document remembers the command being run: keys are each actor's own."""
    return f"{uow.actor.user_id}:{uow.key}"


def patch_of(document: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """Return an editor's changes as a patch. Raises ``Invalid`` naming every refused path."""
    fixed = {path: value for path, value in changes.items() if not path.startswith((_ATTRIBUTE, _CATEGORY))}
    levels = {path.removeprefix(_CATEGORY): value for path, value in changes.items() if path.startswith(_CATEGORY)}
    named = {path.removeprefix(_ATTRIBUTE): value for path, value in changes.items() if path.startswith(_ATTRIBUTE)}
    patch, wrong = check_fields(fixed.items())
    attributes, more = check_attributes(named)
    wrong |= more
    patch |= {path: REMOVED if value is None else value for path, value in attributes.items()}
    if levels:
        wrong |= {f"{_CATEGORY}{level}": "is no level of a category" for level in levels if level not in LEVELS}
        try:
            patch["category"] = _with_levels(patch.get("category", category_names(document)), levels)
        except ValueError as reason:
            wrong |= dict.fromkeys((f"{_CATEGORY}{level}" for level in levels), str(reason))
    if wrong:
        raise Invalid(wrong)
    return patch


def _with_levels(names: tuple[str, ...], levels: Mapping[str, object]) -> tuple[str, ...]:
    merged: dict[str, object] = {**dict(zip(LEVELS, names, strict=False)), **levels}
    path = [merged.get(level) or "" for level in LEVELS]
    while path and not path[-1]:
        path.pop()
    clean: tuple[str, ...] = check_category(path)
    return clean


def _find(mongo: Mongo, ref: str, key: str, new_sku: str) -> Document:
    wanted = object_id(ref)
    document = mongo.products.find_one({"_id": wanted} if wanted else {"sku": ref})
    if document is None and new_sku:  # the SKU it was called by may be the one this edit replaced
        document = mongo.products.find_one({"sku": new_sku, "edit_keys.key": key})
    if document is None:
        raise NotFound("product", ref)
    return document


def take_turns(uow: UnitOfWork, product_id: object) -> None:
    """Wait until no other editor is at this product: under many hands, each would make the others start over."""
    uow.connection.execute(_TURN, {"name": f"product {product_id}"})


def _refuse_old(document: Document, expected_version: int | None, watched: tuple[str, ...]) -> None:
    version = int(document.get("version") or 0)
    if expected_version in (None, version):
        return
    values = {path: stored_value(document, path) for path in watched}
    raise Conflict(
        f"{document.get('sku')} was changed meanwhile: it is at version {version}, not {expected_version}.",
        current={"version": version} | {p: str(v) if isinstance(v, Decimal) else v for p, v in values.items()},
    )


def refuse_taken_sku(mongo: Mongo, document: Document, change: Change) -> None:
    """Raise ``Invalid`` where another product has the SKU this change gives."""
    sku = change.sets.get("sku")
    if sku and mongo.products.find_one({"sku": sku, "_id": {"$ne": document["_id"]}}, {"_id": 1}):
        raise Invalid({"sku": f"{sku} belongs to another product"})


def refuse_unknown_category(mongo: Mongo, change: Change) -> None:
    """Raise ``Invalid`` where the change puts the product into a category that is closed or not there.

    One that is not there is refused with the nearest that takes products.
    """
    names = change.sets.get("category")
    if not names:
        return
    path, known = PATH_SEPARATOR.join(names), category_states(mongo)
    why = why_not_into(path, known)
    near = difflib.get_close_matches(path, [one for one, active in known.items() if active], n=1)
    if why:
        raise Invalid({"category": why + (f"; the nearest is {near[0]}" if near and path not in known else "")})


def _written(mongo: Mongo, document: Document, change: Change, uow: UnitOfWork, key: str) -> bool:
    written = mongo.products.update_one(
        {"_id": document["_id"], "version": document.get("version"), "edit_keys.key": {"$ne": key}},
        update_of(document, change, now=uow.now, key=key),
    )
    forget_prices(mongo)
    return written.modified_count == 1


def _next(document: Document) -> int:
    return int(document.get("version") or 0) + 1


def _edited(document: Document, version: int, changed: tuple[str, ...]) -> ProductEdited:
    return ProductEdited(str(document["_id"]), str(document["sku"]), version, changed)
