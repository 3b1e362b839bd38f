"""``storekeeper orders export``: orders out of the shop as a file or a stream."""

from __future__ import annotations

from pathlib import Path

import click

from cli.answer import Answer, plain
from cli.columns import shown
from cli.narration import Narrator
from cli.options import JsonCommand
from cli.session import opened_shop
from cli.stopping import INTERRUPTED, asked_to_stop

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


VERBS: tuple[click.Command, ...] = (export,)
