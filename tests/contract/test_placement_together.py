"""Orders placed at the same time in one process: one statement and one commit, and each its own outcome.

They are made to wait for each other by locks on stock rows: an order that hangs at one leads, the others come behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from data.door import Done
from data.errors import Invalid, NotFound, OutOfStock
from data.orders import placement
from data.shop import Shop
from data.stock.reads import reconcile
from data.stores import combining
from tests.orders_world import Line, customer, one, place, product, sql, warehouses

WAIT = 60.0


@pytest.fixture
def user(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> UUID:
    monkeypatch.setattr(combining, "PATIENCE_SECONDS", WAIT)
    warehouses(shop, "WH1", "WH2")
    return customer(shop)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@contextmanager
def locked(shop: Shop, sku: str) -> Iterator[None]:
    """Hold the rows of a product's stock, as a colleague's long transaction does."""
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("SELECT FROM inventory WHERE sku = :sku FOR UPDATE"), {"sku": sku})
        yield


def hanging(shop: Shop) -> list[int]:
    """Return the server processes that wait for a lock inside ``place_orders``."""
    found = sql(shop, "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%place_orders%'")
    return [row[0] for row in found]


def waiting(shop: Shop) -> int:
    return len(placement._combiners[shop.stores.postgres]._waiting)


class Crowd:
    """Orders that come one after the other behind one that hangs at ``at``'s stock."""

    def __init__(self, shop: Shop, threads: ThreadPoolExecutor, until: Callable[..., Any], at: str, user: UUID) -> None:
        self._shop, self._threads, self._until = shop, threads, until
        self.first: Future[Done[Any]] = threads.submit(place, shop, user, (at, 1))
        until(lambda: hanging(shop))

    def add(self, user: UUID, *lines: Line, **fields: Any) -> Future[Done[Any]]:
        before = waiting(self._shop)
        future = self._threads.submit(place, self._shop, user, *lines, **fields)
        self._until(lambda: waiting(self._shop) == before + 1)
        return future


def commits(shop: Shop) -> list[int]:
    """Return how many orders each transaction wrote, smallest first."""
    return [row[0] for row in sql(shop, "SELECT count(*) FROM orders GROUP BY xmin ORDER BY 1")]


def results(futures: Sequence[Future[Done[Any]]]) -> list[Any]:
    return [future.result(WAIT).result for future in futures]


def test_one_commit_for_all_and_books_for_each(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any]
) -> None:
    ram = product(shop, "RAM", {"WH1": 100, "WH2": 7})
    product(shop, "SSD", {"WH1": 100})
    sql_before = one(shop, "SELECT count(*) FROM outbox WHERE topic = 'stock'")
    with locked(shop, "RAM"):
        crowd = Crowd(shop, threads, until, "RAM", user)
        futures = [crowd.add(user, ("RAM", 2), ("SSD", 1), ("RAM", 1, "WH2"), key=f"k{n}") for n in range(5)]
    orders = results([crowd.first, *futures])
    assert commits(shop) == [1, 5]
    assert len({order.order_id for order in orders}) == 6
    assert sorted((i.sku, i.warehouse_id, i.quantity) for i in orders[3].items) == [
        ("RAM", "WH1", 2),
        ("RAM", "WH2", 1),
        ("SSD", "WH1", 1),
    ]
    ledger = sql(
        shop,
        "SELECT quantity, available_after, reserved_after, reference_id FROM inventory_movements"
        " WHERE product_id = :p AND warehouse_id = 'WH1' AND kind = 'reserve' ORDER BY sequence",
        p=ram,
    )
    assert [row[:3] for row in ledger] == [(1, 99, 1), *[(2, 97 - 2 * n, 3 + 2 * n) for n in range(5)]]
    assert [row[3] for row in ledger] == [order.order_id for order in orders]
    keys = dict(sql(shop, "SELECT idempotency_key, target_id FROM audit_log WHERE command = 'orders.place'"))
    assert [keys[f"k{n}"] for n in range(5)] == [str(order.order_id) for order in orders[1:]]
    assert one(shop, "SELECT count(*) FROM outbox WHERE topic = 'orders'") == 6
    assert one(shop, "SELECT count(*) FROM outbox WHERE topic = 'stock'") == sql_before + 1 + 2  # once per commit
    assert reconcile(shop.stores.postgres) == ()
    assert place(shop, user, ("RAM", 2), ("SSD", 1), ("RAM", 1, "WH2"), key="k3").result == orders[4]


