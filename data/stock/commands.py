"""The handlers of stock's commands. Each is a thin layer over ``data.stock.ledger.move``, the one way stock moves."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from data.catalog.reads import get_product
from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid, NotFound
from data.stock.causes import cause_id
from data.stock.ledger import Key, Move, Moved, create_levels, lock_levels, move
from data.stock.messages import (
    AdjustStock,
    ReceivedMany,
    ReceiveLine,
    ReceiveMany,
    ReceiveStock,
    ReorderLevelSet,
    SaveWarehouse,
    SetReorderLevel,
    StockMoved,
    StockTransferred,
    TransferStock,
    WarehouseSaved,
)
from data.stock.reads import Level
from data.stock.schema import Inventory, Warehouse

__all__ = [
    "AdjustStock",
    "ReceiveLine",
    "ReceiveMany",
    "ReceiveStock",
    "ReceivedMany",
    "ReorderLevelSet",
    "SaveWarehouse",
    "SetReorderLevel",
    "StockMoved",
    "StockTransferred",
    "TransferStock",
    "WarehouseSaved",
]

MAX_REASON = 1_000
_WAREHOUSE_ID = re.compile(r"[A-Za-z0-9_-]{1,50}")


@handles(ReceiveStock)
def receive_stock(command: ReceiveStock, uow: UnitOfWork) -> StockMoved:
    """Take a delivery of one product in."""
    _check_quantity("quantity", command.quantity)
    reason = _reason(command.reason, required=False)
    product = get_product(uow.stores.mongo, command.product_id)
    key = product.product_id, command.warehouse_id
    create_levels(uow.connection, {key: (product.sku, 0)})
    _learn_sku(uow, product.product_id, product.sku)
    (moved,) = move(uow, [Move(*key, "receive", command.quantity, reason, **_caused(uow))])
    return _told(uow, moved)


@handles(ReceiveMany)
def receive_many(command: ReceiveMany, uow: UnitOfWork) -> ReceivedMany:
    """Take many products in at once."""
    reason = _reason(command.reason, required=False)
    units: dict[Key, int] = {}
    wanted: dict[Key, tuple[str, int]] = {}
    for index, line in enumerate(command.lines):
        _check_quantity(f"lines[{index}].quantity", line.quantity)
        if not line.product_id or not line.sku or line.reorder_level < 0:
            raise Invalid({f"lines[{index}]": "needs a product_id, a sku and a reorder_level of 0 or more"})
        key = line.product_id, line.warehouse_id
        units[key] = units.get(key, 0) + line.quantity
        wanted.setdefault(key, (line.sku, line.reorder_level))
    if not units:
        raise Invalid({"lines": "there are none"})
    if command.at is not None and command.at > uow.now:
        raise Invalid({"at": "lies in the future"})
    create_levels(uow.connection, wanted)
    moves = [Move(*key, "receive", count, reason, **_caused(uow)) for key, count in sorted(units.items())]
    move(uow, moves, at=command.at)
    received = ReceivedMany(movements=len(units), units=sum(units.values()))
    uow.record("stock", "", None, received)
    return received


@handles(AdjustStock)
def adjust_stock(command: AdjustStock, uow: UnitOfWork) -> StockMoved:
    """Correct what is available, by a difference or to a count."""
    reason = _reason(command.reason, required=True)
    if (command.delta is None) == (command.set_available is None):
        raise Invalid({"delta": "give either delta or set_available"})
    if command.delta == 0:
        raise Invalid({"delta": "must not be 0"})
    if command.set_available is not None and command.set_available < 0:
        raise Invalid({"set_available": "must be 0 or more"})
    level = _locked(uow, command.product_id, command.warehouse_id)
    if command.expected is not None and command.expected != level.available_stock:
        raise Conflict(
            f"{level.sku} in {level.warehouse_id} has {level.available_stock} available now, not {command.expected}.",
            current={"available_stock": level.available_stock, "version": level.version},
        )
    delta = command.delta if command.delta is not None else (command.set_available or 0) - level.available_stock
    if delta == 0:  # counted, and right
        return _stock_moved(level, None)
    (moved,) = move(uow, [Move(level.product_id, level.warehouse_id, "adjust", delta, reason, **_caused(uow))])
    return _told(uow, moved, before=level)


@handles(TransferStock)
def transfer_stock(command: TransferStock, uow: UnitOfWork) -> StockTransferred:
    """Move units between warehouses: two movements of one cause."""
    _check_quantity("quantity", command.quantity)
    reason = _reason(command.reason, required=False)
    if command.from_warehouse == command.to_warehouse:
        raise Invalid({"to_warehouse": "is where the units are"})
    product_id = _held_as(uow, command.product_id) or get_product(uow.stores.mongo, command.product_id).product_id
    source, target = (product_id, command.from_warehouse), (product_id, command.to_warehouse)
    sku = uow.connection.execute(
        select(Inventory.sku).where(Inventory.product_id == product_id, Inventory.warehouse_id == source[1])
    ).scalar()
    if sku is None:
        raise NotFound("stock level", f"{command.product_id} in {command.from_warehouse}")
    create_levels(uow.connection, {target: (sku, 0)})
    transfer_id = cause_id(uow.actor.user_id, "transfer", uow.key)
    gone, come = move(
        uow,
        [
            Move(*source, "transfer_out", command.quantity, reason, transfer_id, "transfer", cause="1"),
            Move(*target, "transfer_in", command.quantity, reason, transfer_id, "transfer", cause="1"),
        ],
    )
    done = StockTransferred(
        transfer_id=transfer_id, source=_stock_moved(gone.level, gone), target=_stock_moved(come.level, come)
    )
    uow.record("transfer", transfer_id, None, done)
    return done


@handles(SetReorderLevel)
def set_reorder_level(command: SetReorderLevel, uow: UnitOfWork) -> ReorderLevelSet:
    """Set the limits of a level. Its version rises, because the product's summary shows the reorder level."""
    highest = command.max_stock_level
    if command.reorder_level < 0:
        raise Invalid({"reorder_level": "must be 0 or more"})
    if highest is not None and highest < command.reorder_level:
        raise Invalid({"max_stock_level": f"must not be below the reorder level of {command.reorder_level}"})
    level = _locked(uow, command.product_id, command.warehouse_id)
    key = level.product_id, level.warehouse_id
    uow.connection.execute(
        update(Inventory)
        .where(Inventory.product_id == key[0], Inventory.warehouse_id == key[1])
        .values(reorder_level=command.reorder_level, max_stock_level=highest, version=Inventory.version + 1)
    )
    limits = {"reorder_level": command.reorder_level, "max_stock_level": highest}
    uow.record("stock", "/".join(key), {name: getattr(level, name) for name in limits}, limits)
    uow.emit("stock", level.product_id, "reorder_level", {})
    return ReorderLevelSet(
        product_id=key[0], warehouse_id=key[1], reorder_level=command.reorder_level, max_stock_level=highest
    )


