"""``storekeeper orders message``: writing to the customer of an order."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import shown
from cli.options import JsonCommand, with_key
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from data.door import Done
    from data.mail.messages import MessageQueued
    from data.mail.reads import MessageBegun

__all__ = ["VERBS"]


@click.command("message", cls=JsonCommand)
@click.argument("ref")
@click.option("--subject", help="Instead of the template's.")
@click.option("--text", "body", help="Instead of the template's; - reads standard input.")
@click.option("--template", default="", metavar="NAME", help="confirmation, shipping or refund: begins from the order.")
@click.option("--preview", is_flag=True, help="Show the message; send nothing.")
@with_key
def message(ref: str, subject: str | None, body: str | None, template: str, preview: bool, key: str | None) -> Answer:
    """Write to the customer of the order REF; the relay hands it to the mail command, the timeline tells the rest."""
    from dataclasses import replace

    from data.mail.messages import SendMessage
    from data.mail.reads import begin_message

    if not template and body is None:
        raise click.UsageError("say --text, or begin with --template confirmation, shipping or refund")
    if body == "-":
        body = sys.stdin.buffer.read().decode("utf-8", "replace")
    with opened_shop("orders.message") as shop:
        begun = begin_message(shop, ref, template)
        begun = replace(
            begun,
            subject=begun.subject if subject is None else subject,
            text=begun.text if body is None else body,
        )
        if preview:
            return Answer(plain(begun), lambda: _shown(begun))
        command = SendMessage(order_id=begun.order_id, subject=begun.subject, text=begun.text, template=template)
        done = shop.door.run(command, shop.actor, key=key)
    return Answer(done_document(done), lambda: _told(done, begun))


def _shown(begun: MessageBegun) -> Iterable[str]:
    yield f"To:       {shown(begun.to)}"
    yield f"Subject:  {shown(begun.subject)}"
    yield ""
    yield from map(shown, begun.text.split("\n"))


def _told(done: Done[MessageQueued], begun: MessageBegun) -> Iterable[str]:
    queued = done.result
    yield f"Message to {shown(queued.to)} on {shown(queued.order_number)} queued: {shown(queued.subject)}"
    if not begun.sends:
        yield "No mail command is set here (mail_command): it is recorded, and not sent"


VERBS: tuple[click.Command, ...] = (message,)
