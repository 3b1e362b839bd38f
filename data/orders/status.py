"""Changing an order's status and moving its stock with it: cancelled gives back, shipped takes out of the house."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, update

from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.orders.locks import lock_items, lock_order
from data.orders.messages import ChangeOrderStatus, OrderStatusChanged
from data.orders.rules import STATUSES, check_step
from data.orders.schema import Order, OrderItem, OrderStatusHistory
from data.stock.ledger import Key, Move, move

__all__ = ["change_order_status"]

MAX_REASON = 1_000
#: What a step does to the order's reserved stock, and what its lines become.
_MOVEMENT = {"cancelled": "release", "shipped": "ship"}
_LINES = {"cancelled": "pending", "shipped": "shipped", "delivered": "delivered"}
#: The column that remembers when it was.
_STAMP = {name: f"{name}_at" for name in ("confirmed", "shipped", "delivered", "cancelled")}
#: Lines in these states hold reserved stock.
_HOLDING = frozenset({"allocated", "picked", "packed"})


@handles(ChangeOrderStatus)
def change_order_status(command: ChangeOrderStatus, uow: UnitOfWork) -> OrderStatusChanged:
    """Take the step; the table of steps is in ``data.orders.rules``."""
    reason = _reason(command)
    order = lock_order(uow.connection, command.order_id, command.expected_version)
    check_step(order.order_status, command.new_status)
    at = _when(command.at, order.created_at, uow.now)
    _move_stock(uow, order, command.new_status, reason, at)
    version = order.version + 1
    changes: dict[str, Any] = {"order_status": command.new_status, "version": version}
    stamp = {_STAMP[command.new_status]: at} if command.new_status in _STAMP else {}
    uow.connection.execute(
        update(Order).where(Order.order_id == order.order_id).values(**changes, **stamp, updated_at=uow.now)
    )
    uow.connection.execute(
        insert(OrderStatusHistory).values(
            order_id=order.order_id,
            order_version=version,
            previous_status=order.order_status,
            new_status=command.new_status,
            changed_by=uow.actor.user_id,
            change_reason=reason or None,
            created_at=at,
        )
    )
    before = {"order_status": order.order_status, "version": order.version}
    uow.record("order", order.order_id, before, changes | ({"reason": reason} if reason else {}))
    uow.emit("orders", str(order.order_id), command.new_status, {})
    return OrderStatusChanged(
        order_id=order.order_id,
        order_number=order.order_number,
        previous_status=order.order_status,
        new_status=command.new_status,
        version=version,
    )


def _reason(command: ChangeOrderStatus) -> str:
    reason = command.reason.strip()
    if command.new_status not in STATUSES:
        raise Invalid({"new_status": f"{command.new_status!r} is not one of {', '.join(STATUSES)}"})
    if command.new_status == "cancelled" and not reason:
        raise Invalid({"reason": "a cancellation must say why"})
    if len(reason) > MAX_REASON:
        raise Invalid({"reason": f"is {len(reason):,} characters long, at most {MAX_REASON:,} are kept"})
    return reason


def _when(asked: datetime | None, placed: datetime, now: datetime) -> datetime:
    if asked is None:
        return now
    if asked > now:
        raise Invalid({"at": "lies in the future"})
    if asked < placed:
        raise Invalid({"at": "is before the order was placed"})
    return asked


def _move_stock(uow: UnitOfWork, order: Row[Any], new_status: str, reason: str, at: datetime) -> None:
    """Move what the lines hold, and bring the lines to the state that goes with the order's."""
    if new_status not in _LINES:
        return
    items = lock_items(uow.connection, order.order_id)
    if kind := _MOVEMENT.get(new_status):
        held = _held(items)
        moves = [Move(*key, kind, units, reason, order.order_id, "order") for key, units in sorted(held.items())]
        move(uow, moves, at=at)
    uow.connection.execute(
        update(OrderItem).where(OrderItem.order_id == order.order_id).values(fulfillment_status=_LINES[new_status])
    )


def _held(items: Iterable[Row[Any]]) -> dict[Key, int]:
    """Return the units that ``items`` hold reserved, by level."""
    held: dict[Key, int] = {}
    for item in items:
        if item.warehouse_id is not None and item.fulfillment_status in _HOLDING:
            key = item.product_id, item.warehouse_id
            held[key] = held.get(key, 0) + item.quantity
    return held
