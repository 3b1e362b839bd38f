"""Taking back what somebody did to an order: a step of its state, a mark of the floor, a choice of warehouses, a note.

Each is undone by a counter-entry: a step of its own in the order's history, movements of its own in the ledger. What
was sent, cancelled, paid, given back or returned is not taken back here: goods and money have left
(``data.orders.life`` says which steps are reversible, ``data.undo.commands`` which commands are).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, text

from data.door import UnitOfWork
from data.errors import Conflict
from data.orders.life import HOLDING, order_step
from data.orders.lines import LineChange, apply_changes
from data.orders.locks import lock_items, lock_order
from data.orders.rules import OPEN
from data.orders.shares import Relocation, relocate
from data.orders.steps import Taken, write_steps
from data.undo.finding import Change

__all__ = ["take_back_allocation", "take_back_marks", "take_back_note", "take_back_step"]

_WHY = "taken back"
#: Going back leaves the times of earlier steps as they were; the step that is taken back has none any more.
_STAMP = text("UPDATE orders SET confirmed_at = :at WHERE order_id = :order_id")


def take_back_step(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Bring the order back to the state it had. Raises ``Conflict`` where it went on since, or the step is for good."""
    (change,) = changes
    order = lock_order(uow.connection, UUID(change.target_id))
    was, now = str(change.before["order_status"]), str(change.after["order_status"])
    step = order_step(was, now)
    if step is None or not step.reversible:
        raise Conflict(f"{order.order_number} was {now}; that cannot be taken back.")
    _refuse_elsewhere(order, now)
    if any(item.shipped_quantity for item in lock_items(uow.connection, [order.order_id])):
        raise Conflict(f"Units of {order.order_number} were sent since; nothing was undone.")
    write_steps(uow, [Taken(order, was, f"{_WHY}: {now}", uow.now, kind="undone")])
    kept = order.confirmed_at if was == "confirmed" else None
    uow.connection.execute(_STAMP, {"order_id": order.order_id, "at": kept})
    return f"{order.order_number} is {was} again"


def take_back_marks(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Bring the lines' shares back to how far the floor was with them.

    Raises ``Conflict`` where one went on since: none of these states holds other stock, so any may follow any.
    """
    (change,) = changes
    order = lock_order(uow.connection, UUID(change.target_id))
    _refuse_closed(order)
    marked: dict[str, str] = change.after["marked"]
    state = str(change.after["state"])
    items = {str(item.order_item_id): item for item in lock_items(uow.connection, [order.order_id])}
    for key, was in marked.items():
        item = items.get(key)
        if item is None or item.fulfillment_status != state or was not in HOLDING:
            sku = f"{item.sku} is {item.fulfillment_status}" if item is not None else "a line is gone"
            raise Conflict(f"{order.order_number}: {sku} now; nothing was undone.")
    apply_changes(uow.connection, [LineChange(items[key], was) for key, was in marked.items()])
    skus = ", ".join(sorted({items[key].sku for key in marked}))
    write_steps(uow, [Taken(order, order.order_status, f"{_WHY}: {state}, {skus}"[:1_000], uow.now, kind="undone")])
    return f"{skus}: {state} was taken back"


def take_back_allocation(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Move the units back where they were held, by difference.

    Raises ``Conflict`` where they are held elsewhere by now, ``OutOfStock`` where somebody else took those there.
    """
    (change,) = changes
    order = lock_order(uow.connection, UUID(change.target_id))
    _refuse_closed(order)
    items = lock_items(uow.connection, [order.order_id])
    back = [one for moved in change.after["moved"] for one in _back(moved, items, order)]
    told = [
        {"label": f"{one.units} × {one.item.sku}", "was": one.item.warehouse_id, "now": one.warehouse_id}
        for one in back
    ]
    step = Taken(order, order.order_status, f"{_WHY}: allocation", uow.now, told={"edited": told}, kind="undone")
    relocate(uow, back, step.version, step.reason)
    write_steps(uow, [step])
    places = ", ".join(f"{one['label']} at {one['now']}" for one in told)
    return f"{order.order_number}: {places} again"


def take_back_note(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Withdraw the note; the audit log keeps what it said. Raises ``Conflict`` where it is gone."""
    from data.notes.schema import OrderNote

    (change,) = changes
    withdraw = (
        delete(OrderNote)
        .where(OrderNote.note_id == UUID(str(change.after["note_id"])), OrderNote.author_id == uow.actor.user_id)
        .returning(OrderNote.body, OrderNote.visibility)
    )
    note = uow.connection.execute(withdraw).first()
    if note is None:
        raise Conflict("The note is gone already; nothing was undone.")
    uow.record(
        "order",
        change.target_id,
        {"note": note.body, "visibility": note.visibility},
        {"taken_back": "note", "said": note.body},
    )
    first = note.body.split("\n")[0]
    return f"Note taken back: {first[:60]}{'…' if len(first) > 60 else ''}"


def _refuse_elsewhere(order: Row[Any], status: str) -> None:
    if order.order_status != status:
        raise Conflict(f"{order.order_number} is {order.order_status} by now; nothing was undone.")


def _refuse_closed(order: Row[Any]) -> None:
    if order.order_status not in OPEN:
        raise Conflict(f"{order.order_number} is {order.order_status} by now; nothing was undone.")


def _back(moved: dict[str, Any], items: Sequence[Row[Any]], order: Row[Any]) -> list[Relocation]:
    """Return what takes one move back, of the shares that hold its units now."""
    there = [
        item
        for item in items
        if (item.line_no, item.product_id, item.warehouse_id) == (moved["line_no"], moved["product_id"], moved["now"])
    ]
    left, back = int(moved["units"]), []
    for item in there:
        part = min(left, item.allocated_quantity)
        if part:
            back.append(Relocation(item, part, str(moved["was"])))
            left -= part
    if left:
        raise Conflict(f"{order.order_number}: {moved['now']} no longer holds these units; nothing was undone.")
    return back
