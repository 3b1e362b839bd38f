"""What placement asks of the catalog, most of the time without asking MongoDB.

A product is kept in this process for at most one second after it was read, and forgotten at once when this process
writes to the catalog. So an order is priced by what is stored, or by what was stored less than a second before it; what
one terminal saves it sells at that price immediately. Rejected: the Redis cache (an hour old is too old for money, and
a round trip is what this saves) and no cache at all (the read costs as much as the whole placement).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from data.catalog.reads import by_skus, get_products
from data.catalog.types import Product
from data.stores.mongo import Mongo

__all__ = ["Ref", "forget_prices", "products_for_sale"]

#: ``("sku", "RAM-0412")`` or ``("product_id", "6650…")``
Ref = tuple[str, str]

MAX_AGE_SECONDS = 1.0
MAX_KEPT = 10_000


@dataclass
class _Kept:
    """One MongoDB's products with the time each was asked for, and the count of this process's writes."""

    products: dict[Ref, tuple[float, Product]]
    writes: int = 0


_lock = threading.Lock()
_kept: WeakKeyDictionary[Mongo, _Kept] = WeakKeyDictionary()


def products_for_sale(mongo: Mongo, refs: Iterable[Ref]) -> dict[Ref, Product]:
    """Return the products by reference, none read more than ``MAX_AGE_SECONDS`` ago; unknown ones are left out.

    Raises ``Unavailable`` where MongoDB has to be asked and is away.
    """
    wanted = set(refs)
    now = time.monotonic()
    with _lock:
        kept = _kept.setdefault(mongo, _Kept({}))
        known, writes = kept.products, kept.writes
    found = {
        ref: entry[1] for ref in wanted if (entry := known.get(ref)) is not None and now - entry[0] <= MAX_AGE_SECONDS
    }
    missing = wanted - found.keys()
    if missing:
        read = _read(mongo, missing)
        found |= read
        _keep(kept, read, now, writes)
    return found


def forget_prices(mongo: Mongo) -> None:
    """Forget what was read from ``mongo``: called after every write to the products by this process."""
    with _lock:
        kept = _kept.setdefault(mongo, _Kept({}))
        kept.products = {}
        kept.writes += 1


def _keep(kept: _Kept, read: Mapping[Ref, Product], asked: float, writes: int) -> None:
    with _lock:
        if kept.writes != writes:  # written meanwhile: this may be from before
            return
        if len(kept.products) + len(read) > MAX_KEPT:
            kept.products = {}
        kept.products.update((ref, (asked, product)) for ref, product in read.items())


def _read(mongo: Mongo, refs: Iterable[Ref]) -> dict[Ref, Product]:
    skus = [value for kind, value in refs if kind == "sku"]
    ids = [value for kind, value in refs if kind == "product_id"]
    read: dict[Ref, Product] = {}
    if skus:
        read |= {("sku", sku): product for sku, product in by_skus(mongo, skus).items()}
    if ids:
        read |= {("product_id", product_id): product for product_id, product in get_products(mongo, ids).items()}
    return read
