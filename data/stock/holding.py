"""Holding stock for drafts and carts for a while: reservations with a time to live.

A reservation moves stock like an order's line does, from available to reserved, so that placement needs to know nothing
of it and the database's own check stands behind it. When its time is over it is nobody's, whether or not a job has run:
reads count its units as available (``data.stock.reads.levels_of``), and whoever needs units books the release first
(``release_due``; placement once it is short, by ``free_what_ran_out``). The order a draft becomes takes its units over
(``take_over_holds`` in ``data/orders/placement.sql``). Rejected: rows that availability is computed
from, for then every placement would have to add up the holds of others under the lock of the level.

Lock order: owner → reservations by id → levels by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update

from data.door import Door, UnitOfWork, handles
from data.errors import Invalid, NotFound, OutOfStock, ShortLine
from data.ids import new_id
from data.stock.allocation import plan, short_of
from data.stock.ledger import Key, Move, lock_levels, move
from data.stock.messages import (
    ExpireReservations,
    ReleaseReservation,
    ReservationsExpired,
    ReservedUnits,
    ReserveLine,
    ReserveStock,
    StockReserved,
)
from data.stock.reads import Level
from data.stock.schema import Reservation

if TYPE_CHECKING:
    from data.access.rules import Actor
    from data.stores import Stores

__all__ = ["OWNERS", "free_what_ran_out", "freed", "release_due"]

OWNERS = ("draft", "cart")
MAX_MINUTES = 60 * 24 * 30
_LOCK_OWNER = text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 8))")
_ANY_DUE = text(
    "SELECT FROM reservations WHERE product_id = ANY(:products) AND released_at IS NULL AND expires_at <= now() LIMIT 1"
)
_PRODUCTS = text(
    """
    SELECT k.ref, i.product_id, i.warehouse_id, w.is_active
      FROM unnest(CAST(:refs AS text[])) AS k (ref)
      JOIN inventory i ON i.product_id = k.ref OR i.sku = k.ref
      JOIN warehouses w ON w.warehouse_id = i.warehouse_id
    """
)


@handles(ReserveStock)
def reserve_stock(command: ReserveStock, uow: UnitOfWork) -> StockReserved:
    """Hold exactly what is asked for; see ``ReserveStock`` for what is raised."""
    _check_owner(command.owner_type, command.owner_id)
    if not 1 <= command.minutes <= MAX_MINUTES:
        raise Invalid({"minutes": f"must be between 1 and {MAX_MINUTES:,}"})
    products, keys, every = _resolved(uow, command.lines)
    held = _lock_held(uow, command.owner_type, command.owner_id)
    every |= {(row.product_id, row.warehouse_id) for row in held}
    lock_levels(uow.connection, every)  # all at once and in order, before some of them are freed
    release_due(uow, sorted(set(products.values())), but=[row.reservation_id for row in held])
    levels = lock_levels(uow.connection, every)
    own = {(row.product_id, row.warehouse_id): row for row in held}
    target = _target(command.lines, products, _free(levels, keys, own), levels)
    expires_at = uow.now + timedelta(minutes=command.minutes)
    moves = _write_target(uow, command, own, target, levels, expires_at)
    if moves:
        move(uow, moves)
    return _told(uow, command.owner_type, command.owner_id, held)


def _check_owner(owner_type: str, owner_id: str) -> None:
    if owner_type not in OWNERS:
        raise Invalid({"owner_type": f"{owner_type!r} is not one of {', '.join(OWNERS)}"})
    if not 1 <= len(owner_id.strip()) <= 100:
        raise Invalid({"owner_id": "must be 1 to 100 characters"})


def _resolved(uow: UnitOfWork, lines: Sequence[ReserveLine]) -> tuple[dict[str, str], set[Key], set[Key]]:
    """Return the product id by reference, the levels that may serve, and all levels of these products.

    Raises ``NotFound`` and ``Invalid``.
    """
    for place, line in enumerate(lines):
        if line.quantity < 1:
            raise Invalid({f"lines[{place}].quantity": "must be 1 or more"})
    products: dict[str, str] = {}
    keys, every = set[Key](), set[Key]()
    for row in uow.connection.execute(_PRODUCTS, {"refs": [line.product_id for line in lines]}):
        products[row.ref] = row.product_id
        every.add((row.product_id, row.warehouse_id))
        if row.is_active:
            keys.add((row.product_id, row.warehouse_id))
    if missing := [line.product_id for line in lines if line.product_id not in products]:
        raise NotFound("product in stock", missing[0])
    return products, keys, every


def _lock_held(uow: UnitOfWork, owner_type: str, owner_id: str) -> list[Row[Any]]:
    uow.connection.execute(_LOCK_OWNER, {"owner": f"{owner_type}:{owner_id}"})
    return list(
        uow.connection.execute(
            select(Reservation.__table__)
            .where(
                Reservation.owner_type == owner_type,
                Reservation.owner_id == owner_id,
                Reservation.released_at.is_(None),
            )
            .order_by(Reservation.reservation_id)
            .with_for_update()
        )
    )


def _free(levels: Mapping[Key, Level], keys: set[Key], own: Mapping[Key, Row[Any]]) -> dict[Key, int]:
    """Return the units the owner may have of each level: what is available, and what it holds already."""
    return {
        key: (level.available_stock if key in keys else 0) + (own[key].quantity if key in own else 0)
        for key, level in levels.items()
    }


def _target(
    lines: Sequence[ReserveLine], products: Mapping[str, str], free: dict[Key, int], levels: Mapping[Key, Level]
) -> dict[Key, int]:
    """Return the units to hold of each level; lines that name a warehouse are served first."""
    target: dict[Key, int] = {}
    short: list[ShortLine] = []
    anywhere: dict[str, int] = {}
    skus = {key[0]: level.sku for key, level in levels.items()}
    for line in sorted(lines, key=lambda one: not one.warehouse_id):
        product = products[line.product_id]
        if not line.warehouse_id:
            anywhere[product] = anywhere.get(product, 0) + line.quantity
            continue
        key = product, line.warehouse_id
        if free.get(key, 0) < line.quantity:
            short.append(ShortLine(skus[product], product, line.warehouse_id, line.quantity, free.get(key, 0)))
            continue
        free[key] -= line.quantity
        target[key] = target.get(key, 0) + line.quantity
    short += [
        ShortLine(skus[product], product, None, anywhere[product], there)
        for product, there in short_of(anywhere, free).items()
    ]
    if short:
        raise OutOfStock(tuple(short))
    for key, units in plan(anywhere, free, "fewest").items():
        target[key] = target.get(key, 0) + units
    return target


def _write_target(
    uow: UnitOfWork,
    command: ReserveStock,
    own: Mapping[Key, Row[Any]],
    target: Mapping[Key, int],
    levels: Mapping[Key, Level],
    expires_at: Any,
) -> list[Move]:
    """Bring the owner's rows to ``target`` and return the movements of the difference."""
    moves: list[Move] = []
    for key, units in sorted(target.items()):
        row = own.get(key)
        if row is None:
            values = _new_row(uow, command, key, levels[key].sku, units, expires_at)
            uow.connection.execute(insert(Reservation).values(values))
            moves.append(_move(key, "reserve", units, values["reservation_id"], 1))
            continue
        change = units - row.quantity
        uow.connection.execute(
            update(Reservation)
            .where(Reservation.reservation_id == row.reservation_id)
            .values(quantity=units, expires_at=expires_at, version=row.version + (1 if change else 0))
        )
        if change:
            kind = "reserve" if change > 0 else "release"
            moves.append(_move(key, kind, abs(change), row.reservation_id, row.version + 1))
    return moves + _let_go(uow, [row for key, row in own.items() if key not in target], "released")


def _new_row(uow: UnitOfWork, command: ReserveStock, key: Key, sku: str, units: int, expires_at: Any) -> dict[str, Any]:
    return {
        "reservation_id": new_id(),
        "owner_type": command.owner_type,
        "owner_id": command.owner_id,
        "product_id": key[0],
        "warehouse_id": key[1],
        "sku": sku,
        "quantity": units,
        "expires_at": expires_at,
        "created_by": uow.actor.user_id,
        "created_at": uow.now,
    }


def _move(key: Key, kind: str, units: int, reservation_id: UUID, version: int) -> Move:
    return Move(*key, kind, units, "", reservation_id, "reservation", cause=str(version))


def _let_go(uow: UnitOfWork, rows: Sequence[Row[Any]], outcome: str) -> list[Move]:
    """Mark locked ``rows`` as released and return the movements that free their units."""
    if not rows:
        return []
    uow.connection.execute(
        update(Reservation)
        .where(Reservation.reservation_id.in_([row.reservation_id for row in rows]))
        .values(released_at=uow.now, outcome=outcome)
    )
    ordered = sorted(rows, key=lambda row: (row.product_id, row.warehouse_id, row.reservation_id))
    return [freed(row) for row in ordered]


def freed(row: Row[Any]) -> Move:
    """Return the movement that frees the units of a reservation, a row of its table."""
    return _move((row.product_id, row.warehouse_id), "release", row.quantity, row.reservation_id, row.version + 1)


