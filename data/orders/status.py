"""Taking whole orders one step on, and their stock with them: cancelled gives back, shipped takes out of the house.

What a step does stands in ``data.orders.life``. Sending or cancelling only part of an order is in
``data.shipments.commands`` and ``data.orders.cancelling``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.orders.handling.commands import refuse_held
from data.orders.life import fulfilment_of, order_step
from data.orders.lines import LineChange, apply_changes
from data.orders.locks import lock_items, lock_orders, refuse_other_version
from data.orders.messages import ChangeOrderStatus, OrderStatusChanged
from data.orders.rules import STATUSES, check_step
from data.orders.steps import Taken, checked_reason, checked_time, require_step, write_steps
from data.shipments.boxes import Box, deliver_boxes, write_boxes
from data.stock.ledger import Move, move

__all__ = ["change_order_status", "change_statuses"]

#: Steps that touch an order's lines.
_TOUCHING = frozenset({"cancelled", "shipped", "delivered"})
_WHY = "a cancellation must say why"


@handles(ChangeOrderStatus)
def change_order_status(command: ChangeOrderStatus, uow: UnitOfWork) -> OrderStatusChanged:
    """Take the step; the table of steps is in ``data.orders.life``."""
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
    taken = [_checked(step, orders[step.order_id], uow) for step in steps]
    _touch_lines(uow, {one.order.order_id: one for one in taken if one.status in _TOUCHING})
    write_steps(uow, taken)
    return tuple(one.result for one in taken)


def _checked(command: ChangeOrderStatus, order: Row[Any], uow: UnitOfWork) -> Taken:
    if command.new_status not in STATUSES:
        raise Invalid({"new_status": f"{command.new_status!r} is not one of {', '.join(STATUSES)}"})
    reason = checked_reason(command.reason, required=_WHY if command.new_status == "cancelled" else "")
    refuse_other_version(order, command.expected_version)
    check_step(order.order_status, command.new_status)
    if command.new_status == "shipped":
        refuse_held(order, uow.now)
    require_step(uow.actor, order.order_status, command.new_status)
    step = order_step(order.order_status, command.new_status)
    off = order.total_amount - order.credited_amount if step and step.money == "credit" else Decimal("0.00")
    return Taken(order, command.new_status, reason, checked_time(command.at, order.created_at, uow.now), off)


def _touch_lines(uow: UnitOfWork, touched: Mapping[UUID, Taken]) -> None:
    """Move what the orders' lines hold, and bring the lines to the state that goes with the order's."""
    if not touched:
        return
    items = lock_items(uow.connection, touched)
    if moves := list(_moves(touched, items)):
        move(uow, moves)
    write_boxes(uow, _whole_boxes(touched, items))
    deliver_boxes(uow, {key: one.at for key, one in touched.items() if one.status == "delivered"})
    apply_changes(uow.connection, [_change(touched[item.order_id], item) for item in items])


def _moves(touched: Mapping[UUID, Taken], items: Iterable[Row[Any]]) -> Iterable[Move]:
    for item in sorted(items, key=lambda one: (one.order_id, one.product_id, one.warehouse_id or "")):
        one = touched[item.order_id]
        step = order_step(one.order.order_status, one.status)
        if one.status == "cancelled" and item.shipped_quantity:
            raise Invalid({"new_status": f"{item.sku} was sent in part; cancel what is left of the lines"})
        if step and step.stock and item.allocated_quantity and item.warehouse_id is not None:
            cause = f"{one.version}:{item.order_item_id}"
            place = item.product_id, item.warehouse_id
            yield Move(*place, step.stock, item.allocated_quantity, one.reason, item.order_id, "order", one.at, cause)


def _whole_boxes(touched: Mapping[UUID, Taken], items: Iterable[Row[Any]]) -> list[Box]:
    """Return one box for each warehouse with units of a shipped order still to be sent."""
    units: dict[tuple[UUID, str], dict[UUID, int]] = {}
    for item in items:
        if touched[item.order_id].status == "shipped" and item.allocated_quantity and item.warehouse_id is not None:
            units.setdefault((item.order_id, item.warehouse_id), {})[item.order_item_id] = item.allocated_quantity
    return [Box(order_id, place, inside, touched[order_id].at) for (order_id, place), inside in units.items()]


def _change(one: Taken, item: Row[Any]) -> LineChange:
    left = item.allocated_quantity
    if one.status == "cancelled":
        uncredited = item.quantity - item.credited_quantity
        return LineChange(item, "pending", cancelled=left, credited=uncredited)
    change = LineChange(item, item.fulfillment_status, shipped=left if one.status == "shipped" else 0)
    state = fulfilment_of(change.units, item.fulfillment_status, delivered=one.status == "delivered")
    return LineChange(item, state, shipped=change.shipped)
