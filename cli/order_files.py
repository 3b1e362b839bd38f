"""``storekeeper orders export|import``: orders out of the shop as a file or a stream, and into it from files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import shown
from cli.narration import Narrator, say
from cli.options import JsonCommand
from cli.session import opened_shop
from cli.stopping import INTERRUPTED, asked_to_stop

if TYPE_CHECKING:
    from data.orders.imports import OrderImportReport

__all__ = ["VERBS"]


@click.command("export", cls=JsonCommand)
@click.argument("words", nargs=-1)
@click.option(
    "--to", "to", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Default: standard output."
)
@click.option(
    "--format", "format_", default="", metavar="FORMAT", help="csv or jsonl; default: by FILE's name, else csv."
)
@click.option("--columns", default="", metavar="A,B,…", help="Which columns; all for every one of an order.")
def export(words: tuple[str, ...], to: Path | None, format_: str, columns: str) -> Answer:
    """Write the orders that WORDS find (a query as in the terminal), newest first.

    Where a column of lines is chosen (sku, quantity, warehouse_id …) every row is a line. Ctrl-C stops: a file is then
    not kept, a stream ends after a whole row. Without --to the rows themselves are the output, also with --json.
    """
    from data.orders.exports import export_orders, parse_columns

    names = parse_columns(columns)
    with opened_shop() as shop, asked_to_stop() as stop, Narrator() as narrate:
        done = export_orders(
            shop, " ".join(words), names, path=to, format=format_, report=narrate, cancelled=stop.is_set
        )
    code = INTERRUPTED if done.cancelled else 0
    if to is None:
        return Answer(None, exit_code=code)
    told = "Stopped; nothing was kept." if done.cancelled else f"{done.rows:,} rows in {shown(done.path)}"
    return Answer(plain(done), lambda: [told], exit_code=code)


@click.command("import", cls=JsonCommand)
@click.argument("paths", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), metavar="M.toml", help="What field becomes what.")
@click.option("--errors", "errors_path", type=click.Path(path_type=Path), metavar="FILE", help="Where refused rows go.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done.")
def import_(paths: tuple[Path, ...], mapping: Path | None, errors_path: Path | None, dry_run: bool) -> Answer:
    """Place the orders in CSV and JSONL files, or folders and zips of them.

    An order is known by its reference: a second run of the same file places nothing. Refused rows stop no other
    and are written to a file with the reason, which can be corrected and imported like any other. Ctrl-C stops after
    the batch under way; run it again to go on.
    """
    from data.orders.imports import import_orders, load_order_mapping

    # Without a name for it the file of refused rows lies beside the person, as they are the one who has to read it.
    refused = errors_path or Path(f"{paths[0].stem or 'import'}.errors.jsonl")
    rules = load_order_mapping(mapping)
    with opened_shop() as shop, asked_to_stop() as stop, Narrator() as narrate:
        report = import_orders(
            shop, paths, rules, dry_run=dry_run, errors_path=refused, report=narrate, cancelled=stop.is_set
        )
    for reason in report.first_errors:
        say(reason)
    return Answer(plain(report), lambda: _lines(report), exit_code=INTERRUPTED if report.cancelled else 0)


def _lines(report: OrderImportReport) -> Iterable[str]:
    would = "would be " if report.dry_run else ""
    yield (
        f"{report.orders:,} orders: {report.placed:,} {would}placed, {report.unchanged:,} known, {report.refused:,}"
        f" refused; {report.customers:,} customers {would}made; in {report.seconds:.1f} s"
    )
    if report.errors_path:
        yield f"Refused rows and why: {shown(report.errors_path)}"
    if report.cancelled:
        yield "Stopped early; run it again to go on."


VERBS: tuple[click.Command, ...] = (export, import_)
