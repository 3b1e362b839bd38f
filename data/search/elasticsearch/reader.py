"""How a process follows what another one commits to an Elasticsearch index.

The generation is the internal version of one small document beside the index. Reading it by its id needs no refresh, so
the very next search in any process sees a commit. A state is opened once for a generation and shared by the searches of
this process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from data.search.elasticsearch.client import Cluster, translate_errors
from data.search.elasticsearch.counts import Counting
from data.search.elasticsearch.point import KEEP_ALIVE, Point
from data.search.elasticsearch.snapshot import ElasticSnapshot
from data.search.kept import Keeper, KeptCounts

__all__ = ["GENERATION", "Reader"]

#: The document beside the index whose version is the generation.
GENERATION = "generation"
#: How long this side relies on a point in time that nobody asked (seconds); the server keeps it longer.
_RELIED_ON = 40.0


#: Counts of so many states are kept (``carried``): each is a point in time that the cluster keeps open.
_MOST_STATES = 8


class _Shared:
    """A snapshot with how many searches are using it."""

    def __init__(self, snapshot: ElasticSnapshot) -> None:
        self.snapshot, self.users = snapshot, 0
        self.asked = time.monotonic()


class Reader:
    """The newest committed state behind an alias, whoever committed it. An index that was never written is empty."""

    def __init__(self, client: Elasticsearch, cluster: Cluster, alias: str) -> None:
        self._client, self._state, self._alias = client, f"{cluster.name}-state", alias
        self._lock = threading.Lock()
        self._keeper = Keeper()
        #: what broad searches counted
        self.counts: KeptCounts[Counting] = KeptCounts(most_states=_MOST_STATES)
        self._opened = count(1)
        self._current: _Shared | None = None
        #: those that another took the place of, while a search uses them or their counts are kept
        self._earlier: list[_Shared] = []

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
            yield ElasticSnapshot(point, 0, Keeper(), Counting(point, 0, KeptCounts()))
        finally:
            self._close([point])

    def forget(self) -> None:
        """Give up the shared state and the counts; the next search opens a new one."""
        self.counts.clear()
        with self._lock:
            self._replace(None)
            unused = self._unused()
        self._close(unused)

    def _take(self) -> _Shared:
        # Before the state itself is opened: the number may be too low for it, never too high.
        generation = self.generation()
        unused: list[Point] = []
        with self._lock:
            held, now = self._current, time.monotonic()
            if held is None or held.snapshot.generation != generation or now - held.asked > _RELIED_ON:
                point = self._open(self._alias) if generation else Point(self._client, "")
                counting = Counting(point, next(self._opened), self.counts)
                held = _Shared(ElasticSnapshot(point, generation, self._keeper, counting))
                self._replace(held)
                unused = self._unused()
            held.users += 1
            held.asked = now
        self._close(unused)
        return held

    def _give(self, held: _Shared) -> None:
        with self._lock:
            held.users -= 1
            unused = self._unused()
        self._close(unused)

    def _replace(self, new: _Shared | None) -> None:
        if self._current is not None:
            self._earlier.append(self._current)
        self._current = new

    def _unused(self) -> list[Point]:
        """Leave the earlier states that nobody needs any more, and return them to be closed."""
        needed = [one for one in self._earlier if one.users or self.counts.holds(one.snapshot.counting)]
        unused = [one.snapshot.point for one in self._earlier if one not in needed]
        self._earlier = needed
        return unused

    def _open(self, index: str) -> Point:
        with translate_errors():
            try:
                opened = self._client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)
            except NotFoundError:
                return Point(self._client, "")
        return Point(self._client, str(opened["id"]))

    def _close(self, points: Iterable[Point]) -> None:
        for point in points:
            if point.id:
                # One that cannot be closed closes itself after its time.
                with suppress(ApiError, TransportError):
                    self._client.close_point_in_time(id=point.id)
