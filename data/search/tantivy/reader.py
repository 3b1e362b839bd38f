"""How a process follows what another one commits to a tantivy index."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import tantivy

from data.errors import Unavailable
from data.search.engine import STORE
from data.search.kept import Keeper, KeptCounts
from data.search.layout import LAYOUT
from data.search.tantivy import index as ix
from data.search.tantivy.snapshot import TantivySnapshot

__all__ = ["POINTER", "Reader", "index_folder", "snapshot_of", "translate_errors"]

#: The file that names the folder of the index in use; replaced in one step when a rebuilt index takes over.
POINTER = "CURRENT"
_FOLDER = re.compile(r"layout(\d+)-(\d{6})")


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what tantivy and the file system raise into ``Unavailable``."""
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        raise Unavailable(STORE, str(error)) from error
    except BaseException as error:
        # A panic inside the library arrives as pyo3's PanicException, which is no Exception and has no public name.
        if type(error).__name__ != "PanicException":
            raise
        raise Unavailable(STORE, f"the index cannot be read: {error}") from error


def index_folder(root: Path, pointer: str = POINTER) -> tuple[Path, int] | None:
    """Return the folder of the index in use and its number; ``None`` while there is none this version can read."""
    try:
        name = (root / pointer).read_text("ascii").strip()
    except FileNotFoundError:
        return None
    match = _FOLDER.fullmatch(name)
    if match is None or int(match[1]) != LAYOUT:
        return None
    return root / name, int(match[2])


def folder_name(number: int) -> str:
    """Return the name of the folder of index ``number`` of this layout."""
    return f"layout{LAYOUT}-{number:06}"


def snapshot_of(folder: Path) -> TantivySnapshot:
    """Return the last committed state of the index in ``folder``, whichever is in use."""
    index = ix.create_or_open(str(folder), create=False)
    return TantivySnapshot(index, index.searcher(), 0, Keeper())


class Reader:
    """The newest committed state of the index below ``root``, whoever committed it.

    tantivy's own watcher looks every 500 ms; a search here looks at two files' status first, which takes microseconds,
    and loads what is new. An index that was never written is an empty one.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._keeper = Keeper()
        self._counts: KeptCounts[TantivySnapshot] = KeptCounts()
        self._seen: object = None
        self._folder: Path | None = None
        self._snapshot: TantivySnapshot | None = None

    def snapshot(self) -> TantivySnapshot:
        """Return the newest state."""
        with self._lock, translate_errors():
            seen = self._status()
            if self._snapshot is None or seen != self._seen:
                self._snapshot = self._load()
                self._seen = seen
            return self._snapshot

    def _status(self) -> object:
        return _stat(self._root / POINTER), None if self._folder is None else _stat(self._folder / "meta.json")

    def _load(self) -> TantivySnapshot:
        for _ in range(3):
            found = index_folder(self._root)
            if found is None:
                return self._empty()
            folder, number = found
            try:
                return self._open(folder, number)
            except (OSError, ValueError):
                # A rebuilt index may have taken over, and this one been removed, since its name was read.
                if index_folder(self._root) == found:
                    raise
        raise Unavailable(STORE, "the index is being replaced again and again")

    def _open(self, folder: Path, number: int) -> TantivySnapshot:
        if folder == self._folder and self._snapshot is not None:
            index = self._snapshot.index
            commit = _commit_number(folder)
            index.reload()
        else:
            commit = _commit_number(folder)
            index = ix.create_or_open(str(folder), create=False)
            self._folder = folder
            # Counts of another index are of no use, and hold its files.
            self._counts = KeptCounts()
        return TantivySnapshot(index, index.searcher(), number << ix.COMMIT_BITS | commit, self._keeper, self._counts)

    def _empty(self) -> TantivySnapshot:
        self._folder = None
        index = tantivy.Index(ix.schema())
        ix.prepare(index)
        return TantivySnapshot(index, index.searcher(), 0, self._keeper)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _commit_number(folder: Path) -> int:
    """Return the number of the last commit, read before the index is loaded: it may be too low, never too high."""
    return int(json.loads((folder / "meta.json").read_bytes())["opstamp"])
