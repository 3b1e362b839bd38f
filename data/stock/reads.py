# NOTE to the orders engineer: the lead is writing the bodies of this file right now (18:26); please go on with ledger, commands, tests.
"""Reads of stock: plain functions over PostgreSQL that return frozen values, by keyset, never by OFFSET."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

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
    """One movement with the balances it left, in units. ``created_by`` is the name of who moved, ``""`` if nobody did."""

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


@dataclass(frozen=True)
class Mismatch:
    """One figure of one level that is not what the ledger, or the open orders, say. ``what`` is the column or rule."""

    product_id: str
    warehouse_id: str
    sku: str
    what: str
    stored: int
    expected: int


def list_levels(
    postgres: Postgres, query: LevelQuery, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> Page[LevelRow]:
    """Return a page of levels in SKU order."""
    raise NotImplementedError


def levels_of(postgres: Postgres, product_ids: Iterable[str]) -> dict[str, tuple[Level, ...]]:
    """Return every product's levels by product id, warehouses in order; a product without a level has ``()``."""
    raise NotImplementedError


def list_movements(
    postgres: Postgres,
    product_id: str,
    warehouse_id: str | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[MovementRow]:
    """Return a page of a product's movements, newest first."""
    raise NotImplementedError


def list_warehouses(postgres: Postgres, *, active_only: bool = False) -> tuple[WarehouseRow, ...]:
    """Return every warehouse by its id."""
    raise NotImplementedError


def reconcile(postgres: Postgres) -> tuple[Mismatch, ...]:
    """Recompute every level from the ledger and every reservation from the open orders; return what differs."""
    raise NotImplementedError
