"""``storekeeper bulk list|show|run|back``: jobs over many records, however they were begun."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli.answer import Answer, plain
from cli.columns import columns, shown
from cli.narration import Narrator
from cli.options import Noun, with_after, with_limit
from cli.session import opened_shop
from cli.stopping import INTERRUPTED, asked_to_stop

if TYPE_CHECKING:
    from data.bulk.reads import Job
    from data.bulk.runs import DryRun
    from data.shop import Shop

__all__ = ["command", "try_or_run"]


@click.group(cls=Noun, name="bulk")
def command() -> None:
    """Jobs over many records: list them, see their rows, go on with one, take one back."""


@command.command("list")
@with_limit
@with_after
def list_(limit: int, after: str | None) -> Answer:
    """List your jobs, newest first."""
    from data.bulk.reads import list_jobs

    with opened_shop("bulk.run") as shop:
        page = list_jobs(shop.stores.postgres, shop.actor.user_id, after=after, limit=limit)
    rows = [(str(job.job_id), job.state, f"{job.done}/{job.total}", job.refused, job.title) for job in page.rows]
    return Answer(
        {"jobs": plain(page.rows), "next": page.after},
        lambda: columns(("job", "state", "done", "refused", "what"), rows),
    )


@command.command()
@click.argument("job", type=click.UUID)
@click.option("--outcome", type=click.Choice(["changed", "unchanged", "refused"]), help="Only rows of this outcome.")
@with_limit
@with_after
def show(job: UUID, outcome: str | None, limit: int, after: str | None) -> Answer:
    """Show a job and what became of its rows."""
    from data.bulk.reads import get_job, list_rows

    with opened_shop("bulk.run") as shop:
        found = get_job(shop.stores.postgres, job)
        page = list_rows(shop.stores.postgres, job, outcome=outcome or "", after=after, limit=limit)
    rows = [(row.number, row.label, row.outcome or "to do", row.message) for row in page.rows]

    def lines() -> Iterable[str]:
        yield from _job_lines(found)
        yield from columns(("row", "record", "outcome", "what"), rows)

    return Answer({**plain(found), "rows": plain(page.rows), "next": page.after}, lines)


@command.command()
@click.argument("job", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done.")
def run(job: UUID, dry_run: bool) -> Answer:
    """Do the rows of a job that are not done yet: after Ctrl-C, a crash or a store that was away."""
    with opened_shop("bulk.run") as shop:
        return try_or_run(shop, job, dry_run=dry_run)


@command.command()
@click.argument("job", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done.")
def back(job: UUID, dry_run: bool) -> Answer:
    """Take a job back: every record becomes what it was, unless somebody changed the same fields since."""
    from data.catalog.bulk_back import taking_back

    with opened_shop("bulk.run") as shop:
        return try_or_run(shop, taking_back(shop, job, key=f"back:{job}").job_id, dry_run=dry_run)


def try_or_run(shop: Shop, job_id: UUID, *, dry_run: bool) -> Answer:
    """Say what the job would do, or do it; Ctrl-C stops after the batch under way (exit 130)."""
    from data.bulk import runs

    with Narrator() as narrate, asked_to_stop() as stop:
        if dry_run:
            told = runs.dry_run(shop, job_id, report=narrate, cancelled=stop.is_set)
            document: dict[str, Any] = {"job_id": str(job_id), "dry_run": True, **plain(told)}
            return Answer(document, lambda: _told_lines(job_id, told), exit_code=INTERRUPTED if told.partial else 0)
        done = runs.run_job(shop, job_id, report=narrate, cancelled=stop.is_set)
    return Answer(plain(done), lambda: _job_lines(done), exit_code=INTERRUPTED if done.state == "stopped" else 0)


def _told_lines(job_id: UUID, told: DryRun) -> Iterable[str]:
    yield shown(told.sentence)
    for label, what in told.examples:
        yield f"  {shown(label)}: {shown(what)}"
    for (reason, rows), first in zip(told.reasons, told.first, strict=True):
        yield f"  refused {rows:,}: {shown(reason)} ({'first ' if rows > 1 else ''}{shown(first)})"
    yield f"Do it: storekeeper bulk run {job_id}"


def _job_lines(job: Job) -> Iterable[str]:
    yield f"{shown(job.title)}: {job.state}, {job.done:,} of {job.total:,} rows"
    yield f"{job.changed:,} changed, {job.unchanged:,} unchanged, {job.refused:,} refused"
    if job.state != "done":
        yield f"Go on: storekeeper bulk run {job.job_id}"
    elif job.refused:
        yield f"Why refused: storekeeper bulk show {job.job_id} --outcome refused"
