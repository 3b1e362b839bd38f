"""``storekeeper undo``: take back one's last change."""

from __future__ import annotations

import click

from cli.answer import Answer
from cli.columns import shown
from cli.options import JsonCommand, with_key
from cli.session import carry_out, done_document


@click.command(cls=JsonCommand, name="undo")
@click.option(
    "--change", "change_key", default="", metavar="KEY", help="The idempotency key of the change to take back."
)
@with_key
def command(change_key: str, key: str | None) -> Answer:
    """Take back your last reversible change, if nobody changed the same fields since (else exit 5)."""
    from data.undo.messages import Undo

    done = carry_out(Undo(change_key=change_key), key)
    return Answer(done_document(done), lambda: [shown(done.result.sentence)])
