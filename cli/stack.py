"""``storekeeper stack up|down|status``: the local engines of this machine's user."""

from __future__ import annotations

from collections.abc import Iterable

import click

from cli.answer import Answer, plain
from cli.columns import columns
from cli.narration import Narrator
from cli.options import Noun
from data.local.status import StackStatus
from data.settings import load_settings


@click.group(cls=Noun, name="stack")
def command() -> None:
    """Start, stop and show the local engines."""


@command.command()
def up() -> Answer:
    """Start the local engines and the relay; does nothing where they run. Exits 8 where one does not come up."""
    from data.local import ensure_up, stack_status
    from data.shop import open_shop

    settings = load_settings()
    with Narrator() as narrate:
        found = ensure_up(settings, report=narrate, relay=False)
        if found.ok:
            # The relay reads tables, so the schema comes first; opening the shop sees to both.
            open_shop(settings, report=narrate).close()
            found = stack_status(settings)
    return Answer(_document(found), lambda: _lines(found), exit_code=0 if found.ok else 8)


@command.command()
def down() -> Answer:
    """Stop the local engines and leave no process behind; their data stays."""
    from data.local import bring_down

    left = bring_down(load_settings())
    return Answer(_document(left), lambda: _lines(left))


@command.command()
def status() -> Answer:
    """Show each engine's version, process id, state and the URL any other client can reach it by."""
    from data.local import stack_status

    found = stack_status(load_settings())
    return Answer(_document(found), lambda: _lines(found))


def _document(status: StackStatus) -> dict[str, object]:
    return {"ok": status.ok, **plain(status)}


def _lines(status: StackStatus) -> Iterable[str]:
    if status.host_pid is None:
        yield "The local engines are not running (storekeeper stack up starts them)."
    rows = [*status.engines, *([status.relay] if status.relay else [])]
    yield from columns(
        ("engine", "state", "version", "process", "detail", "url"),
        [
            # A process id is a name, not a quantity: as text it gets no thousands' comma.
            (each.name, each.state, each.version, str(each.pid or ""), each.detail, each.url)
            for each in rows
        ],
        whole=("detail", "url"),
    )
