"""Doing a job's records one by one: each by a command of its own under a key that follows from job and row.

The record's transaction commits first, its outcome is noted a moment later, some rows at a time. A job that was killed
between the two finds, by the keys, what its commands had answered, and notes that: nothing is done twice. So it is gone
on with by whoever began it, because a key is its actor's, and from two terminals at once for all it matters: a row is
done by one of them, and both find that answer. Rejected: the outcome in the command's own transaction, which
would put the job's tables into every command of every room; and a payment's provider is called outside of one anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from data.bulk.kinds import REFUSED, Outcome, RowKind, Target
from data.bulk.messages import NoteRows, RowDone, StopJob
from data.bulk.reads import Job, open_rows
from data.errors import Conflict, StorekeeperError, Unavailable
from data.idempotency import results_under
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.bulk.reads import BulkRowView
    from data.shop import Shop

__all__ = ["NOTED", "run_rows"]

#: Rows done before their outcomes are noted, in one command.
NOTED = 20


def run_rows(
    shop: Shop, job: Job, kind: RowKind, *, report: ReportProgress | None, cancelled: Callable[[], bool]
) -> None:
    """Do every row of ``job`` that has no outcome yet; ``cancelled`` is asked before each.

    Raises ``Conflict`` where somebody else began the job, ``Denied``, ``Unavailable``.
    """
    if job.actor_id != shop.actor.user_id:
        raise Conflict(f"The job {job.title} was begun by {job.actor_email}, who can go on with it.")
    done, stopped = job.done, False
    while not stopped and (rows := open_rows(shop.stores.postgres, job.job_id, NOTED)):
        before = _answers(shop, job, rows)
        made: list[RowDone] = []
        for row in rows:
            stopped = cancelled()
            if stopped:
                break
            outcome = _outcome(shop, job, kind, row, before)
            made.append(RowDone(number=row.number, outcome=outcome.outcome, message=outcome.message))
            if report is not None:
                report(Progress(done + len(made), job.total, job.title))
        if made:
            done = job.total - shop.door.run(NoteRows(job_id=job.job_id, rows=tuple(made)), shop.actor).result.left
    if stopped:
        shop.door.run(StopJob(job_id=job.job_id), shop.actor)


def _key(job: Job, row: BulkRowView) -> str:
    return f"bulk:{job.job_id}:row:{row.number}"


def _answers(shop: Shop, job: Job, rows: list[BulkRowView]) -> dict[str, Any]:
    """Return, by key, what commands answered that were run for these rows before their outcome could be noted."""
    with shop.stores.postgres.reading() as connection:
        return results_under(connection, shop.actor.user_id, [_key(job, row) for row in rows])


def _outcome(shop: Shop, job: Job, kind: RowKind, row: BulkRowView, before: dict[str, Any]) -> Outcome:
    target, key = Target(row.target_id, row.label, row.data), _key(job, row)
    try:
        return kind.carry_out(shop, job.arguments, target, key=key, before=before.get(key))
    except Unavailable:
        raise
    except StorekeeperError as refused:
        return Outcome(REFUSED, str(refused))
