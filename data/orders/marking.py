"""How far the floor is with an order: its lines' shares are picked, packed, or put back on the shelf."""

from __future__ import annotations

from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.orders.life import FULFILMENT_STEPS, HOLDING
from data.orders.lines import LineChange, apply_changes
from data.orders.locks import lock_items, lock_order
from data.orders.messages import LinesMarked, MarkLines
from data.orders.rules import OPEN
from data.orders.steps import Taken, write_steps

__all__ = ["mark_lines"]

_STEPS = frozenset((step.before, step.after) for step in FULFILMENT_STEPS)


@handles(MarkLines)
def mark_lines(command: MarkLines, uow: UnitOfWork) -> LinesMarked:
    """Mark the shares; see ``MarkLines`` for what is raised. Shares that are there already stay as they are."""
    if command.state not in HOLDING:
        raise Invalid({"state": f"{command.state!r} is not one of {', '.join(sorted(HOLDING))}"})
    order = lock_order(uow.connection, command.order_id, command.expected_version)
    if order.order_status not in OPEN:
        raise Invalid({"order_status": f"{order.order_number} is {order.order_status}, nothing of it is on the floor"})
    items = lock_items(uow.connection, [order.order_id])
    asked = set(command.order_item_ids)
    if missing := asked - {item.order_item_id for item in items}:
        raise NotFound("line", str(min(missing)))
    named = [
        item
        for item in items
        if item.allocated_quantity
        and (not asked or item.order_item_id in asked)
        and command.warehouse_id in ("", item.warehouse_id)
    ]
    if not named:
        raise Invalid({"order_item_ids": "none of these has units still to be sent"})
    marked = [item for item in named if item.fulfillment_status != command.state]
    if wrong := [item for item in marked if (item.fulfillment_status, command.state) not in _STEPS]:
        raise Invalid({"state": f"{wrong[0].sku} is {wrong[0].fulfillment_status}, not to become {command.state}"})
    version = int(order.version)
    if marked:
        skus = ", ".join(sorted({item.sku for item in marked}))
        was = {str(item.order_item_id): item.fulfillment_status for item in marked}
        told = {"marked": was, "state": command.state}
        step = Taken(
            order, order.order_status, f"{command.state}: {skus}"[:1_000], uow.now, told=told, kind=command.state
        )
        apply_changes(uow.connection, [LineChange(item, command.state) for item in marked])
        write_steps(uow, [step])
        version = step.version
    return LinesMarked(
        order_id=order.order_id,
        order_number=order.order_number,
        version=version,
        state=command.state,
        lines=len(marked),
    )
