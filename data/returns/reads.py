"""Reads of returns: plain functions over PostgreSQL that return frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from data.errors import NotFound

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["ExchangeRow", "ReturnItemRow", "ReturnRow", "get_return", "open_returns", "returns_of"]


@dataclass(frozen=True)
class ReturnItemRow:
    """Units of one line that are asked back, and what became of them."""

    return_item_id: UUID
    order_item_id: UUID
    sku: str
    product_name: str
    quantity: int
    received_quantity: int
    restocked_quantity: int
    damaged_quantity: int
    rejected_quantity: int
    warehouse_id: str


@dataclass(frozen=True)
class ExchangeRow:
    """The exchange of a return, not cancelled; ``placed_order`` is the new order's number, ``""`` for a draft."""

    exchange_id: UUID
    status: str
    total_amount: Decimal
    credit_amount: Decimal
    balance_amount: Decimal
    currency: str
    placed_order: str


@dataclass(frozen=True)
class ReturnRow:
    """One return with its lines. ``asked_by`` is a name, ``""`` where unknown."""

    return_id: UUID
    order_id: UUID
    order_number: str
    status: str
    reason: str
    version: int
    created_at: datetime
    received_at: datetime | None
    closed_at: datetime | None
    asked_by: str
    items: tuple[ReturnItemRow, ...]
    exchange: ExchangeRow | None


def returns_of(postgres: Postgres, order_id: UUID) -> tuple[ReturnRow, ...]:
    """Return the order's returns, oldest first."""
    return _rows(postgres, "r.order_id = :order_id ORDER BY r.created_at, r.return_id", {"order_id": order_id})


def open_returns(postgres: Postgres, *, limit: int = 50) -> tuple[ReturnRow, ...]:
    """Return what is to be received or inspected, oldest first."""
    where = "r.status IN ('requested', 'received') ORDER BY r.created_at, r.return_id LIMIT :limit"
    return _rows(postgres, where, {"limit": limit})


def get_return(postgres: Postgres, return_id: UUID) -> ReturnRow:
    """Return one return. Raises ``NotFound``."""
    found = _rows(postgres, "r.return_id = :return_id", {"return_id": return_id})
    if not found:
        raise NotFound("return", str(return_id))
    return found[0]


def _rows(postgres: Postgres, where: str, values: Mapping[str, Any]) -> tuple[ReturnRow, ...]:
    with postgres.reading() as connection:
        rows = connection.execute(text(_RETURNS.format(where=where)), values).mappings().all()
        ids = {"ids": [row["return_id"] for row in rows]}
        items: dict[UUID, list[ReturnItemRow]] = {}
        for item in connection.execute(_ITEMS, ids).mappings():
            fields = dict(item)
            items.setdefault(fields.pop("return_id"), []).append(ReturnItemRow(**fields))
        exchanges: dict[UUID, ExchangeRow] = {}
        for exchange in connection.execute(_EXCHANGES, ids).mappings():
            fields = dict(exchange)
            return_id = fields.pop("return_id")
            exchanges[return_id] = ExchangeRow(**fields)
    return tuple(
        ReturnRow(**row, items=tuple(items[row["return_id"]]), exchange=exchanges.get(row["return_id"])) for row in rows
    )


_RETURNS = """
    SELECT r.return_id, r.order_id, o.order_number, r.status, r.reason, r.version, r.created_at, r.received_at,
           r.closed_at,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS asked_by
      FROM returns r JOIN orders o USING (order_id) LEFT JOIN users u ON u.user_id = r.created_by
     WHERE {where}
"""
_ITEMS = text(
    """
    SELECT i.return_id, i.return_item_id, i.order_item_id, l.sku, l.product_name, i.quantity, i.received_quantity,
           i.restocked_quantity, i.damaged_quantity, i.rejected_quantity, coalesce(i.warehouse_id, '') AS warehouse_id
      FROM return_items i JOIN order_items l USING (order_item_id)
     WHERE i.return_id = ANY(:ids) ORDER BY l.line_no, i.return_item_id
    """
)
_EXCHANGES = text(
    """
    SELECT e.return_id, e.exchange_id, e.status, e.total_amount, e.credit_amount, e.balance_amount, e.currency,
           coalesce(o.order_number, '') AS placed_order
      FROM exchanges e LEFT JOIN orders o ON o.order_id = e.placed_order_id
     WHERE e.return_id = ANY(:ids) AND e.status <> 'cancelled'
    """
)
