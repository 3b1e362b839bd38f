"""Connections on which every statement is its own transaction, for the commands that are one statement.

A pool of few lines, because it stands in the way of every placement: SQLAlchemy's, made for what it does not know of
its connections, costs a third of the processor time that placing an order takes on this side. What it promises is the
same: so many at most, whoever finds all busy waits a little, one that the server closed while it lay here is found by
looking at its socket, and one that broke or was left in the middle of a statement is not handed out again.
"""

from __future__ import annotations

import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import pq

__all__ = ["AutocommitPool", "Line"]


class Line:
    """One connection. ``prepared`` holds the names of the statements it knows already."""

    __slots__ = ("_ears", "driver", "home", "prepared")

    def __init__(self, driver: psycopg.Connection[Any], home: deque[Line]) -> None:
        self.driver = driver
        self.home = home
        self.prepared: set[str] = set()
        self._ears = select.poll()
        self._ears.register(driver.fileno(), select.POLLIN)

    @property
    def is_over(self) -> bool:
        """Whether the last statement is over and its answer read."""
        return self.driver.pgconn.transaction_status == pq.TransactionStatus.IDLE

    @property
    def is_quiet(self) -> bool:
        """Whether the server has said nothing since: an idle server speaks only to say good-bye."""
        return not self._ears.poll(0)


class AutocommitPool:
    """At most ``most`` connections, of which ``kept`` stay open when nobody uses them; those used last go out first.

    ``taken`` is how many are in use now.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], kept: int, most: int, patience: float) -> None:
        self._connect = connect
        self._kept, self._most, self._patience = kept, most, patience
        self._idle: deque[Line] = deque()
        self._change = threading.Condition()
        self.taken = 0

    def take(self) -> Line | None:
        """Return a connection, for ``give_back``; ``None`` where all were busy for ``patience`` seconds.

        Raises psycopg's errors where a new one cannot be had.
        """
        with self._change:
            if self.taken >= self._most and not self._change.wait_for(self._has_room, self._patience):
                return None
            self.taken += 1
        try:
            while (line := self._last_used()) is not None:
                if line.is_quiet:
                    return line
                line.driver.close()
            driver = self._connect()
            driver.autocommit = True
            return Line(driver, self._idle)
        except BaseException:
            self._leave()
            raise

    def give_back(self, line: Line) -> None:
        """Keep the connection for the next one, or close it where nobody can use it."""
        if line.home is self._idle and len(self._idle) < self._kept and line.is_over:
            line.home.append(line)
        else:
            line.driver.close()
        self._leave()

    def close(self) -> None:
        """Close the idle connections now, and the others when they come back."""
        idle, self._idle = self._idle, deque()
        for line in idle:
            line.driver.close()

    def _has_room(self) -> bool:
        return self.taken < self._most

    def _last_used(self) -> Line | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _leave(self) -> None:
        with self._change:
            self.taken -= 1
            self._change.notify()
