"""The handlers of bulk jobs: begin one, add records to it, do a batch of them.

A batch is one command: the records' changes, their outcomes, the job's counts and the audit rows commit together, under
a key that follows from the job and the batch. So a job that was killed anywhere goes on with the first row that has no
outcome, and no row is ever done twice. Rejected: a position kept beside the job, which a crash can leave behind or
ahead of what was done. Records that go one by one are done by their own commands (``data.bulk.by_row``) and noted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, bindparam, func, insert, select, update

from data.bulk.kinds import CHANGED, REFUSED, UNCHANGED, Kind, Outcome, RowKind, Target, kind_called
from data.bulk.messages import AddTargets, BatchDone, JobOpened, NoteRows, OpenJob, RunBatch, StopJob, TargetsAdded
from data.bulk.schema import BulkJob, BulkRow
from data.door import UnitOfWork, handles
from data.errors import Conflict, Denied, Invalid, NotFound
from data.ids import new_id

MAX_TARGETS = 1_000
MAX_BATCH = 500
_MAX_LABEL = 255
_MAX_MESSAGE = 1_000


@handles(OpenJob)
def open_job(command: OpenJob, uow: UnitOfWork) -> JobOpened:
    """Begin a job; see ``OpenJob`` for what is raised."""
    kind = _allowed(command.kind, uow)
    arguments = kind.check(command.arguments)
    job_id, title = new_id(), kind.title(arguments)[:_MAX_LABEL]
    uow.connection.execute(
        insert(BulkJob).values(
            job_id=job_id,
            kind=command.kind,
            title=title,
            arguments=arguments,
            actor_id=uow.actor.user_id,
            actor_email=uow.actor.email,
            created_at=uow.now,
            updated_at=uow.now,
        )
    )
    uow.record("bulk", job_id, None, {"kind": command.kind, "arguments": arguments})
    return JobOpened(job_id=job_id, title=title)


@handles(AddTargets)
def add_targets(command: AddTargets, uow: UnitOfWork) -> TargetsAdded:
    """Add records to a job that has not begun; see ``AddTargets``."""
    if len(command.targets) > MAX_TARGETS:
        raise Invalid({"targets": f"more than {MAX_TARGETS:,} at once"})
    job = _locked(command.job_id, uow)
    if job.state != "open" or job.total != command.first:
        raise Conflict(f"The job {job.title} has {job.total:,} rows and is {job.state}.", current={"total": job.total})
    rows = [
        {
            "job_id": job.job_id,
            "number": command.first + place,
            "target_id": target.target_id,
            "label": target.label[:_MAX_LABEL],
            "data": target.data,
        }
        for place, target in enumerate(command.targets)
    ]
    if rows:
        uow.connection.execute(insert(BulkRow), rows)
    total = job.total + len(rows)
    uow.connection.execute(update(BulkJob).where(BulkJob.job_id == job.job_id).values(total=total, updated_at=uow.now))
    uow.record("bulk", job.job_id, None, {"total": total})
    return TargetsAdded(total=total)


@handles(RunBatch)
def run_batch(command: RunBatch, uow: UnitOfWork) -> BatchDone:
    """Do one batch of a job; see ``RunBatch`` for what is raised."""
    if not 0 < command.count <= MAX_BATCH:
        raise Invalid({"count": f"must be between 1 and {MAX_BATCH}"})
    job = _locked(command.job_id, uow)
    kind = _allowed(job.kind, uow)
    if isinstance(kind, RowKind):
        raise Invalid({"job_id": f"{job.title} is done row by row, not by the batch"})
    table = BulkRow
    rows = uow.connection.execute(
        select(table.number, table.target_id, table.label, table.data)
        .where(
            table.job_id == job.job_id,
            table.number >= command.first,
            table.number < command.first + command.count,
            table.outcome.is_(None),
        )
        .order_by(table.number)
    ).all()
    targets = [Target(row.target_id, row.label, row.data) for row in rows]
    outcomes = kind.apply(job.arguments, targets, uow) if targets else []
    _write(job.job_id, [(row.number, *made) for row, made in zip(rows, map(_noted, outcomes), strict=True)], uow)
    return _counted(job, Counter(made.outcome for made in outcomes), uow)


def _noted(made: Outcome) -> tuple[str, str]:
    return made.outcome, made.message


def _write(job_id: UUID, rows: Sequence[tuple[int, str, str]], uow: UnitOfWork) -> None:
    """Write outcome and message of rows, by number."""
    if rows:
        uow.connection.execute(
            update(BulkRow)
            .where(BulkRow.job_id == job_id, BulkRow.number == bindparam("at"))
            .values(outcome=bindparam("what"), message=bindparam("why")),
            [{"at": number, "what": what, "why": why[:_MAX_MESSAGE] or None} for number, what, why in rows],
        )


@handles(NoteRows)
def note_rows(command: NoteRows, uow: UnitOfWork) -> BatchDone:
    """Note what became of rows; see ``NoteRows`` for what is raised."""
    if len(command.rows) > MAX_BATCH or any(row.outcome not in (CHANGED, UNCHANGED, REFUSED) for row in command.rows):
        raise Invalid({"rows": f"are at most {MAX_BATCH}, each {CHANGED}, {UNCHANGED} or {REFUSED}"})
    job = _locked(command.job_id, uow)
    _allowed(job.kind, uow)
    made = {row.number: row for row in command.rows}
    still_open = uow.connection.execute(
        select(BulkRow.number).where(
            BulkRow.job_id == job.job_id, BulkRow.number.in_(list(made)), BulkRow.outcome.is_(None)
        )
    )
    fresh = [made[number] for number in still_open.scalars()]
    _write(job.job_id, [(row.number, row.outcome, row.message) for row in fresh], uow)
    return _counted(job, Counter(row.outcome for row in fresh), uow)


@handles(StopJob)
def stop_job(command: StopJob, uow: UnitOfWork) -> TargetsAdded:
    """Note that somebody stopped the job."""
    job = _locked(command.job_id, uow)
    if job.state in ("open", "running"):
        uow.connection.execute(
            update(BulkJob).where(BulkJob.job_id == job.job_id).values(state="stopped", updated_at=uow.now)
        )
    uow.record("bulk", job.job_id, {"state": job.state}, {"state": "stopped"})
    return TargetsAdded(total=job.total)


def _counted(job: Row[tuple[BulkJob]], made: Counter[str], uow: UnitOfWork) -> BatchDone:
    """Add the batch to the job's counts; the job is done when no row is left."""
    left = uow.connection.execute(
        select(func.count()).select_from(BulkRow).where(BulkRow.job_id == job.job_id, BulkRow.outcome.is_(None))
    ).scalar_one()
    uow.connection.execute(
        update(BulkJob)
        .where(BulkJob.job_id == job.job_id)
        .values(
            state="running" if left else "done",
            changed=BulkJob.changed + made[CHANGED],
            unchanged=BulkJob.unchanged + made[UNCHANGED],
            refused=BulkJob.refused + made[REFUSED],
            updated_at=uow.now,
            finished_at=None if left else uow.now,
        )
    )
    done = BatchDone(changed=made[CHANGED], unchanged=made[UNCHANGED], refused=made[REFUSED], left=left)
    uow.record("bulk", job.job_id, None, done)
    return done


def _locked(job_id: UUID, uow: UnitOfWork) -> Row[tuple[BulkJob]]:
    """Return the job's columns, its row locked. Raises ``NotFound``."""
    table = BulkJob.__table__
    job = uow.connection.execute(select(table).where(BulkJob.job_id == job_id).with_for_update()).one_or_none()
    if job is None:
        raise NotFound("bulk job", str(job_id))
    return job


def _allowed(name: str, uow: UnitOfWork) -> Kind | RowKind:
    """Return the kind, if the actor may do what it does. Raises ``NotFound`` and ``Denied``."""
    kind = kind_called(name)
    if not uow.actor.may(kind.permission):
        raise Denied(uow.actor.email, kind.permission)
    return kind
