"""What a bulk job has to know of orders to say what would become of them: read for hundreds at once, without a lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from data.orders.filters import HELD

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["Facts", "facts_of"]


@dataclass(frozen=True)
class Facts:
    """One order as it is now. ``left`` are units still to be sent, ``allocated`` those of them that a warehouse holds.

    ``owed`` counts steps that wait for a provider as done. ``authorised_by`` is an authorisation nobody captured or
    voided yet, with its provider and amount.
    """

    order_id: UUID
    order_number: str
    order_status: str
    tags: tuple[str, ...]
    assigned_to: str | None
    hold_reason: str | None
    on_hold_until: datetime | None
    held: bool
    left: int
    allocated: int
    owed: Decimal
    currency: str
    authorised_by: UUID | None = None
    provider: str = ""
    authorised: Decimal = Decimal("0.00")


def facts_of(postgres: Postgres, order_ids: Iterable[UUID]) -> dict[UUID, Facts]:
    """Return what is so of these orders; an order that is not there is left out. Raises ``Unavailable``."""
    with postgres.reading() as connection:
        rows = connection.execute(_FACTS, {"ids": list(order_ids)}).mappings()
        return {row["order_id"]: Facts(**{**row, "tags": tuple(row["tags"])}) for row in rows}


_FACTS = text(
    f"""
    SELECT o.order_id, o.order_number, o.order_status, o.tags, s.email AS assigned_to, o.hold_reason, o.on_hold_until,
           {HELD} AS held, line.units AS left, line.allocated, o.currency,
           o.total_amount - o.credited_amount - money.taken AS owed,
           auth.payment_id AS authorised_by, coalesce(auth.provider, '') AS provider,
           coalesce(auth.amount, 0) AS authorised
      FROM orders o
      LEFT JOIN users s ON s.user_id = o.assigned_to
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(i.allocated_quantity), 0)::int AS units,
                   coalesce(sum(i.allocated_quantity) FILTER (WHERE i.warehouse_id IS NOT NULL), 0)::int AS allocated
              FROM order_items i WHERE i.order_id = o.order_id) AS line
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE p.kind WHEN 'capture' THEN p.amount WHEN 'refund' THEN -p.amount END), 0) AS taken
              FROM payments p WHERE p.order_id = o.order_id AND p.status <> 'failed') AS money
      LEFT JOIN LATERAL (
            SELECT p.payment_id, p.provider, p.amount FROM payments p
             WHERE p.order_id = o.order_id AND p.kind = 'authorise' AND p.status = 'succeeded'
               AND NOT EXISTS (SELECT FROM payments c
                                WHERE c.parent_payment_id = p.payment_id AND c.status <> 'failed')
             ORDER BY p.amount DESC, p.payment_id LIMIT 1) AS auth ON true
     WHERE o.order_id = ANY(CAST(:ids AS uuid[]))
    """
)
