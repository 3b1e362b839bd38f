"""``storekeeper orders print``: packing slips, pick lists, invoices."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from cli.answer import Answer
from cli.columns import shown
from cli.narration import say
from cli.options import JsonCommand
from cli.session import opened_shop

__all__ = ["VERBS"]

_KINDS = ("packing-slip", "pick-list", "invoice")


@click.command("print", cls=JsonCommand)
@click.argument("refs", nargs=-1, required=True, metavar="REF…")
@click.option("--kind", type=click.Choice(_KINDS), default=_KINDS[0], show_default=True, help="Which document.")
@click.option("--format", "format_", type=click.Choice(("pdf", "text")), help="Default: pdf to a file or printer.")
@click.option(
    "--to", "to", type=click.Path(path_type=Path), metavar="PATH", help="Save as this file, or in this folder."
)
@click.option("--printer", is_flag=True, help="Give it to the print command of the settings.")
@click.option("--warehouse", default="", metavar="CODE", help="Only what is served from there (not for invoices).")
def print_(
    refs: tuple[str, ...], kind: str, format_: str | None, to: Path | None, printer: bool, warehouse: str
) -> Answer:
    """Make a document of the orders REF (numbers or ids); a pick list may be of several.

    Without --to and --printer the answer is the document as text.
    """
    from data.documents.make import make_document, print_document, save_document

    if to is not None and printer:
        raise click.UsageError("Either --to or --printer.")
    if format_ == "pdf" and to is None and not printer:
        raise click.UsageError("A PDF goes to a file (--to) or to the printer (--printer).")
    with opened_shop("orders.view") as shop:
        made = make_document(
            shop, refs, kind, format=format_ or ("pdf" if to or printer else "text"), warehouse=warehouse
        )
        saved = str(save_document(made, to)) if to is not None else None
        ran = print_document(shop, made) if printer else None
    missing = [f"U+{ord(letter):04X}" for letter in made.missing]
    if missing:
        say(f"No font here has {', '.join(missing)}; the paper says so in the place of each.")
    answer = {"document": made.name, "kind": kind, "path": saved, "printed_by": ran, "missing_glyphs": missing}
    if saved is None and ran is None:
        text = made.content.decode()
        return Answer({**answer, "text": text}, text.splitlines)
    return Answer(answer, lambda: _lines(made.name, saved, ran))


def _lines(name: str, saved: str | None, ran: str | None) -> Iterable[str]:
    yield f"Saved as {shown(saved)}" if saved is not None else f"{shown(name)} went to {shown(ran)}"


VERBS: tuple[click.Command, ...] = (print_,)
