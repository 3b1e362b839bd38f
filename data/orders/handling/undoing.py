"""Taking back how an order was handled: tags, colleague and hold as they were. The order's version stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from data.door import UnitOfWork
from data.errors import Conflict
from data.ids import parse_id
from data.orders.handling.commands import record_assignment, record_hold
from data.orders.handling.rules import told_hold
from data.orders.locks import lock_order
from data.orders.rules import OPEN
from data.orders.schema import Order
from data.undo.finding import Change

__all__ = ["take_back_assignment", "take_back_hold", "take_back_tags"]


def take_back_tags(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Bring the tags back. Raises ``Conflict`` where somebody changed them since."""
    (change,) = changes
    order = lock_order(uow.connection, UUID(change.target_id))
    if list(order.tags) != change.after["tags"]:
        raise _changed(order, "tags")
    was = list(change.before["tags"])
    _write(uow, order, tags=was)
    uow.record("order", order.order_id, {"tags": list(order.tags)}, {"tags": was})
    return f"{order.order_number} has {'the tags ' + ', '.join(was) if was else 'no tags'} again"


def take_back_assignment(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Give the order to whose it was. Raises ``Conflict`` where it is somebody else's by now."""
    (change,) = changes
    order = lock_order(uow.connection, UUID(change.target_id))
    if order.assigned_to != parse_id(change.after["assigned_id"] or ""):
        raise _changed(order, "colleague")
    was, name = parse_id(change.before["assigned_id"] or ""), change.before["assigned to"]
    _write(uow, order, assigned_to=was)
    record_assignment(uow, order, (change.after["assigned to"], order.assigned_to), (name, was))
    return f"{order.order_number} is {name or 'nobody'}'s again"


def take_back_hold(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Let go of an order that was held, or hold it again as it was before it was let go or held otherwise.

    Raises ``Conflict`` where the hold is another one by now, and where the one of before is over.
    """
    (change,) = changes
    order = lock_order(uow.connection, UUID(change.target_id))
    held = order.hold_reason, order.on_hold_until
    if told_hold(*held) != change.after["on hold"]:
        raise _changed(order, "hold")
    reason, until = _hold_of(change.before)
    if reason is not None and until is not None and until <= uow.now:
        raise Conflict(f"The hold of {order.order_number} was until {until:%Y-%m-%d %H:%M} UTC; nothing was undone.")
    if reason is not None and order.order_status not in OPEN:
        raise Conflict(f"{order.order_number} is {order.order_status} by now; nothing was undone.")
    _write(uow, order, hold_reason=reason, on_hold_until=until)
    record_hold(uow, order, held, (reason, until))
    return f"{order.order_number} is {'on hold again' if reason is not None else 'not held any more'}"


def _hold_of(before: Mapping[str, Any]) -> tuple[str | None, datetime | None]:
    """Return reason and end of the hold before, both ``None`` for none."""
    hold = before.get("hold") or {}
    until = hold.get("until")
    return hold.get("reason"), datetime.fromisoformat(until) if until else None


def _changed(order: Row[Any], what: str) -> Conflict:
    return Conflict(f"The {what} of {order.order_number} changed since; nothing was undone.")


def _write(uow: UnitOfWork, order: Row[Any], **values: Any) -> None:
    uow.connection.execute(update(Order).where(Order.order_id == order.order_id).values(**values))
