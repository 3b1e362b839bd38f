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
from data.orders.life import order_step
from data.undo.finding import Change, Found, newest_change
from data.undo.messages import Undo, Undone

__all__ = ["REVERSIBLE", "Change", "Reversal", "reversible", "undo"]

#: Brings back what stood before the rows of one change, and returns one sentence about it.
TakeBack = Callable[[Sequence[Change], UnitOfWork], str]


@dataclass(frozen=True)
class Reversal:
    """How a command is taken back: the permission it needs, and the ``module:function`` that does it.

    ``creates`` says that the command makes something that was not there before; ``only_if`` looks at *before* and
    *after* where not all that the command does can be taken back.
    """

    permission: str
    dotted: str
    creates: bool = False
    only_if: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = lambda before, after: True

    def function(self) -> TakeBack:
        """Import the function."""
        module, _, name = self.dotted.partition(":")
        found: TakeBack = getattr(import_module(module), name)
        return found


def _may_go_back(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    step = order_step(str(before.get("order_status")), str(after.get("order_status")))
    return step is not None and step.reversible


_PRODUCT = Reversal("catalog.edit", "data.catalog.undoing:take_back_products")
_CREATION = Reversal("catalog.edit", "data.catalog.undoing:take_back_creation", creates=True)
# Rows of before holds could be taken up again say of a hold only what it was called: those can be let go, no more.
_HOLD = Reversal(
    "orders.hold",
    "data.orders.handling.undoing:take_back_hold",
    only_if=lambda before, after: before.get("on hold") is None or "hold" in before,
)
REVERSIBLE: Mapping[str, Reversal] = {
    "catalog.edit": _PRODUCT,
    "catalog.attributes": _PRODUCT,
    "catalog.archive": _PRODUCT,
    "catalog.restore": _PRODUCT,
    "catalog.create": _CREATION,
    "catalog.duplicate": _CREATION,
    "catalog.category": Reversal("catalog.edit", "data.catalog.undoing:take_back_categories"),
    "catalog.category_order": Reversal("catalog.edit", "data.catalog.undoing:take_back_categories"),
    "catalog.category_move": Reversal("catalog.edit", "data.catalog.undoing:take_back_move"),
    "orders.status": Reversal("orders.status", "data.orders.undoing:take_back_step", only_if=_may_go_back),
    "orders.mark": Reversal(
        "orders.ship", "data.orders.undoing:take_back_marks", only_if=lambda before, after: "marked" in after
    ),
    "orders.allocate": Reversal(
        "orders.allocate", "data.orders.undoing:take_back_allocation", only_if=lambda before, after: "moved" in after
    ),
    "orders.note": Reversal("orders.note", "data.orders.undoing:take_back_note", creates=True),
    "orders.tag": Reversal("orders.tag", "data.orders.handling.undoing:take_back_tags"),
    "orders.assign": Reversal(
        "orders.assign",
        "data.orders.handling.undoing:take_back_assignment",
        only_if=lambda before, after: "assigned_id" in before and "assigned_id" in after,
    ),
    "orders.hold": _HOLD,
    "orders.release": _HOLD,
    "stock.adjust": Reversal("stock.adjust", "data.stock.undoing:take_back_adjustment"),
}
#: Changes that are not taken back one by one: whoever made one last is told where it is taken back.
ELSEWHERE: Mapping[str, str] = {
    "bulk.batch": "Your last change was a bulk job; `storekeeper bulk back {job}` or T on its page takes it back.",
    "catalog.put_many": "Your last change was an import, which is not taken back; change products, or import again.",
}


@handles(Undo)
def undo(command: Undo, uow: UnitOfWork) -> Undone:
    """Take the change back; see ``Undo`` for what is raised."""
    found = newest_change(
        uow.connection,
        uow.actor.user_id,
        reversible,
        key=command.change_key,
        area=command.area,
        target_id=command.target_id,
    )
    if found is None:
        raise NotFound("change to take back", command.change_key or "of yours")
    reversal = REVERSIBLE[found.command]
    if not uow.actor.may(reversal.permission):
        raise Denied(uow.actor.email, reversal.permission)
    sentence = reversal.function()(_rows_of(found, uow), uow)
    uow.record("change", found.key, None, {"undone": found.key, "command": found.command})
    return Undone(command=found.command, key=found.key, sentence=sentence)


def reversible(command: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, key: str) -> bool:
    """Say whether a change by ``command`` under ``key`` can be taken back.

    Raises ``Conflict`` where that is done elsewhere; its ``current`` names the ``bulk_job`` it was.
    """
    if command in ELSEWHERE:
        job = key.split(":")[1] if key.startswith("bulk:") else ""  # as data.bulk.runs makes the keys of its batches
        raise Conflict(ELSEWHERE[command].format(job=job), current={"bulk_job": job} if job else {})
    reversal = REVERSIBLE.get(command)
    if reversal is None or (before is None and not reversal.creates):
        return False
    return reversal.only_if(before or {}, after or {})


def _rows_of(found: Found, uow: UnitOfWork) -> list[Change]:
    log = AuditEntry
    rows = uow.connection.execute(
        select(log.target_type, log.target_id, log.before, log.after)
        .where(log.actor_id == uow.actor.user_id, log.command == found.command, log.idempotency_key == found.key)
        .order_by(log.at, log.audit_id)
    )
    return [Change(row.target_type, row.target_id, row.before or {}, row.after or {}) for row in rows]
