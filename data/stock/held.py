"""Reads of reservations: what is held for drafts and carts, by keyset; what one draft holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from data.paging import decode_cursor, encode_cursor
from data.stock.holding import freed
from data.stock.schema import Reservation
from data.types import Page

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["Held", "ReservationRow", "held_by_draft", "list_reservations"]

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


@dataclass(frozen=True)
class Held:
    """Units a draft holds, and the movement that lets them go: what ``take_over_holds`` of placement is told."""

    reservation_id: UUID
    version: int
    product_id: str
    warehouse_id: str
    units: int
    movement_id: UUID | None


def held_by_draft(postgres: Postgres, draft_id: UUID) -> list[Held]:
    """Return what the draft holds, also beyond its time as long as nobody has booked that."""
    statement = select(Reservation.__table__).where(
        Reservation.owner_type == "draft",
        Reservation.owner_id == str(draft_id),
        Reservation.released_at.is_(None),
    )
    with postgres.reading() as connection:
        rows = connection.execute(statement).all()
    return [
        Held(row.reservation_id, row.version, row.product_id, row.warehouse_id, row.quantity, freed(row).caused_id)
        for row in rows
    ]


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
