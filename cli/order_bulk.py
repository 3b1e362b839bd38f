"""``storekeeper orders bulk``: one thing done to many orders, those named or all that a filter finds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli.answer import Answer, plain
from cli.bulk import try_or_run
from cli.columns import shown
from cli.narration import Narrator
from cli.options import JsonCommand, with_key
from cli.order_list import asked_line, with_line
from cli.session import opened_shop, require
from cli.stopping import INTERRUPTED, asked_to_stop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data.documents.many import ManyPapers
    from data.shop import Shop

__all__ = ["VERBS"]

_ACTIONS = ("confirm", "hold", "release", "tag", "untag", "assign", "ship", "cancel", "capture", "print", "export")
_PAPERS = ("packing-slip", "pick-list", "invoice")


@click.command(cls=JsonCommand)
@click.argument("action", type=click.Choice(_ACTIONS))
@click.argument("refs", nargs=-1, metavar="[REF]…")
@with_line
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="tag, untag: which; give it for each.")
@click.option("--to", "who", default="", metavar="WHO", help="assign: a colleague's e-mail, me, or none.")
@click.option("--reason", default="", metavar="TEXT", help="hold, cancel: why.")
@click.option("--until", default="", metavar="DAY", help="hold: until the beginning (UTC) of this day.")
@click.option("--unpaid", is_flag=True, help="ship: also what is not paid in full.")
@click.option("--provider", default="", metavar="NAME", help="capture: how money came that was not authorised.")
@click.option("--kind", type=click.Choice(_PAPERS), default=_PAPERS[0], show_default=True, help="print: which paper.")
@click.option(
    "--file", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="print, export: where to."
)
@click.option("--columns", default="", metavar="A,B,…", help="export: which columns.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done.")
@click.option("--resume", type=click.UUID, metavar="JOB", help="Go on with a job that was stopped or cut off.")
@with_key
def bulk(
    action: str,
    refs: tuple[str, ...],
    line: str | None,
    view: str | None,
    dry_run: bool,
    resume: UUID | None,
    key: str | None,
    **given: Any,
) -> Answer:
    """Do ACTION to many orders, one after another, each with its own transaction, its own audit row, its own outcome.

    The orders are those named, or with --filter or --view all that these find now. What cannot be done to an order is
    refused by itself, with a reason, and stops no other. Ctrl-C stops; --resume JOB goes on.
    """
    if resume is not None:
        with opened_shop("bulk.run") as shop:
            return try_or_run(shop, resume, dry_run=dry_run)
    if bool(refs) == (line is not None or view is not None):
        raise click.UsageError("Name orders, or say --filter LINE or --view NAME.")
    with opened_shop("orders.view") as shop:
        text, _ = asked_line(shop, (), line, view)
        if action == "print":
            return _printed(shop, refs, text, given["kind"], given["file"])
        if action == "export":
            return _exported(shop, refs, text, given["file"], given["columns"])
        return _job(shop, action, refs, text, _arguments(shop, given), key, dry_run=dry_run)


def _arguments(shop: Shop, given: dict[str, Any]) -> dict[str, Any]:
    email = shop.actor.email if given["who"].strip().lower() == "me" else given["who"]
    named = {name: given[name] for name in ("reason", "until", "unpaid", "provider")}
    return {**named, "tags": list(given["tags"]), "email": email}


def _job(
    shop: Shop,
    action: str,
    refs: tuple[str, ...],
    line: str,
    arguments: dict[str, Any],
    key: str | None,
    *,
    dry_run: bool,
) -> Answer:
    from data.bulk.runs import make_job
    from data.orders.bulk.targets import named, of_line

    targets = named(shop, refs) if refs else of_line(shop, line)
    job = make_job(shop, f"orders.{action}", arguments, targets, key=key)
    return try_or_run(shop, job.job_id, dry_run=dry_run)


def _printed(shop: Shop, refs: tuple[str, ...], line: str, kind: str, file: Path | None) -> Answer:
    from data.documents.many import save_papers
    from data.orders.bulk.targets import named, of_line

    if file is None:
        raise click.UsageError("Say --file FILE: a .pdf, or text.")
    numbers = [target.label for target in (named(shop, refs) if refs else of_line(shop, line))]
    with Narrator() as narrate, asked_to_stop() as stop:
        made = save_papers(shop, numbers, kind, file, report=narrate, cancelled=stop.is_set)
    return Answer(plain(made), lambda: _paper_lines(made), exit_code=INTERRUPTED if made.cancelled else 0)


def _paper_lines(made: ManyPapers) -> Iterable[str]:
    yield "Stopped; nothing was kept." if made.cancelled else f"{made.made:,} orders in {shown(made.path)}"
    for number, why in made.refused:
        yield f"  not {shown(number)}: {shown(why)}"


def _exported(shop: Shop, refs: tuple[str, ...], line: str, file: Path | None, columns: str) -> Answer:
    from data.orders.bulk.targets import named
    from data.orders.exports import export_orders, parse_columns

    require(shop, "orders.export")
    numbers = tuple(target.label for target in named(shop, refs)) if refs else None
    with Narrator() as narrate, asked_to_stop() as stop:
        done = export_orders(
            shop, line, parse_columns(columns), numbers=numbers, path=file, report=narrate, cancelled=stop.is_set
        )
    code = INTERRUPTED if done.cancelled else 0
    if file is None:
        return Answer(None, exit_code=code)
    told = "Stopped; nothing was kept." if done.cancelled else f"{done.rows:,} rows in {shown(done.path)}"
    return Answer(plain(done), lambda: [told], exit_code=code)


VERBS: tuple[click.Command, ...] = (bulk,)
