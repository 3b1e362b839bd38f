"""The lock order of everything that changes an order: order → its lines by id → stock levels by key → payment.

Whoever changes an order starts here; the levels are locked by ``data.stock.ledger`` in the next step, never before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import Row, select

from data.errors import Conflict, NotFound
from data.orders.schema import Order, OrderItem

__all__ = ["lock_items", "lock_order", "lock_orders", "refuse_other_version"]


def lock_order(connection: sqlalchemy.Connection, order_id: UUID, expected_version: int | None = None) -> Row[Any]:
    """Lock the order until the transaction ends and return its row.

    Raises ``NotFound``, and ``Conflict`` with the stored status and version where it is not at ``expected_version``.
    """
    order = lock_orders(connection, [order_id])[order_id]
    refuse_other_version(order, expected_version)
    return order


def refuse_other_version(order: Row[Any], expected_version: int | None) -> None:
    """Raise ``Conflict`` with the stored status and version where ``order`` is not at ``expected_version`` (if any)."""
    if expected_version is not None and order.version != expected_version:
        raise Conflict(
            f"{order.order_number} was changed meanwhile: it is {order.order_status}, at version {order.version}.",
            current={"order_status": order.order_status, "version": order.version},
        )


def lock_orders(connection: sqlalchemy.Connection, order_ids: Iterable[UUID]) -> dict[UUID, Row[Any]]:
    """Lock orders, in the order of their ids, until the transaction ends; return their rows. Raises ``NotFound``."""
    wanted = set(order_ids)
    statement = select(Order.__table__).where(Order.order_id.in_(wanted)).order_by(Order.order_id)
    found = {row.order_id: row for row in connection.execute(statement.with_for_update(key_share=True))}
    if missing := wanted - found.keys():
        raise NotFound("order", str(min(missing)))
    return found


def lock_items(connection: sqlalchemy.Connection, order_ids: Iterable[UUID]) -> list[Row[Any]]:
    """Lock the lines of orders that are locked, and return them by id."""
    statement = select(OrderItem.__table__).where(OrderItem.order_id.in_(order_ids)).order_by(OrderItem.order_item_id)
    return list(connection.execute(statement.with_for_update(key_share=True)))
