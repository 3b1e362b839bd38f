"""How many rows a query would give, as the planner guesses: a count would read them all (peers freeze on it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

__all__ = ["estimate_rows"]


def estimate_rows(connection: Connection, sql: str, values: Mapping[str, Any]) -> int:
    """Return the planner's guess for ``sql``, a SELECT of this program with ``:name`` parameters. Nothing is run."""
    plan = connection.execute(text(f"EXPLAIN (FORMAT JSON) {sql}"), dict(values)).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])
