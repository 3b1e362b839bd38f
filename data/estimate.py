"""How many rows a query would give, as the planner guesses: a count would read them all (peers freeze on it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

__all__ = ["estimate_rows"]


def estimate_rows(connection: Connection, sql: str, values: Mapping[str, Any], *, seen: int = 0) -> int:
    """Return the planner's guess for ``sql``, a SELECT of this program with ``:name`` parameters. Nothing is run.

    It is never below ``seen``, the rows that are known to be there: a planner that has not looked for a while guesses.
    """
    plan = connection.execute(text(f"EXPLAIN (FORMAT JSON) {sql}"), dict(values)).scalar_one()
    return max(int(plan[0]["Plan"]["Plan Rows"]), seen)
