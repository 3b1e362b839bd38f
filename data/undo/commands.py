"""Taking back the last reversible change of the person who asks, from what the audit log says of it.

A room joins with a line in ``REVERSIBLE``: the name of its command, the permission the change needs, and the function
that brings back what stood before. The function is given the change's audit rows and the unit of work; it must compare
what is stored with ``after`` and raise ``Conflict`` where it differs, so nobody else's change is ever lost.

Rejected: storing an inverse command with each change, which doubles every write for the few that are taken back and
may be wrong by then; a stack in the terminal, which knows nothing of the headless twin and is gone with the session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import select

from data.access.schema import AuditEntry
from data.door import UnitOfWork, handles
from data.errors import Conflict, Denied, NotFound
from data.undo.messages import Undo, Undone

__all__ = ["REVERSIBLE", "Change", "Reversal", "undo"]

#: How many of the actor's newest audit rows are looked at.
_LOOKED_AT = 500


@dataclass(frozen=True)
class Change:
    """One audit row of the change to take back. A name missing from ``before`` or ``after`` was not there at all."""

    target_type: str
    target_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


#: Brings back what stood before the rows of one change, and returns one sentence about it.
TakeBack = Callable[[Sequence[Change], UnitOfWork], str]


@dataclass(frozen=True)
class Reversal:
    """How a command is taken back: the permission it needs, and the ``module:function`` that does it."""

    permission: str
    dotted: str

    def function(self) -> TakeBack:
        """Import the function."""
        module, _, name = self.dotted.partition(":")
        found: TakeBack = getattr(import_module(module), name)
        return found


_PRODUCT = Reversal("catalog.edit", "data.catalog.undoing:take_back_products")
REVERSIBLE: Mapping[str, Reversal] = {
    "catalog.edit": _PRODUCT,
    "catalog.attributes": _PRODUCT,
    "catalog.archive": _PRODUCT,
    "catalog.restore": _PRODUCT,
    "catalog.category": Reversal("catalog.edit", "data.catalog.undoing:take_back_categories"),
    "catalog.category_order": Reversal("catalog.edit", "data.catalog.undoing:take_back_categories"),
    "catalog.category_move": Reversal("catalog.edit", "data.catalog.undoing:take_back_move"),
}
#: Changes that are not taken back one by one: whoever made one last is told where it is taken back.
ELSEWHERE: Mapping[str, str] = {
    "bulk.batch": "Your last change was a bulk job; `storekeeper bulk back JOB` or T on its page takes it back.",
}


@handles(Undo)
def undo(command: Undo, uow: UnitOfWork) -> Undone:
    """Take the change back; see ``Undo`` for what is raised."""
    name, key = _wanted(command.change_key, uow)
    reversal = REVERSIBLE[name]
    if not uow.actor.may(reversal.permission):
        raise Denied(uow.actor.email, reversal.permission)
    sentence = reversal.function()(_rows_of(name, key, uow), uow)
    uow.record("change", key, None, {"undone": key, "command": name})
    return Undone(command=name, key=key, sentence=sentence)


def _wanted(key: str, uow: UnitOfWork) -> tuple[str, str]:
    """Return command and key of the change to take back."""
    log = AuditEntry
    newest = (
        select(log.command, log.idempotency_key, log.target_type, log.target_id, log.before)
        .where(log.actor_id == uow.actor.user_id)
        .order_by(log.at.desc(), log.audit_id.desc())
        .limit(_LOOKED_AT)
    )
    undone: set[str] = set()
    for row in uow.connection.execute(newest):
        if row.command == Undo.name:
            undone |= {row.target_id} if row.target_type == "change" else set()
        elif row.idempotency_key in undone or (key and row.idempotency_key != key):
            continue
        elif row.command in ELSEWHERE:
            raise Conflict(ELSEWHERE[row.command])
        elif row.command in REVERSIBLE and row.before is not None:
            return row.command, row.idempotency_key
    raise NotFound("change to take back", key or "of yours")


def _rows_of(name: str, key: str, uow: UnitOfWork) -> list[Change]:
    log = AuditEntry
    rows = uow.connection.execute(
        select(log.target_type, log.target_id, log.before, log.after)
        .where(log.actor_id == uow.actor.user_id, log.command == name, log.idempotency_key == key)
        .order_by(log.at, log.audit_id)
    )
    return [Change(row.target_type, row.target_id, row.before or {}, row.after or {}) for row in rows]
