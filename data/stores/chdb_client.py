"""The local analytics engine: a client of ``data.analytics.server`` over its unix socket."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from data.errors import Unavailable
from data.stores.chdb_wire import Reply, Request, receive_frame, send_frame
from data.stores.clickhouse import ANSWER_TIMEOUT, CONNECT_TIMEOUT, STORE, Pool, measure_health, refused
from data.stores.clickhouse_values import decode_rows, identifier, insert_rows, literal, parameter_text
from data.types import Health


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what the socket raises into ``Unavailable``."""
    try:
        yield
    except TimeoutError:
        raise Unavailable(STORE, "no answer in time") from None
    except FileNotFoundError:
        raise Unavailable(STORE, "the local engine is not running") from None
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise Unavailable(STORE, str(error) or type(error).__name__) from error


class LocalAnalytics:
    """``Analytics`` over the socket at ``path``, in ``database`` (made on the first connection)."""

    def __init__(self, path: str, database: str) -> None:
        self._path = path
        self._database = database
        self._pool: Pool[socket.socket] = Pool(self._connect, _close, _alive)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """See ``Analytics.query``."""
        texts = {name: parameter_text(value) for name, value in (parameters or {}).items()}
        return decode_rows(self._ask(Request("run", sql, texts)))

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str = "") -> None:
        """See ``Analytics.insert``."""
        if not rows:
            return
        names = ", ".join(identifier(column) for column in columns)
        settings = f" SETTINGS insert_deduplication_token = {literal(token)}" if token else ""
        head = f"INSERT INTO {identifier(table)} ({names}){settings} FORMAT JSONCompactEachRow\n"
        self._ask(Request("run", head + insert_rows(rows)))

    def command(self, sql: str) -> None:
        """See ``Analytics.command``."""
        self._ask(Request("run", sql))

    def health(self) -> Health:
        """See ``Analytics.health``."""
        return measure_health("chdb", lambda: self._ask(Request("ping"), timeout=CONNECT_TIMEOUT).decode())

    def close(self) -> None:
        """See ``Analytics.close``."""
        self._pool.close()

    def _ask(self, request: Request, *, timeout: float = ANSWER_TIMEOUT) -> bytes:
        with self._pool.lease() as connection:
            return _exchange(connection, request, timeout)

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with translate_errors():
                connection.settimeout(CONNECT_TIMEOUT)
                connection.connect(self._path)
            _exchange(connection, Request("open", self._database), CONNECT_TIMEOUT)
        except BaseException:
            connection.close()
            raise
        return connection


def _exchange(connection: socket.socket, request: Request, timeout: float) -> bytes:
    with translate_errors():
        connection.settimeout(timeout)
        send_frame(connection, request)
        reply = receive_frame(connection, Reply)
    if reply is None:
        raise Unavailable(STORE, "the local engine closed the connection")
    if reply.error:
        raise refused(reply.code, reply.error)
    return reply.data


def _alive(connection: socket.socket) -> bool:
    """Say whether an idle connection is still open: one that can be read from has been closed by the server."""
    readable, _, _ = select.select([connection], [], [], 0)
    return not readable


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.close()
