"""The outbox as the relay sees it: read a batch, delete what is handled, put off what failed, bury what never works.

A row is gone once it is handled, so there is no cursor that a late commit could slip behind. All times are the
database's own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text

__all__ = ["MAX_ATTEMPTS", "Event", "bury_unknown", "delete_handled", "put_off", "read_batch", "send", "waiting"]

#: A failing event is tried this often before it becomes a dead letter.
MAX_ATTEMPTS = 8
#: Longest reason kept with an event or a dead letter, in characters.
MAX_REASON = 2000


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the outbox. ``attempts`` is how often its handling has failed."""

    event_id: int
    topic: str
    key: str
    kind: str
    payload: dict[str, Any]
    created_at: datetime
    attempts: int = 0


# A key that waits for its retry keeps its later events waiting too: order per key. Other keys pass.
_READ = text(
    """
    WITH waiting AS MATERIALIZED (
        SELECT DISTINCT key FROM outbox WHERE topic = :topic AND next_attempt_at > clock_timestamp()
    )
    SELECT event_id, topic, key, kind, payload, created_at, attempts FROM outbox
    WHERE topic = :topic AND key NOT IN (SELECT key FROM waiting)
    ORDER BY event_id LIMIT :limit
    """
)
_DELETE = text("DELETE FROM outbox WHERE event_id = ANY(:ids)")
_PUT_OFF = text(
    """
    UPDATE outbox SET attempts = attempts + 1, last_error = :reason,
           next_attempt_at = clock_timestamp() + make_interval(secs => :delay)
    WHERE event_id = :event_id
    """
)
# One statement, so that no kill can leave the event in both tables or in none.
_BURY = """
    WITH dead AS (DELETE FROM outbox WHERE {which} RETURNING event_id, topic, key, kind, payload, created_at, attempts)
    INSERT INTO dead_letters (event_id, topic, key, kind, payload, created_at, attempts, reason)
    SELECT event_id, topic, key, kind, payload, created_at, attempts + :failed, CAST(:reason AS text) FROM dead
    ON CONFLICT (event_id) DO NOTHING
    """
_BURY_ONE = text(_BURY.format(which="event_id = :event_id"))
_BURY_UNKNOWN = text(_BURY.format(which="topic = :topic"))
# A loose index scan: one probe per topic however long the queue is.
_TOPICS = text(
    """
    WITH RECURSIVE topics(topic) AS (
        (SELECT topic FROM outbox ORDER BY topic LIMIT 1)
        UNION ALL
        SELECT (SELECT topic FROM outbox WHERE topic > topics.topic ORDER BY topic LIMIT 1)
        FROM topics WHERE topics.topic IS NOT NULL
    )
    SELECT topic FROM topics WHERE topic IS NOT NULL
    """
)
_WAITING = text("SELECT EXISTS (SELECT 1 FROM outbox WHERE topic = ANY(:topics))")
_SEND = text(
    "INSERT INTO outbox (topic, key, kind, payload) VALUES (:topic, :key, :kind, CAST(:payload AS jsonb))"
    " RETURNING event_id"
)


def read_batch(connection: Connection, topic: str, limit: int) -> list[Event]:
    """Return the oldest events of ``topic`` that may be handled now, at most ``limit``, oldest first."""
    rows = connection.execute(_READ, {"topic": topic, "limit": limit})
    return [Event(*row) for row in rows]


def delete_handled(connection: Connection, events: Sequence[Event]) -> None:
    """Take handled events out of the outbox. One that is gone already is no error: its handling is repeatable."""
    if events:
        connection.execute(_DELETE, {"ids": [event.event_id for event in events]})


def put_off(connection: Connection, event: Event, reason: str, *, delay: float) -> bool:
    """Note that handling ``event`` failed: try again after ``delay`` seconds, or bury it after ``MAX_ATTEMPTS``.

    Return whether it became a dead letter.
    """
    values: dict[str, object] = {"event_id": event.event_id, "reason": reason[:MAX_REASON]}
    if event.attempts + 1 < MAX_ATTEMPTS:
        connection.execute(_PUT_OFF, values | {"delay": delay})
        return False
    connection.execute(_BURY_ONE, values | {"failed": 1})
    return True


def bury_unknown(connection: Connection, known: Sequence[str]) -> int:
    """Make dead letters of events whose topic nobody reads, so that they are seen; return how many."""
    buried = 0
    for (topic,) in connection.execute(_TOPICS).all():
        if topic not in known:
            values = {"topic": topic, "failed": 0, "reason": f"no handler reads the topic {topic!r}"}
            buried += connection.execute(_BURY_UNKNOWN, values).rowcount
    return buried


def waiting(connection: Connection, topics: Sequence[str]) -> bool:
    """Say whether any event of ``topics`` is still to be handled."""
    return bool(connection.execute(_WAITING, {"topics": list(topics)}).scalar_one())


def send(connection: Connection, topic: str, key: str, kind: str, payload: object) -> int:
    """Write an event from outside a command (a replay); return its id. Commands use ``UnitOfWork.emit``."""
    values = {"topic": topic, "key": key, "kind": kind, "payload": msgspec.json.encode(payload).decode()}
    return int(connection.execute(_SEND, values).scalar_one())
