"""``storekeeper inbox list|read``: the notes that mention me."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.answer import Answer, page_document
from cli.columns import columns
from cli.options import Noun, with_after, with_key, with_limit
from cli.session import carry_out, done_document, opened_shop

if TYPE_CHECKING:
    from data.notes.reads import MentionRow
    from data.types import Page


@click.group(cls=Noun, name="inbox")
def command() -> None:
    """Notes that mention you."""


@command.command("list")
@click.option("--all", "all_", is_flag=True, help="Those you have read, too.")
@with_limit
@with_after
def list_(all_: bool, limit: int, after: str | None) -> Answer:
    """List notes that mention you and that you have not read, newest first."""
    from data.notes.reads import list_mentions

    with opened_shop("orders.note") as shop:
        page = list_mentions(shop.stores.postgres, shop.actor.user_id, unread=not all_, after=after, limit=limit)
    return Answer(page_document(page, first=after is None), lambda: _lines(page))


def _lines(page: Page[MentionRow]) -> Iterable[str]:
    yield from columns(
        ("when", "order", "from", "note", "read", "id"),
        [(row.created_at, row.order_number, row.author, row.body, row.read_at, row.note_id) for row in page.rows],
        whole=("id",),
    )
    if page.after:
        yield f"More: --after {page.after}"


@command.command()
@click.argument("note_ids", nargs=-1, type=click.UUID, metavar="[NOTE_ID]…")
@with_key
def read(note_ids: tuple[UUID, ...], key: str | None) -> Answer:
    """Say that you have read these notes; without any, all that mention you."""
    from data.notes.messages import MarkMentionsRead

    done = carry_out(MarkMentionsRead(note_ids=note_ids), key)
    return Answer(done_document(done), lambda: [f"{done.result.read:,} read"])
