"""The search index built anew, or the one before taken back, while edits and searches go on.

It runs in a thread beside the feed of products, which meanwhile writes every change into both indexes. Then the new one
is compared with the catalog, product by product, until nothing but what is just being written differs; it is counted,
and a sample is searched in it. Only then does it take over, in one step. Whatever fails leaves the old one in use.

Rejected: stopping the feed for it (edits of minutes would be missing from every search), and trusting the build (a
document that was lost on the way would be missing until somebody noticed).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from data.catalog.documents import HIDDEN_FIELDS, Document
from data.catalog.reads import get_documents
from data.errors import StorekeeperError, Unavailable
from data.events import letters, reconcile, state
from data.events.popularity import Popularity
from data.events.rebuild import PROGRESS, REBUILD, ROLL_BACK, Asked
from data.events.topics import PRODUCTS
from data.search.analysis import code_key
from data.search.documents import from_mongo
from data.search.query import Filter, SearchQuery
from data.stores.mongo import translate_errors
from data.types import Progress

if TYPE_CHECKING:
    from data.search.engine import SearchDocument, Successor
    from data.stores import Stores

__all__ = ["Documents", "Reindexing", "all_products"]

log = logging.getLogger(__name__)

_BATCH = 1_000
#: How often the new index is compared with the catalog before it is given up, and how long between two looks (seconds).
#: What is being edited differs for a moment; what differs in the same state this often will not come right by itself.
_LOOKS, _LOOK_SECONDS, _STUCK_LOOKS = 100, 0.2, 20
#: How many products are looked for in the new index by their SKU.
_SAMPLE = 50
_TELL_SECONDS = 0.5


class Documents:
    """Stored products as the index holds them. One that makes no document becomes a dead letter and stops no other."""

    def __init__(self, stores: Stores, bury: Callable[[str, str], None]) -> None:
        self._popularity, self._bury = Popularity(stores), bury

    def of(self, products: Iterable[Document]) -> Iterator[SearchDocument]:
        """Yield the index's documents of ``products``."""
        sold = self._popularity.units_sold()
        for product in products:
            product_id = str(product["_id"])
            try:
                yield from_mongo(product, popularity=sold.get(product_id, 0))
            except Exception as error:  # noqa: BLE001 - whatever is wrong is this product's fault
                self._bury(product_id, f"{type(error).__name__}: {error}")


def all_products(stores: Stores) -> Iterator[Document]:
    """Yield every product of the catalog as it is stored. Raises ``Unavailable``."""
    with translate_errors():
        yield from stores.mongo.products.find({}, HIDDEN_FIELDS, batch_size=_BATCH)


class _Cancelled(Exception):
    """The relay stops; the next one begins again."""


