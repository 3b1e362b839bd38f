"""Reads of stock: plain functions over PostgreSQL that return frozen values, by keyset, never by OFFSET."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from data.estimate import estimate_rows
from data.paging import decode_cursor, encode_cursor
from data.stock.reconciliation import Mismatch, reconcile
from data.stores.postgres import Postgres
from data.types import Page

__all__ = [
    "Level",
    "LevelQuery",
    "LevelRow",
    "Mismatch",
    "MovementRow",
    "WarehouseRow",
    "levels_of",
    "list_levels",
    "list_movements",
    "list_warehouses",
    "reconcile",
    "untouched",
]


@dataclass(frozen=True)
class Level:
    """The stock of one product in one warehouse, in units. ``version`` rises with each movement."""

    product_id: str
    warehouse_id: str
    sku: str
    total_stock: int
    available_stock: int
    reserved_stock: int
    damaged_stock: int
    reorder_level: int
    max_stock_level: int | None
    version: int

    @property
    def is_low(self) -> bool:
        """At or below the reorder level."""
        return self.available_stock <= self.reorder_level


@dataclass(frozen=True)
class LevelRow(Level):
    """A level as the warehouse list shows it; the title is the catalog's and joined by the caller."""

    last_updated: datetime
    last_restock_date: datetime | None


@dataclass(frozen=True)
class LevelQuery:
    """Which levels: of one warehouse (``""`` = all), of a SKU that begins with ``text``, of these products; only low,
    only sold out."""

    warehouse_id: str = ""
    text: str = ""
    product_ids: tuple[str, ...] = ()
    low: bool = False
    out: bool = False


@dataclass(frozen=True)
class MovementRow:
    """One movement with the balances it left, in units. ``created_by`` is the name of who moved, ``""`` for nobody."""

    movement_id: UUID
    sequence: int
    product_id: str
    warehouse_id: str
    movement_type: str
    kind: str
    quantity: int
    available_delta: int
    reserved_delta: int
    damaged_delta: int
    available_after: int
    reserved_after: int
    damaged_after: int
    stock_after_movement: int
    reference_id: UUID | None
    reference_type: str
    reference: str
    reason: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class WarehouseRow:
    """One warehouse with the size of its stock: levels held, units in the house, levels low and sold out."""

    warehouse_id: str
    name: str
    address: Mapping[str, Any]
    is_active: bool
    levels: int
    total_stock: int
    low: int
    out: int


