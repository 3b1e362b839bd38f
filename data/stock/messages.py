"""What may be asked of stock: receive, adjust, transfer, hold for a while, set levels, keep warehouses.

Light: a form or a CLI verb builds a command without loading a driver; the door loads the handlers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = [
    "AdjustStock",
    "ExpireReservations",
    "ReceiveLine",
    "ReceiveMany",
    "ReceiveStock",
    "ReceivedMany",
    "ReleaseReservation",
    "ReorderLevelSet",
    "ReservationsExpired",
    "ReserveLine",
    "ReserveStock",
    "ReservedUnits",
    "SaveWarehouse",
    "SetReorderLevel",
    "StockMoved",
    "StockReserved",
    "StockTransferred",
    "TransferStock",
    "WarehouseSaved",
]

_HANDLERS = "data.stock.commands"


class StockMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A level after a movement, in units. ``version`` is the level's.

    ``movement_id`` is the row in the ledger, ``None`` where a count found what was expected and nothing moved.
    """

    product_id: str
    warehouse_id: str
    sku: str
    total_stock: int
    available_stock: int
    reserved_stock: int
    damaged_stock: int
    version: int
    movement_id: UUID | None


class ReceiveStock(Command, frozen=True, kw_only=True):
    """Take ``quantity`` units (1 or more) of a product into a warehouse. The level is created where there is none.

    ``product_id`` is the product's id or SKU. Raises ``NotFound`` (product, warehouse) and ``Invalid``.
    """

    name: ClassVar[str] = "stock.receive"
    permission: ClassVar[str] = "stock.receive"
    result: ClassVar[type] = StockMoved
    handled_in: ClassVar[str] = _HANDLERS

    product_id: str
    warehouse_id: str
    quantity: int
    reason: str = ""


class ReceiveLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a delivery. ``product_id`` and ``sku`` are the catalog's; the caller has just read or put them."""

    product_id: str
    sku: str
    warehouse_id: str
    quantity: int
    reorder_level: int = 0


class ReceivedMany(msgspec.Struct, frozen=True, kw_only=True):
    """How many movements were written and how many units they brought."""

    movements: int
    units: int


class ReceiveMany(Command, frozen=True, kw_only=True):
    """Take many products in at once: one statement, for imports and demo data. Lines of one level are added up.

    ``reorder_level`` is set where the line creates the level. ``at`` is for goods that came earlier (demo data); it may
    not lie in the future. Raises ``NotFound`` (warehouse) and ``Invalid``.
    """

    name: ClassVar[str] = "stock.receive_many"
    permission: ClassVar[str] = "stock.receive"
    result: ClassVar[type] = ReceivedMany
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 5_000

    lines: tuple[ReceiveLine, ...]
    reason: str = ""
    at: datetime | None = None


class AdjustStock(Command, frozen=True, kw_only=True):
    """Correct the available stock of a product in a warehouse, with a reason that must be given.

    Either ``delta`` (units to add, may be negative) or ``set_available`` (what was counted). With ``set_available``,
    ``expected`` is the available stock the person saw. ``product_id`` is the product's id or SKU.

    Raises ``NotFound``, ``Invalid`` (no reason, both or neither, nothing to change) and ``Conflict`` with the current
    level where the result would be below zero or ``expected`` is no longer so.
    """

    name: ClassVar[str] = "stock.adjust"
    permission: ClassVar[str] = "stock.adjust"
    result: ClassVar[type] = StockMoved
    handled_in: ClassVar[str] = _HANDLERS

    product_id: str
    warehouse_id: str
    reason: str
    delta: int | None = None
    set_available: int | None = None
    expected: int | None = None


