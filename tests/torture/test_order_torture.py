"""Everything at once: orders live their lives in many hands, servers and clients are killed, and the books agree.

At about a hundredth of the full size; ``STOREKEEPER_TORTURE=1`` runs 100,000 operations by 16 clients in 4 processes
with 16 crash-restarts of the server and more. Clients are killed at any moment, and, which is the worst of moments,
between a commit and the note of it. What ``order_crowd`` journals is held against what the shop has.

In pieces: ``SHOP_TESTS_OPERATIONS=1250 SHOP_TESTS_PIECE=3`` is a fifth of it, 1,250 operations of each client, by
other dice than piece 2. What is killed and has to be found again grows with the size, so pieces add up to the whole.
"""

from __future__ import annotations

import math
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg
import pytest
from sqlalchemy import text

from data.command import Command
from data.idempotency import plain
from data.local import bring_down, ensure_up
from data.local.paths import Layout, store_url
from data.orders.messages import OrderLineInput, PlaceOrder
from data.settings import Settings
from data.shop import Shop, open_shop
from data.stock.reads import reconcile
from data.structs import decode
from tests.orders_world import ADDRESS, customer, one, product, sql, warehouses
from tests.torture.load import Killer
from tests.torture.order_choices import PRODUCTS, WAREHOUSES
from tests.torture.order_crowd import Client, Crowd, Entry, Shift, placed

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
pytestmark = [pytest.mark.torture, pytest.mark.timeout(10_800 if FULL else 300)]
PROCESSES = 4 if FULL else 2
#: of each client at full size, and here
WHOLE = 6_250
OPERATIONS = int(os.environ.get("SHOP_TESTS_OPERATIONS", WHOLE)) if FULL else 75
PIECE = int(os.environ.get("SHOP_TESTS_PIECE", "0"))
THREADS, UNITS = 4, 40


@pytest.fixture
def crashing(settings: Settings, tmp_path: Path) -> Iterator[Shop]:
    """A shop whose PostgreSQL is its own and may be killed."""
    own = msgspec.structs.replace(settings, home=tmp_path / "own", postgres_url="")
    ensure_up(own, owner=os.getpid(), relay=False)
    opened = open_shop(own)
    yield opened
    opened.close()
    bring_down(own)


def of_the_whole(count: int) -> int:
    """Return the share of ``count`` that falls to this many operations, rounded up: pieces never add up to less."""
    return math.ceil(count * OPERATIONS / WHOLE) if FULL else 1


def furnish(shop: Shop) -> UUID:
    warehouses(shop, *WAREHOUSES)
    for sku in PRODUCTS:
        product(shop, sku, dict.fromkeys(WAREHOUSES, UNITS))
    return customer(shop)


