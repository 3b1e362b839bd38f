"""Never oversold, never half an order, never twice: 32 hands in two processes, and a server that is killed meanwhile.

The 16 hands of a process get in each other's way often enough that most orders share their commit with others
(``data.stores.combining``); the tests that lean on it count.

At about a tenth of the full size; ``STOREKEEPER_TORTURE=1 pytest tests/torture`` runs all of it. Every test ends with
the same question: do levels, ledger and orders agree? The promises and their sizes are those of the reliability notes:
10,000 tries on 5,008 units, on one product and spread over 100; 4,800 carts with repeated products; 16 kills.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from data.ids import new_id
from data.local import ensure_up
from data.local.paths import store_url
from data.settings import Settings
from data.shop import Shop, open_shop
from data.stock.reads import reconcile
from tests.orders_world import Line, customer, one, product, sql, warehouses
from tests.torture.load import PROCESSES, THREADS, Killer, NaiveShop, Outcome, Try, deadlocks, in_threads, throw

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
pytestmark = [pytest.mark.torture, pytest.mark.timeout(1_800 if FULL else 300)]


def sized(full: int) -> int:
    """Return the full number, or a tenth of it."""
    return full if FULL else full // 10


@pytest.fixture
def user(shop: Shop) -> UUID:
    warehouses(shop, "WH1", "WH2")
    return customer(shop)


def tries(carts: Sequence[Sequence[Line]]) -> list[Try]:
    return [Try(str(new_id()), tuple(lines)) for lines in carts]


def placed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.what == "placed"]


def check_books(shop: Shop, made: Sequence[Try], outcomes: Sequence[Outcome]) -> None:
    """Every acknowledged order is stored once and whole, nothing else is stored, and all the books agree."""
    known = {outcome.order_id: outcome.key for outcome in placed(outcomes)}
    carts = {one_try.key: one_try.lines for one_try in made}
    assert {row[0] for row in sql(shop, "SELECT order_id FROM orders")} == set(known)
    stored: dict[UUID, Counter[str]] = {}
    for order_id, sku, quantity in sql(shop, "SELECT order_id, sku, quantity FROM order_items"):
        stored.setdefault(order_id, Counter())[sku] += quantity
    wanted: dict[UUID | None, Counter[str]] = {}
    for order_id, key in known.items():
        wanted[order_id] = Counter()
        for line in carts[key]:
            wanted[order_id][line[0]] += line[1]
    assert stored == wanted
    assert one(shop, "SELECT count(*) FROM idempotency_keys WHERE command = 'orders.place'") == len(known)
    assert deadlocks(shop.stores) == 0
    assert reconcile(shop.stores.postgres) == ()


def together(shop: Shop) -> float:
    """Return the share of the orders that were committed in the company of others."""
    shared = one(shop, "SELECT sum(n) FILTER (WHERE n > 1) FROM (SELECT count(*) n FROM orders GROUP BY xmin) c") or 0
    return float(shared) / float(one(shop, "SELECT count(*) FROM orders"))


def test_one_product_sells_exactly_what_there_is(shop: Shop, user: UUID) -> None:
    stock = sized(5_008)
    product(shop, "HOT", {"WH1": stock})
    made = tries([[("HOT", 1)]] * sized(10_000))
    outcomes = throw(shop.settings, shop.actor, user, made)
    assert Counter(outcome.what for outcome in outcomes) == {"placed": stock, "short": len(made) - stock}
    assert sql(shop, "SELECT available_stock, reserved_stock FROM inventory") == [(0, stock)]
    assert together(shop) > 0.5
    check_books(shop, made, outcomes)


def test_spread_over_a_hundred_products(shop: Shop, user: UUID) -> None:
    each = sized(50)
    for number in range(100):
        product(shop, f"P{number:02}", {"WH1": each - each // 2, "WH2": each // 2})
    dice = random.Random(7)
    made = tries([[(f"P{dice.randrange(100):02}", 1)] for _ in range(sized(10_000))])
    demand = Counter(one_try.lines[0][0] for one_try in made)
    outcomes = throw(shop.settings, shop.actor, user, made)
    sold = dict(sql(shop, "SELECT sku, sum(quantity) FROM order_items GROUP BY sku"))
    assert sold == {sku: min(asked, each) for sku, asked in demand.items()}
    check_books(shop, made, outcomes)


def test_carts_are_whole_or_not_at_all(shop: Shop, user: UUID) -> None:
    """Carts of one to six lines over ten products, some named twice, some with a warehouse: none partial."""
    skus = [f"P{number}" for number in range(10)]
    for sku in skus:
        product(shop, sku, {"WH1": sized(300), "WH2": sized(300)})
    dice = random.Random(11)

    def line() -> Line:
        sku, units = dice.choice(skus), dice.randint(1, 2)
        return (sku, units, dice.choice(["WH1", "WH2"])) if dice.random() < 0.3 else (sku, units)

    made = tries([[line() for _ in range(dice.randint(1, 6))] for _ in range(sized(4_800))])
    assert sum(len({each[0] for each in one_try.lines}) < len(one_try.lines) for one_try in made) > len(made) // 5
    outcomes = throw(shop.settings, shop.actor, user, made)
    refused = [outcome for outcome in outcomes if outcome.what == "short"]
    assert len(refused) > len(made) // 10  # else nothing was fought over
    assert one(shop, "SELECT sum(available_stock) FROM inventory") < sized(6_000) // 20
    check_books(shop, made, outcomes)


def test_the_naive_way_oversells(shop: Shop) -> None:
    """The negative control: were the hands too few or too slow to collide, the tests above would prove nothing."""
    stock = sized(2_000)
    naive = NaiveShop(shop.stores, stock)
    sold = sum(in_threads(naive.sell, range(4 * stock), PROCESSES * THREADS))
    assert one(shop, "SELECT sum(quantity) FROM naive_orders") == sold > stock


def test_orders_on_one_key_are_one_order(shop: Shop, user: UUID) -> None:
    """Every key is thrown four times at once, as an impatient person or a blind retry does."""
    product(shop, "HOT", {"WH1": sized(2_000)})
    made = tries([[("HOT", 1)]] * sized(1_000))
    outcomes = throw(shop.settings, shop.actor, user, [one_try for one_try in made for _ in range(4)])
    orders: dict[str, set[UUID | None]] = {}
    for outcome in outcomes:
        orders.setdefault(outcome.key, set()).add(outcome.order_id)
    assert all(len(ids) == 1 and None not in ids for ids in orders.values())
    assert Counter(outcome.replayed for outcome in outcomes) == {False: len(made), True: 3 * len(made)}
    check_books(shop, made, outcomes)


def test_ended_connections_lose_and_double_nothing(shop: Shop, user: UUID) -> None:
    """Carts with repeated products, every key thrown twice, some four times at once, connections ended meanwhile."""
    skus = [f"P{number}" for number in range(8)]
    for sku in skus:
        product(shop, sku, {"WH1": sized(1_250), "WH2": sized(1_250)})
    dice = random.Random(17)

    def line() -> Line:
        sku, units = dice.choice(skus), dice.randint(1, 2)
        return (sku, units, dice.choice(["WH1", "WH2"])) if dice.random() < 0.3 else (sku, units)

    made = tries([[line() for _ in range(dice.randint(1, 6))] for _ in range(sized(4_000))])
    thrown = [*made, *made]
    dice.shuffle(thrown)
    # Every twentieth goes to both processes twice at once, so that it meets itself there and here.
    thrown = [copy for n, one_try in enumerate(thrown) for copy in [one_try] * (1 if n % 20 else 2 * PROCESSES)]

    def ask(statement: LiteralString, *values: object) -> list[int]:
        with psycopg.connect(shop.settings.postgres_url, autocommit=True) as connection:
            return [row[0] for row in connection.execute(statement, values)]

    def busy() -> list[int]:
        return ask(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            " AND pid <> pg_backend_pid() AND query LIKE '%%place_orders%%'"
        )

    def terminate(pid: int) -> None:
        ask("SELECT 1 WHERE pg_terminate_backend(%s)", pid)

    with Killer(busy, terminate, every=0.05, most=1_000) as killer:
        outcomes = throw(shop.settings, shop.actor, user, thrown)
    assert killer.killed >= 8, killer.killed
    by_key: dict[str, set[tuple[str, UUID | None]]] = {}
    for outcome in outcomes:
        by_key.setdefault(outcome.key, set()).add((outcome.what, outcome.order_id))
    assert all(len({order_id for what, order_id in ends if what == "placed"}) <= 1 for ends in by_key.values())
    fresh = len(placed(outcomes)) - sum(outcome.replayed for outcome in outcomes)
    assert fresh <= len({outcome.key for outcome in placed(outcomes)})
    assert together(shop) > 0.2
    print(f"{killer.killed} connections ended, {together(shop):.0%} of the orders in company")
    check_books(shop, made, outcomes)


@pytest.fixture
def own_shop(home: Settings) -> Iterator[Shop]:
    """A shop on engines of its own, which may be killed."""
    ensure_up(home, owner=os.getpid(), relay=False)
    opened = open_shop(home)
    yield opened
    opened.close()


def test_killed_servers_lose_and_double_nothing(own_shop: Shop) -> None:
    """Server processes are killed with -9 (the server then restarts as after a crash) while orders come in."""
    warehouses(own_shop, "WH1")
    user = customer(own_shop)
    for number in range(10):
        product(own_shop, f"P{number}", {"WH1": 1_000_000})
    dice = random.Random(13)
    made = tries([[(f"P{dice.randrange(10)}", 1) for _ in range(dice.randint(1, 2))] for _ in range(sized(40_000))])
    url = store_url(own_shop.settings, "postgresql")

    def backends() -> list[int]:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                rows = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'active'"
                    " AND pid <> pg_backend_pid() AND query LIKE '%place_orders%'"
                )
                return [row[0] for row in rows]
        except psycopg.OperationalError:
            return []

    every, most = (0.7, 40) if FULL else (0.25, 3)
    with Killer(backends, lambda pid: os.kill(pid, signal.SIGKILL), every=every, most=most) as killer:
        outcomes = throw(own_shop.settings, own_shop.actor, user, [one_try for one_try in made for _ in range(2)])
    assert killer.killed >= (16 if FULL else 2), killer.killed
    assert len(placed(outcomes)) == len(outcomes) == 2 * len(made)
    orders: dict[str, set[UUID | None]] = {}
    for outcome in outcomes:
        orders.setdefault(outcome.key, set()).add(outcome.order_id)
    assert all(len(ids) == 1 for ids in orders.values())
    replayed = sum(outcome.replayed for outcome in outcomes)
    assert replayed >= len(made)  # the second of each pair, and every first whose answer was lost after its commit
    print(f"{killer.killed} kills, {len(made)} orders, {replayed - len(made)} found placed after a lost answer")
    check_books(own_shop, made, outcomes)
