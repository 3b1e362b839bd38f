"""Work on the search index because a person asks for it: asked for through the door, done by the relay.

The relay is the index's writer, so whoever asks leaves a note and waits. Rejected: building from the process that asks,
which would have to stop the relay first, and every event with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from data.command import Command
from data.door import UnitOfWork, handles
from data.errors import NotFound
from data.events import state
from data.ids import new_id

__all__ = [
    "PROGRESS",
    "REBUILD",
    "ROLL_BACK",
    "Asked",
    "IndexWorkAsked",
    "RebuildSearch",
    "RollBackSearch",
    "asked_rebuild",
]

#: The note's name in ``relay_state``, and under which the feed of products keeps the last one it has done.
REBUILD = "rebuild"
#: Where the relay notes how far it is.
PROGRESS = "rebuild_progress"
ROLL_BACK = "roll_back"


class IndexWorkAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The note that was left; ``rebuild_id`` is what to wait for."""

    rebuild_id: UUID


class RebuildSearch(Command, frozen=True, kw_only=True):
    """Ask the relay to build the search index anew from the catalog."""

    name: ClassVar[str] = "search.rebuild"
    permission: ClassVar[str] = "search.manage"
    result: ClassVar[type] = IndexWorkAsked


class RollBackSearch(Command, frozen=True, kw_only=True):
    """Ask the relay to take the index back that was in use before the present one, brought up to date first."""

    name: ClassVar[str] = "search.rollback"
    permission: ClassVar[str] = "search.manage"
    result: ClassVar[type] = IndexWorkAsked


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest note: its id, ``""`` where nobody ever asked, and what it asks for, a rebuild or a roll-back."""

    id: str
    what: str


@handles(RebuildSearch)
def ask(command: RebuildSearch, unit: UnitOfWork) -> IndexWorkAsked:
    """Leave the note. An earlier one that is not done yet is done with it."""
    return _leave(unit, REBUILD)


@handles(RollBackSearch)
def ask_back(command: RollBackSearch, unit: UnitOfWork) -> IndexWorkAsked:
    """Leave the note; an earlier one is done with it. Raises ``NotFound`` where no earlier index is kept."""
    if len(unit.stores.search.versions_kept()) < 2:
        raise NotFound("earlier index", "before the present one")
    return _leave(unit, ROLL_BACK)


def _leave(unit: UnitOfWork, what: str) -> IndexWorkAsked:
    rebuild_id = new_id()
    state.save(unit.connection, REBUILD, {"asked": str(rebuild_id), "what": what})
    unit.record("search", "index", None, {"rebuild_id": rebuild_id, "what": what})
    return IndexWorkAsked(rebuild_id=rebuild_id)


def asked_rebuild(connection: Connection) -> Asked:
    """Return the newest note."""
    note = state.load(connection, REBUILD)
    return Asked(str(note.get("asked", "")), str(note.get("what", REBUILD)))
