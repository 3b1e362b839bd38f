"""How a process follows what another one commits to an Elasticsearch index.

The generation is the internal version of one small document beside the index. Reading it by its id needs no refresh, so
the very next search in any process sees a commit. A state is opened once for a generation and shared by the searches of
this process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from data.search.elasticsearch_client import Cluster, translate_errors
from data.search.elasticsearch_snapshot import KEEP_ALIVE, ElasticSnapshot
from data.search.kept import Keeper

__all__ = ["GENERATION", "Reader"]

#: The document beside the index whose version is the generation.
GENERATION = "generation"
#: How long this side relies on a point in time that nobody asked (seconds); the server keeps it longer.
_RELIED_ON = 40.0


class _Shared:
    """A snapshot with how many searches are using it; closed by the last one after a newer one took its place."""

    def __init__(self, snapshot: ElasticSnapshot, point: str) -> None:
        self.snapshot, self.point = snapshot, point
        self.users, self.replaced = 0, False
        self.asked = time.monotonic()


class Reader:
    """The newest committed state behind an alias, whoever committed it. An index that was never written is empty."""

    def __init__(self, client: Elasticsearch, cluster: Cluster, alias: str) -> None:
        self._client, self._state, self._alias = client, f"{cluster.name}-state", alias
        self._lock = threading.Lock()
        self._keeper = Keeper()
        self._current: _Shared | None = None

    def generation(self) -> int:
        """Return the number of the newest commit, 0 before the first."""
        with translate_errors():
            try:
                found = self._client.get(index=self._state, id=GENERATION, source=False)
            except NotFoundError:
                return 0
        return int(found["_version"])

    @contextmanager
    def snapshot(self) -> Iterator[ElasticSnapshot]:
        """Hold the newest state."""
        held = self._take()
        try:
            yield held.snapshot
        finally:
            self._give(held)

    @contextmanager
    def snapshot_of(self, index: str) -> Iterator[ElasticSnapshot]:
        """Hold the state of one index by its name, for whoever is writing it."""
        point = self._open(index)
        try:
            yield ElasticSnapshot(self._client, point, 0, Keeper())
        finally:
            self._close(point)

    def forget(self) -> None:
        """Give up the shared state; the next search opens a new one."""
        with self._lock:
            self._replace(None)

    def _take(self) -> _Shared:
        # Before the state itself is opened: the number may be too low for it, never too high.
        generation = self.generation()
        with self._lock:
            held, now = self._current, time.monotonic()
            if held is None or held.snapshot.generation != generation or now - held.asked > _RELIED_ON:
                point = self._open(self._alias) if generation else ""
                held = _Shared(ElasticSnapshot(self._client, point, generation, self._keeper), point)
                self._replace(held)
            held.users += 1
            held.asked = now
            return held

    def _give(self, held: _Shared) -> None:
        with self._lock:
            held.users -= 1
            unused = held.replaced and not held.users
        if unused:
            self._close(held.point)

    def _replace(self, new: _Shared | None) -> None:
        old, self._current = self._current, new
        if old is not None:
            old.replaced = True
            if not old.users:
                self._close(old.point)

    def _open(self, index: str) -> str:
        with translate_errors():
            try:
                opened = self._client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)
            except NotFoundError:
                return ""
        return str(opened["id"])

    def _close(self, point: str) -> None:
        if point:
            # One that cannot be closed closes itself after its time.
            with suppress(ApiError, TransportError):
                self._client.close_point_in_time(id=point)
