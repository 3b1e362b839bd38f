"""Warehouses, stock levels and the ledger of movements: the seed's tables, plus what a ledger needs.

Two of the seed's indexes were given a better shape under the seed's name:

- ``idx_inventory_product_warehouse`` is the index of the UNIQUE constraint (the seed writes the same index twice).
- ``idx_inventory_available_stock`` holds only the rows that are low, by the generated ``is_low``. A plain index on
  ``available_stock`` would turn every sale into a non-HOT update that writes every index of the table; with this one a
  sale writes no index at all until the level crosses its reorder level.
"""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnClause,
    Computed,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import Base, CreatedAt, Key, Str20, Str50, Str100, Str255, UpdatedAt, column, literal_name

__all__ = ["Inventory", "InventoryMovement", "Reservation", "Warehouse"]

_ZERO = text("0")


class Warehouse(Base):
    """A place that holds stock. ``address`` has the keys of a customer's address, all optional."""

    __tablename__ = "warehouses"

    warehouse_id: ColumnClause[Str50] = column(primary_key=True)
    name: ColumnClause[Str255]
    address: ColumnClause[dict[str, Any]] = column(JSONB())
    is_active: ColumnClause[bool] = column(server_default=text("true"))
    created_at: ColumnClause[CreatedAt]


class Inventory(Base):
    """The stock level of one product in one warehouse, in units; always the fold of its movements.

    ``version`` rises by one with each movement and is the version of the level's event. ``sku`` is kept beside the
    product's id so that warehouse lists and scans need no MongoDB; titles are joined by the caller for the rows it
    shows.
    """

    __tablename__ = "inventory"

    inventory_id: ColumnClause[Key]
    product_id: ColumnClause[Str100]
    warehouse_id: ColumnClause[Str50] = column(ForeignKey("warehouses.warehouse_id"))
    sku: ColumnClause[Str100]
    total_stock: ColumnClause[int] = column(server_default=_ZERO)
    available_stock: ColumnClause[int] = column(server_default=_ZERO)
    reserved_stock: ColumnClause[int] = column(server_default=_ZERO)
    damaged_stock: ColumnClause[int] = column(server_default=_ZERO)
    reorder_level: ColumnClause[int] = column(server_default=_ZERO)
    max_stock_level: ColumnClause[int | None]
    is_low: ColumnClause[bool] = column(Computed("available_stock <= reorder_level", persisted=True))
    version: ColumnClause[int] = column(BigInteger(), server_default=_ZERO)
    last_updated: ColumnClause[UpdatedAt]
    last_restock_date: ColumnClause[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "total_stock = available_stock + reserved_stock + damaged_stock", name=literal_name("check_stock_levels")
        ),
        # least() passes over a null. One check and not five: each is parsed anew by every statement that writes a row.
        CheckConstraint(
            "least(available_stock, reserved_stock, damaged_stock, reorder_level, max_stock_level) >= 0",
            name="not_negative",
        ),
        # placement and every movement: the row of one product in one warehouse; levels_of: all rows of a product
        UniqueConstraint("product_id", "warehouse_id", name=literal_name("idx_inventory_product_warehouse")),
        # low and sold-out lists, needs-a-hand figures: only rows at or below their reorder level
        Index("idx_inventory_available_stock", "warehouse_id", "sku", "product_id", postgresql_where=text("is_low")),
        # the levels of one warehouse in SKU order (and the foreign key's index)
        Index("idx_inventory_warehouse_sku", "warehouse_id", "sku", "product_id"),
        # a scan or a typed SKU: the product's levels in all warehouses; also every warehouse's list in SKU order
        Index("idx_inventory_sku", "sku", "product_id", "warehouse_id"),
    )
    # room on the page for HOT updates: a hot product's row is rewritten on its own page
    __table_options__ = MappingProxyType({"postgresql_with": {"fillfactor": 70}})


