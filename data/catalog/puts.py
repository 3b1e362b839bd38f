"""Putting many products at once: compare, write only what differs, report row by row.

A batch is planned against what is stored, then written in one unordered bulk, each update guarded by the version it was
planned on. What somebody else changed in between is planned again, on the next round. Rejected: one upsert per product
that sets everything, which cannot say "unchanged" and raises every version on every import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import UNSET
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from data.catalog.categories import category_states, ensure_categories, why_not_into
from data.catalog.changes import Change, difference, entry_of, new_document, update_of
from data.catalog.documents import Document
from data.catalog.edits import document_key
from data.catalog.fields import check_attributes, check_fields
from data.catalog.messages import (
    CreateProduct,
    ProductInput,
    ProductPut,
    ProductsPut,
    PutError,
    PutProduct,
    PutProducts,
)
from data.catalog.prices import forget_prices
from data.catalog.types import PATH_SEPARATOR
from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid
from data.stores.mongo import Mongo, translate_errors

MAX_BATCH = 1_000
_ROUNDS = 5
_DUPLICATE_KEY = 11000

#: Where each field of ``ProductInput`` stands in the document.
INPUT_PATHS = {
    "sku": "sku",
    "title": "title",
    "description": "description",
    "brand": "brand",
    "category": "category",
    "base_price": "pricing.base_price",
    "currency": "pricing.currency",
    "discount_percentage": "pricing.discount_percentage",
    "tax_inclusive": "pricing.tax_inclusive",
    "status": "status",
    "barcode": "barcode",
    "supplier_id": "inventory.supplier_id",
    "primary_image": "media.primary_image",
    "additional_images": "media.additional_images",
    "videos": "media.videos",
    "meta_title": "seo.meta_title",
    "meta_description": "seo.meta_description",
    "keywords": "seo.keywords",
}


@dataclass
class _Batch:
    """A batch on its way: what is still to do by place, and what became of the rest."""

    patches: dict[int, dict[str, Any]]
    #: whether a product that is there already is refused instead of changed
    new_only: bool = False
    done: dict[int, ProductPut] = field(default_factory=dict)
    errors: dict[int, PutError] = field(default_factory=dict)
    #: place → the new document, or the stored one with its change
    inserts: dict[int, Document] = field(default_factory=dict)
    updates: dict[int, tuple[Document, Change]] = field(default_factory=dict)
    #: every update planned in any round, for the audit
    planned: dict[int, tuple[Document, Change]] = field(default_factory=dict)

    def refuse(self, index: int, why: Mapping[str, str], sku: str) -> None:
        self.errors[index] = PutError(index, sku, dict(why))
        self.patches.pop(index, None)

    def finish(self, index: int, document: Mapping[str, Any], version: int, action: str) -> None:
        self.done[index] = ProductPut(str(document["_id"]), str(document["sku"]), version, action)
        self.patches.pop(index, None)

    def result(self) -> ProductsPut:
        return ProductsPut(
            tuple(self.done[index] for index in sorted(self.done)),
            tuple(self.errors[index] for index in sorted(self.errors)),
        )


@handles(PutProducts)
def put_products(command: PutProducts, uow: UnitOfWork) -> ProductsPut:
    """Create or update the products; see ``PutProducts``. Raises ``Invalid`` for more than 1,000 of them."""
    return _put(command.products, uow)


@handles(PutProduct)
def put_product(command: PutProduct, uow: UnitOfWork) -> ProductPut:
    """Create or update one product. Raises ``Invalid`` naming the refused fields."""
    result = _put((command.product,), uow)
    if result.errors:
        raise Invalid(result.errors[0].fields)
    return result.items[0]


@handles(CreateProduct)
def create_product(command: CreateProduct, uow: UnitOfWork) -> ProductPut:
    """Create one product. Raises ``Invalid`` naming the refused fields, ``sku`` where another product has it."""
    return create(command.product, uow)


def create(product: ProductInput, uow: UnitOfWork) -> ProductPut:
    """Create ``product``; one that is there already is refused, unless this very command made it."""
    result = _put((product,), uow, new_only=True)
    if result.errors:
        raise Invalid(result.errors[0].fields)
    (made,) = result.items
    # The first line of its history, and what undoing looks for.
    uow.record("product", made.product_id, None, {"sku": made.sku, "created": True})
    return made


def stored_alike(mongo: Mongo, patches: Sequence[Mapping[str, Any]]) -> dict[int, ProductPut]:
    """Return, by place, those products that stand in the catalog exactly as their patch says: nothing to put."""
    with translate_errors():
        stored = _stored(mongo, patches)
    batch = _Batch({})
    for index, patch in enumerate(patches):
        document = stored.get(patch["sku"])
        with suppress(Invalid):  # a refusal is for the put to report
            if document is not None and not difference(document, patch):
                batch.finish(index, document, int(document.get("version") or 0), "unchanged")
    return batch.done


def preview_puts(
    mongo: Mongo, patches: Sequence[Mapping[str, Any]], *, now: datetime
) -> tuple[ProductsPut, dict[int, Change]]:
    """Return what ``PutProducts`` would make of checked products, without writing: the dry run of an import.

    With it, by place, what would change in those that are there. One that would be created has a provisional
    ``product_id``.
    """
    batch = _Batch({index: dict(patch) for index, patch in enumerate(patches)})
    with translate_errors():
        _plan(mongo, batch, now=now, created_by="", key="")
    for index, document in batch.inserts.items():
        batch.finish(index, document, 1, "created")
    for index, (document, _) in batch.updates.items():
        batch.finish(index, document, int(document.get("version") or 0) + 1, "updated")
    return batch.result(), {index: change for index, (_, change) in batch.updates.items()}


def check_input(product: ProductInput) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the product as a patch and, by path, why fields are refused."""
    given = [(path, value) for name, path in INPUT_PATHS.items() if (value := getattr(product, name)) is not UNSET]
    patch, wrong = check_fields(given)
    attributes, more = check_attributes(product.attributes)
    return patch | attributes, wrong | more


