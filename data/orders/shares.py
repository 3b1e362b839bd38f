"""Moving a line's units to another warehouse: stock by difference, and the rows that say who serves what.

A row of ``order_items`` is what one warehouse serves of one line. Units that move in whole take their row along; a part
becomes a row of its own beside it, with its part of tax and discount. Rows are never merged or deleted: parcels,
returns and analytics hold on to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, text

from data.errors import OutOfStock, ShortLine
from data.ids import new_id
from data.money import cents
from data.orders.schema import OrderItem
from data.stock.ledger import Key, Move, lock_levels, move

if TYPE_CHECKING:
    from data.door import UnitOfWork

__all__ = ["Relocation", "relocate"]

_MOVE_ROW = text(
    "UPDATE order_items SET warehouse_id = :warehouse_id, fulfillment_status = 'allocated' WHERE order_item_id = :id"
)
_SHRINK_ROW = text(
    """
    UPDATE order_items
       SET quantity = quantity - :units, total_price = unit_price * (quantity - :units),
           tax_amount = tax_amount - :tax, discount_amount = discount_amount - :discount,
           credited_quantity = credited_quantity - :credited
     WHERE order_item_id = :id
    """
)


@dataclass(frozen=True)
class Relocation:
    """``units`` of the locked row ``item``, still to be sent, that ``warehouse_id`` is to serve."""

    item: Row[Any]
    units: int
    warehouse_id: str


def relocate(uow: UnitOfWork, changes: Sequence[Relocation], version: int, reason: str) -> None:
    """Carry out ``changes`` of one order, which is locked and will be at ``version``; one row occurs in several.

    Raises ``OutOfStock`` where a warehouse has too few.
    """
    _check_stock(uow, changes)
    moves: list[Move] = []
    for number, one in enumerate(changes):
        cause = f"{version}:{one.item.order_item_id}:{number}"
        about = (reason, one.item.order_id, "order")
        moves.append(
            Move(one.item.product_id, one.item.warehouse_id, "release", one.units, *about, cause=cause),
        )
        moves.append(Move(one.item.product_id, one.warehouse_id, "reserve", one.units, *about, cause=cause))
    move(uow, moves)
    left = {one.item.order_item_id: one.item for one in changes}
    sizes = {key: item.quantity for key, item in left.items()}
    for one in changes:
        key = one.item.order_item_id
        if one.units == sizes[key]:
            uow.connection.execute(_MOVE_ROW, {"id": key, "warehouse_id": one.warehouse_id})
        else:
            _split(uow, one, sizes[key])
            sizes[key] -= one.units


def _check_stock(uow: UnitOfWork, changes: Sequence[Relocation]) -> None:
    takes: dict[Key, int] = {}
    for one in changes:
        key = one.item.product_id, one.warehouse_id
        takes[key] = takes.get(key, 0) + one.units
    gives = {(one.item.product_id, one.item.warehouse_id) for one in changes}
    levels = lock_levels(uow.connection, {*takes, *gives})
    skus = {one.item.product_id: one.item.sku for one in changes}
    free = {key: level.available_stock for key, level in levels.items()}
    short = [
        ShortLine(skus[key[0]], key[0], key[1], units, free.get(key, 0))
        for key, units in takes.items()
        if units > free.get(key, 0)
    ]
    if short:
        raise OutOfStock(tuple(short))


def _split(uow: UnitOfWork, one: Relocation, quantity: int) -> None:
    row = uow.connection.execute(
        text("SELECT tax_amount, discount_amount, credited_quantity FROM order_items WHERE order_item_id = :id"),
        {"id": one.item.order_item_id},
    ).one()
    tax, discount = (cents(amount * one.units / quantity) for amount in (row.tax_amount, row.discount_amount))
    credited = max(0, row.credited_quantity - (quantity - one.units))
    values = {name: getattr(one.item, name) for name in _KEPT}
    uow.connection.execute(
        _SHRINK_ROW,
        {"id": one.item.order_item_id, "units": one.units, "tax": tax, "discount": discount, "credited": credited},
    )
    uow.connection.execute(
        insert(OrderItem).values(
            **values,
            order_item_id=new_id(),
            quantity=one.units,
            total_price=one.item.unit_price * one.units,
            tax_amount=tax,
            discount_amount=discount,
            credited_quantity=credited,
            fulfillment_status="allocated",
            warehouse_id=one.warehouse_id,
        )
    )


#: What a split row has in common with the one it came from.
_KEPT = ("order_id", "line_no", "product_id", "sku", "product_name", "product_attributes", "unit_price", "created_at")
