"""Reads of reservations: what is held for drafts and carts, by keyset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["ReservationRow", "list_reservations"]

_LISTING = "reservations:expires_at"


@dataclass(frozen=True)
class ReservationRow:
    """Units held in one warehouse; ``is_due`` says that the time is over, so that they are anybody's."""

    reservation_id: UUID
    owner_type: str
    owner_id: str
    product_id: str
    sku: str
    warehouse_id: str
    quantity: int
    expires_at: datetime
    is_due: bool


def list_reservations(postgres: Postgres, *, after: str | None = None, limit: int = 50) -> Page[ReservationRow]:
    """Return a page of what is held and not released, what runs out first on top."""
    values: dict[str, Any] = {"limit": limit + 1}
    edge = ""
    if after:
        edge = " AND (expires_at, reservation_id) > (:at, :id)"
        values |= dict(zip(("at", "id"), decode_cursor(_LISTING, after), strict=True))
    with postgres.reading() as connection:
        found = connection.execute(text(_ROWS.format(edge=edge)), values).mappings()
        rows = [ReservationRow(**row) for row in found]
    more, rows = len(rows) > limit, rows[:limit]
    last = encode_cursor(_LISTING, rows[-1].expires_at, rows[-1].reservation_id) if more else None
    return Page(rows=tuple(rows), after=last)


_ROWS = """
    SELECT reservation_id, owner_type, owner_id, product_id, sku, warehouse_id, quantity, expires_at,
           expires_at <= now() AS is_due
      FROM reservations WHERE released_at IS NULL{edge}
     ORDER BY expires_at, reservation_id LIMIT :limit
"""