@handles(SaveWarehouse)
def save_warehouse(command: SaveWarehouse, uow: UnitOfWork) -> WarehouseSaved:
    """Create a warehouse or bring one to this state."""
    label = command.label.strip()
    if not _WAREHOUSE_ID.fullmatch(command.warehouse_id):
        raise Invalid({"warehouse_id": "must be 1 to 50 letters, digits, - or _"})
    if not 1 <= len(label) <= 255:
        raise Invalid({"label": "must be 1 to 255 characters"})
    values = {"name": label, "address": command.address, "is_active": command.is_active}
    before = uow.connection.execute(
        select(Warehouse.name, Warehouse.address, Warehouse.is_active)
        .where(Warehouse.warehouse_id == command.warehouse_id)
        .with_for_update()
    ).one_or_none()
    uow.connection.execute(
        insert(Warehouse)
        .values(warehouse_id=command.warehouse_id, **values)
        .on_conflict_do_update(index_elements=[Warehouse.warehouse_id], set_=values)
    )
    uow.record("warehouse", command.warehouse_id, before and before._asdict(), values)
    return WarehouseSaved(warehouse_id=command.warehouse_id, created=before is None)


def _learn_sku(uow: UnitOfWork, product_id: str, sku: str) -> None:
    """Write the product's SKU, just read from the catalog, into levels that were made under a former one."""
    former = uow.connection.execute(
        select(Inventory.warehouse_id).where(Inventory.product_id == product_id, Inventory.sku != sku)
    ).scalars()
    if keys := [(product_id, warehouse_id) for warehouse_id in former]:
        lock_levels(uow.connection, keys)
        uow.connection.execute(update(Inventory).where(Inventory.product_id == product_id).values(sku=sku))


def _caused(uow: UnitOfWork) -> dict[str, Any]:
    """Return what makes a movement the one of this intention: who meant it, under which key."""
    return {"origin": uow.actor.user_id, "cause": uow.key}


def _check_quantity(field: str, quantity: int) -> None:
    if quantity < 1:
        raise Invalid({field: "must be 1 or more"})


def _reason(given: str, *, required: bool) -> str:
    reason = given.strip()
    if required and not reason:
        raise Invalid({"reason": "must say why"})
    if len(reason) > MAX_REASON:
        raise Invalid({"reason": f"is {len(reason):,} characters long, at most {MAX_REASON:,} are kept"})
    return reason


def _locked(uow: UnitOfWork, ref: str, warehouse_id: str) -> Level:
    """Return the level of the product with this id or SKU, locked. Raises ``NotFound``."""
    product_id = _held_as(uow, ref) or get_product(uow.stores.mongo, ref).product_id
    levels = lock_levels(uow.connection, [(product_id, warehouse_id)])
    if not levels:
        raise NotFound("stock level", f"{ref} in {warehouse_id}")
    return levels[product_id, warehouse_id]


def _held_as(uow: UnitOfWork, ref: str) -> str | None:
    """Return the id of the product that stock itself knows under ``ref``, so that a count needs no catalog."""
    found: str | None = uow.connection.execute(
        text(
            "SELECT product_id FROM inventory WHERE product_id = :ref"
            " UNION ALL SELECT product_id FROM inventory WHERE sku = :ref LIMIT 1"
        ),
        {"ref": ref.strip()},
    ).scalar()
    return found


def _told(uow: UnitOfWork, moved: Moved, before: Level | None = None) -> StockMoved:
    result = _stock_moved(moved.level, moved)
    uow.record("stock", f"{moved.move.product_id}/{moved.move.warehouse_id}", before, result)
    return result


def _stock_moved(level: Level, moved: Moved | None) -> StockMoved:
    return StockMoved(
        product_id=level.product_id,
        warehouse_id=level.warehouse_id,
        sku=level.sku,
        total_stock=level.total_stock,
        available_stock=level.available_stock,
        reserved_stock=level.reserved_stock,
        damaged_stock=level.damaged_stock,
        version=level.version,
        movement_id=moved.movement_id if moved else None,
    )
