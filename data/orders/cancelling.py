"""Cancelling units of an order's lines before they are sent: their stock is free again, their price is taken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.orders.life import OrderStep, fulfilment_of, order_step, status_of
from data.orders.lines import LineChange, apply_changes, chosen, credit_of, units_of
from data.orders.locks import lock_items, lock_order
from data.orders.messages import CancelLines, LinesCancelled
from data.orders.rules import OPEN
from data.orders.steps import Taken, checked_reason, write_steps
from data.orders.worth import owed
from data.payments.sums import money_of
from data.stock.ledger import Move, move

__all__ = ["cancel_lines"]


@handles(CancelLines)
def cancel_lines(command: CancelLines, uow: UnitOfWork) -> LinesCancelled:
    """Cancel units; see ``CancelLines`` for what is raised."""
    reason = checked_reason(command.reason, required="a cancellation must say why")
    order = lock_order(uow.connection, command.order_id, command.expected_version)
    if order.order_status not in OPEN:
        raise Invalid({"order_status": f"{order.order_number} is {order.order_status}, nothing of it can be cancelled"})
    items = lock_items(uow.connection, [order.order_id])
    gone = _gone(command, items)
    credit, credited = credit_of(order, items, gone)
    changes = [_change(item, gone, credited) for item in items if gone.get(item.order_item_id)]
    step = _step(order, items, changes, reason, credit, uow)
    moves = list(_moves(step, items, gone))
    if moves:
        move(uow, moves)
    apply_changes(uow.connection, _whole(items, changes) if step.status == "cancelled" else changes)
    write_steps(uow, [step])
    money = money_of(uow.connection, [order.order_id])[order.order_id]
    return LinesCancelled(
        order_id=order.order_id,
        order_number=order.order_number,
        order_status=step.status,
        version=step.version,
        units=sum(gone.values()),
        credit=step.credit,
        owed=owed(order.total_amount, order.credited_amount + step.credit, money.captured, money.refunded),
        currency=order.currency,
    )


def _gone(command: CancelLines, items: Sequence[Row[Any]]) -> dict[UUID, int]:
    free = {item.order_item_id: item.allocated_quantity for item in items}
    gone = chosen(items, command.lines, free, "to cancel") if command.lines else {k: n for k, n in free.items() if n}
    if not gone:
        raise Invalid({"lines": "nothing is left to cancel"})
    return gone


def _change(item: Row[Any], gone: Mapping[UUID, int], credited: Mapping[UUID, int]) -> LineChange:
    units = gone[item.order_item_id]
    after = LineChange(item, "", cancelled=units).units
    state = fulfilment_of(after, item.fulfillment_status)
    return LineChange(item, state, cancelled=units, credited=credited.get(item.order_item_id, 0))


def _whole(items: Sequence[Row[Any]], changes: Sequence[LineChange]) -> list[LineChange]:
    """Return ``changes`` with every line credited in whole, as the order is."""
    return [replace(one, credited=one.item.quantity - one.item.credited_quantity) for one in changes]


def _step(
    order: Row[Any],
    items: Sequence[Row[Any]],
    changes: Sequence[LineChange],
    reason: str,
    credit: Decimal,
    uow: UnitOfWork,
) -> Taken:
    changed = {one.item.order_item_id: one.units for one in changes}
    status = status_of(order.order_status, [changed.get(item.order_item_id) or units_of(item) for item in items])
    if status == "cancelled":  # nothing was sent and nothing will be: shipping is not owed either
        credit = order.total_amount - order.credited_amount
    told = {"cancelled": {str(one.item.order_item_id): one.cancelled for one in changes}}
    return Taken(order, status, reason, uow.now, credit, told, kind="cancelled")


def _moves(step: Taken, items: Sequence[Row[Any]], gone: Mapping[UUID, int]) -> list[Move]:
    kind = (order_step(step.order.order_status, "cancelled") or OrderStep("", "", "")).stock
    return [
        Move(
            *(item.product_id, item.warehouse_id, kind, gone[item.order_item_id], step.reason),
            *(step.order.order_id, "order"),
            cause=f"{step.version}:{item.order_item_id}",
        )
        for item in sorted(items, key=lambda one: (one.product_id, one.warehouse_id or "", one.order_item_id))
        if item.order_item_id in gone and item.warehouse_id is not None
    ]
