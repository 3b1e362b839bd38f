"""Work on the search index because a person asks for it: asked for through the door, done by the relay.

The relay is the index's writer, so whoever asks leaves a note and waits. Rejected: building from the process that asks,
which would have to stop the relay first, and every event with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from data.command import Command
from data.door import UnitOfWork, handles
from data.errors import NotFound, Unavailable
from data.events import state
from data.events.topics import PRODUCTS
from data.ids import new_id
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = [
    "PROGRESS",
    "REBUILD",
    "ROLL_BACK",
    "Asked",
    "IndexWorkAsked",
    "RebuildSearch",
    "RollBackSearch",
    "asked_rebuild",
    "await_rebuild",
]

#: The note's name in ``relay_state``, and under which the feed of products keeps the last one it has done.
REBUILD = "rebuild"
#: Where the relay notes how far it is.
PROGRESS = "rebuild_progress"
ROLL_BACK = "roll_back"
_LOOK_SECONDS = 0.2


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


def await_rebuild(shop: Shop, rebuild_id: UUID, timeout: float, *, report: ReportProgress | None = None) -> bool:
    """Wait until the relay has done what ``rebuild_id`` asks, at most ``timeout`` seconds; say whether it has.

    Does the relay's work itself where no relay runs. Raises ``Unavailable`` when a store is away, or with the relay's
    own reason where the work failed and the index stays as it was.
    """
    from data.events.relay import run_once

    deadline = time.monotonic() + timeout
    while True:
        run_once(shop)
        with shop.stores.postgres.reading() as connection:
            done, progress = state.load(connection, PRODUCTS), state.load(connection, PROGRESS)
        if done.get(REBUILD) == str(rebuild_id):
            if why := done.get("rebuild_error"):
                raise Unavailable("search", str(why))
            return True
        if report is not None and progress.get("id") == str(rebuild_id):
            report(Progress(progress["done"], progress["total"], progress["what"]))
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
