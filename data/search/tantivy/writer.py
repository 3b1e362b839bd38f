"""Writing the local index: one process at a time, versioned, dual while it is being rebuilt.

Documents are replaced one by one in small commits; tantivy's commit is one rename, so a writer killed at any moment
leaves the index of its last commit. A rebuild writes a new folder and changes one pointer file, so readers see the old
index or the new one, never none.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import tantivy

from data.errors import Unavailable
from data.search.engine import STORE, SearchDocument
from data.search.kept import Keeper
from data.search.tantivy import index as ix
from data.search.tantivy.reader import POINTER, folder_name, index_folder
from data.search.tantivy.snapshot import TantivySnapshot
from data.search.terms import index_fields

__all__ = ["Target", "WriterPlace", "install", "keep_previous", "made_at", "previous_folder", "remove_unused"]

#: The file that names the folder of the index before the one in use.
PREVIOUS = "PREVIOUS"
#: A file in every index whose age is the index's.
_MADE = "made"

_LOCK = "writer.lock"
_HEAP_BYTES = 50_000_000
#: A tombstone that old is left behind by a rebuild: no event is that late.
_TOMBSTONE_S = 7 * 24 * 3600


class WriterPlace:
    """The right to write below ``root``: a file lock, which the system takes back from a process that dies."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: IO[str] = (root / _LOCK).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._holder()
            self._file.close()
            raise Unavailable(STORE, f"another process is writing to the index{holder}; only the relay does") from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def _holder(self) -> str:
        self._file.seek(0)
        pid = self._file.read(20).strip()
        return f" (process {pid})" if pid.isdigit() else ""

    def release(self) -> None:
        """Let another process write."""
        self._file.close()


class Target:
    """One index being written to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self._index = ix.create_or_open(str(folder), create=True)
        self._writer: tantivy.IndexWriter | None = self._index.writer(_HEAP_BYTES, num_threads=1)
        #: the number of the last commit
        self._commit = int(self.writer.commit_opstamp)
        #: revision and whether deleted, of what is written since the last commit and so not yet searchable
        self._pending: dict[str, tuple[int, bool]] = {}

    @classmethod
    def current(cls, root: Path) -> Target:
        """Return the index in use below ``root``, a new and empty one where there is none."""
        found = index_folder(root)
        if found is not None:
            remove_unused(root)
            return cls(found[0])
        target = cls.new(root)
        install(root, target.folder)
        return target

    @classmethod
    def new(cls, root: Path) -> Target:
        """Return a new index below ``root`` that nobody reads yet."""
        folder = _next_folder(root)
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / _MADE).touch()
        return cls(folder)

    @classmethod
    def previous(cls, root: Path) -> Target | None:
        """Return the index before the one in use, under a number of its own: what it is searched as is a new state."""
        folder = previous_folder(root)
        return None if folder is None else cls(folder.rename(_next_folder(root)))

    @property
    def writer(self) -> tantivy.IndexWriter:
        """The open writer."""
        assert self._writer is not None, "closed"
        return self._writer

    def put(self, documents: Sequence[SearchDocument]) -> int:
        """Write the documents that are newer than what is known; return how many."""
        known = self._known([document.product_id for document in documents])
        written = 0
        for document in documents:
            before = known.get(document.product_id)
            if before is not None and document.revision <= before[0]:
                continue
            if before is not None:
                self.writer.delete_documents_by_term("id", document.product_id)
            self.writer.add_json(ix.to_json(index_fields(document), self._commit))
            known[document.product_id] = self._pending[document.product_id] = (document.revision, False)
            written += 1
        return written

    def delete(self, deleted: Sequence[tuple[str, int]], *, since: int | None = None) -> int:
        """Put tombstones; return how many were news. A deletion at the revision that is indexed wins."""
        known = self._known([product_id for product_id, _ in deleted])
        written = 0
        for product_id, revision in deleted:
            before, was_dead = known.get(product_id, (-1, True))
            if revision < before or (was_dead and revision == before):
                continue
            self.writer.delete_documents_by_term("id", product_id)
            moment = int(time.time()) if since is None else since
            self.writer.add_document(ix.tombstone(product_id, revision, moment, self._commit))
            known[product_id] = self._pending[product_id] = (revision, True)
            written += 1
        return written

    def _known(self, ids: list[str]) -> dict[str, tuple[int, bool]]:
        committed = self.snapshot().known([one for one in ids if one not in self._pending])
        return committed | {one: self._pending[one] for one in ids if one in self._pending}

    def snapshot(self) -> TantivySnapshot:
        """Return what is committed, for looking up revisions."""
        return TantivySnapshot(self._index, self._index.searcher(), 0, Keeper())

    def commit(self) -> None:
        """Make everything written durable and visible."""
        if self._pending:
            self._commit = int(self.writer.commit())
            self._pending.clear()
            self._index.reload()

    def adopt_tombstones(self, old: TantivySnapshot) -> None:
        """Take over the deletions that ``old`` remembers, so that a slow rebuild brings no deleted product back."""
        youngest = time.time() - _TOMBSTONE_S
        for product_id, revision, since in old.tombstones():
            if since >= youngest:
                self.delete([(product_id, revision)], since=since)

    def close(self) -> None:
        """Commit and give the writer up; merges under way are left to the next writer."""
        if self._writer is not None:
            self.commit()
            self._writer = None

    def discard(self) -> None:
        """Give up an index that nobody reads."""
        self._writer = None
        shutil.rmtree(self.folder, ignore_errors=True)


def install(root: Path, folder: Path) -> None:
    """Make ``folder`` the index in use, in one step, and the one so far the previous; remove what is neither."""
    found = index_folder(root)
    if found is not None and found[0] != folder:
        _point(root, PREVIOUS, found[0])
    _point(root, POINTER, folder)
    remove_unused(root)


def keep_previous(root: Path, folder: Path) -> None:
    """Make ``folder`` the index before the one in use again, after it did not take its place."""
    _point(root, PREVIOUS, folder)


def _point(root: Path, pointer: str, folder: Path) -> None:
    temporary = root / f"{pointer}.new"
    with temporary.open("w", encoding="ascii") as file:
        file.write(folder.name)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(root / pointer)
    descriptor = os.open(root, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _next_folder(root: Path) -> Path:
    found = index_folder(root)
    return root / folder_name(1 if found is None else found[1] + 1)


def previous_folder(root: Path) -> Path | None:
    """Return the folder of the index before the one in use; ``None`` where none is kept that this version can read."""
    before, found = index_folder(root, PREVIOUS), index_folder(root)
    if before is None or not before[0].exists() or (found is not None and before[0] == found[0]):
        return None
    return before[0]


def made_at(folder: Path) -> datetime:
    """Return when the index in ``folder`` was made."""
    mark = folder / _MADE
    return datetime.fromtimestamp((mark if mark.exists() else folder).stat().st_mtime, UTC)


def remove_unused(root: Path) -> None:
    """Remove every index below ``root`` that is neither in use nor the previous one: what a killed rebuild left."""
    found = index_folder(root)
    kept = {previous_folder(root), None if found is None else found[0]}
    for other in root.glob("layout*"):
        if other not in kept:
            # Readers that have it open keep its files until they look again.
            shutil.rmtree(other, ignore_errors=True)
