"""``storekeeper products export``: all that a filter finds, as CSV or JSON lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import shown
from cli.narration import Narrator
from cli.options import JsonCommand
from cli.session import opened_shop
from cli.stopping import INTERRUPTED, asked_to_stop

if TYPE_CHECKING:
    from data.tables import Written

__all__ = ["export"]


@click.command(cls=JsonCommand)
@click.argument("line", default="", metavar="[LINE]")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Default: standard output.")
@click.option("--format", "file_format", type=click.Choice(["csv", "jsonl"]), help="Default: as FILE ends, else csv.")
@click.option(
    "--columns", default="", metavar="A,B,…", help="As sku,title,base_price,attributes.color; attributes is all."
)
def export(line: str, out: Path | None, file_format: str | None, columns: str) -> Answer:
    """Write all products that LINE finds ('brand:Corsair stock:>0'; nothing: every one) to a file or standard output.

    A text that a spreadsheet would run as a formula gets an apostrophe in front; products import takes it away again.
    Ctrl-C stops, and leaves no half file.
    """
    from data.catalog.exports import export_products

    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    with opened_shop("catalog.view") as shop, asked_to_stop() as stop, Narrator() as narrate:
        told = export_products(
            shop,
            line,
            out,
            file_format=file_format or "",
            columns=chosen,
            report=narrate if out is not None else None,
            cancelled=stop.is_set,
        )
    if out is None:  # standard output was the answer: one stream of rows, nothing else
        return Answer(None, exit_code=INTERRUPTED if told.cancelled else 0)
    return Answer(plain(told), lambda: _lines(told), exit_code=INTERRUPTED if told.cancelled else 0)


def _lines(told: Written) -> Iterable[str]:
    yield f"{told.rows:,} products: {shown(told.path)}" if told.path else "Stopped; no file was left."
