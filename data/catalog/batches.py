"""One batch of a bulk job on the products: read, plan against what is stored, write in one unordered bulk.

Each update is guarded by the version it was planned on; what somebody else changed in between is planned again. Each
document remembers the batch's key, so a batch whose commit was lost is not done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from data.bulk.kinds import CHANGED, REFUSED, UNCHANGED, Outcome, Target
from data.catalog.categories import category_states, why_not_into
from data.catalog.changes import Change, difference, entry_of, update_of
from data.catalog.documents import Document, object_id
from data.catalog.edits import document_key
from data.catalog.prices import forget_prices
from data.catalog.telling import called, told
from data.catalog.types import PATH_SEPARATOR
from data.errors import Invalid
from data.stores.mongo import Mongo, translate_errors

if TYPE_CHECKING:
    from data.door import UnitOfWork

__all__ = ["Plan", "apply_patches", "planned", "stored_of"]

#: From a stored product and its row of the job to the patch. Raises ``Invalid`` where it cannot have it.
Plan = Callable[[Document, Target], Mapping[str, Any]]
_ROUNDS = 5


def planned(
    document: Document | None, target: Target, plan: Plan, known: Mapping[str, bool]
) -> tuple[Outcome, Change | None]:
    """Return what would become of one record and, where it changes, the change; ``known`` are ``category_states``."""
    if document is None:
        return Outcome(REFUSED, "there is no such product"), None
    try:
        change = difference(document, plan(document, target))
    except Invalid as refused:
        return Outcome(REFUSED, "; ".join(f"{called(path)}: {why}" for path, why in refused.fields.items())), None
    path = PATH_SEPARATOR.join(change.sets.get("category") or ())
    if path and (why := why_not_into(path, known)):
        return Outcome(REFUSED, f"category: {why}"), None
    return (Outcome(CHANGED, told(change)), change) if change else (Outcome(UNCHANGED), None)


def stored_of(mongo: Mongo, targets: Sequence[Target]) -> dict[str, Document]:
    """Return the stored products of ``targets``, by id."""
    ids = [found for found in (object_id(target.target_id) for target in targets) if found]
    return {str(found["_id"]): found for found in mongo.products.find({"_id": {"$in": ids}}, {"words": 0})}


def apply_patches(plan: Plan, targets: Sequence[Target], uow: UnitOfWork) -> list[Outcome]:
    """Change the products of ``targets`` as ``plan`` says; return what became of each, in their order."""
    mongo, key = uow.stores.mongo, document_key(uow)
    outcomes: dict[int, Outcome] = {}
    waiting = dict(enumerate(targets))
    with translate_errors():
        known = category_states(mongo)
        for _ in range(_ROUNDS):
            stored = stored_of(mongo, list(waiting.values()))
            writes: dict[int, tuple[Document, Change, Outcome]] = {}
            for place, target in list(waiting.items()):
                document = stored.get(target.target_id)
                made = entry_of(document, key) if document else None
                outcome, change = planned(document, target, plan, known) if not made else (Outcome(CHANGED), None)
                if document is not None and change is not None:
                    writes[place] = document, change, outcome
                else:
                    outcomes[place] = outcome
                    del waiting[place]
            _write(mongo, writes, uow, key)
            for place, written in _verified(mongo, writes, key).items():
                document, change, outcomes[place] = written
                uow.record("product", document["_id"], change.before, dict(change.sets))
                del waiting[place]
            if not waiting:
                break
    outcomes |= dict.fromkeys(waiting, Outcome(REFUSED, "is being edited by others; run it again"))
    return [outcomes[place] for place in range(len(targets))]


def _write(mongo: Mongo, writes: Mapping[int, tuple[Document, Change, Outcome]], uow: UnitOfWork, key: str) -> None:
    if writes:
        updates = [
            UpdateOne(
                {"_id": document["_id"], "version": document.get("version"), "edit_keys.key": {"$ne": key}},
                update_of(document, change, now=uow.now, key=key),
            )
            for document, change, _ in writes.values()
        ]
        mongo.products.bulk_write(updates, ordered=False)
        forget_prices(mongo)


def _verified(
    mongo: Mongo, writes: Mapping[int, tuple[Document, Change, Outcome]], key: str
) -> dict[int, tuple[Document, Change, Outcome]]:
    """Return those of ``writes`` that got through: they carry the key."""
    ids = [document["_id"] for document, _, _ in writes.values()]
    if not ids:
        return {}
    through = {found["_id"] for found in mongo.products.find({"_id": {"$in": ids}, "edit_keys.key": key}, {"_id": 1})}
    return {place: written for place, written in writes.items() if written[0]["_id"] in through}
