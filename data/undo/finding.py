"""Which of somebody's changes is taken back next: read from the audit log, by the undo itself and by who asks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import or_, select

from data.access.schema import AuditEntry
from data.undo.messages import Undo

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["Change", "Found", "Reversible", "newest_change"]

#: How many of the actor's newest audit rows are looked at.
_LOOKED_AT = 500


#: Says of a command, with *before* and *after* of its audit row and the key it ran under, whether it can be taken back;
#: may refuse by raising.
Reversible = Callable[[str, Mapping[str, Any] | None, Mapping[str, Any] | None, str], bool]


@dataclass(frozen=True)
class Change:
    """One audit row of the change to take back. A name missing from ``before`` or ``after`` was not there at all."""

    target_type: str
    target_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A change by its command and key; ``change`` is its newest audit row. ``since`` counts the actor's own changes of
    the same thing that came after it and are not taken back: those that cannot be."""

    command: str
    key: str
    at: datetime
    change: Change
    since: int = 0


def newest_change(
    connection: sqlalchemy.Connection,
    actor_id: UUID,
    reversible: Reversible,
    *,
    key: str = "",
    area: str = "",
    target_id: str = "",
) -> Found | None:
    """Return the actor's newest change that is ``reversible`` and was not taken back, ``None`` where there is none.

    ``key`` narrows to one change, ``area`` to the commands of one room (``orders``), ``target_id`` to what was done to
    one thing.
    """
    log = AuditEntry
    newest = (
        select(log.command, log.idempotency_key, log.at, log.target_type, log.target_id, log.before, log.after)
        # A job's own rows only count; what it changed stands in rows of their own.
        .where(log.actor_id == actor_id, log.target_type.is_distinct_from("bulk"))
        .order_by(log.at.desc(), log.audit_id.desc())
        .limit(_LOOKED_AT)
    )
    if target_id:
        newest = newest.where(or_(log.command == Undo.name, log.target_id == target_id))
    undone: set[str] = set()
    since: set[str] = set()
    for row in connection.execute(newest):
        if row.command == Undo.name:
            undone |= {row.target_id} if row.target_type == "change" else set()
        elif row.idempotency_key in undone or (key and row.idempotency_key != key):
            continue
        elif reversible(row.command, row.before, row.after, row.idempotency_key) and (
            not area or row.command.startswith(f"{area}.")
        ):
            change = Change(row.target_type, row.target_id, row.before or {}, row.after or {})
            return Found(row.command, row.idempotency_key, row.at, change, len(since))
        else:
            since.add(row.idempotency_key)
    return None
