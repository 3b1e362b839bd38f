"""One state of a tantivy index, and how a process follows what another one commits."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tantivy
from tantivy import DocAddress, Order, Query

from data.errors import Unavailable
from data.search import tantivy_index as ix
from data.search.engine import STORE
from data.search.kept import Keeper
from data.search.layout import LAYOUT
from data.search.plan import Order as HitOrder
from data.search.run import Asked, Found, SortKey
from data.search.terms import read_hit
from data.search.tree import ATTRIBUTE, LABEL, SPELLING, Node, unpair

__all__ = ["POINTER", "Reader", "TantivySnapshot", "index_folder", "snapshot_of", "translate_errors"]

#: The file that names the folder of the index in use; replaced in one step when a rebuilt index takes over.
POINTER = "CURRENT"
_FOLDER = re.compile(r"layout(\d+)-(\d{6})")
#: A generation is the number of the index in the upper bits and its commit below, so both make it grow.
_COMMIT_BITS = 40


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


@dataclass(frozen=True, slots=True)
class TantivySnapshot:
    """One state of the index, as ``run.Snapshot`` wants it."""

    index: tantivy.Index
    searcher: tantivy.Searcher
    generation: int
    keeper: Keeper

    def frequency(self, field: str, text: str) -> int:
        """Return how many documents have the term."""
        return int(self.searcher.doc_freq(field, text))

    def begins(self, field: str, prefix: str) -> bool:
        """Say whether any term of ``field`` begins with ``prefix``."""
        return bool(self.searcher.terms_with_prefix(field, prefix, limit=1))

    def spellings(self) -> Sequence[tuple[str, int]]:
        """Return the words a mistyped one may have meant, with their counts."""
        return self.keeper.spellings.get(self.generation, lambda: self.searcher.terms_with_prefix(SPELLING, ""))

    def labels(self) -> Mapping[str, str]:
        """Return every attribute as most products write it, by its query name."""
        return self.keeper.labels.get(self.generation, self._read_labels)

    def _read_labels(self) -> Mapping[str, str]:
        written: dict[str, str] = {}
        for term, _ in self.searcher.terms_with_prefix(LABEL, ""):
            name, label = unpair(term)
            written.setdefault(name, label)
        return written

    def count(self, node: Node) -> int:
        """Return how many products match."""
        return self._total(self._query(node))

    def by_score(self, node: Node, *, limit: int, offset: int) -> Found:
        """Return hits by score; equal scores are parted by popularity and by a grain of the product's id."""
        found = self.searcher.search(
            self._query(node), limit=limit, offset=offset, count=False, weight_by_field="weight"
        ).hits
        return Found(tuple(read_hit(self._source(address), score) for score, address in found), ())

    def by_column(self, node: Node, order: HitOrder, *, limit: int, after: SortKey | None, backwards: bool) -> Found:
        """Return the hits whose sort key follows ``after``."""
        assert order.column is not None, "an order without a column is by score"
        name, descending = ix.order_field(order.column), order.descending != backwards
        query = self._query(node)
        if after is not None:
            query = query.and_must_match(self._beyond(name, after, descending=descending))
        direction = Order.Desc if descending else Order.Asc
        found = self.searcher.search(query, limit=limit, count=False, order_by_field=name, order=direction).hits
        return Found(
            tuple(read_hit(self._source(address), 0.0) for _, address in found), tuple(key for key, _ in found)
        )

    def _beyond(self, name: str, key: SortKey, *, descending: bool) -> Query:
        if isinstance(key, int):
            low, high = (None, key) if descending else (key, None)
            return Query.range_query(
                ix.schema(), name, tantivy.FieldType.Unsigned, low, high, low is None, high is None
            )
        if not key.isalnum():
            raise Unavailable(STORE, "a sort key of the index is damaged")
        return self.index.parse_query(f"{name}:[* TO {key}}}" if descending else f"{name}:{{{key} TO *]")

    def values(self, asked: Sequence[Asked], *, limit: int) -> dict[str, list[tuple[str, int]]]:
        """Return the commonest values by facet, as products write them."""
        counts: dict[str, list[tuple[str, int]]] = {}
        for node, names in asked:
            found = self._aggregate(node, {name: ix.agg_terms(f"facet.{ix.facet_path(name)}", limit) for name in names})
            counts |= {name: _counted(found[name]) for name in names}
        return counts

    def names(self, node: Node, *, limit: int) -> list[tuple[str, int]]:
        """Return the attributes of what matches with the number of products that have each."""
        return _counted(self._aggregate(node, {"names": ix.agg_terms(ATTRIBUTE, limit)})["names"])

    def prices(self, node: Node, bounds: Sequence[int]) -> list[int]:
        """Return the number of products from each bound to below the next."""
        ends = [*bounds[1:], None]
        ranges = [
            {"from": low} | ({"to": high} if high is not None else {}) for low, high in zip(bounds, ends, strict=True)
        ]
        found = self._aggregate(node, {"prices": {"range": {"field": "column_price", "ranges": ranges}}})
        counts = {int(bucket.get("from", -1)): int(bucket["doc_count"]) for bucket in found["prices"]["buckets"]}
        return [counts.get(low, 0) for low in bounds]

    def known(self, ids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """Return revision and whether it is a tombstone, by product id, of those of ``ids`` that are indexed."""
        if not ids or not self.searcher.num_docs:
            return {}
        wanted = Query.term_set_query(ix.schema(), "id", list(ids))
        addresses = [address for _, address in self.searcher.search(wanted, limit=len(ids), count=False).hits]
        revisions = self.searcher.fast_field_values("revision", addresses)
        dead = self.searcher.fast_field_values("dead_since", addresses)
        named = (str(self.searcher.doc(address).get_first("id")) for address in addresses)
        rows = zip(named, revisions, dead, strict=True)
        return {name: (int(revision or 0), since is not None) for name, revision, since in rows}

    def tombstones(self) -> Iterable[tuple[str, int, int]]:
        """Return every tombstone: product id, revision, and since when in seconds."""
        dead = Query.term_query(ix.schema(), "dead", "1", index_option="basic")
        found = self.searcher.search(dead, limit=max(self._total(dead), 1), count=False)
        addresses = [address for _, address in found.hits]
        revisions = self.searcher.fast_field_values("revision", addresses)
        since = self.searcher.fast_field_values("dead_since", addresses)
        for address, revision, moment in zip(addresses, revisions, since, strict=True):
            yield str(self.searcher.doc(address).get_first("id")), int(revision or 0), int(moment or 0)

    def _total(self, query: Query) -> int:
        found = self.searcher.search(Query.const_score_query(query, 0.0), limit=1, count=True)
        return int(found.count)  # type: ignore[attr-defined]  # there, but not in tantivy 0.27's stubs

    def _query(self, node: Node) -> Query:
        return ix.live(ix.to_query(node, self.index))

    def _source(self, address: DocAddress) -> bytes:
        return bytes(self.searcher.doc(address).get_first("source") or b"")

    def _aggregate(self, node: Node, requests: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.searcher.aggregate(Query.const_score_query(self._query(node), 0.0), requests)
        return found


def _counted(found: dict[str, Any]) -> list[tuple[str, int]]:
    return [(str(bucket["key"]), int(bucket["doc_count"])) for bucket in found["buckets"]]


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
        return TantivySnapshot(index, index.searcher(), number << _COMMIT_BITS | commit, self._keeper)

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
