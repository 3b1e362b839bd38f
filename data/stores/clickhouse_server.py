"""A real ClickHouse server, by clickhouse-driver's native protocol."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, NetworkError, ServerException
from clickhouse_driver.util.helpers import parse_url

from data.errors import Unavailable
from data.stores.clickhouse import ANSWER_TIMEOUT, CONNECT_TIMEOUT, STORE, Pool, measure_health, refused
from data.stores.clickhouse_values import aware, identifier, plain
from data.types import Health

_UNKNOWN_DATABASE = 81
#: A connection unused for longer than this is not trusted (seconds): servers and balancers close idle ones unseen.
_IDLE_LIMIT = 60.0
_SETTINGS = {
    "server_side_params": True,
    "max_execution_time": 10,
    "session_timezone": "UTC",
    "namedtuple_as_json": False,
}


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what clickhouse-driver raises into ``Unavailable`` or ``QueryRefused``."""
    try:
        yield
    except ServerException as error:
        raise refused(error.code or 0, error.message) from error
    except (NetworkError, OSError, EOFError) as error:
        raise Unavailable(STORE, str(error) or type(error).__name__) from error
    except Error as error:
        raise Unavailable(STORE, str(error)) from error


class _Held:
    """A driver connection and when it was last used."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.used = time.monotonic()


class ServerAnalytics:
    """``Analytics`` against a server. ``url`` names ``database``, which is made when it does not exist yet."""

    def __init__(self, url: str, database: str) -> None:
        self._url = url
        self._database = database
        self._pool: Pool[_Held] = Pool(self._connect, _close, _fresh)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """See ``Analytics.query``."""
        values = {name: plain(value) for name, value in (parameters or {}).items()}
        with self._lease() as client:
            rows = client.execute(sql, values)
        return [tuple(aware(value) for value in row) for row in rows]

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str = "") -> None:
        """See ``Analytics.insert``."""
        if not rows:
            return
        names = ", ".join(identifier(column) for column in columns)
        settings = {"insert_deduplication_token": token} if token else None
        with self._lease() as client:
            client.execute(
                f"INSERT INTO {identifier(table)} ({names}) VALUES", [tuple(row) for row in rows], settings=settings
            )

    def command(self, sql: str) -> None:
        """See ``Analytics.command``."""
        with self._lease() as client:
            client.execute(sql)

    def health(self) -> Health:
        """See ``Analytics.health``."""
        return measure_health("clickhouse", lambda: str(self.query("SELECT version()")[0][0]))

    def close(self) -> None:
        """See ``Analytics.close``."""
        self._pool.close()

    @contextmanager
    def _lease(self) -> Iterator[Client]:
        with self._pool.lease() as held:
            with translate_errors():
                yield held.client
            held.used = time.monotonic()

    def _connect(self) -> _Held:
        held = _Held(_client(self._url))
        try:
            with translate_errors():
                held.client.execute("SELECT 1")
        except BaseException as error:
            _close(held)
            if getattr(error, "code", 0) != _UNKNOWN_DATABASE:
                raise
            self._create_database()
            return _Held(_client(self._url))
        return held

    def _create_database(self) -> None:
        parts = urlsplit(self._url)
        client = _client(urlunsplit(parts._replace(path="/default")))
        with translate_errors():
            client.execute(f"CREATE DATABASE IF NOT EXISTS {identifier(self._database)}")
            client.disconnect()


def _client(url: str) -> Client:
    host, options = parse_url(url)
    options["settings"] = options.get("settings", {}) | _SETTINGS
    timeouts = {"connect_timeout": CONNECT_TIMEOUT, "sync_request_timeout": CONNECT_TIMEOUT}
    return Client(host, **(timeouts | {"send_receive_timeout": ANSWER_TIMEOUT} | options))


def _fresh(held: _Held) -> bool:
    return time.monotonic() - held.used < _IDLE_LIMIT


def _close(held: _Held) -> None:
    held.client.disconnect()
