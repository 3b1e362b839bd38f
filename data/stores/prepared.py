"""One prepared statement, asked by the shortest way there is: for the hottest statement of the program, and only that.

psycopg's cursor looks at every argument's type, plans its own preparing and builds a result object; with forty
arguments that takes five times as long as sending them. Here the arguments are text or ``None``, the server knows their
types, and the answer is one row of text. Waiting is left to the connection, so a silent server is noticed as always.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from psycopg import generators, pq
from psycopg.errors import error_from_result

if TYPE_CHECKING:
    import psycopg

    from data.stores.autocommit import Line

__all__ = ["Prepared"]


class Prepared:
    """A statement with ``$1`` … parameters, prepared on each connection when it first runs there.

    ``name`` is the statement's on the server: one name, one text.
    """

    def __init__(self, name: str, statement: str) -> None:
        self._name = name
        self._sent_name = name.encode()
        self._statement = statement.encode()

    def one(self, line: Line, arguments: Sequence[str | None]) -> tuple[str | None, ...]:
        """Run the statement and return the columns of its one row as PostgreSQL writes them in text.

        Raises psycopg's errors, for ``Postgres.autocommit`` around it to translate.
        """
        driver = line.driver
        pgconn = driver.pgconn
        if self._name not in line.prepared:
            pgconn.send_prepare(self._sent_name, self._statement)
            _wait(driver, pq.ExecStatus.COMMAND_OK)
            line.prepared.add(self._name)
        pgconn.send_query_prepared(self._sent_name, [None if value is None else value.encode() for value in arguments])
        result = _wait(driver, pq.ExecStatus.TUPLES_OK)
        return tuple([_text(result.get_value(0, column)) for column in range(result.nfields)])


def _wait(driver: psycopg.Connection[Any], wanted: pq.ExecStatus) -> pq.abc.PGresult:
    with driver.lock:
        results: list[pq.abc.PGresult] = driver.wait(generators.execute(driver.pgconn))
    result = results[-1]
    if result.status != wanted:
        raise error_from_result(result)
    return result


def _text(value: bytes | None) -> str | None:
    return None if value is None else bytes(value).decode()
