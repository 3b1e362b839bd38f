"""The products' change stream: what was written to the catalog, by whomever, in order, from a stored place on.

A thread reads the stream and lays what it reads into a queue; the relay takes all that lies there at once. So changes
become batches by themselves as soon as they come faster than they are handled, and a single one waits for nothing.
PyMongo's ``watch`` reconnects by itself; what it cannot mend surfaces in ``take``.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import Timestamp
from pymongo.errors import OperationFailure, PyMongoError

from data.errors import Unavailable
from data.stores.mongo import STORE, Mongo, translate_errors

__all__ = ["Batch", "Change", "HistoryLost", "Position", "ProductChanges"]

#: How long the server holds an empty answer back (ms): also how long closing, and learning that all is quiet, may take.
_AWAIT_MS = 250
#: A stream's place may lie a moment ahead of the last write; more than this is another server's clock (seconds).
_AHEAD_SECONDS = 60
#: Changes read ahead of the relay at most.
_AHEAD = 2000
#: The resume token is of no use: the history is gone, or the token is no token of this server's.
_LOST_CODES = frozenset({9, 15, 136, 222, 260, 280, 286, 40576, 40647, 40648, 40649, 50811})
#: Only what says who must act; the product itself is read when it is handled, because by then it may be newer.
_PIPELINE = [
    {
        "$project": {
            "operationType": 1,
            "clusterTime": 1,
            "documentKey": 1,
            "fullDocument.revision": 1,
            "updateDescription.updatedFields.revision": 1,
        }
    }
]


class HistoryLost(Exception):
    """The stream cannot go on from where it was: what happened in between is unknown and everything must be read."""


@dataclass(frozen=True, slots=True)
class Change:
    """One product was written, at ``moment`` of the cluster's time.

    ``foreign``: by a program that did not raise the document's ``revision``. ``anew``: the whole document was
    written, so its counters may be lower than what is held of an earlier one with its id.
    """

    product_id: str
    deleted: bool = False
    foreign: bool = False
    moment: Timestamp | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the stream. ``time`` is the server's cluster time there: (seconds since 1970, counter)."""

    token: Mapping[str, Any]

    @property
    def time(self) -> tuple[int, int]:
        """The cluster time, from the token's first nine bytes (a tag and two 32-bit numbers); zeros if not there."""
        data = str(self.token.get("_data", ""))
        try:
            return (int(data[2:10], 16), int(data[10:18], 16)) if data.startswith("82") else (0, 0)
        except ValueError:
            return (0, 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in order, and the place after them. No changes: nothing happened up to that place."""

    changes: tuple[Change, ...]
    position: Position


class ProductChanges:
    """An open change stream."""

    def __init__(self, mongo: Mongo, token: Mapping[str, Any] | None) -> None:
        """Open the stream after ``token``, or from now on. Raises ``HistoryLost`` and ``Unavailable``."""
        try:
            with translate_errors():
                #: where the stream begins
                self.start = Position(token or _now(mongo))
                if token and self.start.time[0] > _clock(mongo) + _AHEAD_SECONDS:
                    # MongoDB would wait for that day in silence. Only a stored place is judged: one that was made this
                    # moment is this server's whatever its clock says, and giving it up too would go round for ever.
                    raise HistoryLost("the stored place lies in the future: this is not the server it was made on")
                self._stream = mongo.products.watch(
                    _PIPELINE, start_after=self.start.token, max_await_time_ms=_AWAIT_MS
                )
        except OperationFailure as error:
            raise _lost(error) or error from error
        self._queue: queue.Queue[Batch | Exception] = queue.Queue(_AHEAD)
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, name="change-stream", daemon=True)
        self._reader.start()

    def take(self, seconds: float, limit: int) -> Batch | None:
        """Return what was read since, at most about ``limit`` changes, waiting up to ``seconds`` for a first one.

        ``None`` when nothing was heard from the server. Raises ``HistoryLost`` and ``Unavailable``; the stream is of no
        use then.
        """
        changes: list[Change] = []
        position: Position | None = None
        wait = seconds
        while len(changes) < limit:
            try:
                item = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, Exception):
                self._queue.put(item)
                if not changes:
                    raise item
                break
            changes += item.changes
            position = item.position
            wait = 0.0
        return Batch(tuple(changes), position) if position else None

    def close(self) -> None:
        """Close the stream and end its thread."""
        self._closing.set()
        while self._reader.is_alive():
            self._make_room()
            self._reader.join(0.05)

    def _read(self) -> None:
        try:
            with self._stream, translate_errors():
                while not self._closing.is_set():
                    event = self._stream.try_next()
                    position = Position(dict(self._stream.resume_token or {}))
                    self._queue.put(Batch(_changes(event), position))
        except (PyMongoError, Unavailable) as error:
            self._queue.put(_lost(error) or error)
        except HistoryLost as error:
            self._queue.put(error)
        except Exception as error:  # noqa: BLE001 - a silent end of this thread would look like a quiet catalog
            self._queue.put(Unavailable(STORE, f"the change stream failed: {error}"))

    def _make_room(self) -> None:
        try:
            while True:
                self._queue.get_nowait()
        except queue.Empty:
            pass


def cluster_time(mongo: Mongo) -> tuple[int, int]:
    """Return the time of the last write, as ``Position.time`` counts it. Raises ``Unavailable``."""
    with translate_errors():
        moment = mongo.db.command("ping")["operationTime"]
    return moment.time, moment.inc


def _clock(mongo: Mongo) -> int:
    """Return the seconds of the server's cluster clock: never behind the last write, which may be long ago."""
    answer = mongo.db.command("ping")
    gossip = answer.get("$clusterTime") or {}
    return int(max(answer["operationTime"], gossip.get("clusterTime", answer["operationTime"])).time)


def _now(mongo: Mongo) -> Mapping[str, Any]:
    """Return the token of this moment. PyMongo tells one only after it has asked a stream for something."""
    with mongo.products.watch(_PIPELINE, max_await_time_ms=1) as stream:
        stream.try_next()
        return dict(stream.resume_token or {})


def _changes(event: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """Return what ``event`` says about products. Raises ``HistoryLost`` when the collection itself was replaced."""
    if event is None:
        return ()
    kind = event["operationType"]
    if kind not in ("insert", "update", "replace", "delete"):
        raise HistoryLost(f"the collection saw {kind!r}")
    key = str(event["documentKey"]["_id"])
    anew = kind in ("insert", "replace")
    return (Change(key, kind == "delete", _foreign(kind, event), event["clusterTime"], anew),)


def _foreign(kind: str, event: Mapping[str, Any]) -> bool:
    match kind:
        case "update":
            return "revision" not in (event.get("updateDescription") or {}).get("updatedFields", {})
        case "insert":
            return "revision" not in (event.get("fullDocument") or {})
        case _:
            # This program replaces no document, so whoever did took the counter over as it was.
            return kind == "replace"


def _lost(error: Exception) -> HistoryLost | None:
    if isinstance(error, OperationFailure) and (
        error.code in _LOST_CODES or error.has_error_label("NonResumableChangeStreamError")
    ):
        return HistoryLost(f"MongoDB {error.code}: {str(error).partition(', full error')[0]}")
    return None
