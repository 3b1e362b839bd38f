"""Rebuilding the search index because a person asks for it: asked for through the door, done by the relay.

The relay is the index's one writer, so whoever asks leaves a note and waits. Rejected: building from the process that
asks, which would have to stop the relay first, and every event with it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from data.command import Command
from data.door import UnitOfWork, handles
from data.events import state
from data.events.topics import PRODUCTS
from data.ids import new_id

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["REBUILD", "RebuildAsked", "RebuildSearch", "asked_rebuild", "await_rebuild"]

#: The note's name in ``relay_state``, and under which the feed of products keeps the last one it has done.
REBUILD = "rebuild"
_LOOK_SECONDS = 0.2


class RebuildAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The note that was left; ``rebuild_id`` is what to wait for."""

    rebuild_id: UUID


class RebuildSearch(Command, frozen=True, kw_only=True):
    """Ask the relay to build the search index anew from the catalog."""

    name: ClassVar[str] = "search.rebuild"
    permission: ClassVar[str] = "search.manage"
    result: ClassVar[type] = RebuildAsked


@handles(RebuildSearch)
def ask(command: RebuildSearch, unit: UnitOfWork) -> RebuildAsked:
    """Leave the note. An earlier one that is not done yet is done with it."""
    rebuild_id = new_id()
    state.save(unit.connection, REBUILD, {"asked": str(rebuild_id)})
    unit.record("search", "index", None, {"rebuild_id": rebuild_id})
    return RebuildAsked(rebuild_id=rebuild_id)


def asked_rebuild(connection: Connection) -> str:
    """Return the id of the newest note, ``""`` where nobody ever asked."""
    return str(state.load(connection, REBUILD).get("asked", ""))


def await_rebuild(shop: Shop, rebuild_id: UUID, timeout: float) -> bool:
    """Wait until the relay has done what ``rebuild_id`` asks, at most ``timeout`` seconds; say whether it has.

    Does the relay's work itself where no relay runs. Raises ``Unavailable`` when a store is away.
    """
    from data.events.relay import run_once

    deadline = time.monotonic() + timeout
    while True:
        run_once(shop)
        with shop.stores.postgres.reading() as connection:
            if state.load(connection, PRODUCTS).get(REBUILD) == str(rebuild_id):
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