class Reindexing:
    """At most one piece of work on the index at a time, in a thread of its own. Its owner is one thread."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._outcome: dict[str, str] | None = None
        self._told = float("-inf")

    @property
    def running(self) -> bool:
        """Whether work is under way, or done and its outcome not taken yet."""
        return self._thread is not None

    def start(self, asked: Asked) -> None:
        """Begin what was asked for."""
        self._cancelled.clear()
        self._outcome = None
        self._thread = threading.Thread(target=self._run, args=(asked,), name="reindexing", daemon=True)
        self._thread.start()

    def outcome(self) -> Mapping[str, str] | None:
        """Return what became of the work, once, when it has ended: the counters to note of it."""
        if self._thread is None or self._thread.is_alive():
            return None
        self._thread, outcome = None, self._outcome
        return outcome

    def cancel(self) -> None:
        """Give the work up, and wait until it has let go of the index."""
        if self._thread is not None:
            self._cancelled.set()
            self._thread.join()
            self._thread = None

    def _run(self, asked: Asked) -> None:
        why = ""
        try:
            self._work(asked)
        except _Cancelled:
            return
        except StorekeeperError as error:
            why = getattr(error, "reason", str(error))
        except Exception as error:  # a thread that dies in silence would leave whoever asked waiting
            log.exception("the work on the search index failed")
            why = f"{type(error).__name__}: {error}"
        if why:
            log.warning("the search index stays as it is: %s", why)
        self._outcome = {REBUILD: asked.id, "rebuild_error": why[:500]}

    def _work(self, asked: Asked) -> None:
        refused: set[str] = set()
        engine, documents = self._stores.search, Documents(self._stores, self._bury(refused))
        comparison = _Comparison(self._stores, documents, refused, self._tell(asked.id))
        if asked.what == ROLL_BACK:
            engine.roll_back(check=comparison.check)
            return
        with translate_errors():
            total = self._stores.mongo.products.count_documents({})
        comes = self._unless_cancelled(documents.of(all_products(self._stores)))
        count = engine.rebuild(comes, check=comparison.check, total=total, report=self._tell(asked.id))
        log.info("the search index was rebuilt: %d products", count)

    def _unless_cancelled(self, documents: Iterable[SearchDocument]) -> Iterator[SearchDocument]:
        for document in documents:
            if self._cancelled.is_set():
                raise _Cancelled
            yield document

    def _bury(self, refused: set[str]) -> Callable[[str, str], None]:
        def bury(product_id: str, why: str) -> None:
            if product_id not in refused:
                refused.add(product_id)
                with self._stores.postgres.writing() as connection:
                    letters.bury(connection, PRODUCTS, product_id, "index", why)

        return bury

    def _tell(self, asked: str) -> Callable[[Progress], None]:
        """Note the progress where whoever asked sees it; stop where the relay stops."""

        def tell(progress: Progress) -> None:
            if self._cancelled.is_set():
                raise _Cancelled
            if time.monotonic() - self._told < _TELL_SECONDS:
                return
            self._told = time.monotonic()
            note = {"id": asked, "done": progress.done, "total": progress.total, "what": progress.what}
            with self._stores.postgres.writing() as connection:
                state.save(connection, PROGRESS, note)

        return tell


class _Comparison:
    """An index compared with the catalog, and mended, until it may take over."""

    def __init__(
        self, stores: Stores, documents: Documents, refused: set[str], report: Callable[[Progress], None]
    ) -> None:
        self._stores, self._documents, self._refused, self._report = stores, documents, refused, report

    def check(self, successor: Successor) -> None:
        """Bring ``successor`` up to date. Raises ``Unavailable`` where it comes not to hold what the catalog does."""
        seen: dict[tuple[str, int], int] = {}
        why = ""
        for look in range(_LOOKS):
            self._report(Progress(look, 0, "comparing"))
            successor.commit()
            behind = reconcile.behind(self._stores, successor, apart_from=self._refused)
            seen = {one: seen.get(one, 0) + 1 for one in behind.items()}
            stuck = [product_id for (product_id, _), times in seen.items() if times > _STUCK_LOOKS]
            if stuck:
                raise Unavailable("search", f"the new index does not take {len(stuck)} products, the first {stuck[0]}")
            self._mend(successor, list(behind))
            why = self._miscounted(successor, len(behind)) or self._not_found(successor)
            if not why and max(seen.values(), default=0) <= 1:
                return
            time.sleep(_LOOK_SECONDS)
        raise Unavailable("search", why or "the new index does not catch up with what is being edited")

    def _mend(self, successor: Successor, product_ids: list[str]) -> None:
        for first in range(0, len(product_ids), _BATCH):
            found = get_documents(self._stores.mongo, product_ids[first : first + _BATCH])
            successor.put_many(self._documents.of(found.values()))

    def _miscounted(self, successor: Successor, under_way: int) -> str:
        """Say what is wrong with the number of products; what is being made or deleted at this moment may differ."""
        before, held, after = self._products(), successor.count(), self._products()
        low, high = min(before, after) - under_way, max(before, after) + under_way
        return "" if low <= held <= high else f"the new index holds {held:,} products and the catalog {after:,}"

    def _products(self) -> int:
        with translate_errors():
            return self._stores.mongo.products.count_documents({}) - len(self._refused)

    def _not_found(self, successor: Successor) -> str:
        """Look for a sample by SKU and say which product is not found, as one may be that is just being renamed."""
        with translate_errors():
            drawn = self._stores.mongo.products.aggregate(
                [{"$sample": {"size": _SAMPLE}}, {"$project": {"_id": 1, "sku": 1}}]
            )
            skus = {str(one["_id"]): str(one.get("sku") or "") for one in drawn}
        for product_id in successor.versions(skus):
            if sku := code_key(skus[product_id]):
                found = successor.search(_called(sku), limit=500)
                if product_id not in {hit.product_id for hit in found.hits}:
                    return f"the new index does not find {skus[product_id]}"
        return ""


def _called(sku: str) -> SearchQuery:
    return SearchQuery(filters=(Filter("sku", (sku,)), Filter("status", ("any",))))
