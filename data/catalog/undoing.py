"""Taking back an edit of products: every path it changed gets back what stood there, if nobody changed it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson import Int64, ObjectId

from data.catalog.category_messages import MoveCategory
from data.catalog.category_moves import move_category
from data.catalog.changes import REMOVED, has, still, stored_value
from data.catalog.documents import Document
from data.catalog.edits import change_product
from data.catalog.fields import check_attributes, check_fields
from data.catalog.types import AttributeValue
from data.door import UnitOfWork
from data.errors import Conflict, Invalid
from data.idempotency import plain
from data.stores.mongo import translate_errors
from data.undo.commands import Change

_ATTRIBUTE = "attributes."
#: Follows from the others.
_COMPUTED = "pricing.final_price"


def take_back_products(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Bring the products back to what the audit rows say they were; return a sentence about it.

    Other fields may have been changed since, by anybody: they stay. Raises ``Conflict`` naming a field that was.
    """
    said = []
    for change in changes:
        edited = change_product(uow, change.target_id, lambda document, of=change: _patch_back(document, of))  # type: ignore[misc]
        named = ", ".join(path.removeprefix(_ATTRIBUTE) for path in edited.changed if path != _COMPUTED)
        said.append(f"{edited.sku}: {named or 'nothing'} is as it was before")
    return "; ".join(said)


def take_back_categories(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Bring the categories' own fields back. Raises ``Conflict`` where one is not as the change left it."""
    categories = uow.stores.mongo.categories
    said = []
    with translate_errors():
        for change in changes:
            # The fields stand in the condition, so that somebody faster is noticed by the same write.
            wanted = {"_id": ObjectId(change.target_id)} | dict(change.after)
            back = {"$set": dict(change.before), "$inc": {"version": Int64(1)}}
            found = categories.find_one_and_update(wanted, back)
            if found is None:
                raise Conflict("The category was changed since; nothing was undone.")
            said.append(str(found["path"]))
            uow.record("category", change.target_id, change.after, change.before)
    return f"{', '.join(said)}: as before"


def take_back_move(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Move the category back, with what is in it now. Raises ``NotFound`` or ``Conflict`` where that cannot be done."""
    (change,) = changes
    there, home = tuple(change.after["path"]), tuple(change.before["path"])
    moved = move_category(MoveCategory(path=there, to=home), uow)
    return f"{moved.path} is back, with {moved.products:,} products"


def _patch_back(document: Document, change: Change) -> Mapping[str, Any]:
    """Return the patch that brings ``document`` back. Raises ``Conflict`` where it is not as the change left it."""
    paths = [path for path in {**change.before, **change.after} if path != _COMPUTED]
    for path in paths:
        _refuse_changed(document, path, change)
    back = {path: change.before[path] for path in paths if path in change.before}
    fixed, wrong = check_fields((path, value) for path, value in back.items() if not path.startswith(_ATTRIBUTE))
    values: dict[str, AttributeValue] = {
        path.removeprefix(_ATTRIBUTE): value for path, value in back.items() if path.startswith(_ATTRIBUTE)
    }
    attributes, more = check_attributes(values)
    if wrong or more:
        raise Invalid(wrong | more)
    return fixed | attributes | {path: REMOVED for path in paths if path not in change.before}


def _refuse_changed(document: Document, path: str, change: Change) -> None:
    stored = stored_value(document, path)
    there = has(document, path)
    if there == (path in change.after) and (not there or still(stored, change.after[path])):
        return
    raise Conflict(
        f"{document.get('sku')}: {path} was changed since, now {stored if there else 'gone'}; nothing was undone.",
        current={path: plain(stored)},
    )