def test_each_sees_what_those_before_it_took_and_a_refusal_disturbs_nobody(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any]
) -> None:
    product(shop, "RAM", {"WH1": 9})
    product(shop, "SSD", {"WH1": 5, "WH2": 2})
    old = place(shop, user, ("RAM", 1), key="old").result
    moved = customer(shop, "moved@lee.example")
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE users SET shard = 10 WHERE user_id = :u"), {"u": moved})
    with locked(shop, "RAM"):
        crowd = Crowd(shop, threads, until, "RAM", user)
        whole = crowd.add(user, ("SSD", 4))
        nobody = crowd.add(uuid4(), ("SSD", 1))
        short = crowd.add(user, ("SSD", 1), ("RAM", 99), ("SSD", 3, "WH2"))
        replayed = crowd.add(user, ("RAM", 1), key="old")
        elsewhere = crowd.add(moved, ("SSD", 1))
        split = crowd.add(user, ("SSD", 3))
        last = crowd.add(user, ("SSD", 1))
    assert [(i.warehouse_id, i.quantity) for i in whole.result(WAIT).result.items] == [("WH1", 4)]
    assert [(i.warehouse_id, i.quantity) for i in split.result(WAIT).result.items] == [("WH2", 2), ("WH1", 1)]
    with pytest.raises(NotFound, match="customer"):
        nobody.result(WAIT)
    with pytest.raises(OutOfStock) as refused:
        short.result(WAIT)
    assert [(line.sku, line.requested, line.available) for line in refused.value.lines] == [
        ("RAM", 99, 7),
        ("SSD", 3, 2),
    ]
    assert (replayed.result(WAIT).result, replayed.result().replayed) == (old, True)
    for late in (last, elsewhere):  # nothing was left for either
        with pytest.raises(OutOfStock):
            late.result(WAIT)
    crowd.first.result(WAIT)
    assert commits(shop) == [1, 1, 2]
    assert sql(shop, "SELECT available_stock, reserved_stock FROM inventory WHERE sku = 'SSD'") == [(0, 5), (0, 2)]
    assert reconcile(shop.stores.postgres) == ()


def test_one_key_several_times_in_one_call_is_one_order(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any]
) -> None:
    product(shop, "RAM", {"WH1": 9})
    with locked(shop, "RAM"):
        crowd = Crowd(shop, threads, until, "RAM", user)
        same = [crowd.add(user, ("RAM", 1), key="k") for _ in range(3)]
        other = crowd.add(user, ("RAM", 1), key="another")
    assert len({order.order_id for order in results(same)}) == 1
    assert sorted(future.result().replayed for future in same) == [False, True, True]
    results([crowd.first, other])
    assert one(shop, "SELECT count(*) FROM orders") == 3
    assert reconcile(shop.stores.postgres) == ()


def test_a_connection_that_breaks_takes_no_order_along(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any]
) -> None:
    """Five orders hang together at a row when their connection is ended: each asks again with its key."""
    product(shop, "RAM", {"WH1": 9})
    product(shop, "SSD", {"WH1": 9})
    with locked(shop, "SSD"):
        with locked(shop, "RAM"):
            crowd = Crowd(shop, threads, until, "RAM", user)
            futures = [crowd.add(user, ("SSD", 1), key=f"k{n}") for n in range(5)]
        crowd.first.result(WAIT)
        until(lambda: hanging(shop))
        (victim,) = hanging(shop)
        with shop.stores.postgres.writing() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        until(lambda: len(hanging(shop)) == 5)  # each alone now
    assert len({order.order_id for order in results(futures)}) == 5
    assert not any(future.result().replayed for future in futures)
    assert commits(shop) == [1] * 6
    assert reconcile(shop.stores.postgres) == ()


def test_who_hangs_holds_up_nobody_for_long(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    product(shop, "RAM", {"WH1": 9})
    product(shop, "SSD", {"WH1": 9})
    monkeypatch.setattr(combining, "PATIENCE_SECONDS", 0.01)
    with locked(shop, "RAM"):
        hung = threads.submit(place, shop, user, ("RAM", 1))
        until(lambda: hanging(shop))
        place(shop, user, ("SSD", 1))
        assert not hung.done()
    hung.result(WAIT)


def test_the_others_hold_no_connection_while_they_wait(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any]
) -> None:
    product(shop, "RAM", {"WH1": 99})
    with locked(shop, "RAM"):
        crowd = Crowd(shop, threads, until, "RAM", user)
        futures = [crowd.add(user, ("RAM", 1)) for _ in range(12)]
        assert shop.stores.postgres._autocommit.taken == 1
    results([crowd.first, *futures])


def test_a_number_drawn_twice_is_drawn_again_also_in_company(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    product(shop, "RAM", {"WH1": 99})
    numbers = iter(["0000-0001", "0000-0002", "0000-0001", *(f"0000-001{n}" for n in range(9))])
    monkeypatch.setattr(placement, "new_order_number", lambda shard: next(numbers))
    with locked(shop, "RAM"):
        crowd = Crowd(shop, threads, until, "RAM", user)
        futures = [crowd.add(user, ("RAM", 1)) for _ in range(4)]
    assert len({order.order_number for order in results([crowd.first, *futures])}) == 5
    assert reconcile(shop.stores.postgres) == ()


def test_an_error_of_the_statement_reaches_only_its_order(
    shop: Shop, user: UUID, threads: ThreadPoolExecutor, until: Callable[..., Any]
) -> None:
    """A value that only the server refuses: MongoDB keeps a NUL in an attribute, JSON of PostgreSQL does not."""
    product(shop, "RAM", {"WH1": 99})
    product(shop, "BAD", {"WH1": 99})
    shop.stores.mongo.products.update_one({"sku": "BAD"}, {"$set": {"attributes.color": "a\0b"}})
    with locked(shop, "RAM"):
        crowd = Crowd(shop, threads, until, "RAM", user)
        good = [crowd.add(user, ("RAM", 1)) for _ in range(2)]
        bad = crowd.add(user, ("BAD", 1))
    results([crowd.first, *good])
    with pytest.raises(Invalid) as refused:
        bad.result(WAIT)
    assert isinstance(refused.value.__cause__, psycopg.DataError)
    assert one(shop, "SELECT count(*) FROM orders") == 3