def _put(products: Sequence[ProductInput], uow: UnitOfWork, *, new_only: bool = False) -> ProductsPut:
    if len(products) > MAX_BATCH:
        raise Invalid({"products": f"more than {MAX_BATCH:,} at once"})
    mongo, key, batch = uow.stores.mongo, document_key(uow), _checked(products)
    batch.new_only = new_only
    with translate_errors():
        ensure_categories(mongo, {p["category"] for p in batch.patches.values() if p.get("category")}, key=key)
        for _ in range(_ROUNDS):
            _plan(mongo, batch, now=uow.now, created_by=uow.actor.email, key=key)
            if not batch.patches:
                break
            _write(mongo, batch, uow, key)
    if batch.patches:
        raise Conflict(f"{len(batch.patches)} products are being edited by others; run it again.")
    _record(batch, uow)
    return batch.result()


def _checked(products: Sequence[ProductInput]) -> _Batch:
    batch = _Batch({})
    seen: dict[str, int] = {}
    for index, product in enumerate(products):
        patch, wrong = check_input(product)
        if not wrong and seen.setdefault(patch["sku"], index) != index:
            wrong = {"sku": f"{patch['sku']} is in this batch twice"}
        if wrong:
            batch.refuse(index, wrong, product.sku)
        else:
            batch.patches[index] = patch
    return batch


