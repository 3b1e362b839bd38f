"""The one way stock moves: every change of a level is a movement, written in the same transaction.

``move`` takes any number of movements: one ordered lock, one UPDATE of the levels, one INSERT into the ledger, one
event per product. Placement does the same inside its own statement (``data/orders/placement.sql``), for the round
trips; no other code moves stock.

A movement's id is derived from its cause (``data.stock.causes``), so the same cause moves stock once, whoever repeats
it: ``move`` answers with the movement that is there, and refuses a cause that was used for another movement.

Lock order of the whole program: order → its lines by id → levels by (product_id, warehouse_id) → payment. Two writers
that hold to it wait for each other, but never in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from data.command import INT4_MAX
from data.errors import Conflict, Invalid, NotFound
from data.ids import new_id
from data.stock.causes import cause_id
from data.stock.reads import Level
from data.stock.rules import KINDS, deltas

if TYPE_CHECKING:
    import sqlalchemy

    from data.door import UnitOfWork

__all__ = ["Key", "Move", "Moved", "create_levels", "lock_levels", "move"]

#: (product_id, warehouse_id)
Key = tuple[str, str]

_LOCK = text(
    """
    SELECT i.product_id, i.warehouse_id, i.sku, i.total_stock, i.available_stock, i.reserved_stock, i.damaged_stock,
           i.reorder_level, i.max_stock_level, i.version
      FROM inventory i JOIN unnest(CAST(:products AS text[]), CAST(:warehouses AS text[])) AS k (p, w)
        ON i.product_id = k.p AND i.warehouse_id = k.w
     ORDER BY i.product_id, i.warehouse_id
       FOR NO KEY UPDATE OF i
    """
)
_CREATE = text(
    """
    INSERT INTO inventory (inventory_id, product_id, warehouse_id, sku, reorder_level)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:products AS text[]), CAST(:warehouses AS text[]),
                         CAST(:skus AS text[]), CAST(:reorder_levels AS integer[])) AS k (i, p, w, s, r)
     ORDER BY p, w
    ON CONFLICT (product_id, warehouse_id) DO NOTHING
    """
)
_UPDATE = text(
    """
    UPDATE inventory i
       SET total_stock = k.total, available_stock = k.available, reserved_stock = k.reserved, damaged_stock = k.damaged,
           version = k.version, last_updated = now(), last_restock_date = coalesce(k.restocked, i.last_restock_date)
      FROM unnest(CAST(:products AS text[]), CAST(:warehouses AS text[]), CAST(:total AS integer[]),
                  CAST(:available AS integer[]), CAST(:reserved AS integer[]), CAST(:damaged AS integer[]),
                  CAST(:version AS bigint[]), CAST(:restocked AS timestamptz[]))
           AS k (product_id, warehouse_id, total, available, reserved, damaged, version, restocked)
     WHERE i.product_id = k.product_id AND i.warehouse_id = k.warehouse_id
    """
)
_FIND = text(
    "SELECT movement_id, quantity, available_after, reserved_after, damaged_after, stock_after_movement"
    " FROM inventory_movements WHERE movement_id = ANY(:ids)"
)
_COLUMNS = {
    "movement_id": "uuid",
    "product_id": "text",
    "warehouse_id": "text",
    "movement_type": "text",
    "kind": "text",
    "quantity": "integer",
    "available_delta": "integer",
    "reserved_delta": "integer",
    "damaged_delta": "integer",
    "available_after": "integer",
    "reserved_after": "integer",
    "damaged_after": "integer",
    "stock_after_movement": "integer",
    "reference_id": "uuid",
    "reference_type": "text",
    "reason": "text",
    "created_by": "uuid",
    "created_at": "timestamptz",
}
_INSERT = text(
    f"INSERT INTO inventory_movements ({', '.join(_COLUMNS)}) SELECT * FROM unnest("
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS.items())
    + ")"
)


@dataclass(frozen=True)
class Move:
    """``quantity`` units of one product in one warehouse, moved as ``kind`` (``data.stock.rules.KINDS``) says.

    ``reference_type`` names what ``reference_id`` is (``order``); ``reason`` is for people. ``at`` is when it happened,
    where that is not when the others of the same ``move`` did. ``cause`` names the one thing that moved it, among all
    that ``origin`` (the reference, unless given) ever causes; ``""`` is for what cannot come twice.
    """

    product_id: str
    warehouse_id: str
    kind: str
    quantity: int
    reason: str = ""
    reference_id: UUID | None = None
    reference_type: str = ""
    at: datetime | None = None
    cause: str = ""
    origin: UUID | None = None

    @property
    def key(self) -> Key:
        """The level it changes."""
        return self.product_id, self.warehouse_id

    @property
    def caused_id(self) -> UUID | None:
        """The movement's id where its cause gives one."""
        origin = self.origin or self.reference_id
        return cause_id(origin, self.cause, self.kind, *self.key) if self.cause and origin else None