class InventoryMovement(Base):
    """One change of one stock level. Append-only; the database refuses UPDATE, DELETE and TRUNCATE.

    ``quantity`` counts the units moved, always positive; the signs are in the three deltas. ``movement_type`` is the
    seed's coarse type, ``kind`` says what happened (``data.stock.rules.KINDS``). ``stock_after_movement`` is the total
    after the movement. ``sequence`` rises in the order in which movements of one level took effect.
    """

    __tablename__ = "inventory_movements"

    movement_id: ColumnClause[Key]
    sequence: ColumnClause[int] = column(BigInteger(), Identity(always=True))
    product_id: ColumnClause[Str100]
    warehouse_id: ColumnClause[Str50] = column(ForeignKey("warehouses.warehouse_id"))
    movement_type: ColumnClause[Str20]
    kind: ColumnClause[Str20]
    quantity: ColumnClause[int]
    available_delta: ColumnClause[int] = column(server_default=_ZERO)
    reserved_delta: ColumnClause[int] = column(server_default=_ZERO)
    damaged_delta: ColumnClause[int] = column(server_default=_ZERO)
    available_after: ColumnClause[int]
    reserved_after: ColumnClause[int]
    damaged_after: ColumnClause[int]
    stock_after_movement: ColumnClause[int]
    reference_id: ColumnClause[UUID | None]
    reference_type: ColumnClause[Str50 | None]
    reason: ColumnClause[str | None]
    created_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint(
            "movement_type = ANY ('{inbound,outbound,transfer,adjustment,damage,return}'::text[])",
            name="movement_type",
        ),
        CheckConstraint(
            "kind = ANY ('{reserve,release,ship,receive,adjust,damage,repair,write_off,return,return_damaged,"
            "transfer_out,transfer_in}'::text[])",  # an array and not IN: see data.orders.schema
            name="kind",
        ),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("stock_after_movement = available_after + reserved_after + damaged_after", name="after"),
        # list_movements: the ledger of a product (in a warehouse), newest first; reconcile's fold per level
        Index("idx_inventory_movements_product", "product_id", "warehouse_id", text("sequence DESC")),
        # what moved lately, everywhere: newest first
        Index("idx_inventory_movements_created_at", text("created_at DESC"), text("sequence DESC")),
        # what moved lately in one warehouse (and the foreign key's index)
        Index("idx_inventory_movements_warehouse", "warehouse_id", text("sequence DESC")),
        # an order's own movements, for its detail and for cancelling
        Index("idx_inventory_movements_reference", "reference_id", postgresql_where=text("reference_id IS NOT NULL")),
        # what one member of staff moved (and the foreign key's index)
        Index("idx_inventory_movements_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )


class Reservation(Base):
    """Units held for a draft or a cart until ``expires_at``; they are in the level's ``reserved_stock`` until released.

    ``owner_type`` and ``owner_id`` name whose they are; ``version`` counts the changes of its quantity. A row that was
    released (``outcome``: ``released``, ``expired`` or ``ordered``) is history and never used again.
    """

    __tablename__ = "reservations"

    reservation_id: ColumnClause[Key]
    owner_type: ColumnClause[Str20]
    owner_id: ColumnClause[Str100]
    product_id: ColumnClause[Str100]
    warehouse_id: ColumnClause[Str50] = column(ForeignKey("warehouses.warehouse_id"))
    sku: ColumnClause[Str100]
    quantity: ColumnClause[int]
    expires_at: ColumnClause[datetime]
    version: ColumnClause[int] = column(server_default=text("1"))
    released_at: ColumnClause[datetime | None]
    outcome: ColumnClause[Str20 | None]
    created_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("owner_type IN ('draft', 'cart')", name="owner_type"),
        CheckConstraint(
            "(released_at IS NULL) = (outcome IS NULL) AND outcome IN ('released', 'expired', 'ordered')",
            name="outcome",
        ),
        # what an owner holds; one row for each level
        Index(
            "idx_reservations_owner",
            "owner_type",
            "owner_id",
            "product_id",
            "warehouse_id",
            unique=True,
            postgresql_where=text("released_at IS NULL"),
        ),
        # what is held of a product, and what of it has run out: every read of its level
        Index(
            "idx_reservations_product",
            "product_id",
            "warehouse_id",
            "expires_at",
            postgresql_where=text("released_at IS NULL"),
        ),
        # the sweep: what has run out, everywhere
        Index("idx_reservations_expires_at", "expires_at", postgresql_where=text("released_at IS NULL")),
        # the foreign key's index: what is or was held in a warehouse
        Index("idx_reservations_warehouse_id", "warehouse_id"),
        # what one member of staff held (and the foreign key's index)
        Index("idx_reservations_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )
