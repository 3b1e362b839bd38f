"""Transfers and reservations on real engines: nothing is lost on the way, nothing is held beyond its time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from data.errors import Conflict, Denied, Invalid, NotFound, OutOfStock
from data.shop import Shop
from data.stock.held import list_reservations
from data.stock.messages import (
    ExpireReservations,
    ReleaseReservation,
    ReserveLine,
    ReserveStock,
    TransferStock,
)
from data.stock.reads import levels_of, reconcile
from tests.orders_world import one, product, sql, warehouses


@pytest.fixture
def ram(shop: Shop) -> str:
    """A product with 5 units in WH1 and 3 in WH2; WH3 is empty."""
    warehouses(shop, "WH1", "WH2", "WH3")
    return product(shop, "RAM", {"WH1": 5, "WH2": 3})


def do(shop: Shop, command: Any, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def hold(shop: Shop, owner: str, units: int, warehouse: str = "", minutes: int = 10) -> Any:
    lines = (ReserveLine(product_id="RAM", quantity=units, warehouse_id=warehouse),) if units else ()
    return do(shop, ReserveStock(owner_type="cart", owner_id=owner, lines=lines, minutes=minutes))


def levels(shop: Shop) -> list[tuple[Any, ...]]:
    return sql(shop, "SELECT warehouse_id, available_stock, reserved_stock FROM inventory ORDER BY warehouse_id")


def run_out(shop: Shop, owner: str) -> None:
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text("UPDATE reservations SET expires_at = now() - interval '1 second' WHERE owner_id = :owner"),
            {"owner": owner},
        )


def test_a_transfer_is_two_movements_of_one_cause(shop: Shop, ram: str) -> None:
    command = TransferStock(product_id="RAM", from_warehouse="WH1", to_warehouse="WH3", quantity=4, reason="fill")
    done = do(shop, command, key="k")
    assert (done.source.available_stock, done.target.available_stock) == (1, 4)
    assert do(shop, command, key="k") == done
    rows = sql(
        shop,
        "SELECT kind, movement_type, quantity, reference_id, reference_type, reason FROM inventory_movements"
        " WHERE reference_id IS NOT NULL ORDER BY sequence",
    )
    assert rows == [
        (kind, "transfer", 4, done.transfer_id, "transfer", "fill") for kind in ("transfer_out", "transfer_in")
    ]
    with pytest.raises(Conflict):
        do(shop, command)
    assert reconcile(shop.stores.postgres) == ()


@pytest.mark.parametrize(
    ("source", "target", "units", "error"),
    [
        ("WH1", "WH1", 1, Invalid),
        ("WH1", "WH2", 0, Invalid),
        ("WH3", "WH1", 1, NotFound),
        ("WH1", "WH9", 1, NotFound),
    ],
)
def test_a_transfer_that_cannot_be(
    shop: Shop, ram: str, source: str, target: str, units: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        do(shop, TransferStock(product_id="RAM", from_warehouse=source, to_warehouse=target, quantity=units))
    assert levels(shop) == [("WH1", 5, 0), ("WH2", 3, 0)]


def test_transfers_to_and_fro_at_once_lose_nothing_and_do_not_wait_in_a_circle(shop: Shop, ram: str) -> None:
    ways = [("WH1", "WH2"), ("WH2", "WH1")] * 12

    def attempt(way: tuple[str, str]) -> None:
        try:
            do(shop, TransferStock(product_id=ram, from_warehouse=way[0], to_warehouse=way[1], quantity=1))
        except Conflict as refused:
            if "available" not in str(refused):
                raise

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, ways))
    assert one(shop, "SELECT sum(total_stock) FROM inventory") == 8
    assert reconcile(shop.stores.postgres) == ()


def test_what_is_held_is_nobody_elses_until_it_is_let_go(shop: Shop, ram: str) -> None:
    held = hold(shop, "ann", 7)
    assert sorted((each.warehouse_id, each.quantity) for each in held.units) == [("WH1", 5), ("WH2", 2)]
    with pytest.raises(OutOfStock) as short:
        hold(shop, "bob", 2)
    assert short.value.lines[0].available == 1
    moved = one(shop, "SELECT count(*) FROM inventory_movements")
    assert hold(shop, "ann", 7, minutes=60).expires_at > held.expires_at
    assert one(shop, "SELECT count(*) FROM inventory_movements") == moved, "extending moves nothing"
    less = hold(shop, "ann", 1, "WH2")
    assert [(each.warehouse_id, each.quantity) for each in less.units] == [("WH2", 1)]
    assert levels(shop) == [("WH1", 5, 0), ("WH2", 2, 1)]
    assert [row.owner_id for row in list_reservations(shop.stores.postgres).rows] == ["ann"]
    let_go = do(shop, ReleaseReservation(owner_type="cart", owner_id="ann"))
    assert (let_go.units, let_go.expires_at) == ((), None)
    assert levels(shop) == [("WH1", 5, 0), ("WH2", 3, 0)]
    assert reconcile(shop.stores.postgres) == ()


def test_its_time_over_a_hold_is_nobodys_though_no_job_has_run(shop: Shop, ram: str) -> None:
    hold(shop, "ann", 8)
    run_out(shop, "ann")
    found = {level.warehouse_id: level.available_stock for level in levels_of(shop.stores.postgres, [ram])[ram]}
    assert found == {"WH1": 5, "WH2": 3}
    assert levels(shop) == [("WH1", 0, 5), ("WH2", 0, 3)], "nothing was booked yet"
    assert list_reservations(shop.stores.postgres).rows[0].is_due
    assert sum(each.quantity for each in hold(shop, "bob", 8).units) == 8
    assert sql(shop, "SELECT DISTINCT owner_id, outcome FROM reservations ORDER BY 1") == [
        ("ann", "expired"),
        ("bob", None),
    ]
    assert reconcile(shop.stores.postgres) == ()
    run_out(shop, "bob")
    done = do(shop, ExpireReservations())
    assert (done.reservations, done.units) == (2, 8)
    assert levels(shop) == [("WH1", 5, 0), ("WH2", 3, 0)]
    assert do(shop, ExpireReservations()).reservations == 0


def test_an_owner_whose_time_is_over_may_hold_on_while_nobody_else_asked(shop: Shop, ram: str) -> None:
    hold(shop, "ann", 6)
    run_out(shop, "ann")
    assert sum(each.quantity for each in hold(shop, "ann", 6).units) == 6
    assert reconcile(shop.stores.postgres) == ()


def test_many_carts_at_once_never_hold_more_than_there_is(shop: Shop, ram: str) -> None:
    def attempt(number: int) -> int:
        try:
            return sum(each.quantity for each in hold(shop, f"c{number % 12}", 1 + number % 3).units)
        except OutOfStock:
            return 0

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(36)))
    held = one(shop, "SELECT coalesce(sum(quantity), 0) FROM reservations WHERE released_at IS NULL")
    assert 6 <= held <= 8
    assert reconcile(shop.stores.postgres) == ()
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE reservations SET expires_at = now() WHERE released_at IS NULL"))
    do(shop, ExpireReservations())
    assert one(shop, "SELECT sum(reserved_stock) FROM inventory") == 0, "none leaks"


def test_refusals(shop: Shop, ram: str) -> None:
    with pytest.raises(Invalid, match="minutes"):
        hold(shop, "ann", 1, minutes=0)
    with pytest.raises(Invalid, match="quantity"):
        hold(shop, "ann", -1)
    with pytest.raises(NotFound):
        do(shop, ReserveStock(owner_type="cart", owner_id="a", lines=(ReserveLine(product_id="NO", quantity=1),)))
    with pytest.raises(Invalid, match="owner_type"):
        do(shop, ReleaseReservation(owner_type="dream", owner_id="a"))
    analyst = replace(shop.actor, roles=frozenset({"analyst"}))
    for command in (
        ExpireReservations(),
        TransferStock(product_id=ram, from_warehouse="WH1", to_warehouse="WH2", quantity=1),
    ):
        with pytest.raises(Denied):
            shop.door.run(command, analyst)