def list_levels(
    postgres: Postgres, query: LevelQuery, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> Page[LevelRow]:
    """Return a page of levels in SKU order, by keyset (sku, product_id, warehouse_id); ``before=""``: the last page.

    ``estimate`` is the planner's, made for the first page only. Raises ``Invalid`` for a cursor of another list.
    """
    backwards, first = before is not None, before is None and not after
    where, values = _level_conditions(query)
    cursor, edge = before if backwards else after, ""
    edge_values: dict[str, Any] = {}
    if cursor:
        edge = f" AND (sku, product_id, warehouse_id) {'<' if backwards else '>'} (:edge_sku, :edge_id, :edge_house)"
        edge_values = dict(
            zip(("edge_sku", "edge_id", "edge_house"), decode_cursor(_LEVELS_BY_SKU, cursor), strict=True)
        )
    way = "DESC" if backwards else "ASC"
    order = f" ORDER BY sku {way}, product_id {way}, warehouse_id {way} LIMIT :limit"
    with postgres.reading() as connection:
        # The plan must know the values: "low" and "one warehouse" want different indexes.
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        found = connection.execute(
            text(f"{_LEVEL_ROWS}{where}{edge}{order}"), {**values, **edge_values, "limit": limit + 1}
        ).mappings()
        rows = [LevelRow(**row) for row in found]
        more, rows = len(rows) > limit, rows[:limit]
        if backwards:
            rows.reverse()
        estimate = None
        if first:
            estimate = len(rows)
            if more:
                estimate = estimate_rows(connection, f"{_LEVEL_ROWS}{where}", values, seen=limit + 1)
    follows, precedes = (bool(before), more) if backwards else (more, bool(after))
    return Page(
        rows=tuple(rows),
        after=_level_cursor(rows[-1]) if rows and follows else None,
        before=_level_cursor(rows[0]) if rows and precedes else None,
        estimate=estimate,
        exact=first and not more,
    )


def _level_cursor(row: LevelRow) -> str:
    return encode_cursor(_LEVELS_BY_SKU, row.sku, row.product_id, row.warehouse_id)


def _level_conditions(query: LevelQuery) -> tuple[str, dict[str, Any]]:
    parts, values = [" WHERE true"], dict[str, Any]()
    if query.warehouse_id:
        parts.append("warehouse_id = :warehouse_id")
        values["warehouse_id"] = query.warehouse_id.replace("\0", "")
    if query.text:
        # The database sorts by code point, so "begins with" is a range of the index on sku.
        prefix = query.text.replace("\0", "").encode("utf-8", "ignore").decode()
        parts.append("sku >= :prefix AND sku < :beyond")
        values |= {"prefix": prefix, "beyond": prefix + "\U0010ffff"}
    if query.product_ids:
        parts.append("product_id = ANY(:product_ids)")
        values["product_ids"] = list(query.product_ids)
    if query.low or query.out:
        parts.append("is_low")
    if query.out:
        parts.append("available_stock = 0")
    return " AND ".join(parts), values


def levels_of(postgres: Postgres, product_ids: Iterable[str]) -> dict[str, tuple[Level, ...]]:
    """Return every product's levels by product id, warehouses in order; a product without a level has ``()``."""
    wanted = list(dict.fromkeys(product_ids))
    held: dict[str, list[Level]] = {product_id: [] for product_id in wanted}
    with postgres.reading() as connection:
        for row in connection.execute(_LEVELS_OF, {"product_ids": wanted}).mappings():
            held[row["product_id"]].append(Level(**row))
    return {product_id: tuple(levels) for product_id, levels in held.items()}


def untouched(postgres: Postgres, *, limit: int = 50) -> tuple[tuple[str, str], ...]:
    """Return (product id, SKU) of some products with units to sell that moved longest ago: "not moving" candidates.

    They are picked from a bounded sample, so nothing is sorted that grows with the shop.
    """
    with postgres.reading() as connection:
        return tuple((row.product_id, row.sku) for row in connection.execute(_UNTOUCHED, {"limit": limit}))


def list_movements(
    postgres: Postgres,
    product_id: str,
    warehouse_id: str | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[MovementRow]:
    """Return a page of a product's movements, newest first, by keyset (sequence); ``before=""``: the oldest page."""
    backwards = before is not None
    cursor = before if backwards else after
    values: dict[str, Any] = {"product_id": product_id, "limit": limit + 1}
    where = ""
    if warehouse_id:
        where += " AND m.warehouse_id = :warehouse_id"
        values["warehouse_id"] = warehouse_id
    if cursor:
        where += f" AND m.sequence {'>' if backwards else '<'} :edge"
        values["edge"] = decode_cursor(_MOVEMENTS_NEWEST, cursor)[0]
    order = f" ORDER BY m.sequence {'ASC' if backwards else 'DESC'} LIMIT :limit"
    with postgres.reading() as connection:
        found = connection.execute(text(f"{_MOVEMENT_ROWS}{where}{order}"), values).mappings()
        rows = [MovementRow(**row) for row in found]
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    follows, precedes = (bool(before), more) if backwards else (more, bool(after))
    return Page(
        rows=tuple(rows),
        after=encode_cursor(_MOVEMENTS_NEWEST, rows[-1].sequence) if rows and follows else None,
        before=encode_cursor(_MOVEMENTS_NEWEST, rows[0].sequence) if rows and precedes else None,
    )


def list_warehouses(postgres: Postgres, *, active_only: bool = False) -> tuple[WarehouseRow, ...]:
    """Return every warehouse by its id."""
    with postgres.reading() as connection:
        rows = connection.execute(_WAREHOUSES, {"active_only": active_only}).mappings()
        return tuple(WarehouseRow(**row) for row in rows)


_LEVELS_BY_SKU = "levels:sku"
_MOVEMENTS_NEWEST = "movements:-sequence"
_LEVEL_COLUMNS = """product_id, warehouse_id, sku, total_stock, available_stock, reserved_stock, damaged_stock,
    reorder_level, max_stock_level, version"""
_LEVEL_ROWS = f"SELECT {_LEVEL_COLUMNS}, last_updated, last_restock_date FROM inventory"
# What a reservation holds beyond its time is free again at this read, though nobody may have booked it yet.
_LEVELS_OF = text(
    """
    SELECT i.product_id, i.warehouse_id, i.sku, i.total_stock, i.available_stock + due.units AS available_stock,
           i.reserved_stock - due.units AS reserved_stock, i.damaged_stock, i.reorder_level, i.max_stock_level,
           i.version
      FROM inventory i CROSS JOIN LATERAL (
           SELECT coalesce(sum(r.quantity), 0)::int AS units FROM reservations r
            WHERE r.product_id = i.product_id AND r.warehouse_id = i.warehouse_id
              AND r.released_at IS NULL AND r.expires_at <= now()) AS due
     WHERE i.product_id = ANY(:product_ids) ORDER BY i.product_id, i.warehouse_id
    """
)
_UNTOUCHED = text(
    """
    SELECT product_id, sku FROM (
        SELECT product_id, sku, last_updated FROM inventory
         WHERE NOT is_low AND available_stock > 0 LIMIT 5000) AS sample
     GROUP BY product_id, sku ORDER BY min(last_updated), product_id LIMIT :limit
    """
)
_MOVEMENT_ROWS = """
    SELECT m.movement_id, m.sequence, m.product_id, m.warehouse_id, m.movement_type, m.kind, m.quantity,
           m.available_delta, m.reserved_delta, m.damaged_delta, m.available_after, m.reserved_after, m.damaged_after,
           m.stock_after_movement, m.reference_id, coalesce(m.reference_type, '') AS reference_type,
           coalesce(o.order_number, '') AS reference, coalesce(m.reason, '') AS reason,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, '') AS created_by,
           m.created_at
      FROM inventory_movements m
      LEFT JOIN orders o ON m.reference_type = 'order' AND o.order_id = m.reference_id
      LEFT JOIN users u ON u.user_id = m.created_by
     WHERE m.product_id = :product_id"""
_WAREHOUSES = text(
    """
    SELECT w.warehouse_id, w.name, w.address, w.is_active, count(i.product_id)::int AS levels,
           coalesce(sum(i.total_stock), 0)::int AS total_stock,
           (count(*) FILTER (WHERE i.is_low))::int AS low,
           (count(*) FILTER (WHERE i.is_low AND i.available_stock = 0))::int AS out
      FROM warehouses w LEFT JOIN inventory i ON i.warehouse_id = w.warehouse_id
     WHERE w.is_active OR NOT :active_only
     GROUP BY w.warehouse_id ORDER BY w.warehouse_id
    """
)
