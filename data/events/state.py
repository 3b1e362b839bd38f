"""What the relay remembers over restarts: named JSON values in ``relay_state``."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, text

__all__ = ["CACHE", "amend", "load", "save", "topic"]

#: Where ``cache_repair`` counts what the caches missed and what was made good.
CACHE = "cache"

_LOAD = text("SELECT value FROM relay_state WHERE name = :name")
_SAVE = text(
    "INSERT INTO relay_state (name, value, updated_at) VALUES (:name, CAST(:value AS jsonb), clock_timestamp())"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"
)
_AMEND = text(
    "INSERT INTO relay_state (name, value, updated_at) VALUES (:name, CAST(:value AS jsonb), clock_timestamp())"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def load(connection: Connection, name: str) -> dict[str, Any]:
    """Return what is stored under ``name``, empty where nothing is."""
    value = connection.execute(_LOAD, {"name": name}).scalar_one_or_none()
    return dict(value or {})


def save(connection: Connection, name: str, value: dict[str, Any]) -> None:
    """Store ``value`` under ``name``, in the caller's transaction."""
    connection.execute(_SAVE, {"name": name, "value": msgspec.json.encode(value).decode()})


def amend(connection: Connection, name: str, value: dict[str, Any]) -> None:
    """Store ``value`` as ``save`` does, but let ``updated_at`` stand: what is told is no sign of life."""
    connection.execute(_AMEND, {"name": name, "value": msgspec.json.encode(value).decode()})


def topic(name: str) -> str:
    """Return the name under which a topic's counters are stored (``handled``, ``skipped``, ``failed`` …)."""
    return f"topic:{name}"
