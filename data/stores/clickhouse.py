"""Analytics: the one small interface, and what both engines behind it share.

Both clients may be used by any thread: each keeps a few connections and hands one out for the length of a call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from data.errors import Unavailable
from data.types import Health

STORE = "clickhouse"
#: Seconds to wait for a connection, and for an answer: a little above the server's own limit on a statement (10 s).
CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 12.0

#: ClickHouse's code for a table that is not there, as ``QueryRefused.code`` has it.
UNKNOWN_TABLE = 60
#: ClickHouse's codes that say "not now" rather than "not so": timeouts, memory, full disk, too many parts or
#: queries, shutdown, read-only table, refused login.
_NOT_NOW = frozenset({159, 160, 164, 202, 203, 209, 210, 236, 241, 242, 243, 252, 279, 394, 425, 516, 999})


class QueryRefused(Exception):
    """ClickHouse refused a statement for what it says: a fault in this program, not in the store."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Analytics(Protocol):
    """ClickHouse's SQL on either engine. Values are those ``data.stores.clickhouse_values`` lists.

    Every method raises ``Unavailable("clickhouse", …)`` when the engine is away, too slow or too busy, and
    ``QueryRefused`` for a statement that can never work.
    """

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of ``sql``; ``{name:Type}`` in it is bound from ``parameters``, never spliced as text."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str = "") -> None:
        """Write ``rows`` in one block. A block with a ``token`` seen before is dropped by the engine."""
        ...

    def command(self, sql: str) -> None:
        """Run a statement without rows: DDL, OPTIMIZE, SYSTEM."""
        ...

    def health(self) -> Health:
        """Say which engine answers, with its version; bounded to about two seconds, never raises."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def refused(code: int, reason: str) -> Exception:
    """Return the error for a statement that ClickHouse answered with ``code``."""
    line = reason.strip().split("\n", 1)[0][:300]
    return Unavailable(STORE, line) if code in _NOT_NOW else QueryRefused(code, reason.strip()[:2000])


def measure_health(engine: str, version: Callable[[], str]) -> Health:
    """Return the health that ``version`` shows: it answers with the engine's version or raises ``Unavailable``."""
    started = time.monotonic()
    try:
        found, ok, detail = version(), True, ""
    except Unavailable as error:
        found, ok, detail = "", False, error.reason
    except QueryRefused as error:
        found, ok, detail = "", False, str(error)
    return Health(STORE, engine, found, ok, (time.monotonic() - started) * 1000, detail)


Connection = TypeVar("Connection")


class Pool(Generic[Connection]):
    """Connections for one call at a time each. ``lease`` returns a live one and takes it back unless the call broke it.

    Not a general pool: no waiting, no upper bound, because callers are the few threads of one process.
    """

    def __init__(
        self, make: Callable[[], Connection], drop: Callable[[Connection], None], usable: Callable[[Connection], bool]
    ) -> None:
        self._make, self._drop, self._usable = make, drop, usable
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    @contextmanager
    def lease(self) -> Iterator[Connection]:
        """Hold one connection. After any ``Unavailable`` it is closed: nobody knows what is still on its way."""
        connection = self._take()
        try:
            yield connection
        except QueryRefused:
            self._give(connection)
            raise
        except BaseException:
            self._drop(connection)
            raise
        self._give(connection)

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            self._drop(connection)

    def _take(self) -> Connection:
        while True:
            with self._lock:
                if not self._idle:
                    break
                connection = self._idle.pop()
            if self._usable(connection):
                return connection
            self._drop(connection)
        return self._make()

    def _give(self, connection: Connection) -> None:
        with self._lock:
            self._idle.append(connection)
