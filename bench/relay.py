"""Events: our outbox against pgmq on the same server in the same run, and the whole relay end to end.

    .venv/bin/python -m bench.relay [--events N] [--orders N]

1. *Sending*: a small business transaction with one event in it, alone (the base line), with our outbox row, with
   ``pgmq.send`` and a group header. One client, alternating rounds, median.
2. *Draining* a backlog of N events with a handler that does nothing, at once and with 100 keys or a key per event: our
   ``read_batch`` and ``delete_handled``; ``pgmq.read_grouped``, which keeps order per key as we do; and ``pgmq.read``,
   which does not. A run is stopped after 20 seconds; the rate is over what it did.
3. *Order per key*: the first event of a key fails once. Did the second one overtake it?
4. *The relay*: orders with two lines to analytics, stock levels to documents, caches and search, events per second.

pgmq is no dependency of this program: without it (``pip install pgmq==1.1.4``) its columns are empty.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from bench.support.engines import own_engines
from data.events import outbox
from data.events.relay import drain
from data.shop import Shop, open_shop
from data.stores.postgres import Postgres

try:
    from pgmq.install import get_embedded_install_sql
except ImportError:
    get_embedded_install_sql = None

BATCH = 500
MOST_SECONDS = 20.0
GROUP = "x-pgmq-group"
QUEUE = "bench"


def main() -> None:
    """Run everything and print the figures, last as one line of JSON."""
    parser = argparse.ArgumentParser(prog="bench.relay", description="Events: our outbox, pgmq, and the relay.")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--orders", type=int, default=3_000)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="storekeeper-bench-") as folder,
        own_engines(Path(folder, "home")) as settings,
        closing(open_shop(settings)) as shop,
    ):
        figures["send"] = measure_sending(shop.stores.postgres)
        for keys in (100, options.events):
            figures[f"drain, {keys} keys"] = measure_draining(shop.stores.postgres, options.events, keys)
        figures["order kept"] = measure_order(shop.stores.postgres)
        figures["relay"] = measure_relay(shop, options.orders)
    print(json.dumps(figures))


def measure_sending(postgres: Postgres) -> dict[str, float | None]:
    """Return transactions per second by kind, and what an event costs in microseconds."""
    with postgres.writing() as connection:
        connection.execute(text("CREATE TABLE work (id bigint GENERATED ALWAYS AS IDENTITY, body text)"))
    kinds: dict[str, Callable[[Connection], object]] = {
        "nothing": lambda _: None,
        "outbox": lambda connection: outbox.send(connection, "bench", uuid4().hex, "placed", {"version": 1}),
    }
    if install_pgmq(postgres):
        kinds["pgmq"] = lambda connection: _pgmq_send(connection, uuid4().hex)
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(7):
        for kind, send in kinds.items():
            started = time.perf_counter()
            for _ in range(150):
                with postgres.writing() as connection:
                    connection.execute(text("INSERT INTO work (body) VALUES ('an order')"))
                    send(connection)
            rates[kind].append(150 / (time.perf_counter() - started))
    median: dict[str, float | None] = {kind: round(statistics.median(found)) for kind, found in rates.items()}
    median.setdefault("pgmq", None)
    print("sending, transactions/s:", median)
    empty(postgres)
    return median


def measure_draining(postgres: Postgres, events: int, keys: int) -> dict[str, float | None]:
    """Return events per second for each way of draining a backlog of ``events`` over ``keys`` keys."""
    ways: dict[str, tuple[Callable[[Connection, int, int], None], Callable[[Connection], int]]] = {
        "outbox": (_fill_outbox, _drain_outbox)
    }
    if install_pgmq(postgres):
        ways["pgmq grouped"] = (_fill_pgmq, lambda connection: _drain_pgmq(connection, "read_grouped"))
        ways["pgmq unordered"] = (_fill_pgmq, lambda connection: _drain_pgmq(connection, "read"))
    rates: dict[str, float | None] = {"outbox": None, "pgmq grouped": None, "pgmq unordered": None}
    for way, (fill, step) in ways.items():
        empty(postgres)
        with postgres.writing() as connection:
            fill(connection, events, keys)
        started, done = time.perf_counter(), 0
        while time.perf_counter() - started < MOST_SECONDS and done < events:
            try:
                with postgres.writing() as connection:
                    done += step(connection)
            except Exception as error:  # noqa: BLE001 - one read that takes longer than the server allows is a result too
                print(f"{way}: {error}")
                break
        rates[way] = round(done / (time.perf_counter() - started))
    print(f"draining {events} events over {keys} keys, events/s:", rates)
    empty(postgres)
    return rates


def measure_order(postgres: Postgres) -> dict[str, bool | None]:
    """Return for each way whether the second event of a key waited for the first, which had failed."""
    kept: dict[str, bool | None] = {"outbox": None, "pgmq grouped": None, "pgmq unordered": None}
    with postgres.writing() as connection:
        first = outbox.send(connection, "bench", "k", "1", {})
        outbox.send(connection, "bench", "k", "2", {})
        event = outbox.read_batch(connection, "bench", 1)[0]
        assert event.event_id == first
        outbox.put_off(connection, event, "failed", delay=60)
        kept["outbox"] = not outbox.read_batch(connection, "bench", 10)
    if install_pgmq(postgres):
        for way, read in (("pgmq grouped", "read_grouped"), ("pgmq unordered", "read")):
            empty(postgres)
            with postgres.writing() as connection:
                _pgmq_send(connection, "k")
                _pgmq_send(connection, "k")
                _pgmq_read(connection, read, 60, 1)
                kept[way] = not _pgmq_read(connection, read, 60, 10)
    empty(postgres)
    print("order per key kept behind a failure:", kept)
    return kept


def measure_relay(shop: Shop, orders: int) -> dict[str, float]:
    """Return events per second of the relay, and the seconds from an order to its fact and an edit to its hit."""
    products = _products(shop, 500)
    with shop.stores.postgres.writing() as connection:
        connection.execute(text(_MANY_ORDERS), {"orders": orders, "products": products})
        connection.execute(text("INSERT INTO warehouses (warehouse_id, name, address) VALUES ('WH1', 'x', '{}')"))
        connection.execute(text(_MANY_LEVELS), {"products": products})
    drain(shop, 120)  # the products into the index, the backlog into its stores: not measured, first start
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (topic, key, kind, payload)"
                " SELECT 'orders', order_id::text, 'again', '{}' FROM orders"
            )
        )
    started = time.perf_counter()
    drained = drain(shop, 120)
    rate = orders / (time.perf_counter() - started)
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("UPDATE inventory SET total_stock = 7, available_stock = 7, version = version + 1"))
        connection.execute(
            text(
                "INSERT INTO outbox (topic, key, kind, payload)"
                " SELECT 'stock', product_id, 'again', '{}' FROM inventory"
            )
        )
    started = time.perf_counter()
    drained_stock = drain(shop, 120)
    stock = len(products) / (time.perf_counter() - started)
    found = {
        "orders to facts, events/s": round(rate),
        "stock to documents, caches and search, products/s": round(stock),
        "quiet": float(drained.quiet and drained_stock.quiet),
    }
    with _running_relay(shop):
        found |= _latencies(shop, products[0])
    print("relay:", found)
    return found


def _latencies(shop: Shop, product: str) -> dict[str, float]:
    """Return median and worst seconds from a write to what the relay makes of it, with the relay running."""
    from bson import ObjectId

    from data.search.language import parse_query

    stores = shop.stores
    edits, facts = [], []
    for number in range(7):
        word = f"zyx{number}"
        started = time.perf_counter()
        stores.mongo.products.update_one({"_id": ObjectId(product)}, {"$set": {"title": f"Kettle {word}"}})
        _until(lambda word=word: stores.search.search(parse_query(word), facets=False).total == 1)
        edits.append(time.perf_counter() - started)
        started = time.perf_counter()
        with stores.postgres.writing() as connection:
            found = connection.execute(text(_MANY_ORDERS), {"orders": 1, "products": [product]}).scalar_one()
        _until(
            lambda found=found: stores.analytics.query(
                "SELECT count() FROM order_lines WHERE order_id = {id:UUID}", {"id": found}
            )[0][0]
        )
        facts.append(time.perf_counter() - started)
    return {
        "edit to search, median s": round(statistics.median(edits), 3),
        "edit to search, worst s": round(max(edits), 3),
        "order to fact, median s": round(statistics.median(facts), 3),
        "order to fact, worst s": round(max(facts), 3),
    }


@contextmanager
def _running_relay(shop: Shop) -> Iterator[None]:
    from data.events.relay import run

    stop = threading.Event()
    relay = threading.Thread(target=run, args=(shop.settings, stop))
    relay.start()
    try:
        yield
    finally:
        stop.set()
        relay.join()


def _until(ask: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)


def install_pgmq(postgres: Postgres) -> bool:
    """Install pgmq's SQL and one queue with its index for groups; say whether there is a pgmq to install."""
    if get_embedded_install_sql is None:
        return False
    with postgres.writing() as connection:
        if not connection.execute(text("SELECT to_regnamespace('pgmq') IS NOT NULL")).scalar_one():
            raw: Any = connection.connection.driver_connection
            raw.execute(get_embedded_install_sql())
            connection.execute(text("SELECT pgmq.create(:queue)"), {"queue": QUEUE})
            connection.execute(text("SELECT pgmq.create_fifo_index(:queue)"), {"queue": QUEUE})
    return True