@dataclass(frozen=True)
class Moved:
    """A movement as it was written, and the level right after it."""

    movement_id: UUID
    move: Move
    level: Level


def create_levels(connection: sqlalchemy.Connection, wanted: Mapping[Key, tuple[str, int]]) -> None:
    """Make an empty level for each key that has none; ``wanted`` gives its SKU and reorder level.

    Raises ``NotFound`` for a warehouse.
    """
    warehouses = sorted({warehouse for _, warehouse in wanted})
    known = connection.execute(
        text("SELECT warehouse_id FROM warehouses WHERE warehouse_id = ANY(:ids)"), {"ids": warehouses}
    )
    missing = sorted(set(warehouses) - set(known.scalars()))
    if missing:
        raise NotFound("warehouse", missing[0])
    rows = [(*key, sku, reorder_level) for key, (sku, reorder_level) in sorted(wanted.items())]
    connection.execute(
        _CREATE,
        {
            "ids": [new_id() for _ in rows],
            "products": [row[0] for row in rows],
            "warehouses": [row[1] for row in rows],
            "skus": [row[2] for row in rows],
            "reorder_levels": [row[3] for row in rows],
        },
    )


def lock_levels(connection: sqlalchemy.Connection, keys: Iterable[Key]) -> dict[Key, Level]:
    """Lock the levels of ``keys`` in key order until the transaction ends, and return those there are."""
    ordered = sorted(set(keys))
    rows = connection.execute(
        _LOCK, {"products": [key[0] for key in ordered], "warehouses": [key[1] for key in ordered]}
    )
    return {(row.product_id, row.warehouse_id): Level(**row._mapping) for row in rows}


def move(uow: UnitOfWork, moves: Sequence[Move], *, at: datetime | None = None) -> tuple[Moved, ...]:
    """Write ``moves``, in their order, and return each with the level after it. ``at`` is when it happened (now).

    A movement whose cause has made it before is not made again: the one there is is returned.

    Raises ``NotFound`` for a level there is none of, ``Conflict`` with the current level where a part of it would fall
    below zero or the cause moved other units, ``Invalid`` where it would rise beyond 2,147,483,647. Nothing is written
    then.
    """
    levels = lock_levels(uow.connection, (one.key for one in moves))
    before = _made_before(uow.connection, moves, levels)
    moved: list[Moved] = []
    for one in moves:
        movement_id = one.caused_id or new_id()
        if movement_id in before:
            moved.append(before[movement_id])
            continue
        if one.key not in levels:
            raise NotFound("stock level", f"{one.product_id} in {one.warehouse_id}")
        levels[one.key] = _after(levels[one.key], one)
        moved.append(Moved(movement_id, one, levels[one.key]))
    if done := [one for one in moved if one.movement_id not in before]:
        _write(uow, done, levels, at or uow.now)
    for product_id, kind in {one.move.product_id: one.move.kind for one in done}.items():
        uow.emit("stock", product_id, kind, {})
    return tuple(moved)


