"""What the screens of bulk jobs ask of the data rooms. Every function runs in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from data.bulk.messages import TargetInput
    from data.bulk.reads import Job
    from data.bulk.runs import DryRun
    from data.shop import Shop
    from data.types import Page, Progress

#: Where the records of a job come from, by the noun of its kind.
_TARGETS = {"products": "data.catalog.bulk_targets", "orders": "data.orders.bulk.targets"}

Report = Callable[["Progress"], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Wanted:
    """A job to make: its kind and arguments, and which records: those with ``ids``, else all that ``line`` finds.

    ``ids`` are what the list's rows are known by: ids of products, numbers of orders. ``found`` is how many ``line``
    finds, 0 where the list does not know.
    """

    kind: str
    arguments: dict[str, Any]
    key: str
    ids: tuple[str, ...] = ()
    line: str = ""
    found: int = 0
    #: records that bring their own values, in place of ids and line
    targets: tuple[TargetInput, ...] = ()

    @property
    def total(self) -> int:
        """How many records there are about, 0 where nobody knows."""
        return len(self.targets) or len(self.ids) or self.found


@dataclass(frozen=True)
class Tried:
    """A job and what it would do."""

    job: Job
    told: DryRun


def make_and_try(shop: Shop, wanted: Wanted, report: Report, cancelled: Cancelled) -> Tried | None:
    """Make the job and say what it would do; nothing is changed. ``None`` where it was stopped while it was made.

    Called again with the same ``wanted`` it goes on with the same job.
    """
    from data.bulk.runs import make_job

    room = import_module(_TARGETS[wanted.kind.partition(".")[0]])
    targets: Iterable[TargetInput] = wanted.targets or (
        room.marked(shop, wanted.ids) if wanted.ids else room.of_line(shop, wanted.line)
    )
    arguments = wanted.kind, wanted.arguments, targets
    job = make_job(shop, *arguments, key=wanted.key, total=wanted.total, report=report, cancelled=cancelled)
    return None if cancelled() else try_job(shop, job.job_id, report, cancelled)


def try_job(shop: Shop, job_id: UUID, report: Report, cancelled: Cancelled) -> Tried:
    """Say what the job would do to its rows now."""
    from data.bulk.reads import get_job
    from data.bulk.runs import dry_run

    told = dry_run(shop, job_id, report=report, cancelled=cancelled)
    return Tried(get_job(shop.stores.postgres, job_id), told)


def run_job(shop: Shop, job_id: UUID, report: Report, cancelled: Cancelled) -> Job:
    """Do what is not done yet."""
    from data.bulk import runs

    return runs.run_job(shop, job_id, report=report, cancelled=cancelled)


def back_job(shop: Shop, job_id: UUID, report: Report, cancelled: Cancelled) -> Tried:
    """Make the job that takes ``job_id`` back, and say what it would do."""
    from data.catalog.bulk_back import taking_back

    return try_job(shop, taking_back(shop, job_id, key=f"back:{job_id}").job_id, report, cancelled)


def read_job(shop: Shop, job_id: UUID) -> Job:
    """Return the job as it is now."""
    from data.bulk.reads import get_job

    return get_job(shop.stores.postgres, job_id)


def row_source(shop: Shop, job_id: UUID, outcome: str) -> Any:
    """Return the page source of a job's rows, all or of one outcome."""
    from data.bulk.reads import list_rows

    def fetch(*, after: str | None, before: str | None, limit: int) -> Page[Any]:
        return list_rows(shop.stores.postgres, job_id, outcome=outcome, after=after, before=before, limit=limit)

    return fetch


def job_source(shop: Shop) -> Any:
    """Return the page source of one's jobs, newest first."""
    from data.bulk.reads import list_jobs

    def fetch(*, after: str | None, before: str | None, limit: int) -> Page[Any]:
        return list_jobs(shop.stores.postgres, shop.actor.user_id, after=after, limit=limit)

    return fetch
