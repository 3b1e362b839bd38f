"""``storekeeper gateway serve``: a payment gateway to try things on, over real HTTP."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from cli.answer import Answer
from cli.narration import say
from cli.options import Noun


@click.group(cls=Noun, name="gateway")
def command() -> None:
    """Serve a payment gateway to try things on."""


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=int, default=8401, show_default=True, help="Where to listen; 0 takes a free one.")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="Keep the books in this file.")
@click.option("--next", "behaviours", multiple=True, metavar="WHAT", help="Do this with the next operation: decline, …")
def serve(host: str, port: int, journal: Path | None, behaviours: tuple[str, ...]) -> Answer:
    """Serve until Ctrl-C. Point the setting gateway_url at the address it tells.

    With --next, once for each operation: decline, drop_before, drop_after, slow, twice.
    """
    from data.errors import Invalid, Unavailable
    from data.payments.simulator import Simulator

    try:
        gateway = Simulator(host=host, port=port, journal=journal)
        gateway.behave(*behaviours)
    except OSError as error:
        raise Unavailable("gateway", f"cannot listen on {host}:{port}: {error.strerror}") from None
    except ValueError as error:
        raise Invalid({"next": str(error)}) from None
    gateway.start()
    say(f"Listening on {gateway.url}")
    try:
        threading.Event().wait()
    finally:
        gateway.stop()
    return Answer(None)