def empty(postgres: Postgres) -> None:
    """Empty both queues, as new."""
    with postgres.writing() as connection:
        connection.execute(text("TRUNCATE outbox"))
        if get_embedded_install_sql is not None:
            connection.execute(text("SELECT pgmq.purge_queue(:queue)"), {"queue": QUEUE})


def _fill_outbox(connection: Connection, events: int, keys: int) -> None:
    connection.execute(text(_FILL_OUTBOX), {"events": events, "keys": keys})
    connection.execute(text("ANALYZE outbox"))


def _drain_outbox(connection: Connection) -> int:
    events = outbox.read_batch(connection, "bench", BATCH)
    outbox.delete_handled(connection, events)
    return len(events)


def _fill_pgmq(connection: Connection, events: int, keys: int) -> None:
    connection.execute(text(_FILL_PGMQ), {"events": events, "keys": keys, "queue": QUEUE, "group": GROUP})
    connection.execute(text(f"ANALYZE pgmq.q_{QUEUE}"))


def _pgmq_send(connection: Connection, key: str) -> None:
    connection.execute(
        text("SELECT pgmq.send(:queue, CAST(:body AS jsonb), CAST(:headers AS jsonb))"),
        {"queue": QUEUE, "body": '{"version": 1}', "headers": json.dumps({GROUP: key})},
    )


