"""Choosing anew which warehouses serve an order, by a strategy or by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, text

from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.orders.lines import chosen
from data.orders.locks import lock_items, lock_order
from data.orders.messages import AllocatedItem, AllocateOrder, OrderAllocated
from data.orders.rules import OPEN
from data.orders.shares import Relocation, relocate
from data.orders.steps import Taken, checked_reason, write_steps
from data.stock.allocation import distances, plan
from data.stock.ledger import Key, lock_levels

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["allocate_order"]

_KEYS = text(
    """
    SELECT i.product_id, i.warehouse_id, w.address
      FROM inventory i JOIN warehouses w ON w.warehouse_id = i.warehouse_id AND w.is_active
     WHERE i.product_id = ANY(:products)
    """
)


@handles(AllocateOrder)
def allocate_order(command: AllocateOrder, uow: UnitOfWork) -> OrderAllocated:
    """Move open units between warehouses; see ``AllocateOrder`` for what is raised."""
    reason = checked_reason(command.reason)
    order = lock_order(uow.connection, command.order_id, command.expected_version)
    if order.order_status not in OPEN:
        raise Invalid({"order_status": f"{order.order_number} is {order.order_status}, nothing of it is to be sent"})
    items = lock_items(uow.connection, [order.order_id])
    held = [item for item in items if item.allocated_quantity and item.warehouse_id is not None]
    changes = _by_strategy(command.strategy, order, held, uow) if command.strategy else _by_hand(command, held)
    version = int(order.version)
    if changes:
        told = {"edited": [_change(one) for one in changes], "moved": [_moved(one) for one in changes]}
        step = Taken(order, order.order_status, reason or _told(changes), uow.now, told=told, kind="allocated")
        relocate(uow, changes, step.version, step.reason)
        write_steps(uow, [step])
        version = step.version
    return OrderAllocated(
        order_id=order.order_id,
        order_number=order.order_number,
        version=version,
        moved=sum(one.units for one in changes),
        items=_held(lock_items(uow.connection, [order.order_id])),
    )


def _by_hand(command: AllocateOrder, held: Sequence[Row[Any]]) -> list[Relocation]:
    if not command.lines or not command.to_warehouse:
        raise Invalid({"lines": "say which units go to which warehouse, or a strategy"})
    if command.from_warehouse == command.to_warehouse:
        raise Invalid({"to_warehouse": "is where the units are"})
    there = [
        item
        for item in held
        if item.warehouse_id != command.to_warehouse and command.from_warehouse in ("", item.warehouse_id)
    ]
    free = {item.order_item_id: item.allocated_quantity for item in there}
    units = chosen(there, command.lines, free, "to be sent from elsewhere")
    return [
        Relocation(item, units[item.order_item_id], command.to_warehouse)
        for item in there
        if item.order_item_id in units
    ]


def _by_strategy(strategy: str, order: Row[Any], held: Sequence[Row[Any]], uow: UnitOfWork) -> list[Relocation]:
    wanted: dict[str, int] = {}
    own: dict[Key, int] = {}
    for item in held:
        wanted[item.product_id] = wanted.get(item.product_id, 0) + item.allocated_quantity
        key = item.product_id, item.warehouse_id
        own[key] = own.get(key, 0) + item.allocated_quantity
    addresses = _addresses(uow.connection, wanted)
    levels = lock_levels(uow.connection, {*addresses, *own})
    # What the order holds itself is free for it, also in a warehouse that serves nobody else any more.
    free = {key: (level.available_stock if key in addresses else 0) + own.get(key, 0) for key, level in levels.items()}
    away = distances(order.shipping_address, {place: address for (_, place), address in addresses.items()})
    return _differences(held, plan(wanted, free, strategy, away))


def _addresses(connection: sqlalchemy.Connection, products: Mapping[str, int]) -> dict[Key, dict[str, Any]]:
    rows = connection.execute(_KEYS, {"products": list(products)})
    return {(row.product_id, row.warehouse_id): row.address for row in rows}


def _differences(held: Sequence[Row[Any]], target: Mapping[Key, int]) -> list[Relocation]:
    """Return what must move so that ``target`` is held: rows keep what may stay, only the rest goes elsewhere."""
    open_units, leaving = dict(target), list[tuple[Row[Any], int]]()
    for item in held:
        key = item.product_id, item.warehouse_id
        stays = min(item.allocated_quantity, open_units.get(key, 0))
        open_units[key] = open_units.get(key, 0) - stays
        if item.allocated_quantity > stays:
            leaving.append((item, item.allocated_quantity - stays))
    changes: list[Relocation] = []
    for item, units in leaving:
        for product, place in sorted(open_units):
            part = min(units, open_units[product, place]) if product == item.product_id else 0
            if part:
                open_units[product, place] -= part
                units -= part
                changes.append(Relocation(item, part, place))
    return changes


def _told(changes: Sequence[Relocation]) -> str:
    moved = (f"{one.units} {one.item.sku} from {one.item.warehouse_id} to {one.warehouse_id}" for one in changes)
    return f"allocated anew: {', '.join(moved)}"[:1_000]


def _change(one: Relocation) -> dict[str, str]:
    """Return the move as the timeline shows a change."""
    return {"label": f"{one.units} × {one.item.sku}", "was": one.item.warehouse_id, "now": one.warehouse_id}


def _moved(one: Relocation) -> dict[str, Any]:
    """Return the move as ``data.orders.undoing`` reads it."""
    return {
        "line_no": one.item.line_no,
        "product_id": one.item.product_id,
        "units": one.units,
        "was": one.item.warehouse_id,
        "now": one.warehouse_id,
    }


def _held(items: Sequence[Row[Any]]) -> tuple[AllocatedItem, ...]:
    ordered: list[tuple[int, str, UUID, Row[Any]]] = [
        (item.line_no, item.warehouse_id, item.order_item_id, item) for item in items if item.allocated_quantity
    ]
    return tuple(
        AllocatedItem(
            order_item_id=item.order_item_id,
            line_no=item.line_no,
            sku=item.sku,
            warehouse_id=item.warehouse_id,
            quantity=item.allocated_quantity,
        )
        for *_, item in sorted(ordered, key=lambda one: one[:3])
    )
