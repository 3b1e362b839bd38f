"""Writing an edited order: its amounts, its rows by difference, its step in history, its stock last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, delete, insert, text, update

from data.ids import new_id
from data.orders.editing.prices import PricedShare
from data.orders.editing.rules import NewOrder
from data.orders.editing.schema import RemovedOrderItem
from data.orders.schema import Order, OrderItem
from data.orders.steps import MAX_REASON, Taken, write_steps
from data.stock.ledger import Move, move

if TYPE_CHECKING:
    from data.door import UnitOfWork
    from data.orders.editing.units import Key

__all__ = ["write_edit"]

_UPDATE_ROWS = text(
    """
    UPDATE order_items i
       SET quantity = k.quantity, unit_price = k.unit_price, total_price = k.unit_price * k.quantity,
           discount_amount = k.discount, tax_amount = k.tax, fulfillment_status = k.status
      FROM unnest(CAST(:ids AS uuid[]), CAST(:quantities AS integer[]), CAST(:prices AS numeric[]),
                  CAST(:discounts AS numeric[]), CAST(:taxes AS numeric[]), CAST(:statuses AS text[]))
           AS k (id, quantity, unit_price, discount, tax, status)
     WHERE i.order_item_id = k.id
    """
)
_AMOUNTS = (
    *("subtotal", "discount_amount", "shipping_amount", "tax_amount", "tax_included_amount", "total_amount"),
    "credited_amount",
)


def write_edit(uow: UnitOfWork, order: Row[Any], items: Sequence[Row[Any]], new: NewOrder, reason: str) -> Taken:
    """Write ``new`` over the locked ``order`` and its locked ``items``; the levels it moves are locked too.

    Returns the step it was. Stock is moved by difference, each level once.
    """
    told = [msgspec.to_builtins(change) for change in new.changed]
    step = Taken(order, new.order_status, _told(new, reason), uow.now, told={"edited": told}, kind="edited")
    uow.connection.execute(
        update(Order)
        .where(Order.order_id == order.order_id)
        .values(
            **{name: getattr(new.priced, name) for name in _AMOUNTS},
            shipping_address=dict(new.shipping_address),
            billing_address=dict(new.billing_address),
            shipping_method=new.shipping_method or None,
            notes=new.notes or None,
        )
    )
    _write_rows(uow, {item.order_item_id: item for item in items}, new, step)
    write_steps(uow, [step])
    if moves := _moves(new, step):
        move(uow, moves)
    return step


def _told(new: NewOrder, reason: str) -> str:
    changes = "; ".join(f"{change.label} {change.was} → {change.now}" for change in new.changed)
    text = f"edited: {changes}" + (f" ({reason})" if reason else "")
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…"


def _write_rows(uow: UnitOfWork, stored: dict[UUID, Row[Any]], new: NewOrder, step: Taken) -> None:
    rows = new.priced.shares
    kept = [row for row in rows if row.share.before is not None and row.share.quantity]
    gone = [row for row in rows if row.share.before is not None and not row.share.quantity]
    made = [row for row in rows if row.share.before is None]
    if kept:
        uow.connection.execute(_UPDATE_ROWS, _columns(kept))
    if gone:
        removed = [stored[row.share.before.order_item_id] for row in gone if row.share.before is not None]
        values = [_removed(item, step.version, uow) for item in removed]
        uow.connection.execute(insert(RemovedOrderItem), values)
        ids = [item.order_item_id for item in removed]
        uow.connection.execute(delete(OrderItem).where(OrderItem.order_item_id.in_(ids)))
    if made:
        first = {item.line_no: item for item in stored.values()}
        uow.connection.execute(insert(OrderItem), [_made(row, new, first, step) for row in made])


def _columns(rows: Sequence[PricedShare]) -> dict[str, list[Any]]:
    return {
        "ids": [row.share.before.order_item_id for row in rows if row.share.before is not None],
        "quantities": [row.share.quantity for row in rows],
        "prices": [row.unit_price for row in rows],
        "discounts": [row.discount_amount for row in rows],
        "taxes": [row.tax_amount for row in rows],
        "statuses": [row.share.state for row in rows],
    }


def _removed(item: Row[Any], version: int, uow: UnitOfWork) -> dict[str, Any]:
    same = ("order_item_id", "order_id", "line_no", "product_id", "sku", "product_name", "unit_price", "quantity")
    values = {name: getattr(item, name) for name in (*same, "warehouse_id")}
    return {**values, "order_version": version, "created_at": uow.now}


def _made(row: PricedShare, new: NewOrder, stored: dict[int, Row[Any]], step: Taken) -> dict[str, Any]:
    """Return a new row: of a new line, or of one that a further warehouse serves now."""
    line = next(one.line for one in new.served if one.line.line_no == row.line_no)
    item = stored.get(row.line_no)
    return {
        "order_item_id": new_id(),
        "order_id": step.order.order_id,
        "line_no": row.line_no,
        "product_id": line.product_id,
        "sku": line.sku,
        "product_name": line.title,
        "product_attributes": dict(line.attributes) if item is None else item.product_attributes,
        "unit_price": row.unit_price,
        "quantity": row.share.quantity,
        "total_price": row.total_price,
        "discount_amount": row.discount_amount,
        "tax_amount": row.tax_amount,
        "fulfillment_status": row.share.state,
        "warehouse_id": row.share.warehouse_id,
        "created_at": step.order.created_at,
    }


def _moves(new: NewOrder, step: Taken) -> list[Move]:
    """Return one movement for each level: what one line frees another may take without a movement at all."""
    net: dict[Key, int] = {}
    for one in new.served:
        for sign, counts in ((1, one.taken), (-1, one.freed)):
            for place, units in counts.items():
                key = one.line.product_id, place
                net[key] = net.get(key, 0) + sign * units
    return [
        Move(
            *(*key, "reserve" if units > 0 else "release", abs(units), step.reason),
            *(step.order.order_id, "order"),
            cause=f"{step.version}:edit",
        )
        for key, units in sorted(net.items())
        if units
    ]