def _pgmq_read(connection: Connection, read: str, hidden_seconds: int, limit: int) -> list[int]:
    sql = text(f"SELECT msg_id FROM pgmq.{read}(:queue, :hidden, :limit)")
    found = connection.execute(sql, {"queue": QUEUE, "hidden": hidden_seconds, "limit": limit})
    return list(found.scalars())


def _drain_pgmq(connection: Connection, read: str) -> int:
    found = _pgmq_read(connection, read, 60, BATCH)
    connection.execute(text("SELECT pgmq.delete(:queue, CAST(:ids AS bigint[]))"), {"queue": QUEUE, "ids": found})
    return len(found)


def _products(shop: Shop, count: int) -> list[str]:
    from data.catalog.changes import new_document

    now = datetime.now(UTC)
    documents = [
        new_document({"sku": f"B-{number}", "title": f"Kettle {number}"}, now=now, created_by="bench")
        for number in range(count)
    ]
    return [str(found) for found in shop.stores.mongo.products.insert_many(documents).inserted_ids]


_FILL_OUTBOX = """
    INSERT INTO outbox (topic, key, kind, payload)
    SELECT 'bench', 'key-' || n % :keys, 'placed', '{"version": 1}' FROM generate_series(1, :events) AS n
"""
_FILL_PGMQ = """
    SELECT count(*) FROM generate_series(1, :events) AS n, LATERAL pgmq.send(
        :queue, CAST('{"version": 1}' AS jsonb), jsonb_build_object(CAST(:group AS text), 'key-' || n % :keys)
    )
"""
# One order with two lines each, its products drawn in turn; with their events, as placement writes them.
_MANY_ORDERS = """
    WITH made AS (
        INSERT INTO orders (order_number, subtotal, total_amount, shipping_address, billing_address)
        SELECT 'B-' || gen_random_uuid(), 20, 20, '{"country": "US"}', '{}' FROM generate_series(1, :orders)
        RETURNING order_id
    ), numbered AS (
        SELECT order_id, row_number() OVER () AS n FROM made
    ), lines AS (
        INSERT INTO order_items (order_id, line_no, product_id, sku, product_name, unit_price, quantity, total_price)
        SELECT order_id, line, (CAST(:products AS text[]))[1 + (n * 2 + line) % cardinality(CAST(:products AS text[]))],
               'S', 'Kettle', 10, 1, 10
        FROM numbered, generate_series(1, 2) AS line
    )
    INSERT INTO outbox (topic, key, kind, payload) SELECT 'orders', order_id::text, 'placed', '{}' FROM made
    RETURNING key
"""
_MANY_LEVELS = """
    WITH made AS (
        INSERT INTO inventory (product_id, warehouse_id, sku, total_stock, available_stock, version)
        SELECT p, 'WH1', 'S', 5, 5, 1 FROM unnest(CAST(:products AS text[])) AS p
        RETURNING product_id
    )
    INSERT INTO outbox (topic, key, kind, payload) SELECT 'stock', product_id, 'receive', '{}' FROM made
"""


if __name__ == "__main__":
    main()
