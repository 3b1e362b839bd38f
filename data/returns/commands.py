"""The handlers of returns. Stock and price move at inspection and nowhere else.

Lock order: order → its lines by id → the return → its lines → levels by key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update

from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid, NotFound
from data.ids import new_id
from data.orders.lines import LineChange, apply_changes, chosen, credit_of
from data.orders.locks import lock_items, lock_order
from data.orders.messages import LineUnits
from data.orders.steps import Taken, checked_reason, write_steps
from data.orders.worth import owed
from data.payments.sums import money_of
from data.returns.coming import units_coming
from data.returns.messages import CloseReturn, InspectLine, InspectReturn, ReceiveReturn, RequestReturn, ReturnChanged
from data.returns.schema import Return, ReturnItem
from data.stock.ledger import Move, create_levels, move
from data.stock.schema import Warehouse

__all__ = ["close_return", "inspect_return", "receive_return", "request_return"]

_OPEN = ("requested", "received")
_ADD = text(
    """
    UPDATE return_items i
       SET received_quantity = i.received_quantity + k.received,
           restocked_quantity = i.restocked_quantity + k.restocked,
           damaged_quantity = i.damaged_quantity + k.damaged, rejected_quantity = i.rejected_quantity + k.rejected,
           warehouse_id = coalesce(k.warehouse, i.warehouse_id)
      FROM unnest(CAST(:ids AS uuid[]), CAST(:received AS integer[]), CAST(:restocked AS integer[]),
                  CAST(:damaged AS integer[]), CAST(:rejected AS integer[]), CAST(:warehouses AS text[]))
           AS k (id, received, restocked, damaged, rejected, warehouse)
     WHERE i.return_item_id = k.id
    """
)


@dataclass(frozen=True)
class _Held:
    """A return with its order, everything locked. ``lines`` are the order's, ``items`` the return's."""

    order: Row[Any]
    lines: Sequence[Row[Any]]
    row: Row[Any]
    items: Sequence[Row[Any]]


@handles(RequestReturn)
def request_return(command: RequestReturn, uow: UnitOfWork) -> ReturnChanged:
    """Note the request; see ``RequestReturn`` for what is raised."""
    reason = checked_reason(command.reason, required="a return must say why")
    if not command.lines:
        raise Invalid({"lines": "say which units come back"})
    order = lock_order(uow.connection, command.order_id)
    lines = lock_items(uow.connection, [order.order_id])
    coming = units_coming(uow.connection, order.order_id)
    free = {
        line.order_item_id: line.shipped_quantity - line.returned_quantity - coming.get(line.order_item_id, 0)
        for line in lines
    }
    units = chosen(lines, command.lines, free, "sent and not back")
    return_id = new_id()
    uow.connection.execute(
        insert(Return).values(
            return_id=return_id,
            order_id=order.order_id,
            reason=reason,
            created_by=uow.actor.user_id,
            created_at=uow.now,
            updated_at=uow.now,
        )
    )
    uow.connection.execute(
        insert(ReturnItem),
        [
            {"return_item_id": new_id(), "return_id": return_id, "order_item_id": key, "quantity": count}
            for key, count in units.items()
        ],
    )
    told = f"return of {_counted(sum(units.values()))} asked for: {reason}"[:1_000]
    return _step(uow, _lock_items_of(uow, order, lines, return_id), told)


@handles(ReceiveReturn)
def receive_return(command: ReceiveReturn, uow: UnitOfWork) -> ReturnChanged:
    """Note what arrived; see ``ReceiveReturn`` for what is raised."""
    held = _lock_return(uow, command.return_id, command.expected_version)
    known = select(Warehouse.warehouse_id).where(Warehouse.warehouse_id == command.warehouse_id)
    if uow.connection.execute(known).first() is None:
        raise NotFound("warehouse", command.warehouse_id)
    free = {item.order_item_id: item.quantity - item.received_quantity for item in held.items}
    units = _asked(held, command.lines, free, "still to come")
    for item in held.items:
        waits = item.received_quantity - _settled(item)
        if item.order_item_id in units and waits and item.warehouse_id != command.warehouse_id:
            raise Invalid(
                {"warehouse_id": f"{waits} units of this line wait at {item.warehouse_id}; inspect them first"}
            )
    _add(uow, held, units, {}, command.warehouse_id)
    uow.connection.execute(
        update(Return).where(Return.return_id == held.row.return_id).values(status="received", received_at=uow.now)
    )
    return _step(uow, held, f"{_counted(sum(units.values()))} of a return arrived at {command.warehouse_id}")


@handles(InspectReturn)
def inspect_return(command: InspectReturn, uow: UnitOfWork) -> ReturnChanged:
    """Decide on units; see ``InspectReturn`` for what is raised."""
    note = checked_reason(command.note)
    held = _lock_return(uow, command.return_id, command.expected_version)
    decided = _decided(held, command.lines)
    good, bad, rejected = ({key: each[at] for key, each in decided.items()} for at in range(3))
    back = {key: good[key] + bad[key] for key in decided}
    credit, credited = credit_of(held.order, held.lines, back)
    _move_back(uow, held, good, bad, note or held.row.reason)
    apply_changes(
        uow.connection,
        [
            LineChange(
                line,
                line.fulfillment_status,
                returned=back[line.order_item_id],
                credited=credited.get(line.order_item_id, 0),
            )
            for line in held.lines
            if back.get(line.order_item_id)
        ],
    )
    _add(uow, held, {}, decided, None)
    if all(item.quantity == _settled(item) + sum(decided.get(item.order_item_id, ())) for item in held.items):
        _close(uow, held, "inspected")
    told = f"inspected: {sum(good.values())} restocked, {sum(bad.values())} damaged, {sum(rejected.values())} rejected"
    return _step(uow, held, f"{told}; {note}"[:1_000] if note else told, credit)


@handles(CloseReturn)
def close_return(command: CloseReturn, uow: UnitOfWork) -> ReturnChanged:
    """End the return; see ``CloseReturn`` for what is raised."""
    reason = checked_reason(command.reason, required="say why no more comes")
    held = _lock_return(uow, command.return_id, command.expected_version)
    if any(item.received_quantity > _settled(item) for item in held.items):
        raise Invalid({"return_id": "units that were received are still to be inspected"})
    status = "inspected" if any(_settled(item) for item in held.items) else "cancelled"
    _close(uow, held, status)
    return _step(uow, held, f"return closed: {reason}"[:1_000])


def _counted(units: int) -> str:
    return f"{units} unit{'' if units == 1 else 's'}"


def _lock_return(uow: UnitOfWork, return_id: UUID, expected_version: int | None) -> _Held:
    order_id = uow.connection.execute(select(Return.order_id).where(Return.return_id == return_id)).scalar()
    if order_id is None:
        raise NotFound("return", str(return_id))
    order = lock_order(uow.connection, order_id)
    held = _lock_items_of(uow, order, lock_items(uow.connection, [order_id]), return_id)
    if expected_version is not None and held.row.version != expected_version:
        raise Conflict(
            f"This return was changed meanwhile: it is {held.row.status}, at version {held.row.version}.",
            current={"status": held.row.status, "version": held.row.version},
        )
    if held.row.status not in _OPEN:
        raise Invalid({"return_id": f"this return is {held.row.status}"})
    return held


def _lock_items_of(uow: UnitOfWork, order: Row[Any], lines: Sequence[Row[Any]], return_id: UUID) -> _Held:
    row = uow.connection.execute(
        select(Return.__table__).where(Return.return_id == return_id).with_for_update(key_share=True)
    ).one()
    items = uow.connection.execute(
        select(ReturnItem.__table__)
        .where(ReturnItem.return_id == return_id)
        .order_by(ReturnItem.return_item_id)
        .with_for_update(key_share=True)
    ).all()
    return _Held(order, lines, row, items)


def _asked(held: _Held, asked: Sequence[LineUnits], free: Mapping[UUID, int], what: str) -> dict[UUID, int]:
    units = chosen(held.lines, asked, free, what) if asked else {key: count for key, count in free.items() if count}
    if not units:
        raise Invalid({"lines": f"nothing is {what}"})
    return units


def _settled(item: Row[Any]) -> int:
    return int(item.restocked_quantity + item.damaged_quantity + item.rejected_quantity)


def _decided(held: _Held, lines: Sequence[InspectLine]) -> dict[UUID, tuple[int, int, int]]:
    """Return (restocked, damaged, rejected) units by line of the order; each decision takes from what is left."""
    left = {item.order_item_id: item.received_quantity - _settled(item) for item in held.items}
    decided: dict[UUID, list[int]] = {}
    for place, line in enumerate(lines):
        for kind, count in enumerate((line.restock, line.damaged, line.reject)):
            if count < 0:
                raise Invalid({f"lines[{place}]": "counts units, 0 or more"})
            if not count:
                continue
            asked = LineUnits(quantity=count, sku=line.sku, order_item_id=line.order_item_id)
            try:
                part = chosen(held.lines, (asked,), left, "received and not inspected")
            except Invalid as refused:
                raise Invalid({f"lines[{place}]": why for why in refused.fields.values()}) from None
            for key, units in part.items():
                left[key] -= units
                decided.setdefault(key, [0, 0, 0])[kind] += units
    if not decided:
        raise Invalid({"lines": "say what became of which units"})
    return {key: (good, bad, rejected) for key, (good, bad, rejected) in decided.items()}


def _move_back(uow: UnitOfWork, held: _Held, good: Mapping[UUID, int], bad: Mapping[UUID, int], reason: str) -> None:
    moves: list[Move] = []
    lines = {line.order_item_id: line for line in held.lines}
    wanted = {}
    for item in held.items:
        line = lines[item.order_item_id]
        for kind, units in (("return", good), ("return_damaged", bad)):
            if count := units.get(item.order_item_id, 0):
                wanted[line.product_id, item.warehouse_id] = (line.sku, 0)
                cause = f"{held.row.version}:{item.return_item_id}"
                about = (reason, held.order.order_id, "order", uow.now, cause, held.row.return_id)
                moves.append(Move(line.product_id, item.warehouse_id, kind, count, *about))
    if moves:
        create_levels(uow.connection, wanted)
        move(uow, moves)


def _add(
    uow: UnitOfWork,
    held: _Held,
    received: Mapping[UUID, int],
    decided: Mapping[UUID, tuple[int, int, int]],
    warehouse_id: str | None,
) -> None:
    touched = [item for item in held.items if item.order_item_id in received or item.order_item_id in decided]
    parts = [decided.get(item.order_item_id, (0, 0, 0)) for item in touched]
    uow.connection.execute(
        _ADD,
        {
            "ids": [item.return_item_id for item in touched],
            "received": [received.get(item.order_item_id, 0) for item in touched],
            "restocked": [part[0] for part in parts],
            "damaged": [part[1] for part in parts],
            "rejected": [part[2] for part in parts],
            "warehouses": [warehouse_id for _ in touched],
        },
    )


def _close(uow: UnitOfWork, held: _Held, status: str) -> None:
    closed = {"status": status, "closed_at": uow.now}
    uow.connection.execute(update(Return).where(Return.return_id == held.row.return_id).values(closed))


def _step(uow: UnitOfWork, held: _Held, told: str, credit: Decimal = Decimal("0.00")) -> ReturnChanged:
    """Write the step into the order's history and tell the return as it is now."""
    version = uow.connection.execute(
        update(Return)
        .where(Return.return_id == held.row.return_id)
        .values(version=Return.version + 1, updated_at=uow.now)
        .returning(Return.version)
    ).scalar_one()
    order = held.order
    about = {"return_id": str(held.row.return_id)}
    write_steps(uow, [Taken(order, order.order_status, told, uow.now, credit, about, "return")])
    after = _lock_items_of(uow, order, held.lines, held.row.return_id)
    money = money_of(uow.connection, [order.order_id])[order.order_id]
    return ReturnChanged(
        return_id=held.row.return_id,
        order_id=order.order_id,
        order_number=order.order_number,
        status=after.row.status,
        version=version,
        quantity=sum(item.quantity for item in after.items),
        received=sum(item.received_quantity for item in after.items),
        restocked=sum(item.restocked_quantity for item in after.items),
        damaged=sum(item.damaged_quantity for item in after.items),
        rejected=sum(item.rejected_quantity for item in after.items),
        credit=credit,
        owed=owed(order.total_amount, order.credited_amount + credit, money.captured, money.refunded),
        currency=order.currency,
    )
