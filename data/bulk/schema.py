"""The tables of bulk jobs: what is to be done to which records, and what became of each.

A job's rows are numbered from 0; numbers are dense, so a batch is a range of them and its idempotency key follows from
the job and the range. A row without an outcome is still to be done: that is all there is to resuming.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.schema_base import Base, CreatedAt, Json, Key, Str20, Str50, Str255, UpdatedAt

__all__ = ["BulkJob", "BulkRow"]


class BulkJob(Base):
    """One job: its kind (``data.bulk.kinds``), what the kind is told, whose it is, and its counts in rows."""

    __tablename__ = "bulk_jobs"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'running', 'done', 'stopped')", name="state"),
        CheckConstraint("changed + unchanged + refused <= total", name="counts"),
        # One's own jobs, newest first.
        Index("idx_bulk_jobs_actor_id", "actor_id", text("created_at DESC")),
    )

    job_id: Mapped[Key]
    kind: Mapped[Str50]
    title: Mapped[Str255]
    arguments: Mapped[Json]
    actor_id: Mapped[UUID]
    actor_email: Mapped[Str255]
    state: Mapped[Str20] = mapped_column(server_default=text("'open'"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    changed: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    refused: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    finished_at: Mapped[datetime | None]


class BulkRow(Base):
    """One record of a job: which (``target_id``, and ``label`` for people), its own ``data``, what became of it."""

    __tablename__ = "bulk_rows"
    __table_args__ = (
        CheckConstraint("outcome IN ('changed', 'unchanged', 'refused')", name="outcome"),
        # What is still to be done; empty once the job is.
        Index("idx_bulk_rows_open", "job_id", "number", postgresql_where=text("outcome IS NULL")),
        # The rows of one outcome, above all the refused ones.
        Index("idx_bulk_rows_outcome", "job_id", "outcome", "number"),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("bulk_jobs.job_id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target_id: Mapped[str]
    label: Mapped[Str255]
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    outcome: Mapped[Str20 | None]
    message: Mapped[str | None]