def test_everything_at_once_loses_doubles_and_oversells_nothing(crashing: Shop, tmp_path: Path) -> None:
    user = furnish(crashing)
    deaths = [tuple(range(30, OPERATIONS, WHOLE // 16))] * PROCESSES if FULL else [(30,), ()]
    shifts = [
        Shift(
            crashing.settings, crashing.actor, user, tmp_path, number, THREADS, OPERATIONS, 11 + PIECE, deaths[number]
        )
        for number in range(PROCESSES)
    ]
    url, crashes = store_url(crashing.settings, "postgresql"), of_the_whole(20)
    each = PROCESSES * THREADS * OPERATIONS * 0.6 / crashes

    def backends() -> list[int]:
        """Return who is at work, each time a share of all operations has been done."""
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                (done,) = connection.execute("SELECT count(*) FROM idempotency_keys").fetchone() or (0,)
                if done < (killer.killed + 0.2) * each:
                    return []
                rows = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'active'"
                    " AND pid <> pg_backend_pid() AND datname = current_database()"
                )
                return [row[0] for row in rows]
        except psycopg.OperationalError:
            return []

    crowd = Crowd(shifts)
    killer = Killer(backends, lambda pid: os.kill(pid, signal.SIGKILL), every=0.5 if FULL else 0.05, most=crashes)
    with killer:
        entries = crowd.work(kill_every=10.0, kills=of_the_whole(16) if FULL else 0)
    replays = sum(entry.replayed for entry in entries)
    ends = Counter(entry.end for entry in entries)
    print(
        f"{len(entries):,} operations ({dict(ends)}), {killer.killed} crash-restarts, {crowd.deaths} clients killed,"
        f" {replays} replays that found their first effect, {sum(entry.twice for entry in entries):,} sent twice"
    )
    print(dict(sorted(Counter(entry.command for entry in entries if entry.end == "done").items())))
    assert len(entries) == PROCESSES * THREADS * OPERATIONS
    assert ends["done"] > len(entries) * 0.6
    assert killer.killed >= of_the_whole(16)
    assert crowd.deaths >= of_the_whole(40)
    assert replays >= of_the_whole(50)
    assert "deadlock detected" not in (Layout(crashing.settings.home).logs / "postgresql.log").read_text(
        "utf-8", "replace"
    )
    check_acknowledged(crashing, entries)
    check_once(crashing, entries)
    check_stock(crashing, entries)
    check_money(crashing, entries)
    assert reconcile(crashing.stores.postgres) == ()


def check_acknowledged(shop: Shop, entries: Sequence[Entry]) -> None:
    """What was acknowledged is stored with the very answer that was given, and nothing else is stored."""
    told = {entry.key: entry.result for entry in entries if entry.end == "done"}
    stored = dict(sql(shop, "SELECT key, result FROM idempotency_keys WHERE key LIKE 'c-%'"))
    assert stored.keys() == told.keys()
    assert [key for key in told if plain(told[key]) != stored[key]] == []


def check_once(shop: Shop, entries: Sequence[Entry]) -> None:
    """Each acknowledged operation had one effect: one order, one version, one transaction."""
    assert one(shop, "SELECT count(*) FROM orders") == sum(placed(entry) for entry in entries)
    assert one(shop, "SELECT count(*) FROM orders WHERE channel = 'torture'") == len(
        {entry.result["order_id"] for entry in entries if placed(entry)}
    )
    assert (
        sql(
            shop,
            "SELECT order_id FROM orders o JOIN order_status_history h USING (order_id) GROUP BY order_id, o.version"
            " HAVING array_agg(h.order_version ORDER BY h.order_version)"
            " <> (SELECT array_agg(n) FROM generate_series(1, o.version) n)",
        )
        == []
    )
    doubled = (
        "SELECT idempotency_key FROM audit_log GROUP BY actor_id, idempotency_key HAVING count(DISTINCT xmin::text) > 1"
    )
    assert sql(shop, doubled) == []


def check_stock(shop: Shop, entries: Sequence[Entry]) -> None:
    """Per product: what came in by the acknowledged operations is what is there, held, and sent and not back."""
    came_in = dict.fromkeys(PRODUCTS, UNITS * len(WAREHOUSES))
    for entry in entries:
        if entry.end == "done" and entry.command in ("stock.receive", "stock.adjust"):
            asked = decode(entry.content)
            came_in[asked["product_id"]] += asked.get("quantity") or asked["delta"]
    rows = sql(
        shop,
        "SELECT v.sku, v.units, coalesce(i.sent, 0) FROM (SELECT sku, sum(total_stock) AS units,"
        " min(least(available_stock, reserved_stock, damaged_stock)) AS least FROM inventory GROUP BY sku) v LEFT JOIN"
        " (SELECT sku, sum(shipped_quantity - returned_quantity) AS sent FROM order_items GROUP BY sku) i USING (sku)"
        " WHERE v.least >= 0",
    )
    assert {sku: there + sent for sku, there, sent in rows} == came_in


def check_money(shop: Shop, entries: Sequence[Entry]) -> None:
    """Payments are those that were acknowledged as settled, and no order gave back more than it took."""
    settled = {
        entry.result["payment_id"]: entry.result
        for entry in entries
        if entry.command == "payments.settle" and entry.result
    }
    booked = sql(shop, "SELECT payment_id, amount FROM payments WHERE status = 'succeeded'")
    assert {str(payment): amount for payment, amount in booked} == {
        payment: Decimal(result["amount"]) for payment, result in settled.items()
    }
    over = (
        "SELECT order_id FROM payments WHERE status <> 'failed' GROUP BY order_id HAVING"
        " coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)"
        " > coalesce(sum(amount) FILTER (WHERE kind = 'capture' AND status = 'succeeded'), 0)"
    )
    assert sql(shop, over) == []


# -- the controls: the same checks see what they are there for


class Died(BaseException):
    pass


class Mortal(Client):
    """A client that only places, and dies in its thread alone."""

    def die(self) -> None:
        raise Died

    def _choose(self) -> Command:
        lines = (OrderLineInput(sku=PRODUCTS[0], quantity=1),)
        return PlaceOrder(user_id=self._shift.user_id, lines=lines, shipping_address=ADDRESS, channel="torture")


def live(shop: Shop, shift: Shift, *, keyed: bool) -> list[Entry]:
    """Live as often as it takes to end the shift."""
    while True:
        client = Mortal(shop.stores, shift, 0, keyed=keyed)
        try:
            client.run()
        except Died:
            continue
        return list(Crowd([shift]).entries())


def test_without_keys_every_lost_answer_is_a_second_order(shop: Shop, tmp_path: Path) -> None:
    user = furnish(shop)
    shifts = [
        Shift(shop.settings, shop.actor, user, tmp_path / name, number, 1, 12, 5, (2, 5, 9))
        for number, name in enumerate(("with", "without"))
    ]
    for shift in shifts:
        shift.folder.mkdir()
    with_keys = live(shop, shifts[0], keyed=True)
    assert [entry.number for entry in with_keys if entry.replayed] == [2, 5, 9]
    check_acknowledged(shop, with_keys)
    check_once(shop, with_keys)
    check_stock(shop, with_keys)
    without = live(shop, shifts[1], keyed=False)
    assert all(entry.end == "done" and not entry.replayed for entry in without)
    assert one(shop, "SELECT count(*) FROM orders") == len(with_keys) + len(without) + 3
    with pytest.raises(AssertionError):
        check_once(shop, [*with_keys, *without])
    with pytest.raises(AssertionError):
        check_acknowledged(shop, [*with_keys, *without])


def test_a_unit_from_nowhere_is_seen(shop: Shop) -> None:
    furnish(shop)
    check_stock(shop, ())
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "UPDATE inventory SET available_stock = available_stock + 1, total_stock = total_stock + 1"
                " WHERE sku = 'P07' AND warehouse_id = 'WH2'"
            )
        )
    with pytest.raises(AssertionError):
        check_stock(shop, ())
    assert [wrong.what for wrong in reconcile(shop.stores.postgres)] == ["available_stock"]
