"""How many rows a query would give, without counting them all: a count reads every one (peers freeze on it).

``estimate_rows`` is the planner's guess. ``bounded_count`` counts, but no further than a bound and only where the plan
says that this is cheap; else it guesses, too. Rejected: a counter kept beside each list, which every write would have
to find by every filter that somebody saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from data.stores.postgres import sqlstate

__all__ = ["Approximate", "bounded_count", "estimate_rows"]

#: What the planner may say that a bounded count costs (its own units; about 20 ms of an idle machine).
_DEAREST = 40_000.0
#: What it may really take, in milliseconds.
_LONGEST_MS = 250
_CANCELLED = "57014"
_UNITS = ((1_000_000, "M"), (1_000, "k"))


@dataclass(frozen=True)
class Approximate:
    """About so many ``rows``; ``exact`` where they were counted to the last."""

    rows: int
    exact: bool

    def __str__(self) -> str:
        """``41``, ``~1.2k``, ``~3M``."""
        if self.exact:
            return f"{self.rows:,}"
        for size, letter in _UNITS:
            if self.rows >= size:
                shown = f"{self.rows / size:.1f}" if self.rows < 10 * size else f"{self.rows // size}"
                return f"~{shown.removesuffix('.0')}{letter}"
        return f"~{self.rows}"


def estimate_rows(connection: Connection, sql: str, values: Mapping[str, Any], *, seen: int = 0) -> int:
    """Return the planner's guess for ``sql``, a SELECT of this program with ``:name`` parameters. Nothing is run.

    It is never below ``seen``, the rows that are known to be there: a planner that has not looked for a while guesses.
    """
    return max(int(_plan(connection, sql, values)["Plan Rows"]), seen)


def bounded_count(
    connection: Connection, sql: str, values: Mapping[str, Any], *, guessed: str = "", most: int = 1_000
) -> Approximate:
    """Return how many rows ``sql`` (as in ``estimate_rows``) gives: counted up to ``most``, else the planner's guess.

    Beyond ``most``, and where even counting so far would read too much, the guess is all there is. It is made for
    ``guessed`` where that is given: about the same rows, asked for in a way that the planner has statistics for.
    """
    values, guessed = dict(values), guessed or sql
    limited = f"{sql} LIMIT {most + 1}"
    if _plan(connection, limited, values)["Total Cost"] > _DEAREST:
        return Approximate(estimate_rows(connection, guessed, values), exact=False)
    counted = _counted(connection, limited, values)
    if counted is not None and counted <= most:
        return Approximate(counted, exact=True)
    return Approximate(estimate_rows(connection, guessed, values, seen=counted or 0), exact=False)


def _counted(connection: Connection, sql: str, values: Mapping[str, Any]) -> int | None:
    """Return how many rows ``sql`` gives, ``None`` where that takes too long: plans can be wrong about what is rare."""
    trial = connection.begin_nested()
    try:
        connection.execute(text(f"SET LOCAL statement_timeout = {_LONGEST_MS}"))
        counted: int = connection.execute(text(f"SELECT count(*) FROM ({sql}) AS found"), dict(values)).scalar_one()
    except DBAPIError as error:
        trial.rollback()
        if sqlstate(error) != _CANCELLED:
            raise
        return None
    trial.rollback()  # which also takes the timeout back
    return counted


def _plan(connection: Connection, sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    plan: dict[str, Any] = connection.execute(text(f"EXPLAIN (FORMAT JSON) {sql}"), dict(values)).scalar_one()[0][
        "Plan"
    ]
    return plan
