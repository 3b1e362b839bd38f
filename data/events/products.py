"""Products: MongoDB → search index and product cache.

MongoDB is the truth and the change stream only the hint: for every product named in it the current document is read
and written with its ``revision``, so changes that come twice or late do nothing. The resume token is stored after the
effect. Where the stream cannot go on (first start, lost history, a replaced collection) the index is rebuilt from the
documents, once, and the stream goes on from where it stood before the rebuild.

Documents that another program changed are *adopted* first (``adoption``). Rejected: comparing by place in the stream
instead of by a number in the document, because a reader of the document would not know its place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from data.caches.products import ProductCache
from data.catalog.documents import product_of, units
from data.catalog.reads import get_documents
from data.errors import Unavailable
from data.events import cache_repair, letters, reconcile, state
from data.events.adoption import adopt, never_held, never_lower
from data.events.changes import Change, HistoryLost, Position, ProductChanges, cluster_time
from data.events.rebuild import REBUILD, asked_rebuild
from data.events.reindex import Documents, Reindexing, all_products
from data.events.retries import Retries
from data.events.topics import PRODUCTS
from data.memory import give_back
from data.stores.mongo import translate_errors

if TYPE_CHECKING:
    from bson import Timestamp

    from data.catalog.documents import Document
    from data.events.reconcile import Differences
    from data.search.engine import SearchDocument
    from data.stores import Stores

__all__ = ["ProductFeed"]

log = logging.getLogger(__name__)

#: Changes handled at a time, and for how long at most before they are committed (seconds).
BATCH = 1000
COMMIT_SECONDS = 0.5
#: Seconds between two comparisons of all revisions, two looks after the caches, two looks for a note that asks for a
#: new index, two notes of a quiet stream's place.
RECONCILE_SECONDS = 600.0
REPAIR_SECONDS = 1.0
LOOK_SECONDS = 1.0
NOTE_SECONDS = 1.0
#: A stream lost twice within this time has a fault that a rebuild does not mend.
LOST_AGAIN_SECONDS = 10.0


class ProductFeed:
    """The feed. Not for two threads at once; it is the one writer of the search index."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._documents = Documents(stores, self._bury)
        self._reindexing = Reindexing(stores)
        self._stream: ProductChanges | None = None
        self._position = Position({})
        # Only what was heard counts: the place where a stream begins may already bear the time of the write to come.
        self._reached = (0, 0)
        #: the last write when the stream was opened: up to there lies what it has to catch up with
        self._backlog = (0, 0)
        self._burst = 0
        self._counters: dict[str, Any] = {}
        self._retries = Retries(self._counters)
        self._noted: tuple[Position, tuple[int, int]] | None = None
        self._noted_at = self._repaired = self._lost = self._looked = float("-inf")
        self._reconciled = time.monotonic() - RECONCILE_SECONDS

    def step(self, seconds: float = 1.0) -> int:
        """Handle what the stream has, waiting up to ``seconds`` for it; return how many changes that were.

        Raises ``Unavailable`` when a store is away; the next call goes on from the stored place.
        """
        try:
            stream = self._stream or self._open()
            handled = self._handle(stream, seconds)
            self._try_again()
            self._look_after_caches()
            self._rebuild_if_asked()
            self._reconcile(quiet=not handled and self._reached >= self._backlog)
            self._rest(handled)
        except HistoryLost as lost:
            self.close()
            self._forget(lost)
            return 0
        except Exception:
            self.close()
            raise
        return handled

    def has_reached(self, moment: tuple[int, int]) -> bool:
        """Say whether all that was written up to cluster time ``moment``, or asked of the index, has been handled."""
        return self._reached >= moment and not self._reindexing.running

    def close(self) -> None:
        """Close the stream, whose place is stored, and give the index's one writer's place free.

        Work on the index that is under way begins again with the next step.
        """
        self._reindexing.cancel()
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        with suppress(Unavailable):
            self._stores.search.close()

    def _open(self) -> ProductChanges:
        with self._stores.postgres.reading() as connection:
            self._counters = state.load(connection, PRODUCTS)
        self._retries = Retries(self._counters)
        token = self._counters.get("token")
        self._backlog = cluster_time(self._stores.mongo)
        self._stream = ProductChanges(self._stores.mongo, token)
        self._position = self._stream.start
        if token is None:
            self._rebuild()
            self._note(self._stream.start)
        return self._stream

    def _forget(self, lost: HistoryLost) -> None:
        """Drop a token that leads nowhere: it is never tried twice, the next step reads everything.

        Raises ``Unavailable`` where that happened a moment ago too, so that the relay pauses between two rebuilds.
        """
        self._reached = (0, 0)
        again = time.monotonic() - self._lost < LOST_AGAIN_SECONDS
        self._lost = time.monotonic()
        log.warning("the change stream cannot go on, everything will be read again: %s", lost)
        self._counters.pop("token", None)
        self._counters["last_error"] = str(lost)[:300]
        self._counters["last_error_at"] = datetime.now(UTC).isoformat()
        with self._stores.postgres.writing() as connection:
            # The lag is the time since the feed was heard of, so losing one's place over and over must not look fresh.
            state.amend(connection, PRODUCTS, self._counters)
        if again:
            raise Unavailable("mongodb", f"the change stream was lost again: {lost}")

    def _handle(self, stream: ProductChanges, seconds: float) -> int:
        """Handle what comes within ``seconds`` and what has piled up behind it; return how many changes that were.

        What has piled up is committed and noted together, but not for longer than ``COMMIT_SECONDS``: a commit costs
        the index a segment, and what is not noted is done again after a kill.
        """
        begun = time.monotonic()
        changes, written, anew = 0, 0, dict[str, int]()
        position = None
        while (batch := stream.take(seconds, BATCH)) is not None:
            written += self._write(batch.changes, anew)
            changes, position, seconds = changes + len(batch.changes), batch.position, 0.0
            if not batch.changes or time.monotonic() - begun > COMMIT_SECONDS:
                break
        if position is None:
            return 0
        if changes:
            self._commit(anew)
            self._counters["handled"] = self._counters.get("handled", 0) + changes
            self._counters["skipped"] = self._counters.get("skipped", 0) + changes - written
        self._position, self._reached = position, position.time
        moved = (self._position, self._reached) != self._noted
        if changes or (moved and time.monotonic() - self._noted_at >= NOTE_SECONDS):
            self._note(position)
        return changes

    def _note(self, position: Position) -> None:
        # Told here, because a status line has no business asking MongoDB. The cluster time counts whole seconds, so one
        # second is no delay.
        behind = max(0, cluster_time(self._stores.mongo)[0] - position.time[0] - 1)
        self._counters |= {"token": dict(position.token), "reached": list(self._reached), "behind": behind}
        with self._stores.postgres.writing() as connection:
            state.save(connection, PRODUCTS, self._counters)
        self._position = position
        self._noted, self._noted_at = (position, self._reached), time.monotonic()

    def _apply(self, changes: Sequence[Change]) -> None:
        """Bring index and cache to what MongoDB holds now for the changed products."""
        anew: dict[str, int] = {}
        self._write(changes, anew)
        self._commit(anew)

    def _write(self, changes: Sequence[Change], anew: dict[str, int]) -> int:
        """Do so, but for the commit; return how many were newer. ``anew`` is told the revisions of documents that were
        written whole.
        """
        if not changes:
            return 0
        changed = list(dict.fromkeys(change.product_id for change in changes))
        self._adopt({change.product_id: change.moment for change in changes if change.foreign and not change.anew})
        copied = {change.product_id: change.moment for change in changes if change.foreign and change.anew}
        self._adopt(copied, floor=never_held())
        found = get_documents(self._stores.mongo, changed)
        written = self._index(found.values()) + self._unindex(set(changed) - set(found))
        whole = (change.product_id for change in changes if change.anew and change.product_id in found)
        anew.update((product_id, units(found[product_id], "revision")) for product_id in whole)
        self._follow({product_id: found.get(product_id) for product_id in changed})
        return written

    def _commit(self, anew: Mapping[str, int]) -> None:
        """Show what was written, and see that it is what the index shows."""
        self._stores.search.commit()
        if anew:
            self._revive(list(anew), anew)

    def _revive(self, product_ids: Sequence[str], sent: Mapping[str, int]) -> None:
        """Lift products above what index and cache hold: a tombstone, where they were deleted and inserted again under
        their old id, or the revision from before they were replaced by an older copy or set back by hand.
        """
        refused = reconcile.refused(self._stores, product_ids, sent)
        if not refused:
            return
        self._adopt(dict.fromkeys(refused), floor=never_held())
        found = get_documents(self._stores.mongo, refused)
        self._index(found.values())
        self._stores.search.commit()
        self._follow(found)

    def _index(self, products: Iterable[Document]) -> int:
        """Write stored products to the index; one that it cannot take becomes a dead letter and stops no other."""
        documents = list(self._documents.of(products))
        try:
            written = self._stores.search.put_many(documents)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - one bad document fails a whole batch; it is found below
            return sum(self._index_alone(document) for document in documents)
        self._retries.taken(document.product_id for document in documents)
        return written

    def _index_alone(self, document: SearchDocument) -> int:
        try:
            return self._stores.search.put_many([document])
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the engine says of it, it is this product's fault
            if attempts := self._retries.refused(document.product_id):
                self._bury(document.product_id, f"{type(error).__name__}: {error}", attempts=attempts)
            return 0

    def _unindex(self, gone: set[str]) -> int:
        """Leave tombstones for products that are no more, above every revision they can have had.

        One above what is indexed would not do: a relay that was killed may have sent a later one that a cluster has
        not shown yet, or not even read.
        """
        if not gone:
            return 0
        indexed, floor = self._stores.search.versions(gone), never_held()
        return self._stores.search.delete_many((key, max(indexed.get(key, 0) + 1, floor)) for key in gone)

    def _try_again(self) -> None:
        """Index the products whose pause after a refusal is over."""
        due = self._retries.due()
        if due:
            self._apply([Change(product_id) for product_id in due])
            self._retries.taken(set(due) - set(get_documents(self._stores.mongo, due)))
            self._note(self._position)

    def _bury(self, product_id: str, why: str, *, attempts: int = 1) -> None:
        self._counters["failed"] = self._counters.get("failed", 0) + 1
        with self._stores.postgres.writing() as connection:
            letters.bury(connection, PRODUCTS, product_id, "index", why, attempts=attempts)

    def _follow(self, products: Mapping[str, Document | None]) -> None:
        there = {product_id: found for product_id, found in products.items() if found}
        revisions = {key: units(there[key], "revision") if key in there else None for key in products}
        try:
            # Few of them are cached, and only these are read as products.
            ProductCache(self._stores.redis.cache).follow(revisions, lambda key: product_of(there[key]))
        except Unavailable as error:
            cache_repair.note_missed(self._stores, error)

    def _rebuild(self) -> None:
        """Build the index anew from every document, and compare every cached product."""
        stores = self._stores
        with translate_errors():
            empty = stores.mongo.products.find_one({}, {"_id": 1}) is None
        if not (empty and stores.search.count() == 0):
            count = stores.search.rebuild(self._documents.of(never_lower(stores, all_products(stores))))
            self._counters["rebuilt"] = self._counters.get("rebuilt", 0) + 1
            log.info("the search index was rebuilt from %d products", count)
        self._heal(reconcile.differences(stores))

    def _revalidate_caches(self) -> None:
        try:
            cache_repair.revalidate(self._stores)
        except Unavailable as error:
            if error.store != "redis":
                raise
            cache_repair.note_missed(self._stores, error)

    def _rebuild_if_asked(self) -> None:
        if outcome := self._reindexing.outcome():
            self._revalidate_caches()
            self._counters |= {"rebuilt": self._counters.get("rebuilt", 0) + 1} if not outcome["rebuild_error"] else {}
            self._counters |= outcome
            self._note(self._position)
        if self._reindexing.running or time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        with self._stores.postgres.reading() as connection:
            asked = asked_rebuild(connection)
        if asked.id and asked.id != self._counters.get(REBUILD):
            self._reindexing.start(asked)

    def _look_after_caches(self) -> None:
        if time.monotonic() - self._repaired >= REPAIR_SECONDS:
            cache_repair.repair_if_missed(self._stores)
            self._repaired = time.monotonic()

    def _reconcile(self, *, quiet: bool) -> None:
        """Compare all revisions, and all caches, at the start and every ten minutes: the net below the change stream.

        In a quiet moment, because what is still to come from the stream would only be done twice; but not never.
        """
        age = time.monotonic() - self._reconciled
        if self._reindexing.running or age < RECONCILE_SECONDS or not (quiet or age > RECONCILE_SECONDS * 6):
            return
        found = reconcile.differences(self._stores)
        # An empty index is one of another layout or a lost one: filled bit by bit it would answer with half the shop.
        if found.index_too_large or (found.count and not self._stores.search.count()):
            self._rebuild()
        else:
            self._heal(found)
        self._counters |= {"differences": found.count, "reconciled_at": datetime.now(UTC).isoformat()}
        self._note(self._position)

    def _heal(self, found: Differences) -> None:
        """Bring index and caches to the catalog where they differ from it, whatever the stream told or did not."""
        for ids in found.batches(BATCH):
            self._apply([Change(product_id) for product_id in ids])
            self._revive(ids, {})
        self._revalidate_caches()
        self._reconciled = time.monotonic()

    def _rest(self, handled: int) -> None:
        """Give back, once it is quiet, the memory that many changes took: 30 MB of 170 after 16,000 products."""
        self._burst += handled
        if not handled and self._burst >= BATCH:
            self._burst = 0
            give_back()

    def _adopt(self, changed: Mapping[str, Timestamp | None], *, floor: int = 0) -> None:
        for product_id, why in adopt(self._stores.mongo, changed, floor=floor).items():
            self._bury(product_id, why)
