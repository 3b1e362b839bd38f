"""What may be asked of notes: write one on an order, say that mentions were read. Handlers: ``data.notes.commands``."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = ["AddNote", "MarkMentionsRead", "MentionsRead", "NoteAdded"]

_HANDLERS = "data.notes.commands"


class NoteAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The note, whom it reached (e-mails), and the names it mentions that nobody here has."""

    note_id: UUID
    order_id: UUID
    order_number: str
    visibility: str
    mentioned: tuple[str, ...]
    unknown: tuple[str, ...]


class AddNote(Command, frozen=True, kw_only=True):
    """Write a note on an order. ``@name`` (the part of an e-mail before the ``@``, or all of it) tells a colleague.

    The order itself does not change, nor does its version: a note never makes somebody's edit fail.

    Raises ``NotFound``, ``Invalid`` (empty, longer than 4,000 characters, unknown visibility, more than 20 mentions).
    """

    name: ClassVar[str] = "orders.note"
    permission: ClassVar[str] = "orders.note"
    result: ClassVar[type] = NoteAdded
    handled_in: ClassVar[str] = _HANDLERS

    order_id: UUID
    body: str
    visibility: str = "internal"


class MentionsRead(msgspec.Struct, frozen=True, kw_only=True):
    """How many mentions of the actor were unread before and are read now."""

    read: int


class MarkMentionsRead(Command, frozen=True, kw_only=True):
    """Say that the actor has read what these notes say, or (``()``) everything that mentions them.

    Only the actor's own inbox changes; notes that do not mention them are passed over.
    """

    name: ClassVar[str] = "inbox.read"
    permission: ClassVar[str] = "orders.note"
    result: ClassVar[type] = MentionsRead
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 1_000

    note_ids: tuple[UUID, ...] = ()
