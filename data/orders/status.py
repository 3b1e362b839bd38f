"""Changing an order's status and moving its stock with it: cancelled gives back, shipped takes out of the house."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, text

from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.orders.locks import lock_items, lock_orders, refuse_other_version
from data.orders.messages import ChangeOrderStatus, OrderStatusChanged
from data.orders.rules import STATUSES, check_step
from data.orders.schema import OrderStatusHistory
from data.stock.ledger import Key, Move, move

__all__ = ["change_order_status", "change_statuses"]

MAX_REASON = 1_000
#: What a step does to the order's reserved stock, and what its lines become.
_MOVEMENT = {"cancelled": "release", "shipped": "ship"}
_LINES = {"cancelled": "pending", "shipped": "shipped", "delivered": "delivered"}
#: Lines in these states hold reserved stock.
_HOLDING = frozenset({"allocated", "picked", "packed"})


_UPDATE_ORDERS = text(
    """
    UPDATE orders o
       SET order_status = k.status, version = k.version, updated_at = :now,
           confirmed_at = CASE k.status WHEN 'confirmed' THEN k.at ELSE o.confirmed_at END,
           shipped_at = CASE k.status WHEN 'shipped' THEN k.at ELSE o.shipped_at END,
           delivered_at = CASE k.status WHEN 'delivered' THEN k.at ELSE o.delivered_at END,
           cancelled_at = CASE k.status WHEN 'cancelled' THEN k.at ELSE o.cancelled_at END
      FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:versions AS bigint[]),
                  CAST(:times AS timestamptz[])) AS k (order_id, status, version, at)
     WHERE o.order_id = k.order_id
    """
)
_UPDATE_ITEMS = text(
    """
    UPDATE order_items i SET fulfillment_status = k.status
      FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[])) AS k (order_id, status)
     WHERE i.order_id = k.order_id
    """
)


@dataclass(frozen=True)
class _Taken:
    """A step that may be taken: the order as it was, where it goes, why and when."""

    order: Row[Any]
    status: str
    reason: str
    at: datetime

    @property
    def version(self) -> int:
        return int(self.order.version) + 1


@handles(ChangeOrderStatus)
def change_order_status(command: ChangeOrderStatus, uow: UnitOfWork) -> OrderStatusChanged:
    """Take the step; the table of steps is in ``data.orders.rules``."""
    (changed,) = change_statuses((command,), uow)
    return changed


def change_statuses(steps: Sequence[ChangeOrderStatus], uow: UnitOfWork) -> tuple[OrderStatusChanged, ...]:
    """Take one step of each of several orders, all or none, in as many statements as one takes.

    Raises what ``ChangeOrderStatus`` says for the first step that cannot be taken; ``ValueError`` where one order is in
    ``steps`` twice.
    """
    orders = lock_orders(uow.connection, [step.order_id for step in steps])
    if len(orders) != len(steps):
        raise ValueError("an order takes one step at a time")
    taken = [_checked(step, orders[step.order_id], uow.now) for step in steps]
    _move_stock(uow, taken)
    _write(uow, taken)
    return tuple(_told(uow, one) for one in taken)


def _checked(command: ChangeOrderStatus, order: Row[Any], now: datetime) -> _Taken:
    reason = _reason(command)
    refuse_other_version(order, command.expected_version)
    check_step(order.order_status, command.new_status)
    return _Taken(order, command.new_status, reason, _when(command.at, order.created_at, now))


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


def _move_stock(uow: UnitOfWork, taken: Sequence[_Taken]) -> None:
    """Move what the orders' lines hold, and bring the lines to the state that goes with the order's."""
    moving = {one.order.order_id: one for one in taken if one.status in _LINES}
    if not moving:
        return
    moves: list[Move] = []
    for (order_id, key), units in _held(lock_items(uow.connection, moving)).items():
        one = moving[order_id]
        if kind := _MOVEMENT.get(one.status):
            moves.append(Move(*key, kind, units, one.reason, order_id, "order", one.at))
    if moves:
        move(uow, moves)
    statuses = [_LINES[one.status] for one in moving.values()]
    uow.connection.execute(_UPDATE_ITEMS, {"ids": list(moving), "statuses": statuses})


def _held(items: Iterable[Row[Any]]) -> dict[tuple[UUID, Key], int]:
    """Return the units that ``items`` hold reserved, by order and level, in the order of both."""
    held: dict[tuple[UUID, Key], int] = {}
    for item in items:
        if item.warehouse_id is not None and item.fulfillment_status in _HOLDING:
            place = item.order_id, (item.product_id, item.warehouse_id)
            held[place] = held.get(place, 0) + item.quantity
    return dict(sorted(held.items()))


def _write(uow: UnitOfWork, taken: Sequence[_Taken]) -> None:
    uow.connection.execute(
        _UPDATE_ORDERS,
        {
            "ids": [one.order.order_id for one in taken],
            "statuses": [one.status for one in taken],
            "versions": [one.version for one in taken],
            "times": [one.at for one in taken],
            "now": uow.now,
        },
    )
    history = [
        {
            "order_id": one.order.order_id,
            "order_version": one.version,
            "previous_status": one.order.order_status,
            "new_status": one.status,
            "changed_by": uow.actor.user_id,
            "change_reason": one.reason or None,
            "created_at": one.at,
        }
        for one in taken
    ]
    uow.connection.execute(insert(OrderStatusHistory), history)


def _told(uow: UnitOfWork, one: _Taken) -> OrderStatusChanged:
    before = {"order_status": one.order.order_status, "version": one.order.version}
    after = {"order_status": one.status, "version": one.version} | ({"reason": one.reason} if one.reason else {})
    uow.record("order", one.order.order_id, before, after)
    uow.emit("orders", str(one.order.order_id), one.status, {})
    return OrderStatusChanged(
        order_id=one.order.order_id,
        order_number=one.order.order_number,
        previous_status=one.order.order_status,
        new_status=one.status,
        version=one.version,
    )
