"""The search engine of production: an Elasticsearch cluster, read and written by any number of processes.

What a search means is worked out by ``data.search.run`` over a snapshot, as for the local engine; here stand only the
snapshot's life, the writing, and the versions of the index. An index is called by aliases alone: one for reading and
writing, one for the version before it, one for the version being built. So a swap is one request that all processes see
at the same moment. Rejected: the cluster's own ``_reindex``, which copies the old index's mistakes, and writes what it
read long ago over what was written since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from operator import methodcaller
from typing import TypeVar

from data.batches import batches
from data.errors import NotFound, Unavailable
from data.search.alike import find_alike
from data.search.elasticsearch.client import WRITE_TIMEOUT, SearchRefused, connect, read_url, translate_errors
from data.search.elasticsearch.pace import Pace
from data.search.elasticsearch.point import PointLost
from data.search.elasticsearch.reader import Reader
from data.search.elasticsearch.snapshot import ElasticSnapshot
from data.search.elasticsearch.writer import Catalog, Target, Version
from data.search.engine import STORE, Check, Hit, IndexVersion, SearchDocument, SearchResult, Suggestion
from data.search.page import search_page
from data.search.query import SearchQuery
from data.search.run import count_facet, run_search
from data.search.suggest import suggestions
from data.search.tree import ATTRIBUTE, EVERYTHING
from data.types import Facet, Health, Progress, ReportProgress

__all__ = ["ElasticEngine"]

_MOST_NAMES = 10_000
#: Seconds a rebuild waits for a cluster that is too full or too busy to take more.
_REBUILD_PATIENCE = 900.0

Answer = TypeVar("Answer")


class ElasticEngine:
    """A ``SearchEngine`` over the cluster that ``url`` names. Nothing is asked before the first use."""

    def __init__(self, url: str) -> None:
        cluster = read_url(url)
        self._client = connect(cluster)
        self._slow = self._client.options(request_timeout=WRITE_TIMEOUT)
        self._catalog = Catalog(self._slow, cluster)
        self._reader = Reader(self._client, cluster, self._catalog.alias)
        self._writing = threading.RLock()
        self._current = Target(self._slow, self._catalog.alias)
        self._building: Target | None = None
        self._made = False

    # -- reading

    @property
    def generation(self) -> int:
        """The state of the index a search started now would read."""
        return self._reader.generation()

    def search(
        self,
        query: SearchQuery,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
        facets: bool = True,
    ) -> SearchResult:
        """Return a page of hits with total, facets and notes."""

        def ask(snapshot: ElasticSnapshot) -> SearchResult:
            snapshot.expect(query.text)
            return search_page(snapshot, query, limit=limit, after=after, before=before, facets=facets)

        return self._read(ask)

    def facet(self, query: SearchQuery, name: str, *, contains: str = "", limit: int = 200) -> Facet:
        """Return one facet in full, or what of it has ``contains`` in it."""
        return self._read(lambda snapshot: count_facet(snapshot, query, name, contains=contains, limit=limit))

    def suggest(self, text: str, *, limit: int = 8) -> tuple[Suggestion, ...]:
        """Return completions for what is being typed."""
        return self._read(lambda snapshot: suggestions(snapshot, text, limit=limit))

    def alike(self, document: SearchDocument, *, limit: int = 8) -> tuple[Hit, ...]:
        """Return the products most like ``document``."""
        return self._read(lambda snapshot: find_alike(snapshot, document, limit=limit))

    def attribute_names(self) -> tuple[str, ...]:
        """Return the query names of all attributes, commonest first."""
        return self._read(lambda snapshot: tuple(name for name, _ in snapshot.commonest(ATTRIBUTE, _MOST_NAMES)))

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the committed revision of each of ``ids`` that is indexed and not deleted."""
        return {one: found for batch in batches(ids) for one, found in self._current.versions(batch).items()}

    def count(self) -> int:
        """Return how many products are indexed."""
        return self._read(lambda snapshot: snapshot.count(EVERYTHING))

    def health(self) -> Health:
        """Say whether the index can be read, which version of the server does, and how much is in it."""
        started = time.perf_counter()
        version, ok = "", True
        try:
            with translate_errors():
                nodes = self._client.nodes.info(filter_path="nodes.*.version")["nodes"]
            version = min(str(node["version"]) for node in nodes.values())
            products = self.count()
            detail = f"{products:,} products" if products else "nothing is indexed yet"
        except (Unavailable, SearchRefused) as error:
            ok, detail = False, getattr(error, "reason", str(error))
        return Health(STORE, "elasticsearch", version, ok, (time.perf_counter() - started) * 1000, detail)

    # -- writing

    def put_many(self, documents: Iterable[SearchDocument]) -> int:
        """Write what is newer than the index and its tombstones; return how many documents were.

        Waits a while for a cluster that takes no writes now, then raises ``Unavailable``. Raises ``SearchRefused`` for
        a document that the cluster will never take; others of its batch may have been written.
        """
        return sum(self._write(methodcaller("put", batch)) for batch in batches(documents))

    def delete_many(self, deleted: Iterable[tuple[str, int]]) -> int:
        """Put tombstones for ``(product_id, revision)``; return how many were news."""
        return sum(self._write(methodcaller("delete", batch)) for batch in batches(deleted))

    def commit(self) -> int:
        """Make everything written visible to every process, durable it is already; return the generation."""
        with self._writing:
            if not self._current.dirty:
                return self.generation
            self._current.refresh()
            return self._catalog.next_generation()

    def rebuild(
        self,
        documents: Iterable[SearchDocument],
        *,
        check: Check | None = None,
        total: int = 0,
        report: ReportProgress | None = None,
    ) -> int:
        """Build a new index beside the old one, check it, swap, and return how many products it holds."""
        done = 0

        def wait(why: str) -> None:
            if report is not None:
                report(Progress(done, total, f"waiting for Elasticsearch: {why}"))

        with self._writing:
            self._ensure_made()
            self._refuse_a_second()
            self._catalog.remove_unused()
            self._catalog.create(self._catalog.building)
            building = Target(self._slow, self._catalog.building, patience=_REBUILD_PATIENCE, on_pause=wait)
            self._building = building
        try:
            self._adopt_tombstones(building)
            pace = Pace(self._slow, self._catalog.alias)
            for batch in batches(documents):
                began = time.monotonic()
                done += building.put(batch)
                pace.rest(time.monotonic() - began)
                if report is not None:
                    report(Progress(done, total, "indexing"))
            self._take_over(building, check)
        except BaseException:
            self._give_up()
            raise
        return self.count()

    def versions_kept(self) -> tuple[IndexVersion, ...]:
        """Return the index in use and the one before it."""
        found = {alias: one for one in self._catalog.versions() for alias in one.aliases}
        kept = (found.get(alias) for alias in (self._catalog.alias, self._catalog.previous))
        return tuple(self._described(one) for one in kept if one is not None)

    def roll_back(self, *, check: Check | None = None) -> IndexVersion:
        """Put the index before the one in use into its place."""
        with self._writing:
            self._refuse_a_second()
            if self._catalog.bearing(self._catalog.previous) is None:
                raise NotFound("earlier index", self._catalog.previous)
            previous = self._building = Target(self._slow, self._catalog.previous)
        try:
            self._adopt_tombstones(previous)
            self._take_over(previous, check)
        finally:
            self._building = None
        return self.versions_kept()[0]

    def close(self) -> None:
        """Commit, and give up the state that is held; a later search asks for it again."""
        if self._current.dirty:
            with suppress(Unavailable):  # written is durable, and the next commit of anybody shows it
                self.commit()
        self._reader.forget()

    # -- inside

    def _read(self, read: Callable[[ElasticSnapshot], Answer]) -> Answer:
        for _ in range(2):
            try:
                with self._reader.snapshot() as snapshot:
                    return _sound(read, snapshot)
            except PointLost:
                self._reader.forget()
        with self._reader.snapshot() as snapshot:
            return _sound(read, snapshot)

    def _write(self, put: Callable[[Target], int]) -> int:
        """Run one batch against the index, and against the one that is being built."""
        with self._writing:
            self._ensure_made()
            written = put(self._current)
            if self._building is not None:
                put(self._building)
            return written

    def _ensure_made(self) -> None:
        if not self._made:
            self._catalog.ensure_current()
            self._made = True

    def _refuse_a_second(self) -> None:
        if self._building is not None:
            raise Unavailable(STORE, "a rebuild of the index is under way already")

    def _adopt_tombstones(self, target: Target) -> None:
        with self._reader.snapshot_of(self._catalog.alias) as old:
            target.adopt_tombstones(old.tombstones())

    def _take_over(self, building: Target, check: Check | None) -> None:
        building.refresh()
        if check is not None:
            check(_Successor(building, self._reader))
        with self._writing:
            building.refresh()
            new = self._catalog.bearing(building.alias)
            if new is None:
                raise Unavailable(STORE, "the index that was built has been removed")
            self._catalog.swap(new.name)
            self._building = None
            self._current.dirty = False
            self._catalog.next_generation(_REBUILD_PATIENCE)

    def _give_up(self) -> None:
        with self._writing:
            self._building = None
            try:
                self._catalog.remove_unused()
            except Unavailable:
                return  # The next rebuild removes it.

    def _described(self, one: Version) -> IndexVersion:
        with self._reader.snapshot_of(one.name) as snapshot:
            products = snapshot.count(EVERYTHING)
        made_at = datetime.fromtimestamp(one.made, UTC)
        return IndexVersion(one.name, products, made_at, self._catalog.alias in one.aliases)


