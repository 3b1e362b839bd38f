"""What an order's money comes to: always the sum of its steps, never a figure that is kept beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["Money", "money_of"]

_ZERO = Decimal("0.00")
_SUMS = text(
    """
    SELECT order_id, kind, status = 'pending' AS pending, sum(amount) AS amount
      FROM payments WHERE order_id = ANY(:ids) AND status <> 'failed' GROUP BY order_id, kind, status = 'pending'
    """
)


@dataclass(frozen=True)
class Money:
    """An order's steps of money, added up. A step whose end nobody heard of yet counts as done, and is ``pending``
    too: so nothing is promised twice while an answer is outstanding."""

    authorised: Decimal = _ZERO
    captured: Decimal = _ZERO
    voided: Decimal = _ZERO
    refunded: Decimal = _ZERO
    pending_captures: Decimal = _ZERO
    pending_refunds: Decimal = _ZERO

    @property
    def refundable(self) -> Decimal:
        """What may still be given back: captures that succeeded, less all refunds."""
        return self.captured - self.pending_captures - self.refunded


def money_of(connection: sqlalchemy.Connection, order_ids: Iterable[UUID]) -> dict[UUID, Money]:
    """Return the money of each order in ``order_ids``, zeros where nothing was booked."""
    ids = list(order_ids)
    sums: dict[UUID, dict[str, Decimal]] = {order_id: {} for order_id in ids}
    for row in connection.execute(_SUMS, {"ids": ids}):
        kinds = sums[row.order_id]
        kinds[row.kind] = kinds.get(row.kind, _ZERO) + row.amount
        if row.pending:
            kinds[f"pending {row.kind}"] = row.amount
    return {
        order_id: Money(
            kinds.get("authorise", _ZERO),
            kinds.get("capture", _ZERO),
            kinds.get("void", _ZERO),
            kinds.get("refund", _ZERO),
            kinds.get("pending capture", _ZERO),
            kinds.get("pending refund", _ZERO),
        )
        for order_id, kinds in sums.items()
    }
