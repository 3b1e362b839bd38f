"""Dead letters as the relay and the door write them: events given up, until a person has dealt with them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from data.events.outbox import MAX_REASON

__all__ = ["bury", "open_letters"]

# The feed of products has no outbox row, so its letters draw an id from the outbox's own sequence.
_BURY = text(
    """
    WITH letter(topic, key, kind) AS (VALUES (CAST(:topic AS text), CAST(:key AS text), CAST(:kind AS text)))
    INSERT INTO dead_letters (event_id, topic, key, kind, payload, created_at, attempts, reason)
    SELECT nextval(pg_get_serial_sequence('outbox', 'event_id')), topic, key, kind, '{}', now(), :attempts, :reason
    FROM letter
    WHERE NOT EXISTS (
        SELECT 1 FROM dead_letters AS d
        WHERE d.topic = letter.topic AND d.key = letter.key AND d.kind = letter.kind AND d.resolved_at IS NULL
    )
    """
)
_OPEN = text(
    "SELECT event_id, topic, key, kind, payload FROM dead_letters WHERE event_id = ANY(:ids)"
    " AND resolved_at IS NULL ORDER BY event_id FOR UPDATE"
)


def bury(connection: Connection, topic: str, key: str, kind: str, reason: str, *, attempts: int = 1) -> None:
    """Add a dead letter for something that is no row of the outbox, unless an open one says it already."""
    values = {"topic": topic, "key": key, "kind": kind, "attempts": attempts, "reason": reason[:MAX_REASON]}
    connection.execute(_BURY, values)


def open_letters(connection: Connection, event_ids: tuple[int, ...]) -> list[Any]:
    """Lock and return the open letters of ``event_ids``: (event_id, topic, key, kind, payload)."""
    return list(connection.execute(_OPEN, {"ids": list(event_ids)}))
