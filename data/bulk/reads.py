"""Reads of bulk jobs: one, all of somebody's, the rows of one. Keyset pages, no counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from data.bulk.schema import BulkJob, BulkRow
from data.errors import NotFound
from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["BulkRowView", "Job", "first_open", "get_job", "list_jobs", "list_rows", "open_rows"]

_ROWS = "bulk:number"
_JOBS = "bulk:created"


@dataclass(frozen=True)
class Job:
    """One job. Counts are in rows; ``state`` is ``open``, ``running``, ``stopped`` or ``done``."""

    job_id: UUID
    kind: str
    title: str
    arguments: dict[str, Any]
    actor_id: UUID
    actor_email: str
    state: str
    total: int
    changed: int
    unchanged: int
    refused: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None

    @property
    def done(self) -> int:
        """How many rows have an outcome."""
        return self.changed + self.unchanged + self.refused


@dataclass(frozen=True)
class BulkRowView:
    """One row of a job; ``outcome`` is ``None`` while it is to be done."""

    number: int
    target_id: str
    label: str
    outcome: str | None
    message: str
    data: dict[str, Any] | None


def get_job(postgres: Postgres, job_id: UUID) -> Job:
    """Return the job. Raises ``NotFound``."""
    with postgres.reading() as connection:
        row = connection.execute(select(BulkJob.__table__).where(BulkJob.job_id == job_id)).one_or_none()
    if row is None:
        raise NotFound("bulk job", str(job_id))
    return Job(**row._mapping)


def list_jobs(postgres: Postgres, actor_id: UUID, *, after: str | None = None, limit: int = 50) -> Page[Job]:
    """Return somebody's jobs, newest first."""
    query = select(BulkJob.__table__).where(BulkJob.actor_id == actor_id)
    if after:
        (edge,) = decode_cursor(_JOBS, after)
        query = query.where(BulkJob.job_id < UUID(edge))
    with postgres.reading() as connection:  # ids are made in the order of time
        rows = connection.execute(query.order_by(BulkJob.job_id.desc()).limit(limit + 1)).all()
    jobs = tuple(Job(**row._mapping) for row in rows[:limit])
    return Page(jobs, after=encode_cursor(_JOBS, str(jobs[-1].job_id)) if len(rows) > limit else None)


def list_rows(
    postgres: Postgres,
    job_id: UUID,
    *,
    outcome: str = "",
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[BulkRowView]:
    """Return a page of a job's rows by number, optionally of one outcome. ``before=""`` is the last page."""
    backward = before is not None
    edge = decode_cursor(_ROWS, before or after or "") if before or after else ()
    number = BulkRow.number
    query = select(number, BulkRow.target_id, BulkRow.label, BulkRow.outcome, BulkRow.message, BulkRow.data).where(
        BulkRow.job_id == job_id
    )
    if outcome:
        query = query.where(BulkRow.outcome == outcome)
    if edge:
        query = query.where(number < edge[0] if backward else number > edge[0])
    with postgres.reading() as connection:
        found = connection.execute(query.order_by(number.desc() if backward else number).limit(limit + 1)).all()
    more, found = len(found) > limit, found[:limit]
    rows = [BulkRowView(r.number, r.target_id, r.label, r.outcome, r.message or "", r.data) for r in found]
    if backward:
        rows.reverse()
    follows, precedes = (bool(edge), more) if backward else (more, bool(edge))
    return Page(
        tuple(rows),
        after=encode_cursor(_ROWS, rows[-1].number) if rows and follows else None,
        before=encode_cursor(_ROWS, rows[0].number) if rows and precedes else None,
    )


def first_open(postgres: Postgres, job_id: UUID) -> int | None:
    """Return the number of the first row without an outcome, ``None`` where there is none."""
    query = select(BulkRow.number).where(BulkRow.job_id == job_id, BulkRow.outcome.is_(None))
    with postgres.reading() as connection:
        return connection.execute(query.order_by(BulkRow.number).limit(1)).scalar_one_or_none()


def open_rows(postgres: Postgres, job_id: UUID, limit: int) -> list[BulkRowView]:
    """Return the first ``limit`` rows without an outcome, by number."""
    query = select(BulkRow.number, BulkRow.target_id, BulkRow.label, BulkRow.data).where(
        BulkRow.job_id == job_id, BulkRow.outcome.is_(None)
    )
    with postgres.reading() as connection:
        rows = connection.execute(query.order_by(BulkRow.number).limit(limit)).all()
    return [BulkRowView(row.number, row.target_id, row.label, None, "", row.data) for row in rows]
