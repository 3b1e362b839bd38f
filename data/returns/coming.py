"""Units of an order that customers were told to send back and nobody has decided on yet."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["units_coming"]

_COMING = text(
    """
    SELECT i.order_item_id,
           sum(i.quantity - i.restocked_quantity - i.damaged_quantity - i.rejected_quantity)::int AS units
      FROM returns r JOIN return_items i USING (return_id)
     WHERE r.order_id = :order_id AND r.status IN ('requested', 'received') GROUP BY i.order_item_id
    """
)


def units_coming(connection: sqlalchemy.Connection, order_id: UUID) -> dict[UUID, int]:
    """Return the units by line that are asked back in open returns of the locked order."""
    return {row.order_item_id: row.units for row in connection.execute(_COMING, {"order_id": order_id})}