def _plan(mongo: Mongo, batch: _Batch, *, now: datetime, created_by: str, key: str) -> None:
    """Sort what is to do into inserts and updates by what is stored now; finish what is as it should be."""
    batch.inserts, batch.updates = {}, {}
    stored = _stored(mongo, batch.patches.values())
    owners = _barcode_owners(mongo, batch.patches.values())
    states = category_states(mongo, {_path(p["category"]) for p in batch.patches.values() if p.get("category")})
    for index, patch in list(batch.patches.items()):
        document = stored.get(patch["sku"])
        made = entry_of(document, key) if document else None
        try:
            _refuse_taken_barcode(owners, patch)
            if made and document:
                batch.finish(index, document, int(made["version"]), _action(made))
            elif document is None:
                _refuse_closed_category(states, patch)
                new = new_document(patch, now=now, created_by=created_by)
                batch.inserts[index] = new | {"edit_keys": [{"key": key, "version": new["version"], "changed": []}]}
            elif batch.new_only:
                raise Invalid({"sku": f"{patch['sku']} belongs to another product"})
            elif change := difference(document, patch):
                _refuse_closed_category(states, change.sets)
                batch.updates[index] = batch.planned[index] = (document, change)
            else:
                batch.finish(index, document, int(document.get("version") or 0), "unchanged")
        except Invalid as refused:
            batch.refuse(index, refused.fields, patch["sku"])


def _action(made: Mapping[str, Any]) -> str:
    return "updated" if made["changed"] else "created"


def _write(mongo: Mongo, batch: _Batch, uow: UnitOfWork, key: str) -> None:
    """Write the planned round; what did not get through (somebody was faster) stays in ``batch.patches``."""
    writes: list[Any] = [InsertOne(document) for document in batch.inserts.values()]
    for document, change in batch.updates.values():
        which = {"_id": document["_id"], "version": document.get("version")}
        writes.append(UpdateOne(which, update_of(document, change, now=uow.now, key=key)))
    try:
        outcome = mongo.products.bulk_write(writes, ordered=False)
        clean = outcome.inserted_count == len(batch.inserts) and outcome.matched_count == len(batch.updates)
    except BulkWriteError as error:
        # Duplicate keys are other writers' products, planned as updates next round; anything else is for the caller.
        problems = error.details.get("writeErrors", ())
        if any(problem.get("code") != _DUPLICATE_KEY for problem in problems):
            raise Invalid({"products": str(problems[0].get("errmsg", "refused by the store"))[:500]}) from error
        clean = False
    finally:
        forget_prices(mongo)
    if clean:
        for index, document in batch.inserts.items():
            batch.finish(index, document, 1, "created")
        for index, (document, _) in batch.updates.items():
            batch.finish(index, document, int(document.get("version") or 0) + 1, "updated")


def _stored(mongo: Mongo, patches: Iterable[Mapping[str, Any]]) -> dict[str, Document]:
    skus = [patch["sku"] for patch in patches]
    return {found["sku"]: found for found in mongo.products.find({"sku": {"$in": skus}}, {"words": 0})}


def _barcode_owners(mongo: Mongo, patches: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the SKU that owns each barcode: in the catalog, else the first of this batch to ask for it."""
    owners: dict[str, str] = {}
    for patch in patches:
        if patch.get("barcode"):
            owners.setdefault(patch["barcode"], patch["sku"])
    if owners:
        for found in mongo.products.find({"barcode": {"$in": list(owners)}}, {"barcode": 1, "sku": 1}):
            owners[found["barcode"]] = found["sku"]
    return owners


def _refuse_taken_barcode(owners: Mapping[str, str], patch: Mapping[str, Any]) -> None:
    owner = owners.get(patch.get("barcode") or "")
    if owner not in (None, patch["sku"]):
        raise Invalid({"barcode": f"{patch['barcode']} belongs to {owner}"})


def _refuse_closed_category(states: Mapping[str, bool], sets: Mapping[str, Any]) -> None:
    """One that is not there yet is made: before this when products are put, in a dry run never."""
    path = _path(sets.get("category") or ())
    if path in states and (why := why_not_into(path, states)):
        raise Invalid({"category": why})


def _path(names: Iterable[str]) -> str:
    return PATH_SEPARATOR.join(names)


def _record(batch: _Batch, uow: UnitOfWork) -> None:
    """One audit row for all that were created, one per product that was changed."""
    created = [put.sku for put in batch.done.values() if put.action == "created"]
    if created and not batch.new_only:
        uow.record("products", f"{len(created)} created", None, {"created": created})
    for index, (document, change) in batch.planned.items():
        if index in batch.done:
            uow.record("product", document["_id"], change.before, dict(change.sets))