def _made_before(
    connection: sqlalchemy.Connection, moves: Sequence[Move], levels: Mapping[Key, Level]
) -> dict[UUID, Moved]:
    """Return those of ``moves`` that are in the ledger, with the level after them.

    The levels are locked, so whoever makes the same movement at this moment has either committed it or waits.
    """
    caused = {movement_id: one for one in moves if (movement_id := one.caused_id)}
    found: dict[UUID, Moved] = {}
    for row in connection.execute(_FIND, {"ids": list(caused)}) if caused else ():
        one = caused[row.movement_id]
        if row.quantity != abs(one.quantity):
            raise Conflict(
                f"{row.quantity} units were moved for this before, not {abs(one.quantity)}.",
                current={"movement_id": str(row.movement_id), "quantity": row.quantity},
            )
        after = {"available_stock": row.available_after, "reserved_stock": row.reserved_after}
        after |= {"damaged_stock": row.damaged_after, "total_stock": row.stock_after_movement}
        found[row.movement_id] = Moved(row.movement_id, one, replace(levels[one.key], **after))
    return found


def _after(level: Level, one: Move) -> Level:
    available, reserved, damaged = deltas(one.kind, one.quantity)
    after = replace(
        level,
        total_stock=level.total_stock + available + reserved + damaged,
        available_stock=level.available_stock + available,
        reserved_stock=level.reserved_stock + reserved,
        damaged_stock=level.damaged_stock + damaged,
        version=level.version + 1,
    )
    for part in ("available_stock", "reserved_stock", "damaged_stock"):
        if getattr(after, part) < 0:
            raise Conflict(
                f"{level.sku} in {level.warehouse_id} has {getattr(level, part)} {part.partition('_')[0]},"
                f" {abs(one.quantity)} cannot be taken.",
                current={
                    name: getattr(level, name)
                    for name in (
                        "product_id",
                        "warehouse_id",
                        "sku",
                        "available_stock",
                        "reserved_stock",
                        "damaged_stock",
                    )
                },
            )
    if after.total_stock > INT4_MAX:
        raise Invalid({"quantity": f"would bring {level.sku} in {level.warehouse_id} above {INT4_MAX:,} units"})
    return after


def _write(uow: UnitOfWork, done: Sequence[Moved], levels: Mapping[Key, Level], at: datetime) -> None:
    restocked = {one.move.key for one in done if one.move.kind == "receive"}
    touched = {one.move.key for one in done}
    uow.connection.execute(
        _UPDATE, _by_column([_level_row(levels[key], at if key in restocked else None) for key in touched])
    )
    uow.connection.execute(_INSERT, _by_column([_movement_row(one, uow.actor.user_id, at) for one in done]))


def _by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _level_row(level: Level, restocked: datetime | None) -> dict[str, Any]:
    return {
        "products": level.product_id,
        "warehouses": level.warehouse_id,
        "total": level.total_stock,
        "available": level.available_stock,
        "reserved": level.reserved_stock,
        "damaged": level.damaged_stock,
        "version": level.version,
        "restocked": restocked,
    }


def _movement_row(done: Moved, actor_id: UUID, at: datetime) -> dict[str, Any]:
    one, level = done.move, done.level
    available, reserved, damaged = deltas(one.kind, one.quantity)
    return {
        "movement_id": done.movement_id,
        "product_id": one.product_id,
        "warehouse_id": one.warehouse_id,
        "movement_type": KINDS[one.kind].movement_type,
        "kind": one.kind,
        "quantity": abs(one.quantity),
        "available_delta": available,
        "reserved_delta": reserved,
        "damaged_delta": damaged,
        "available_after": level.available_stock,
        "reserved_after": level.reserved_stock,
        "damaged_after": level.damaged_stock,
        "stock_after_movement": level.total_stock,
        "reference_id": one.reference_id,
        "reference_type": one.reference_type or None,
        "reason": one.reason or None,
        "created_by": actor_id,
        "created_at": one.at or at,
    }