def _sound(read: Callable[[ElasticSnapshot], Answer], snapshot: ElasticSnapshot) -> Answer:
    try:
        return read(snapshot)
    except SearchRefused as error:
        raise Unavailable(STORE, f"the search was refused: {error}") from error


class _Successor:
    """A ``Successor``: an index behind the alias it has until it is swapped in."""

    def __init__(self, target: Target, reader: Reader) -> None:
        self._target, self._reader = target, reader

    def search(self, query: SearchQuery, *, limit: int = 50) -> SearchResult:
        """Return hits and total."""
        with self._snapshot() as snapshot:
            return run_search(snapshot, query, limit=limit, after=None, before=None, facets=False)

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the revisions of live products."""
        return {one: found for batch in batches(ids) for one, found in self._target.versions(batch).items()}

    def count(self) -> int:
        """Return how many live products there are."""
        with self._snapshot() as snapshot:
            return snapshot.count(EVERYTHING)

    def put_many(self, documents: Iterable[SearchDocument]) -> int:
        """Write what is newer."""
        return sum(self._target.put(batch) for batch in batches(documents))

    def delete_many(self, deleted: Iterable[tuple[str, int]]) -> int:
        """Put tombstones."""
        return sum(self._target.delete(batch) for batch in batches(deleted))

    def commit(self) -> None:
        """Show what was written."""
        self._target.refresh()

    @contextmanager
    def _snapshot(self) -> Iterator[ElasticSnapshot]:
        with self._reader.snapshot_of(self._target.alias) as snapshot:
            yield snapshot
