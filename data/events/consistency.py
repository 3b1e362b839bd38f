"""How well search and cache follow the catalog: the versions of a sample, compared, as a figure.

The sample is drawn from the catalog, and from the cache so that entries of products that are no more are met too. What
differs at the first look may only be on its way and is looked at again until it has arrived: only what stays behind
counts. So a product that is edited all the time is right as long as every edit arrives. The leader draws a sample every
ten seconds and notes it; status line, ``relay status`` and ``doctor`` show that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from data.caches.products import ProductCache
from data.errors import Unavailable
from data.events import state
from data.events.reconcile import revisions_of
from data.events.topics import CONSISTENCY
from data.stores.mongo import translate_errors
from data.stores.redis import translate_errors as translate_redis

if TYPE_CHECKING:
    from data.stores import Stores

__all__ = ["SAMPLE_SECONDS", "ConsistencySample", "note_sample", "sample_consistency"]

#: Seconds between two samples of the leader, and how many products each has.
SAMPLE_SECONDS = 10.0
SAMPLED = 100
#: An edit that has not arrived after this is behind (seconds): what the relay promises.
SETTLE_SECONDS = 5.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class ConsistencySample:
    """How well search and cache follow the catalog, over ``sampled`` random products.

    ``search_behind`` are indexed at another revision than the catalog's, ``search_missing`` are not indexed,
    ``search_ghosts`` are indexed though they are no more; ``cache_stale`` are cached at another revision, or though
    they are no more. ``cached`` are in the cache; being absent from it is no fault. ``wrong`` counts each product once.
    """

    sampled: int
    search_behind: int
    search_missing: int
    search_ghosts: int
    cached: int
    cache_stale: int
    wrong: int

    @property
    def consistent(self) -> bool:
        """Whether nothing sampled was behind."""
        return not self.wrong


@dataclass(frozen=True)
class _Look:
    """Revisions of some products: the catalog's before and after search and cache were asked."""

    before: Mapping[str, int]
    indexed: Mapping[str, int]
    cached: Mapping[str, int]
    after: Mapping[str, int]

    def index_is_wrong(self, product_id: str) -> bool:
        return product_id in self.indexed and not self._fits(product_id, self.indexed[product_id])

    def cache_is_wrong(self, product_id: str) -> bool:
        return product_id in self.cached and not self._fits(product_id, self.cached[product_id])

    def is_missing(self, product_id: str) -> bool:
        return product_id in self.before and product_id in self.after and product_id not in self.indexed

    def is_wrong(self, product_id: str) -> bool:
        return self.is_missing(product_id) or self.index_is_wrong(product_id) or self.cache_is_wrong(product_id)

    def _fits(self, product_id: str, revision: int) -> bool:
        """Say whether ``revision`` is one the catalog had between the two looks; a ghost's never is."""
        if product_id not in self.after:
            return False
        return self.before.get(product_id, 0) <= revision <= self.after[product_id]


def sample_consistency(
    stores: Stores, size: int = 200, *, settle: float = SETTLE_SECONDS, halt: threading.Event | None = None
) -> ConsistencySample:
    """Compare the revisions of ``size`` random products in catalog, index and cache.

    Waits up to ``settle`` seconds for what is on its way, not beyond ``halt``. Raises ``Unavailable``.
    """
    halted = halt or threading.Event()
    ids = _drawn(stores, size)
    first = revisions_of(stores, ids)
    look = _look(stores, ids, first)
    suspects = [product_id for product_id in ids if look.is_wrong(product_id)]
    wrong = dict.fromkeys(suspects, look)
    deadline = time.monotonic() + settle
    while suspects and time.monotonic() < deadline and not halted.wait(_LOOK_SECONDS):
        # Against the revisions of the first look: what has reached those follows, whatever was written since.
        look = _look(stores, suspects, {key: first[key] for key in suspects if key in first})
        suspects = [product_id for product_id in suspects if look.is_wrong(product_id)]
        wrong = dict.fromkeys(suspects, look)
    return ConsistencySample(
        len(ids),
        search_behind=sum(at.index_is_wrong(key) and key in at.after for key, at in wrong.items()),
        search_missing=sum(at.is_missing(key) for key, at in wrong.items()),
        search_ghosts=sum(at.index_is_wrong(key) and key not in at.after for key, at in wrong.items()),
        cached=len(ProductCache(stores.redis.cache).versions(ids)),
        cache_stale=sum(at.cache_is_wrong(key) for key, at in wrong.items()),
        wrong=len(wrong),
    )


def note_sample(stores: Stores, halt: threading.Event) -> int:
    """Draw a sample and note what it found, for ``relay_status``; return 0, which as a step of the relay means rest.

    Raises ``Unavailable``.
    """
    sample = sample_consistency(stores, SAMPLED, halt=halt)
    if halt.is_set():  # It may have been cut short.
        return 0
    noted = {
        "sampled": sample.sampled,
        "wrong": sample.wrong,
        "cached": sample.cached,
        "at": datetime.now(UTC).isoformat(),
    }
    with stores.postgres.writing() as connection:
        state.save(connection, CONSISTENCY, noted)
    return 0


def _drawn(stores: Stores, size: int) -> list[str]:
    with translate_errors():
        drawn = stores.mongo.products.aggregate([{"$sample": {"size": size}}, {"$project": {"_id": 1}}])
        ids = [str(document["_id"]) for document in drawn]
    return list(dict.fromkeys([*ids, *_cached_at_random(stores, max(1, size // 10))]))


def _cached_at_random(stores: Stores, size: int) -> list[str]:
    """Return ids of a few cached products; none where Redis is away, because then nothing is read from it either."""
    client: Any = stores.redis.cache
    try:
        with translate_redis():
            pipe = client.pipeline(transaction=False)
            for _ in range(size):
                pipe.randomkey()
            keys = pipe.execute()
    except Unavailable:
        return []
    return [key.split(":")[1] for key in keys if key and key.startswith("product:")]


def _look(stores: Stores, ids: Iterable[str], before: Mapping[str, int]) -> _Look:
    wanted = list(ids)
    indexed = stores.search.versions(wanted)
    cached = ProductCache(stores.redis.cache).versions(wanted)
    return _Look(before, indexed, cached, revisions_of(stores, wanted))
