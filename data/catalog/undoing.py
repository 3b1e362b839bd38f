"""Taking back a change of the catalog: what an edit changed is again what it was, if nobody changed it since.

What was created is removed, not archived: a slip of the keyboard that keeps its SKU for good is not taken back. It is
removed only while nothing has come of it: nobody else has changed it, no stock, no order. Rejected: archiving where
removing is refused, because ``u`` would then do two different things; ``x`` archives, and the refusal says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bson import Int64, ObjectId
from sqlalchemy import exists, func, select

from data.access.schema import AuditEntry
from data.catalog.category_messages import MoveCategory
from data.catalog.category_moves import move_category
from data.catalog.changes import REMOVED, has, still, stored_value
from data.catalog.documents import Document
from data.catalog.edits import change_product, take_turns
from data.catalog.fields import LEVELS, check_attributes, check_fields
from data.catalog.prices import forget_prices
from data.catalog.types import PATH_SEPARATOR, AttributeValue
from data.door import UnitOfWork
from data.errors import Conflict, Invalid
from data.idempotency import plain
from data.orders.schema import OrderItem
from data.stock.schema import Inventory
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


def take_back_creation(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Remove the product that the change created; return a sentence about it.

    Raises ``Conflict`` where something has come of it: somebody else changed it, it has stock, an order holds it. One
    that is gone already (this very command was cut off after removing it) is no error.
    """
    (change,) = changes
    products, which = uow.stores.mongo.products, {"_id": ObjectId(change.target_id)}
    sku = str(change.after.get("sku"))
    with translate_errors():
        take_turns(uow, change.target_id)
        document = products.find_one(which, {"sku": 1, "title": 1, "version": 1})
        if document is not None:
            _refuse_used(change.target_id, document, uow)
            gone = products.delete_one(which | {"version": document.get("version")})
            forget_prices(uow.stores.mongo)
            if not gone.deleted_count:
                raise Conflict(f"{document['sku']} is being changed by others; nothing was undone.")
            sku = str(document["sku"])
    uow.record("product", change.target_id, {"sku": sku, "created": True}, {"sku": None, "created": False})
    return f"{sku} is removed: it was new, and nobody had used it"


def _refuse_used(product_id: str, document: Document, uow: UnitOfWork) -> None:
    """Raise ``Conflict`` where more has come of the new product than its creator's own edits."""
    log = AuditEntry
    mine = (log.target_type == "product", log.target_id == product_id, log.actor_id == uow.actor.user_id)
    own = uow.connection.scalar(select(func.count()).where(*mine))
    why = ""
    # Every write of this program raises the version by one and leaves one audit row; the creation is the first.
    if own != int(document.get("version") or 0):
        why = "somebody else has changed it"
    elif uow.connection.scalar(select(exists().where(Inventory.product_id == product_id))):
        why = "it has stock by now"
    elif uow.connection.scalar(select(exists().where(OrderItem.product_id == product_id))):
        why = "it has been ordered by now"
    if why:
        raise Conflict(f"{document['sku']} is not removed: {why}. x takes it out of sale instead.")


def take_back_categories(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Bring the categories' own fields back. Raises ``Conflict`` where one is not as the change left it."""
    categories = uow.stores.mongo.categories
    said = []
    with translate_errors():
        for change in changes:
            if change.after.get("created"):
                said.append(_remove_category(change, uow))
                continue
            # The fields stand in the condition, so that somebody faster is noticed by the same write.
            wanted = {"_id": ObjectId(change.target_id)} | dict(change.after)
            back = {"$set": dict(change.before), "$inc": {"version": Int64(1)}}
            found = categories.find_one_and_update(wanted, back)
            if found is None:
                raise Conflict("The category was changed since; nothing was undone.")
            said.append(_as_before(found["path"], change.before))
            uow.record("category", change.target_id, change.after, change.before)
    return "; ".join(dict.fromkeys(said))  # an order is many rows, and one thing to say


def _as_before(path: str, before: Mapping[str, Any]) -> str:
    """Say what a category is again, now that it has the fields of ``before``."""
    if set(before) == {"is_active"}:
        return f"{path} is {'closed' if before['is_active'] is False else 'open'} again"
    if set(before) == {"sort_order"}:
        parent = path.rpartition(PATH_SEPARATOR)[0]
        return f"The categories {f'below {parent}' if parent else 'on top'} stand in the order of before"
    return f"{path}: {', '.join(sorted(before))} as before"


def _remove_category(change: Change, uow: UnitOfWork) -> str:
    """Remove the category that the change created, while it is empty. Parents made with it stay."""
    categories, products = uow.stores.mongo.categories, uow.stores.mongo.products
    found = categories.find_one({"_id": ObjectId(change.target_id)})
    path = str(found["path"] if found else change.after["path"])
    if found is not None:
        inside = {f"category.{level}": name for level, name in zip(LEVELS, path.split(PATH_SEPARATOR), strict=False)}
        why = ""
        if categories.find_one({"path": {"$regex": f"^{re.escape(path + PATH_SEPARATOR)}"}}, {"_id": 1}):
            why = "there are categories below it"
        elif products.find_one(inside, {"_id": 1}):
            why = "there are products in it"
        elif not categories.delete_one({"_id": found["_id"], "version": found["version"]}).deleted_count:
            why = "it is being changed by others"
        if why:
            raise Conflict(f"{path} is not removed: {why}. x closes it instead.")
    uow.record("category", change.target_id, {"path": path}, {"path": None})
    return f"{path} is removed: it was new and empty"


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
