"""The tables of bulk jobs: what is to be done to which records, and what became of each.

A job's rows are numbered from 0; numbers are dense, so a batch is a range of them and its idempotency key follows from
the job and the range. A row without an outcome is still to be done: that is all there is to resuming.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import Base, CreatedAt, Json, Key, Str20, Str50, Str255, UpdatedAt, column

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

    job_id: ColumnClause[Key]
    kind: ColumnClause[Str50]
    title: ColumnClause[Str255]
    arguments: ColumnClause[Json]
    actor_id: ColumnClause[UUID]
    actor_email: ColumnClause[Str255]
    state: ColumnClause[Str20] = column(server_default=text("'open'"))
    total: ColumnClause[int] = column(server_default=text("0"))
    changed: ColumnClause[int] = column(server_default=text("0"))
    unchanged: ColumnClause[int] = column(server_default=text("0"))
    refused: ColumnClause[int] = column(server_default=text("0"))
    created_at: ColumnClause[CreatedAt]
    updated_at: ColumnClause[UpdatedAt]
    finished_at: ColumnClause[datetime | None]


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

    job_id: ColumnClause[UUID] = column(ForeignKey("bulk_jobs.job_id", ondelete="CASCADE"), primary_key=True)
    number: ColumnClause[int] = column(primary_key=True, autoincrement=False)
    target_id: ColumnClause[str]
    label: ColumnClause[Str255]
    data: ColumnClause[dict[str, Any] | None] = column(JSONB(none_as_null=True))
    outcome: ColumnClause[Str20 | None]
    message: ColumnClause[str | None]
