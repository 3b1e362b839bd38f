"""``storekeeper orders note|timeline``: what people say of an order, and all that happened to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, page_document
from cli.columns import columns, shown
from cli.options import JsonCommand, with_after, with_key, with_limit
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from data.door import Done
    from data.notes.messages import NoteAdded
    from data.orders.timeline import TimelineEntry
    from data.types import Page

__all__ = ["VERBS"]

_KINDS = "status, edit, payment, parcel, return, note, message."


@click.command("note", cls=JsonCommand)
@click.argument("ref")
@click.argument("body", metavar="TEXT")
@click.option("--public", is_flag=True, help="The customer may read it; it stands on the packing slip.")
@with_key
def note(ref: str, body: str, public: bool, key: str | None) -> Answer:
    """Write a note on the order REF; @ann in it reaches the colleague whose e-mail begins so."""
    from data.notes.messages import AddNote
    from data.orders.reads import get_order

    with opened_shop() as shop:
        order_id = get_order(shop.stores.postgres, ref).order_id
        command = AddNote(order_id=order_id, body=body, visibility="public" if public else "internal")
        done = shop.door.run(command, shop.actor, key=key)
    return Answer(done_document(done), lambda: _noted(done))


def _noted(done: Done[NoteAdded]) -> Iterable[str]:
    added = done.result
    told = f"; told {', '.join(map(shown, added.mentioned))}" if added.mentioned else ""
    yield f"Noted on {shown(added.order_number)} ({shown(added.visibility)}){told}"
    if added.unknown:
        yield f"Nobody here is called {', '.join(f'@{shown(name)}' for name in added.unknown)}"


@click.command("timeline", cls=JsonCommand)
@click.argument("ref")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help=_KINDS)
@with_limit
@with_after
def timeline_(ref: str, kinds: tuple[str, ...], limit: int, after: str | None) -> Answer:
    """Tell what happened to the order REF, newest first."""
    from data.orders.reads import get_order
    from data.orders.timeline import timeline

    with opened_shop("orders.view") as shop:
        order_id = get_order(shop.stores.postgres, ref).order_id
        page = timeline(shop.stores.postgres, order_id, kinds=kinds, after=after, limit=limit)
    return Answer(page_document(page, first=after is None), lambda: _lines(page))


def _lines(page: Page[TimelineEntry]) -> Iterable[str]:
    yield from columns(
        ("when", "kind", "who", "what", "said"),
        [(entry.at, entry.kind, entry.who, entry.what, entry.why or _changed(entry)) for entry in page.rows],
    )
    if page.after:
        yield f"More: --after {page.after}"


def _changed(entry: TimelineEntry) -> str:
    return "; ".join(f"{change.label} {change.was or '–'} → {change.now or '–'}" for change in entry.changes)


VERBS: tuple[click.Command, ...] = (note, timeline_)