class ReorderLevelSet(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a level as they stand now, in units."""

    product_id: str
    warehouse_id: str
    reorder_level: int
    max_stock_level: int | None


class SetReorderLevel(Command, frozen=True, kw_only=True):
    """Set from which available stock on a product counts as low in a warehouse, and how many it should hold at most.

    ``product_id`` is the product's id or SKU. Raises ``NotFound`` and ``Invalid``.
    """

    name: ClassVar[str] = "stock.reorder_level"
    permission: ClassVar[str] = "stock.adjust"
    result: ClassVar[type] = ReorderLevelSet
    handled_in: ClassVar[str] = _HANDLERS

    product_id: str
    warehouse_id: str
    reorder_level: int
    max_stock_level: int | None = None


class WarehouseSaved(msgspec.Struct, frozen=True, kw_only=True):
    """The warehouse that was saved; ``created`` says whether it is new."""

    warehouse_id: str
    created: bool


class SaveWarehouse(Command, frozen=True, kw_only=True):
    """Create a warehouse or change one. ``warehouse_id`` is its short code: letters, digits, ``-`` and ``_``, up to 50.

    A warehouse that is not active serves no orders; its stock stays. Raises ``Invalid``.
    """

    name: ClassVar[str] = "stock.warehouse"
    permission: ClassVar[str] = "stock.warehouses"
    result: ClassVar[type] = WarehouseSaved
    handled_in: ClassVar[str] = _HANDLERS

    warehouse_id: str
    # The command's own name is a class variable, so the warehouse's is called what the screen calls it.
    label: str
    address: dict[str, Any] = msgspec.field(default_factory=dict)
    is_active: bool = True


class StockTransferred(msgspec.Struct, frozen=True, kw_only=True):
    """Both levels after a transfer; ``transfer_id`` is what its two movements refer to."""

    transfer_id: UUID
    source: StockMoved
    target: StockMoved


class TransferStock(Command, frozen=True, kw_only=True):
    """Move ``quantity`` available units of a product from one warehouse to another, at once.

    ``product_id`` is the product's id or SKU; the target's level is created where there is none. Raises ``NotFound``
    (level, warehouse), ``Invalid``, and ``Conflict`` with the current level where too few are available.
    """

    name: ClassVar[str] = "stock.transfer"
    permission: ClassVar[str] = "stock.transfer"
    result: ClassVar[type] = StockTransferred
    handled_in: ClassVar[str] = _HANDLERS

    product_id: str
    from_warehouse: str
    to_warehouse: str
    quantity: int
    reason: str = ""


_HOLDS = "data.stock.holding"


class ReserveLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Units to hold: a product by id or SKU, from ``warehouse_id`` or (``""``) from the fewest that have them."""

    product_id: str
    quantity: int
    warehouse_id: str = ""


class ReservedUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units held in one warehouse."""

    reservation_id: UUID
    product_id: str
    sku: str
    warehouse_id: str
    quantity: int


class StockReserved(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner holds now, and until when; ``expires_at`` is ``None`` where nothing is held."""

    owner_type: str
    owner_id: str
    expires_at: datetime | None
    units: tuple[ReservedUnits, ...]


class ReserveStock(Command, frozen=True, kw_only=True):
    """Hold stock for a draft or a cart for some minutes: exactly ``lines``, whatever the owner held before.

    Sent again on activity, it extends the time; stock moves by the difference alone. All or nothing: raises
    ``OutOfStock`` with every short line, ``NotFound`` (product), ``Invalid``.
    """

    name: ClassVar[str] = "stock.reserve"
    permission: ClassVar[str] = "stock.reserve"
    result: ClassVar[type] = StockReserved
    handled_in: ClassVar[str] = _HOLDS
    entry_limit: ClassVar[int] = 500

    owner_type: str
    owner_id: str
    lines: tuple[ReserveLine, ...]
    minutes: int = 10


class ReleaseReservation(Command, frozen=True, kw_only=True):
    """Let go of all that an owner holds; what is held by nobody is no error. Raises ``Invalid``."""

    name: ClassVar[str] = "stock.release"
    permission: ClassVar[str] = "stock.reserve"
    result: ClassVar[type] = StockReserved
    handled_in: ClassVar[str] = _HOLDS

    owner_type: str
    owner_id: str


class ReservationsExpired(msgspec.Struct, frozen=True, kw_only=True):
    """How many reservations were let go, and their units."""

    reservations: int
    units: int


class ExpireReservations(Command, frozen=True, kw_only=True):
    """Book what has run out, of ``product_ids`` or (``()``) of all, at most ``limit``. Reads need not wait for it."""

    name: ClassVar[str] = "stock.expire"
    permission: ClassVar[str] = "stock.reserve"
    result: ClassVar[type] = ReservationsExpired
    handled_in: ClassVar[str] = _HOLDS

    product_ids: tuple[str, ...] = ()
    limit: int = 1_000
