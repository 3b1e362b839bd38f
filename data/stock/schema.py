"""Warehouses, stock levels and the ledger of movements: the seed's tables, plus what a ledger needs.

Two of the seed's indexes were given a better shape under the seed's name:

- ``idx_inventory_product_warehouse`` is the index of the UNIQUE constraint (the seed writes the same index twice).
- ``idx_inventory_available_stock`` holds only the rows that are low, by the generated ``is_low``. A plain index on
  ``available_stock`` would turn every sale into a non-HOT update that writes every index of the table; with this one a
  sale writes no index at all until the level crosses its reorder level.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.schema_base import Base


class Warehouse(Base):
    """A place that holds stock. ``address`` has the keys of a customer's address, all optional."""

    __tablename__ = "warehouses"

    warehouse_id: Mapped[str] = mapped_column(String(50), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    address: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("CURRENT_TIMESTAMP"))


class Inventory(Base):
    """The stock level of one product in one warehouse, in units; always the fold of its movements.

    ``version`` rises by one with each movement and is the version of the level's event. ``sku`` is kept beside the
    product's id so that warehouse lists and scans need no MongoDB; titles are joined by the caller for the rows it
    shows.
    """

    __tablename__ = "inventory"

    inventory_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))
    product_id: Mapped[str] = mapped_column(String(100))
    warehouse_id: Mapped[str] = mapped_column(String(50), ForeignKey("warehouses.warehouse_id"))
    sku: Mapped[str] = mapped_column(String(100))
    total_stock: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    available_stock: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reserved_stock: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    damaged_stock: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reorder_level: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    max_stock_level: Mapped[int | None] = mapped_column(Integer)
    is_low: Mapped[bool] = mapped_column(Boolean, Computed("available_stock <= reorder_level", persisted=True))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("CURRENT_TIMESTAMP"))
    last_restock_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("total_stock = available_stock + reserved_stock + damaged_stock", name="check_stock_levels"),
        CheckConstraint(
            "available_stock >= 0 AND reserved_stock >= 0 AND damaged_stock >= 0", name="check_stock_not_negative"
        ),
        CheckConstraint("reorder_level >= 0 AND max_stock_level >= 0", name="check_reorder_not_negative"),
        # placement and every movement: the row of one product in one warehouse; levels_of: all rows of a product
        UniqueConstraint("product_id", "warehouse_id", name="idx_inventory_product_warehouse"),
        # low and sold-out lists, needs-a-hand figures: only rows at or below their reorder level
        Index("idx_inventory_available_stock", "warehouse_id", "sku", "product_id", postgresql_where=text("is_low")),
        # the levels of one warehouse in SKU order (and the foreign key's index)
        Index("idx_inventory_warehouse_sku", "warehouse_id", "sku", "product_id"),
        # a scan or a typed SKU: the product's levels in all warehouses; also every warehouse's list in SKU order
        Index("idx_inventory_sku", "sku", "product_id", "warehouse_id"),
        # room on the page for HOT updates: a hot product's row is rewritten on its own page
        {"postgresql_with": {"fillfactor": 70}},
    )


class InventoryMovement(Base):
    """One change of one stock level. Append-only; the database refuses UPDATE, DELETE and TRUNCATE.

    ``quantity`` counts the units moved, always positive; the signs are in the three deltas. ``movement_type`` is the
    seed's coarse type, ``kind`` says what happened (``data.stock.rules.KINDS``). ``stock_after_movement`` is the total
    after the movement. ``sequence`` rises in the order in which movements of one level took effect.
    """

    __tablename__ = "inventory_movements"

    movement_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    product_id: Mapped[str] = mapped_column(String(100))
    warehouse_id: Mapped[str] = mapped_column(String(50), ForeignKey("warehouses.warehouse_id"))
    movement_type: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[int] = mapped_column(Integer)
    available_delta: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reserved_delta: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    damaged_delta: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    available_after: Mapped[int] = mapped_column(Integer)
    reserved_after: Mapped[int] = mapped_column(Integer)
    damaged_after: Mapped[int] = mapped_column(Integer)
    stock_after_movement: Mapped[int] = mapped_column(Integer)
    reference_id: Mapped[UUID | None] = mapped_column(Uuid)
    reference_type: Mapped[str | None] = mapped_column(String(50))
    reason: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.user_id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("CURRENT_TIMESTAMP"))

    __table_args__ = (
        CheckConstraint(
            "movement_type IN ('inbound', 'outbound', 'transfer', 'adjustment', 'damage', 'return')",
            name="check_movement_type",
        ),
        CheckConstraint(
            "kind IN ('reserve', 'release', 'ship', 'receive', 'adjust', 'damage', 'repair', 'write_off',"
            " 'return', 'return_damaged', 'transfer_out', 'transfer_in')",
            name="check_movement_kind",
        ),
        CheckConstraint(
            "quantity = greatest(abs(available_delta), abs(reserved_delta), abs(damaged_delta)) AND quantity > 0",
            name="check_movement_quantity",
        ),
        CheckConstraint(
            "stock_after_movement = available_after + reserved_after + damaged_after", name="check_movement_after"
        ),
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
