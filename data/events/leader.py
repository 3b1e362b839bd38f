"""One relay at a time: leadership is a session-level advisory lock in PostgreSQL.

It ends with the session, so a killed relay holds nothing up, and no lease has to be renewed or waited out. For the
moment in which an old leader has not yet noticed that its session is gone, two may work side by side: every effect is
versioned and events are deleted by id, so that costs double work and nothing else.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from data.events import state
from data.search.layout import LAYOUT
from data.stores.postgres import Postgres, translate_errors

__all__ = ["LEADER", "LEADER_HELD", "Leadership", "leadership", "outdated_leader"]

#: Class and number of the advisory lock ("STKP", relay): the pair is this program's in the whole database.
_LOCK = {"space": 0x53544B50, "number": 1}
#: Where the leader introduces itself in ``relay_state``.
LEADER = "leader"

_TRY = text("SELECT pg_try_advisory_lock(:space, :number)")
_FREE = text("SELECT pg_advisory_unlock(:space, :number)")
#: Whether some session holds the lock in this database; needs no right on anything.
LEADER_HELD = (
    "EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    f" AND classid = {_LOCK['space']} AND objid = {_LOCK['number']}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


class Leadership:
    """The lock, held by one connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def confirm(self) -> None:
        """Ask the session whether it still lives. Raises ``Unavailable`` when the lock is lost with it."""
        with translate_errors():
            self._connection.execute(text("SELECT 1"))


@contextmanager
def leadership(postgres: Postgres) -> Iterator[Leadership | None]:
    """Hold the relay's lock; gives ``None`` at once where another process holds it. Raises ``Unavailable``."""
    with translate_errors():
        connection = postgres.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with translate_errors():
            held = bool(connection.execute(_TRY, _LOCK).scalar_one())
            if held:
                state.save(connection, LEADER, _introduction())
        if not held:
            yield None
            return
        try:
            yield Leadership(connection)
        finally:
            _free(connection)
    finally:
        connection.close()


def outdated_leader(postgres: Postgres) -> int | None:
    """Return the process id of a leader on this machine that writes an older index than this program reads.

    It was started before the program was updated, and would never build the index that this program looks for. ``None``
    where the last leader was as new as we are. Raises ``Unavailable``.
    """
    with postgres.reading() as connection:
        leader = state.load(connection, LEADER)
    outdated = leader.get("host") == socket.gethostname() and leader.get("layout", 0) < LAYOUT
    return int(leader["pid"]) if outdated else None


def _introduction() -> dict[str, str | int]:
    since = datetime.now(UTC).isoformat()
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "layout": LAYOUT}


def _free(connection: Connection) -> None:
    """Give the lock back; a connection that cannot say so is thrown away, and the lock goes with it."""
    try:
        connection.execute(_FREE, _LOCK)
    except SQLAlchemyError:
        with suppress(SQLAlchemyError):
            connection.invalidate()
