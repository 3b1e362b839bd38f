"""The tables of the transactional outbox: events to deliver, events that could not be delivered, the relay's memory.

An event is a row written by the transaction that made it true, and deleted once handled, so there is no cursor that
could slip behind a late commit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnClause, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import NOW, Base, CreatedAt, Str20, Str50, Str100, UpdatedAt, column

__all__ = ["DeadLetter", "OutboxEvent", "RelayState"]


class OutboxEvent(Base):
    """One event not yet handled. ``event_id`` follows the order of writing; per key that is commit order, because the
    writer holds the row lock of what the key names.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        # The relay's poll: oldest events of one topic. No index by key: it would double what an event costs placement
        # (measured), and keys that wait are found by the index below.
        Index("idx_outbox_topic_event_id", "topic", "event_id"),
        # The keys that wait for a retry; empty on a good day, so that asking for it costs nothing.
        Index("idx_outbox_retry", "topic", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
    )

    event_id: ColumnClause[int] = column(BigInteger(), Identity(always=True), primary_key=True)
    topic: ColumnClause[Str50]
    key: ColumnClause[Str100]
    kind: ColumnClause[Str50]
    payload: ColumnClause[dict[str, Any]] = column(JSONB())
    created_at: ColumnClause[CreatedAt]
    attempts: ColumnClause[int] = column(server_default=text("0"))
    next_attempt_at: ColumnClause[datetime | None]
    last_error: ColumnClause[str | None]


class DeadLetter(Base):
    """One event that failed for good, with the reason; ``resolved_at`` and ``resolution`` say what a person did."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        # The dead letters that still need somebody: the count on the status bar and the list.
        Index("idx_dead_letters_open", "died_at", postgresql_where=text("resolved_at IS NULL")),
    )

    event_id: ColumnClause[int] = column(BigInteger(), primary_key=True, autoincrement=False)
    topic: ColumnClause[Str50]
    key: ColumnClause[Str100]
    kind: ColumnClause[Str50]
    payload: ColumnClause[dict[str, Any]] = column(JSONB())
    created_at: ColumnClause[datetime]
    attempts: ColumnClause[int]
    reason: ColumnClause[str]
    died_at: ColumnClause[datetime] = column(server_default=NOW)
    resolved_at: ColumnClause[datetime | None]
    resolution: ColumnClause[Str20 | None]


class RelayState(Base):
    """One named fact the relay keeps over restarts: a resume token, a heartbeat."""

    __tablename__ = "relay_state"

    name: ColumnClause[Str100] = column(primary_key=True)
    value: ColumnClause[dict[str, Any]] = column(JSONB())
    updated_at: ColumnClause[UpdatedAt]
