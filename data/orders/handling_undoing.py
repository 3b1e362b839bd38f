"""Taking back how an order was handled: its tags as they were, a hold let go. The order's version stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from data.door import UnitOfWork
from data.errors import Conflict
from data.orders.handling_rules import told_hold
from data.orders.locks import lock_order
from data.orders.schema import Order
from data.undo.finding import Change

__all__ = ["take_back_hold", "take_back_tags"]


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


def take_back_hold(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Let go of an order that was not held before. Raises ``Conflict`` where the hold is another one by now."""
    (change,) = changes
    order = lock_order(uow.connection, UUID(change.target_id))
    held = told_hold(order.hold_reason, order.on_hold_until)
    if held != change.after["on hold"]:
        raise _changed(order, "hold")
    _write(uow, order, hold_reason=None, on_hold_until=None)
    uow.record("order", order.order_id, {"on hold": held}, {"on hold": None})
    return f"{order.order_number} is not held any more"


def _changed(order: Row[Any], what: str) -> Conflict:
    return Conflict(f"The {what} of {order.order_number} changed since; nothing was undone.")


def _write(uow: UnitOfWork, order: Row[Any], **values: Any) -> None:
    uow.connection.execute(update(Order).where(Order.order_id == order.order_id).values(**values))
