"""How events are doing: the relay's status, and the dead letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from data.errors import NotFound
from data.events import state
from data.events.leader import LEADER, LEADER_HELD
from data.events.topics import CONSISTENCY, HEARTBEAT_SECONDS, PRODUCTS, TOPICS
from data.paging import decode_cursor, encode_cursor
from data.stores.postgres import Postgres
from data.structs import convert
from data.types import Page

__all__ = [
    "Consistency",
    "DeadLetterRow",
    "RelayStatus",
    "TopicStatus",
    "get_dead_letter",
    "list_dead_letters",
    "relay_status",
]

#: Waiting events are counted up to here; a longer queue is "more than".
MAX_DEPTH = 10_000

_LISTING = "dead_letters:-died_at"
_COLUMNS = (
    "event_id, topic, key, kind, payload, created_at, attempts, reason, died_at, resolved_at, coalesce(resolution, '')"
)
# Newest first; the tuple comparison is the keyset.
_OLDER = text(
    f"SELECT {_COLUMNS} FROM dead_letters WHERE (:resolved OR resolved_at IS NULL)"
    " AND (CAST(:died_at AS timestamptz) IS NULL OR (died_at, event_id) < (:died_at, :event_id))"
    " ORDER BY died_at DESC, event_id DESC LIMIT :limit"
)
_NEWER = text(
    f"SELECT {_COLUMNS} FROM dead_letters WHERE (:resolved OR resolved_at IS NULL)"
    " AND (CAST(:died_at AS timestamptz) IS NULL OR (died_at, event_id) > (:died_at, :event_id))"
    " ORDER BY died_at, event_id LIMIT :limit"
)
_ONE = text(f"SELECT {_COLUMNS} FROM dead_letters WHERE event_id = :event_id")

_LEADER = text(f"SELECT {LEADER_HELD}")
_QUEUE = text(
    """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - (
               SELECT created_at FROM outbox WHERE topic = :topic ORDER BY event_id LIMIT 1)), 0)::float8,
           (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE topic = :topic LIMIT :bound) AS bounded)
    """
)
_LETTERS = text("SELECT count(*) FROM (SELECT 1 FROM dead_letters WHERE resolved_at IS NULL LIMIT :bound) AS bounded")
_SILENCE = text("SELECT extract(epoch FROM clock_timestamp() - updated_at)::float8 FROM relay_state WHERE name = :name")


@dataclass(frozen=True)
class TopicStatus:
    """One topic, or the products' change stream (``products``).

    ``lag_seconds`` is the age of the oldest event that waits; for ``products`` how far the feed's place was behind the
    last write when it was noted, or how long nothing was noted beyond the idle interval. ``depth`` events wait, counted
    up to ``MAX_DEPTH``; for ``products`` it is not known, 0.
    ``handled`` were delivered in all, ``skipped`` of them changed nothing (delivered before, or folded into a later
    one), ``failed`` tries went wrong.
    """

    topic: str
    lag_seconds: float
    depth: int
    handled: int
    skipped: int
    failed: int
    last_error: str
    last_error_at: datetime | None


@dataclass(frozen=True)
class RelayStatus:
    """How the relay is doing. ``leader`` is ``host:pid`` of the one that works, ``""`` where none does.

    ``lag_seconds`` is the largest of the topics. ``cache_behind``: the caches missed a change while Redis was away and
    are not repaired yet. ``differences`` is what the last comparison of all revisions found, ``None`` before the first.
    ``consistency`` is what the leader's last sample of versions found (``consistency``), ``None`` before the first.
    """

    running: bool
    leader: str
    lag_seconds: float
    topics: tuple[TopicStatus, ...]
    dead_letters: int
    cache_behind: bool
    differences: int | None
    reconciled_at: datetime | None
    consistency: Consistency | None = None

    @property
    def last_error(self) -> str:
        """The newest error of any topic, ``""`` where there was none."""
        failed = [topic for topic in self.topics if topic.last_error_at]
        return max(failed, key=lambda topic: topic.last_error_at or _NEVER).last_error if failed else ""


@dataclass(frozen=True)
class Consistency:
    """The leader's last sample: of ``sampled`` products ``wrong`` had other versions in search or cache than MongoDB.

    ``cached`` of them were in the cache at all. ``at`` is when it was drawn.
    """

    sampled: int
    wrong: int
    cached: int
    at: datetime


_NEVER = datetime.min.replace(tzinfo=UTC)


def relay_status(postgres: Postgres) -> RelayStatus:
    """Return how the relay is doing, from PostgreSQL alone and in bounded time. Raises ``Unavailable``."""
    with postgres.reading() as connection:
        running = bool(connection.execute(_LEADER).scalar_one())
        leader = state.load(connection, LEADER) if running else {}
        products = state.load(connection, PRODUCTS)
        caches = state.load(connection, state.CACHE)
        sampled = state.load(connection, CONSISTENCY)
        # The outbox topic of the same name only carries replays; the feed stands for both.
        topics = [_topic(connection, topic) for topic in TOPICS if topic != PRODUCTS]
        topics.append(_feed(connection, products))
        letters = int(connection.execute(_LETTERS, {"bound": MAX_DEPTH}).scalar_one())
    return RelayStatus(
        running,
        f"{leader.get('host', '')}:{leader.get('pid', '')}" if leader else "",
        max(topic.lag_seconds for topic in topics),
        tuple(topics),
        letters,
        caches.get("missed", 0) != caches.get("repaired", 0),
        products.get("differences"),
        _instant(products.get("reconciled_at")),
        convert(sampled, Consistency) if sampled else None,
    )


def _topic(connection: Connection, topic: str) -> TopicStatus:
    lag, depth = connection.execute(_QUEUE, {"topic": topic, "bound": MAX_DEPTH}).one()
    return _counted(topic, lag, depth, state.load(connection, state.topic(topic)))


def _feed(connection: Connection, counters: dict[str, Any]) -> TopicStatus:
    silence = connection.execute(_SILENCE, {"name": PRODUCTS}).scalar_one_or_none() or 0.0
    _, replays = connection.execute(_QUEUE, {"topic": PRODUCTS, "bound": MAX_DEPTH}).one()
    lag = max(silence - 2 * HEARTBEAT_SECONDS, counters.get("behind", 0))
    return _counted(PRODUCTS, lag, replays, counters)


def _counted(topic: str, lag: float, depth: int, counters: dict[str, Any]) -> TopicStatus:
    return TopicStatus(
        topic,
        round(max(0.0, lag), 3),
        depth,
        counters.get("handled", 0),
        counters.get("skipped", 0),
        counters.get("failed", 0),
        counters.get("last_error", ""),
        _instant(counters.get("last_error_at")),
    )


def _instant(text_: str | None) -> datetime | None:
    return datetime.fromisoformat(text_) if text_ else None


@dataclass(frozen=True)
class DeadLetterRow:
    """One event that was given up. ``resolution`` is ``""`` while it is open, then ``replayed`` or ``discarded``."""

    event_id: int
    topic: str
    key: str
    kind: str
    payload: dict[str, Any]
    created_at: datetime
    attempts: int
    reason: str
    died_at: datetime
    resolved_at: datetime | None
    resolution: str


def get_dead_letter(postgres: Postgres, event_id: int) -> DeadLetterRow:
    """Return one dead letter, open or dealt with. Raises ``NotFound``."""
    with postgres.reading() as connection:
        found = connection.execute(_ONE, {"event_id": event_id}).one_or_none()
    if found is None:
        raise NotFound("dead letter", str(event_id))
    return DeadLetterRow(*found)


def list_dead_letters(
    postgres: Postgres,
    *,
    resolved: bool = False,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[DeadLetterRow]:
    """Return a page of dead letters, newest first; with ``resolved`` also those that were dealt with.

    ``before=""`` asks for the last page. Raises ``Invalid`` for a cursor of another list.
    """
    backwards = before is not None
    cursor = before if backwards else after
    died_at, event_id = decode_cursor(_LISTING, cursor) if cursor else (None, 0)
    values = {"resolved": resolved, "died_at": died_at, "event_id": event_id, "limit": limit + 1}
    with postgres.reading() as connection:
        found = [DeadLetterRow(*row) for row in connection.execute(_NEWER if backwards else _OLDER, values)]
    more, rows = len(found) > limit, found[:limit]
    if backwards:
        rows.reverse()
    has_after = bool(cursor) if backwards else more
    has_before = more if backwards else bool(cursor)
    return Page(
        tuple(rows),
        after=_cursor(rows[-1]) if rows and has_after else None,
        before=_cursor(rows[0]) if rows and has_before else None,
    )


def _cursor(row: DeadLetterRow) -> str:
    return encode_cursor(_LISTING, row.died_at, row.event_id)