@handles(ReleaseReservation)
def release_reservation(command: ReleaseReservation, uow: UnitOfWork) -> StockReserved:
    """Let go of all that the owner holds."""
    _check_owner(command.owner_type, command.owner_id)
    held = _lock_held(uow, command.owner_type, command.owner_id)
    if moves := _let_go(uow, held, "released"):
        move(uow, moves)
    return _told(uow, command.owner_type, command.owner_id, held)


@handles(ExpireReservations)
def expire_reservations(command: ExpireReservations, uow: UnitOfWork) -> ReservationsExpired:
    """Book what has run out."""
    if not 1 <= command.limit <= 10_000:
        raise Invalid({"limit": "must be between 1 and 10,000"})
    rows = release_due(uow, command.product_ids or None, limit=command.limit)
    done = ReservationsExpired(reservations=len(rows), units=sum(row.quantity for row in rows))
    uow.record("reservation", "", None, done)
    return done


def release_due(
    uow: UnitOfWork, product_ids: Iterable[str] | None, *, but: Iterable[UUID] = (), limit: int = 1_000
) -> list[Row[Any]]:
    """Free the units of reservations that have run out, of ``product_ids`` or (``None``) of any product.

    ``but`` are left alone. Return the rows. What somebody else is just releasing is left to them.
    """
    statement = (
        select(Reservation.__table__)
        .where(Reservation.released_at.is_(None), Reservation.expires_at <= uow.now)
        .where(Reservation.reservation_id.not_in(list(but)))
        .order_by(Reservation.reservation_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if product_ids is not None:
        statement = statement.where(Reservation.product_id.in_(list(product_ids)))
    rows = list(uow.connection.execute(statement))
    if moves := _let_go(uow, rows, "expired"):
        move(uow, moves)
    return rows


def free_what_ran_out(stores: Stores, actor: Actor, product_ids: Iterable[str]) -> bool:
    """Book what has run out of these products, in a transaction of its own; say whether there was anything.

    For placement, which asks only once it is short: a sale that finds enough pays nothing for holds.
    """
    wanted = sorted(product_ids)
    with stores.postgres.reading() as connection:
        if connection.execute(_ANY_DUE, {"products": wanted}).first() is None:
            return False
    command = ExpireReservations(product_ids=tuple(wanted))
    done: ReservationsExpired = Door(stores).run(command, actor).result
    return done.reservations > 0


def _told(uow: UnitOfWork, owner_type: str, owner_id: str, before: Sequence[Row[Any]]) -> StockReserved:
    rows = _lock_held(uow, owner_type, owner_id)
    units = tuple(
        ReservedUnits(
            reservation_id=row.reservation_id,
            product_id=row.product_id,
            sku=row.sku,
            warehouse_id=row.warehouse_id,
            quantity=row.quantity,
        )
        for row in rows
    )
    held = StockReserved(
        owner_type=owner_type,
        owner_id=owner_id,
        expires_at=rows[0].expires_at if rows else None,
        units=units,
    )
    former = [{"sku": row.sku, "warehouse_id": row.warehouse_id, "quantity": row.quantity} for row in before]
    uow.record("reservation", f"{owner_type}:{owner_id}", former, held)
    return held
