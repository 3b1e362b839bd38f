"""The lock order of everything that changes an order: order → its lines by id → stock levels by key → payment.

Whoever changes an order starts here; the levels are locked by ``data.stock.ledger`` in the next step, never before.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import Row, select

from data.errors import Conflict, NotFound
from data.orders.schema import Order, OrderItem

__all__ = ["lock_items", "lock_order"]


def lock_order(connection: sqlalchemy.Connection, order_id: UUID, expected_version: int | None = None) -> Row[Any]:
    """Lock the order until the transaction ends and return its row.

    Raises ``NotFound``, and ``Conflict`` with the stored status and version where it is not at ``expected_version``.
    """
    statement = select(Order.__table__).where(Order.order_id == order_id).with_for_update(key_share=True)
    order = connection.execute(statement).one_or_none()
    if order is None:
        raise NotFound("order", str(order_id))
    if expected_version is not None and order.version != expected_version:
        raise Conflict(
            f"{order.order_number} was changed meanwhile: it is {order.order_status}, at version {order.version}.",
            current={"order_status": order.order_status, "version": order.version},
        )
    return order


def lock_items(connection: sqlalchemy.Connection, order_id: UUID) -> list[Row[Any]]:
    """Lock the lines of an order that is locked, and return them by id."""
    statement = select(OrderItem.__table__).where(OrderItem.order_id == order_id).order_by(OrderItem.order_item_id)
    return list(connection.execute(statement.with_for_update(key_share=True)))
