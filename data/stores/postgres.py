"""PostgreSQL: a SQLAlchemy engine over psycopg 3, called from threads.

Server-side timeouts bound every statement. A connection that the server closed while it lay in the pool is found by
looking at its socket when it is taken out, which costs no round trip (``pool_pre_ping`` costs one each time).
"""

from __future__ import annotations

import select
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import event, exc
from sqlalchemy.pool import QueuePool

from data.errors import Conflict, Invalid, Unavailable
from data.stores.autocommit import AutocommitPool, Line
from data.types import Health

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Postgres", "retryable", "sqlstate", "translate_errors"]

STORE = "postgresql"
_OPTIONS = "-c statement_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=30s -c timezone=UTC"
#: what libpq is told where the URL does not say otherwise; seconds
_DEFAULTS = {
    "application_name": "storekeeper",
    "connect_timeout": "2",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
#: how long a server may say nothing before it is asked whether it lives
_SILENCE_SECONDS = 5.0
_POOL_SIZE, _POOL_OVERFLOW, _POOL_WAIT_SECONDS = 16, 32, 3.0
_ALL_BUSY = f"all {_POOL_SIZE + _POOL_OVERFLOW} connections are busy"
#: serialization failure, deadlock, lock not available: the whole transaction is worth another try
_RETRYABLE = frozenset({"40001", "40P01", "55P03"})
_IdleTooLong = psycopg.errors.IdleInTransactionSessionTimeout


class Postgres:
    """The pools of connections. ``engine`` is SQLAlchemy's; everybody else uses ``reading`` and ``writing``."""

    def __init__(self, url: str) -> None:
        self._conninfo = _conninfo(url)
        self.engine = self._engine()
        self._autocommit = AutocommitPool(self._connect, _POOL_SIZE, _POOL_SIZE + _POOL_OVERFLOW, _POOL_WAIT_SECONDS)
        self._reader = self.engine.execution_options(postgresql_readonly=True)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Hold a connection in a read-only transaction. Raises ``Unavailable`` for whatever the driver raises."""
        return _transaction(self._reader)

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Hold a connection in a transaction that commits when the block ends well, and is rolled back otherwise.

        Only the door and the events use it. Raises ``Unavailable``, ``Conflict`` or ``Invalid``; ask ``retryable``
        whether the whole transaction is worth another try.
        """
        return _transaction(self.engine)

    def autocommit(self) -> AbstractContextManager[Line]:
        """Hold a connection on which every statement is its own transaction: for a command that is one statement.

        From a pool of its own, since switching a connection to and fro costs as much as asking it. Only one-statement
        commands use it. Raises what ``writing`` raises.
        """
        return _Autocommit(self._autocommit)

    def health(self) -> Health:
        """Say which server answers. Asked over a connection of its own: a full pool is no dead server."""
        started = time.monotonic()
        try:
            with self._connect() as connection:
                found = connection.info.parameter_status("server_version") or ""
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            return Health(STORE, "PostgreSQL", "", False, (time.monotonic() - started) * 1000, _reason(error))
        return Health(STORE, "PostgreSQL", found.split(" ")[0], True, (time.monotonic() - started) * 1000)

    def close(self) -> None:
        """Close the idle connections, and the others when they come back."""
        self.engine.dispose()
        self._autocommit.close()

    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
            pool_timeout=_POOL_WAIT_SECONDS,
            pool_use_lifo=True,
            hide_parameters=True,
        )
        event.listen(engine, "checkout", _refuse_closed)
        return engine

    def _connect(self) -> psycopg.Connection[Any]:
        return _WatchfulConnection.connect(self._conninfo)


class _WatchfulConnection(psycopg.Connection[Any]):
    """Gives up on a server that went silent (stopped, hung), which no timeout of libpq covers on a unix socket.

    A statement may take long, so silence alone says nothing: after some seconds of it the server is asked whether it
    still takes connections, and only if that gets no answer either is the statement given up.
    """

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """Run psycopg's ``gen``; it is woken every 0.1 s while nothing comes from the server."""
        return super().wait(self._watched(gen), *args, **options)

    def _watched(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        heard = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    heard = time.monotonic()
                elif time.monotonic() - heard > _SILENCE_SECONDS:
                    self._require_living_server()
                    heard = time.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _require_living_server(self) -> None:
        try:
            psycopg.connect(self.info.dsn, password=self.info.password, connect_timeout=2).close()
        except psycopg.errors.ConnectionTimeout:
            self.pgconn.finish()  # what is still on its way belongs to nobody
            raise psycopg.OperationalError("the server stopped answering") from None
        except psycopg.Error:
            return  # it refused, so it lives


def _conninfo(url: str) -> str:
    """Return libpq's form of ``url`` with our timeouts added; what the URL itself says wins."""
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:  # its message quotes the URL, password included
        raise Invalid({"postgres_url": "is not a PostgreSQL URL"}) from None
    options = f"{_OPTIONS} {given.pop('options', '')}".strip()
    return make_conninfo(**{**_DEFAULTS, **given, "options": options})


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Refuse a pooled connection whose socket has something to say: an idle server speaks only to say good-bye.

    SQLAlchemy then takes another one. Costs one ``poll`` of zero milliseconds.
    """
    if not connection.closed:
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
    if connection.closed or waiting.poll(0):
        raise exc.InvalidatePoolError("the server closed the connection")


@contextmanager
def _transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    with translate_errors(), engine.begin() as connection:
        yield connection


class _Autocommit:
    """A connection of ``pool`` for a block. A class, since a generator's context costs several times as much."""

    __slots__ = ("_line", "_pool")

    def __init__(self, pool: AutocommitPool) -> None:
        self._pool = pool

    def __enter__(self) -> Line:
        with translate_errors():
            line = self._pool.take()
        if line is None:
            raise Unavailable(STORE, _ALL_BUSY)
        self._line = line
        return line

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._pool.give_back(self._line)
        if isinstance(error, psycopg.Error):
            raise _translated(error) or error from error


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn driver exceptions into ``Unavailable``, ``Conflict`` (a constraint, a lock) or ``Invalid`` (a value).

    The driver's exception stays as ``__cause__``. What remains, such as a syntax error, is a bug and passes.
    """
    try:
        yield
    except exc.TimeoutError as error:
        raise Unavailable(STORE, _ALL_BUSY) from error
    except exc.DBAPIError as error:
        raise _translated(error.orig) or error from error.orig
    except psycopg.Error as error:
        raise _translated(error) or error from error


def _translated(error: BaseException | None) -> Exception | None:
    if isinstance(error, psycopg.IntegrityError) or (isinstance(error, psycopg.Error) and error.sqlstate in _RETRYABLE):
        return Conflict(_reason(error))
    if isinstance(error, psycopg.DataError):
        return Invalid({"value": _reason(error)})
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | _IdleTooLong):
        return Unavailable(STORE, _reason(error))
    return None


def _reason(error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error) or type(error).__name__
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0] if lines else said


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's SQLSTATE at the root of ``error``, or ``None`` where the server said none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, psycopg.Error) and cause.sqlstate:
            return cause.sqlstate
        cause = cause.__cause__
    return None


def retryable(error: BaseException) -> bool:
    """Say whether the transaction that ended in ``error`` is worth another try, whole and with the same key.

    True for serialization failures, deadlocks, lock timeouts and lost connections; false for a statement timeout,
    which would only be waited for again.
    """
    state = sqlstate(error)
    if state is None:
        return isinstance(error, Unavailable) and error.store == STORE
    return state in _RETRYABLE or state.startswith(("08", "57P"))
