"""Reads of notes: those on an order, and one person's inbox of mentions, by keyset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["MAX_COUNTED", "MentionRow", "list_mentions", "public_notes", "unread_count"]

#: An inbox fuller than this is called "99+"; nobody needs the figure.
MAX_COUNTED = 100
_LISTING = "mentions:-created_at"


@dataclass(frozen=True)
class MentionRow:
    """A note that mentions somebody. ``read_at`` is ``None`` while it is unread; ``author`` is a name."""

    note_id: UUID
    order_id: UUID
    order_number: str
    customer_name: str
    author: str
    visibility: str
    body: str
    created_at: datetime
    read_at: datetime | None


def list_mentions(
    postgres: Postgres,
    user_id: UUID,
    *,
    unread: bool = False,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[MentionRow]:
    """Return a page of the notes that mention ``user_id``, newest first; ``unread`` leaves out what was read.

    ``before=""`` asks for the last page. Raises ``Invalid`` for a cursor of another list.
    """
    backwards = before is not None
    cursor = before if backwards else after
    values: dict[str, Any] = {"user_id": user_id, "limit": limit + 1}
    where = "m.user_id = :user_id" + (" AND m.read_at IS NULL" if unread else "")
    if cursor:
        values["edge_at"], values["edge_id"] = decode_cursor(_LISTING, cursor)
        where += f" AND (m.created_at, m.note_id) {'>' if backwards else '<'} (:edge_at, :edge_id)"
    with postgres.reading() as connection:
        found = connection.execute(text(_MENTIONS.format(where=where, way="ASC" if backwards else "DESC")), values)
        rows = [MentionRow(**row) for row in found.mappings()]
    more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    follows, precedes = (bool(before), more) if backwards else (more, bool(after))
    whole = not cursor and not backwards and not more
    return Page(
        rows=tuple(rows),
        after=encode_cursor(_LISTING, rows[-1].created_at, rows[-1].note_id) if rows and follows else None,
        before=encode_cursor(_LISTING, rows[0].created_at, rows[0].note_id) if rows and precedes else None,
        estimate=len(rows) if whole else None,
        exact=whole,
    )


def unread_count(postgres: Postgres, user_id: UUID) -> int:
    """Return how many mentions ``user_id`` has not read, at most ``MAX_COUNTED``."""
    with postgres.reading() as connection:
        count: int = connection.execute(_UNREAD, {"user_id": user_id, "most": MAX_COUNTED}).scalar_one()
        return count


def public_notes(postgres: Postgres, order_id: UUID) -> tuple[str, ...]:
    """Return what the public notes on an order say, oldest first: what may stand on its papers."""
    with postgres.reading() as connection:
        return tuple(connection.execute(_PUBLIC, {"order_id": order_id}).scalars())


_MENTIONS = """
    SELECT m.note_id, n.order_id, o.order_number,
           coalesce(nullif(trim(concat_ws(' ', c.first_name, c.last_name)), ''), c.email, '') AS customer_name,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS author,
           n.visibility, n.body, m.created_at, m.read_at
      FROM note_mentions m
      JOIN order_notes n USING (note_id)
      JOIN orders o USING (order_id)
      LEFT JOIN users u ON u.user_id = n.author_id
      LEFT JOIN users c ON c.user_id = o.user_id
     WHERE {where} ORDER BY m.created_at {way}, m.note_id {way} LIMIT :limit
"""
_UNREAD = text(
    "SELECT count(*) FROM (SELECT FROM note_mentions WHERE user_id = :user_id AND read_at IS NULL LIMIT :most) AS m"
)
_PUBLIC = text(
    "SELECT body FROM order_notes WHERE order_id = :order_id AND visibility = 'public' ORDER BY created_at, note_id"
)
