"""``storekeeper products import``: products from JSONL and CSV files."""

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
    from data.catalog.imports import ImportReport
    from data.shop import Shop

__all__ = ["import_"]

#: How long an import waits for the search index.
_SEARCH_SECONDS = 60.0


@click.command("import", cls=JsonCommand)
@click.argument("paths", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), metavar="M.toml", help="What field becomes what.")
@click.option("--stock", "stock", multiple=True, metavar="WAREHOUSE=N", help="Units for products without stock there.")
@click.option("--errors", "errors_path", type=click.Path(path_type=Path), metavar="FILE", help="Where refused rows go.")
@click.option(
    "--diff", "diff_path", type=click.Path(path_type=Path), metavar="FILE", help="With --dry-run: what differs."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done.")
@click.option("--no-wait", "wait", is_flag=True, default=True, flag_value=False, help="Do not wait for search.")
def import_(
    paths: tuple[Path, ...],
    mapping: Path | None,
    stock: tuple[str, ...],
    errors_path: Path | None,
    diff_path: Path | None,
    dry_run: bool,
    wait: bool,
) -> Answer:
    """Import products from JSONL and CSV files, or folders and zips of them.

    A product is known by its SKU: a second run of the same file changes nothing. Rows that are refused stop no other
    and are written to a file with the reason, which can be corrected and imported like any other. Ctrl-C stops after
    the batch under way; run it again to go on. In the end it waits, for a minute at most, until search finds what came.
    """
    from data.catalog.imports import import_products, load_mapping

    units = dict(_units(text) for text in stock)
    # Without a name for it the file of refused rows lies beside the person, as they are the one who has to read it.
    refused = errors_path or Path(f"{paths[0].stem or 'import'}.errors.jsonl")
    rules = load_mapping(mapping) if mapping else None
    with opened_shop() as shop, asked_to_stop() as stop, Narrator() as narrate:
        report = import_products(
            shop,
            paths,
            rules,
            dry_run=dry_run,
            stock=units,
            errors_path=refused,
            diff_path=diff_path,
            report=narrate,
            cancelled=stop.is_set,
        )
        if wait and not dry_run and not report.cancelled and (report.created or report.updated or report.stocked):
            _await_search(shop)
    for reason in report.first_errors:
        say(reason)
    return Answer(plain(report), lambda: _lines(report), exit_code=INTERRUPTED if report.cancelled else 0)


def _await_search(shop: Shop) -> None:
    """Wait until what was written has reached search; what is not there in time will be, so that is no failure."""
    from data.errors import Unavailable
    from data.events.relay import drain

    if not shop.stores.health("search").ok:
        say("Search is away: it takes in what came when it is back.")
        return
    say("Waiting for search to take it in …")
    try:
        found = drain(shop, _SEARCH_SECONDS).quiet
    except Unavailable:
        found = False
    if not found:
        say("Search is still taking it in; storekeeper relay status says how far it is.")


def _units(text: str) -> tuple[str, int]:
    warehouse, equals, number = text.rpartition("=")
    if not equals or not warehouse.strip() or not number.strip().lstrip("+-").isdigit():
        raise click.BadParameter(f"{text!r} is not WAREHOUSE=N, like WH1=20.", param_hint="--stock")
    return warehouse.strip(), int(number)


def _lines(report: ImportReport) -> Iterable[str]:
    would = "would be " if report.dry_run else ""
    yield (
        f"{report.rows:,} rows: {report.created:,} {would}created, {report.updated:,} {would}updated,"
        f" {report.unchanged:,} unchanged, {report.errors:,} refused, in {report.seconds:.1f} s"
    )
    for sku, what in report.examples:
        yield f"  {shown(sku)}: {shown(what)}"
    if report.diff_path:
        yield f"All that differs: {shown(report.diff_path)}"
    if report.stocked:
        yield f"{report.stocked:,} stock levels {would}made"
    if report.errors_path:
        yield f"Refused rows and why: {shown(report.errors_path)}"
    if report.cancelled:
        yield "Stopped early; run it again to go on."
