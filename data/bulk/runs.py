"""Making, trying and running a job from outside: what a screen and a verb call, in a thread.

A job's records may come from anywhere and be many: they are read as a stream and added by the thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from data.batches import batches
from data.bulk.by_row import run_rows
from data.bulk.kinds import CHANGED, REFUSED, UNCHANGED, RowKind, Target, kind_called
from data.bulk.messages import AddTargets, OpenJob, RunBatch, StopJob, TargetInput
from data.bulk.reads import Job, first_open, get_job, list_rows
from data.ids import new_id
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["BATCH", "DryRun", "dry_run", "make_job", "run_job"]

#: Rows done in one command: enough that a round trip does not count, few enough that Esc is quick.
BATCH = 200
_ADDED = 1_000
_EXAMPLES = 30
_REASONS = 8

Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class DryRun:
    """What a job would do, in rows; ``examples`` are (record, what would change), ``reasons`` (why refused, rows).

    ``first`` is the first record of each reason, in their order.
    ``partial`` says that it was cancelled before the last row; ``done`` what a record would be after it.
    """

    total: int
    changed: int
    unchanged: int
    refused: int
    examples: tuple[tuple[str, str], ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()
    first: tuple[str, ...] = ()
    partial: bool = False
    done: str = "changed"

    @property
    def sentence(self) -> str:
        """``38 of 41 can be shipped; 3 cannot: 2 not paid, 1 cancelled.``"""
        told = f"{self.changed:,} of {self.total:,} can be {self.done}"
        if self.unchanged:
            told += f"; {self.unchanged:,} {'is' if self.unchanged == 1 else 'are'} so already"
        if self.refused:
            listed = ", ".join(f"{rows:,} {reason}" for reason, rows in self.reasons)
            told += f"; {self.refused:,} cannot: {listed}"
        return f"{told}."


def make_job(
    shop: Shop,
    kind: str,
    arguments: dict[str, Any],
    targets: Iterable[TargetInput],
    *,
    key: str | None = None,
    total: int = 0,
    report: ReportProgress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Job:
    """Begin a job over ``targets`` and return it; nothing is changed yet.

    ``total`` is about how many there are, for ``report``; 0 where nobody knows. ``key`` names the intention: called
    again with it, the same job is filled up. Raises ``NotFound``, ``Denied``, ``Invalid``, ``Unavailable``, and what
    reading ``targets`` raises.
    """
    key = key or str(new_id())
    opened = shop.door.run(OpenJob(kind=kind, arguments=arguments), shop.actor, key=f"{key}:open").result
    first = 0
    for part in batches(targets, _ADDED):
        if cancelled():
            break
        command = AddTargets(job_id=opened.job_id, first=first, targets=tuple(part))
        first = shop.door.run(command, shop.actor, key=f"{key}:add:{first}").result.total
        if report is not None:
            report(Progress(first, max(first, total) if total else 0, "collecting"))
    return get_job(shop.stores.postgres, opened.job_id)


def dry_run(
    shop: Shop, job_id: UUID, *, report: ReportProgress | None = None, cancelled: Cancelled = lambda: False
) -> DryRun:
    """Say what the job would do to its rows now, without writing anything."""
    job = get_job(shop.stores.postgres, job_id)
    kind = kind_called(job.kind)
    made: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    first: dict[str, str] = {}
    examples: list[tuple[str, str]] = []
    seen, after = 0, None
    while not cancelled():
        page = list_rows(shop.stores.postgres, job_id, after=after, limit=500)
        targets = [Target(row.target_id, row.label, row.data) for row in page.rows]
        for target, outcome in zip(targets, kind.preview(shop.stores, job.arguments, targets), strict=True):
            made[outcome.outcome] += 1
            if outcome.outcome == REFUSED:
                why = outcome.reason or outcome.message
                reasons[why] += 1
                first.setdefault(why, target.label)
            elif outcome.outcome == CHANGED and len(examples) < _EXAMPLES:
                examples.append((target.label, outcome.message))
        seen, after = seen + len(targets), page.after
        if report is not None:
            report(Progress(seen, job.total, "trying"))
        if after is None:
            break
    counts = made[CHANGED], made[UNCHANGED], made[REFUSED]
    common = tuple(reasons.most_common(_REASONS))
    told = tuple(examples), common, tuple(first[why] for why, _ in common)
    return DryRun(job.total, *counts, *told, partial=seen < job.total, done=kind.done)


def run_job(
    shop: Shop, job_id: UUID, *, report: ReportProgress | None = None, cancelled: Cancelled = lambda: False
) -> Job:
    """Do every row of the job that is not done yet; return the job as it is then.

    ``cancelled`` is asked between batches: the job is then ``stopped``, and running it again goes on. So it does after
    a crash or an ``Unavailable``, which leave whole batches done. Raises ``NotFound``, ``Denied``, ``Unavailable``.
    """
    job = get_job(shop.stores.postgres, job_id)
    kind = kind_called(job.kind)
    if isinstance(kind, RowKind):
        run_rows(shop, job, kind, report=report, cancelled=cancelled)
        return get_job(shop.stores.postgres, job_id)
    done = job.done
    while (first := first_open(shop.stores.postgres, job_id)) is not None:
        if cancelled():
            shop.door.run(StopJob(job_id=job_id), shop.actor)
            break
        command = RunBatch(job_id=job_id, first=first, count=BATCH)
        batch = shop.door.run(command, shop.actor, key=f"bulk:{job_id}:{first}").result
        done = job.total - batch.left
        if report is not None:
            report(Progress(done, job.total, job.title))
    return get_job(shop.stores.postgres, job_id)
