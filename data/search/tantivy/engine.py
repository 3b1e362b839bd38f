"""The local search engine: a tantivy index in a folder, read by any number of processes, written by one.

Paging by a sort key continues after the last hit's key, at any depth. By best match there is no such key, so paging
counts positions, and ends at ``WINDOW``: collecting the first n of a score order costs memory and time with n, and
nobody reads 10,000 best matches; narrowing the search or sorting it goes on from there. Positions hold as long as
nothing is committed between two pages; a hit may then move from one page to the next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from importlib import metadata
from operator import methodcaller
from pathlib import Path

from data.batches import batches
from data.errors import NotFound, Unavailable
from data.search.alike import find_alike
from data.search.engine import STORE, Check, Hit, IndexVersion, SearchDocument, SearchResult, Suggestion
from data.search.page import search_page
from data.search.query import SearchQuery
from data.search.run import count_facet, run_search
from data.search.suggest import suggestions
from data.search.tantivy.reader import Reader, index_folder, snapshot_of, translate_errors
from data.search.tantivy.snapshot import TantivySnapshot
from data.search.tantivy.writer import (
    Target,
    WriterPlace,
    install,
    keep_previous,
    made_at,
    previous_folder,
    remove_unused,
)
from data.search.tree import ATTRIBUTE, EVERYTHING
from data.types import Facet, Health, Progress, ReportProgress

__all__ = ["TantivyEngine"]

_MOST_NAMES = 10_000
#: A rebuild commits after this many documents, which bounds what it keeps in memory.
_COMMIT_EVERY = 50_000


class TantivyEngine:
    """A ``SearchEngine`` over the folder ``root``, which is made when something is first written."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._reader = Reader(root)
        self._writing = threading.RLock()
        self._place: WriterPlace | None = None
        self._target: Target | None = None
        self._building: Target | None = None

    # -- reading

    @property
    def generation(self) -> int:
        """The state of the index a search started now would read."""
        return self._reader.snapshot().generation

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
        snapshot = self._reader.snapshot()
        with translate_errors():
            return search_page(snapshot, query, limit=limit, after=after, before=before, facets=facets)

    def facet(self, query: SearchQuery, name: str, *, contains: str = "", limit: int = 200) -> Facet:
        """Return one facet in full, or what of it has ``contains`` in it."""
        snapshot = self._reader.snapshot()
        with translate_errors():
            return count_facet(snapshot, query, name, contains=contains, limit=limit)

    def suggest(self, text: str, *, limit: int = 8) -> tuple[Suggestion, ...]:
        """Return completions for what is being typed."""
        snapshot = self._reader.snapshot()
        with translate_errors():
            return suggestions(snapshot, text, limit=limit)

    def alike(self, document: SearchDocument, *, limit: int = 8) -> tuple[Hit, ...]:
        """Return the products most like ``document``."""
        snapshot = self._reader.snapshot()
        with translate_errors():
            return find_alike(snapshot, document, limit=limit)

    def attribute_names(self) -> tuple[str, ...]:
        """Return the query names of all attributes, commonest first."""
        snapshot = self._reader.snapshot()
        with translate_errors():
            return tuple(name for name, _ in snapshot.searcher.terms_with_prefix(ATTRIBUTE, "", limit=_MOST_NAMES))

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the committed revision of each of ``ids`` that is indexed and not deleted."""
        snapshot = self._reader.snapshot()
        with translate_errors():
            return _live(snapshot, ids)

    def count(self) -> int:
        """Return how many products are indexed."""
        snapshot = self._reader.snapshot()
        with translate_errors():
            return snapshot.count(EVERYTHING)

    def health(self) -> Health:
        """Say whether the index can be read, and how much is in it."""
        started = time.perf_counter()
        version = metadata.version("tantivy")
        try:
            products = self.count()
        except Unavailable as error:
            return Health(STORE, "tantivy", version, False, (time.perf_counter() - started) * 1000, error.reason)
        detail = f"{products:,} products" if products else "nothing is indexed yet"
        return Health(STORE, "tantivy", version, True, (time.perf_counter() - started) * 1000, detail)

    # -- writing

    def put_many(self, documents: Iterable[SearchDocument]) -> int:
        """Write what is newer than the index and its tombstones; return how many documents were."""
        return sum(self._write(methodcaller("put", batch)) for batch in batches(documents))

    def delete_many(self, deleted: Iterable[tuple[str, int]]) -> int:
        """Put tombstones for ``(product_id, revision)``; return how many were news."""
        return sum(self._write(methodcaller("delete", batch)) for batch in batches(deleted))

    def commit(self) -> int:
        """Make everything written durable and visible to every process; return the generation."""
        # Not the index that is being built: nobody reads it, and a segment for every edit would slow the build down.
        with self._writing, translate_errors():
            if self._target is not None:
                self._target.commit()
        return self.generation

    def rebuild(
        self,
        documents: Iterable[SearchDocument],
        *,
        check: Check | None = None,
        total: int = 0,
        report: ReportProgress | None = None,
    ) -> int:
        """Build a new index beside the old one, check it, swap, and return how many products it holds."""
        building = self._begin(lambda: Target.new(self._root))
        try:
            done = 0
            for batch in batches(documents):
                with self._writing, translate_errors():
                    done += building.put(batch)
                    if done % _COMMIT_EVERY < len(batch):
                        building.commit()
                if report is not None:
                    report(Progress(done, total, "indexing"))
            self._take_over(building, check)
        except BaseException:
            with self._writing:
                self._building = None
                building.discard()
            raise
        return self.count()

    def versions_kept(self) -> tuple[IndexVersion, ...]:
        """Return the index in use and the one before it."""
        with translate_errors():
            found, previous = index_folder(self._root), previous_folder(self._root)
            kept = (() if found is None else (found[0],)) + (() if previous is None else (previous,))
            return tuple(_described(folder, is_current=place == 0) for place, folder in enumerate(kept))

    def roll_back(self, *, check: Check | None = None) -> IndexVersion:
        """Put the index before the one in use into its place."""

        def previous() -> Target:
            target = Target.previous(self._root)
            if target is None:
                raise NotFound("earlier index", str(self._root))
            return target

        building = self._begin(previous)
        try:
            self._take_over(building, check)
        except BaseException:
            with self._writing, translate_errors():
                self._building = None
                building.close()
                keep_previous(self._root, building.folder)
            raise
        return self.versions_kept()[0]

    def close(self) -> None:
        """Commit, let another process write, and let go of all files; a later search opens them again."""
        self._reader = Reader(self._root)
        with self._writing, translate_errors():
            if self._target is not None:
                self._target.close()
                self._target = None
            if self._place is not None:
                self._place.release()
                self._place = None

    def _write(self, put: Callable[[Target], int]) -> int:
        """Run one batch against the index, and against the one that is being built."""
        with self._writing, translate_errors():
            written = put(self._open_target())
            if self._building is not None:
                put(self._building)
            return written

    def _open_target(self) -> Target:
        if self._place is None:
            self._place = WriterPlace(self._root)
        if self._target is None:
            self._target = Target.current(self._root)
        return self._target

    def _begin(self, make: Callable[[], Target]) -> Target:
        """Make the index that is to take over; from now on everything is written into it too."""
        with self._writing, translate_errors():
            if self._building is not None:
                raise Unavailable(STORE, "a rebuild of the index is under way already")
            current = self._open_target()
            current.commit()
            remove_unused(self._root)
            self._building = make()
            self._building.adopt_tombstones(current.snapshot())
            return self._building

    def _take_over(self, building: Target, check: Check | None) -> None:
        with self._writing, translate_errors():
            building.commit()
        if check is not None:
            check(_Successor(building, self._writing))
        with self._writing, translate_errors():
            building.commit()
            old, self._target, self._building = self._target, building, None
            if old is not None:
                old.close()
            install(self._root, building.folder)


class _Successor:
    """A ``Successor``: an index that is not in use yet, written to by its builder and by the feed in turns."""

    def __init__(self, target: Target, writing: threading.RLock) -> None:
        self._target, self._writing = target, writing

    def search(self, query: SearchQuery, *, limit: int = 50) -> SearchResult:
        """Return hits and total."""
        with translate_errors():
            return run_search(self._target.snapshot(), query, limit=limit, after=None, before=None, facets=False)

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the revisions of live products."""
        with translate_errors():
            return _live(self._target.snapshot(), ids)

    def count(self) -> int:
        """Return how many live products there are."""
        with translate_errors():
            return self._target.snapshot().count(EVERYTHING)

    def put_many(self, documents: Iterable[SearchDocument]) -> int:
        """Write what is newer."""
        return sum(self._write(methodcaller("put", batch)) for batch in batches(documents))

    def delete_many(self, deleted: Iterable[tuple[str, int]]) -> int:
        """Put tombstones."""
        return sum(self._write(methodcaller("delete", batch)) for batch in batches(deleted))

    def commit(self) -> None:
        """Show what was written."""
        with self._writing, translate_errors():
            self._target.commit()

    def _write(self, put: Callable[[Target], int]) -> int:
        with self._writing, translate_errors():
            return put(self._target)


def _live(snapshot: TantivySnapshot, ids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(ids):
        found |= {one: revision for one, (revision, dead) in snapshot.known(batch).items() if not dead}
    return found


def _described(folder: Path, *, is_current: bool) -> IndexVersion:
    return IndexVersion(folder.name, snapshot_of(folder).count(EVERYTHING), made_at(folder), is_current)
