"""What placement asks of the catalog, most of the time without asking MongoDB.

A product is served from this process's memory when MongoDB was asked for it less than a second ago, and forgotten at
once when this process writes to the catalog. So an order is priced by what is stored, or by what was stored less than a
second before; what one terminal saves it sells at that price immediately. When one product is due, all that were sold
in the last seconds are asked for with it, in one query: a busy till costs one question a second, however much it sells.
What comes back is compared as bytes with what was read before, and only what differs is taken apart.

Rejected: the Redis cache (an hour old is too old for money, and a round trip is what this saves), comparing versions
only (another program's edit raises none), and no cache at all (the read costs as much as the rest of the placement).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import bson
from bson.raw_bson import RawBSONDocument

from data.catalog.documents import object_id, product_of
from data.catalog.types import Product
from data.stores.mongo import Mongo, translate_errors

__all__ = ["Ref", "forget_prices", "products_for_sale"]

#: ``("sku", "RAM-0412")`` or ``("product_id", "6650…")``
Ref = tuple[str, str]

MAX_AGE_SECONDS = 1.0
#: A product nobody has sold for this long is not asked for along with others.
_SOLD_WITHIN_SECONDS = 5.0
_MAX_KEPT = 10_000
_MAX_ASKED = 500
_MAX_TIME_MS = 5_000
_FIELDS = ("sku", "title", "category", "status", "attributes", "pricing", "version")


@dataclass(slots=True)
class _Kept:
    """One product as it was read; times are of ``time.monotonic``, ``asked`` from before the question went out."""

    product: Product
    raw: bytes
    asked: float
    sold: float


class _PriceList:
    """What was read from one MongoDB."""

    def __init__(self) -> None:
        self._kept: dict[Ref, _Kept] = {}
        self._writes = 0
        self._reading = threading.Lock()

    def forget(self) -> None:
        """Forget everything, also what is just being read."""
        self._writes += 1
        self._kept = {}

    def find(self, mongo: Mongo, refs: set[Ref]) -> dict[Ref, Product]:
        """Return the products by reference; unknown ones are left out."""
        found, due = self._fresh(refs)
        if due:
            with self._reading:  # one thread asks, the others find its answer
                more, due = self._fresh(due)
                found |= more
                if due:
                    found |= self._read(mongo, due)
        return found

    def _fresh(self, refs: set[Ref]) -> tuple[dict[Ref, Product], set[Ref]]:
        """Return the products that are young enough, and the references that are not."""
        now, kept = time.monotonic(), self._kept
        found: dict[Ref, Product] = {}
        for ref in refs:
            entry = kept.get(ref)
            if entry is not None and now - entry.asked <= MAX_AGE_SECONDS:
                entry.sold = now
                found[ref] = entry.product
        return found, refs - found.keys()

    def _read(self, mongo: Mongo, due: set[Ref]) -> dict[Ref, Product]:
        now, kept, writes = time.monotonic(), self._kept, self._writes
        asked = due | set(_due_soon(kept, now))
        before = {entry.raw: entry.product for ref in asked if (entry := kept.get(ref)) is not None}
        read: dict[Ref, _Kept] = {}
        for raw in _documents(mongo, asked):
            product = before.get(raw) or product_of(bson.decode(raw, mongo.products.codec_options))
            for ref in (("sku", product.sku), ("product_id", product.product_id)):
                if ref in asked:
                    read[ref] = _Kept(product, raw, now, now if ref in due else kept[ref].sold)
        if self._writes == writes:  # else this may be from before the write
            room = len(kept) + len(read) <= _MAX_KEPT
            self._kept = ({ref: entry for ref, entry in kept.items() if ref not in asked} if room else {}) | read
        return {ref: entry.product for ref, entry in read.items() if ref in due}


def _due_soon(kept: Mapping[Ref, _Kept], now: float) -> list[Ref]:
    """Return what was sold lately and read a while ago: it will be due soon anyway."""
    soon = [
        ref
        for ref, entry in kept.items()
        if now - entry.sold <= _SOLD_WITHIN_SECONDS and now - entry.asked > MAX_AGE_SECONDS / 2
    ]
    return soon[:_MAX_ASKED]


_lists: WeakKeyDictionary[Mongo, _PriceList] = WeakKeyDictionary()
_making = threading.Lock()


def products_for_sale(mongo: Mongo, refs: Iterable[Ref]) -> dict[Ref, Product]:
    """Return the products by reference, none read more than ``MAX_AGE_SECONDS`` ago; unknown ones are left out.

    Only what a sale needs is filled in: ids, title, category, status, attributes, pricing, version. Raises
    ``Unavailable`` where MongoDB has to be asked and is away.
    """
    return _list_of(mongo).find(mongo, set(refs))


def forget_prices(mongo: Mongo) -> None:
    """Forget what was read from ``mongo``: called after every write to the products by this process."""
    _list_of(mongo).forget()


def _list_of(mongo: Mongo) -> _PriceList:
    found = _lists.get(mongo)
    if found is None:
        with _making:
            found = _lists.setdefault(mongo, _PriceList())
    return found


def _documents(mongo: Mongo, refs: Iterable[Ref]) -> list[bytes]:
    """Return the stored products as MongoDB sent them."""
    skus = [value for kind, value in refs if kind == "sku"]
    ids = [wanted for kind, value in refs if kind == "product_id" and (wanted := object_id(value))]
    ways: list[dict[str, Any]] = [{"sku": {"$in": skus}}] if skus else []
    ways += [{"_id": {"$in": ids}}] if ids else []
    if not ways:
        return []
    options = mongo.products.codec_options.with_options(document_class=RawBSONDocument)
    with translate_errors():
        found = mongo.products.with_options(codec_options=options).find(
            {"$or": ways} if len(ways) > 1 else ways[0], dict.fromkeys(_FIELDS, 1), max_time_ms=_MAX_TIME_MS
        )
        return [document.raw for document in found]
