"""The order list at a million orders: is any page, view and filter as quick as the first page; one order; edits.

``python -m bench.orders [--orders 1000000] [--rounds 30] [--home FOLDER]`` starts engines of its own in a temporary
folder (5 GB of disk at a million), makes the orders set-based (``bench/support/orders.sql`` says what they look like),
then asks what the screens ask. A ``--home`` is kept, and used again as it is where it holds a shop.

In process: pages of 50 by ``list_orders``, each right after the first page of all orders, the ratio being against
those; the counts behind the views; the order with its timeline, what an edit begins with, the totals redrawn at a key,
the preview by the server. In a pseudo terminal, from the key to the last byte: an order opened from the list, a key in
its edit. Every figure is the median and the 95th percentile over rounds with other arguments each (another depth,
another order).
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from bench.report import print_report
from bench.support import order_screens
from bench.support.engines import own_engines
from data.catalog.messages import ProductInput, PutProducts
from data.local.paths import store_url
from data.orders.editing.messages import EditOrder, LineAdded, LineEdit, OrderChanges
from data.orders.editing.reads import read_editable
from data.orders.editing.rules import edited
from data.orders.reads import get_order, list_orders, parse_order_query
from data.orders.timeline import timeline
from data.orders.views import count_views
from data.shop import Shop, open_shop
from data.stock.messages import ReceiveLine, ReceiveMany, SaveWarehouse
from data.views.rules import built_in

PRODUCTS, PAGE, AIM = 500, 50, 1.5
#: What a reaction in the terminal may take, in milliseconds to the last byte.
GATES = {order_screens.OPENED: 60, order_screens.TYPED: 50}
WAREHOUSES = ("WH1", "WH2", "WH3", "WH4")
SUPERUSER = "postgres"
_TABLES = ("orders", "order_items", "order_status_history", "payments", "inventory_movements")
#: Filters as people write them: one of each kind, wide and narrow, alone and together.
FILTERS = (
    "status:processing",
    "status:cancelled",
    "customer:ann",
    "customer:lee1",
    "customer:c77",
    "customer:c77@bench.example",
    "ann lee100",
    "sku:BENCH-0001",
    "sku:BENCH-0499",
    "warehouse:WH2",
    "channel:phone",
    "total:>100",
    "total:>1500",
    "total:<8",
    "created:<7d",
    "created:>365d",
    "unpaid",
    "paid",
    "unpaid status:shipped,delivered",
    "status:processing created:>7d total:>100 customer:ann sku:BENCH-0001 warehouse:WH1 unpaid",
)


@dataclass(frozen=True)
class Times:
    """What some rounds took, in milliseconds."""

    median: float
    p95: float


def main() -> None:
    """Make the orders, ask, print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", type=int, default=1_000_000, help="how many orders there are")
    parser.add_argument("--rounds", type=int, default=30, help="rounds per figure")
    parser.add_argument("--home", type=Path, help="a folder to keep, or one that was kept")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="storekeeper-bench-") as folder,
        own_engines(options.home or Path(folder, "home")) as settings,
        closing(open_shop(settings)) as shop,
    ):
        empty = not list_orders(shop.stores.postgres, parse_order_query(""), limit=1).rows
        made = _fill(shop, options.orders) if empty else 0.0
        _measure(shop, options.orders, options.rounds, made)


# -- the shop


def _fill(shop: Shop, orders: int) -> float:
    """Make catalog and stock through the door, the orders by SQL; return the seconds the orders took."""
    for warehouse in WAREHOUSES:
        shop.door.run(SaveWarehouse(warehouse_id=warehouse, label="Bench"), shop.actor)
    products = tuple(
        ProductInput(sku=f"BENCH-{number:04}", title="Product of the benchmark", base_price=_price(number))
        for number in range(1, PRODUCTS + 1)
    )
    put = shop.door.run(PutProducts(products=products), shop.actor).result
    lines = [
        ReceiveLine(product_id=item.product_id, sku=item.sku, warehouse_id=warehouse, quantity=10_000)
        for item in put.items
        for warehouse in WAREHOUSES
    ]
    shop.door.run(ReceiveMany(lines=tuple(lines)), shop.actor)
    began = time.monotonic()
    with psycopg.connect(store_url(shop.settings, "postgresql"), user=SUPERUSER, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET work_mem = '256MB'")
        connection.execute("SELECT set_config('bench.orders', %s, false)", [str(orders)])
        connection.execute(
            "CREATE TEMP TABLE bench_products (n int, product_id text, sku text, name text, price numeric)"
        )
        with connection.cursor() as cursor, cursor.copy("COPY bench_products FROM STDIN") as copy:
            for number, item in enumerate(put.items, start=1):
                copy.write_row((number, item.product_id, item.sku, "Product of the benchmark", _price(number)))
        kept = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = ANY(%s::regclass[]) AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)",
            [list(_TABLES)],
        ).fetchall()
        for name, _ in kept:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(Path(__file__).with_name("support").joinpath("orders.sql").read_bytes())
        for _, definition in kept:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return time.monotonic() - began


def _price(number: int) -> Decimal:
    return Decimal(5 + number * 7 % 400) + Decimal("0.95")


# -- the questions


def _measure(shop: Shop, orders: int, rounds: int, made: float) -> None:
    dice = random.Random(1)
    cursors = _cursors(shop, orders, rounds, dice)
    lists = _lists(shop, rounds, cursors)
    rows = [
        [name, times.median, times.p95, ratio, "yes" if ratio <= AIM else "NO"]
        for name, (times, ratio) in lists.items()
    ]
    print_report(
        f"Pages of {PAGE} of {orders:,} orders (made in {made:,.0f} s): {rounds} rounds, {os.cpu_count()} cores",
        ["page", "median ms", "p95 ms", "of page one", f"≤ {AIM}"],
        rows,
        {
            "bench": "orders",
            "orders": orders,
            "lists": {name: _figures(times) | {"ratio": round(ratio, 3)} for name, (times, ratio) in lists.items()},
        },
    )
    ones = _one_order(shop, rounds, dice)
    print_report(
        f"One of {orders:,} orders: {rounds} rounds",
        ["what", "median ms", "p95 ms"],
        [[name, times.median, times.p95] for name, times in ones.items()],
        {"bench": "orders", "orders": orders, "one": {name: _figures(times) for name, times in ones.items()}},
    )
    _measure_screens(shop, orders, rounds)


def _measure_screens(shop: Shop, orders: int, rounds: int) -> None:
    found = order_screens.measure(shop.settings, rounds)
    times = {name: _times(list(reactions.last_ms)) for name, reactions in found.items()}
    print_report(
        f"In the terminal, one of {orders:,} orders: {rounds} rounds, from the key to the last byte",
        ["what", "median ms", "p95 ms", "processor ms", "at most", "within"],
        [
            [name, one.median, one.p95, found[name].cpu_ms, GATES[name], "yes" if one.median <= GATES[name] else "NO"]
            for name, one in times.items()
        ],
        {
            "bench": "orders",
            "orders": orders,
            "screens": {name: _figures(one) | {"cpu_ms": round(found[name].cpu_ms, 3)} for name, one in times.items()},
        },
    )


def _figures(times: Times) -> dict[str, float]:
    return {"median_ms": round(times.median, 3), "p95_ms": round(times.p95, 3)}


def _cursors(shop: Shop, orders: int, rounds: int, dice: random.Random) -> list[str]:
    """Return places anywhere in the list: the cursor of a page that begins right behind a drawn moment."""
    postgres = shop.stores.postgres
    found: list[str] = []
    while len(found) < rounds:
        days = dice.randint(2, 1_090)
        page = list_orders(postgres, parse_order_query(f"created:>{days}d"), limit=1)
        if page.after is not None:
            found.append(page.after)
    return found


def _lists(shop: Shop, rounds: int, cursors: list[str]) -> dict[str, tuple[Times, float]]:
    """Return for each page its times and its ratio to page one, asked right before it in every round."""
    postgres = shop.stores.postgres

    def page(line: str, **how: Any) -> Any:
        return list_orders(postgres, parse_order_query(line), limit=PAGE, **how)

    def pages(line: str, **how: Any) -> Callable[[int], object]:
        return lambda _: page(line, **how)

    asks: dict[str, Callable[[int], object]] = {
        "first page": pages(""),
        "any page": lambda number: page("", after=cursors[number]),
        "any page, backwards": lambda number: page("", before=cursors[number]),
        "last page": pages("", before=""),
    }
    views = {f"view {view.name}": view.query for view in built_in("orders") if view.query}
    for name, line in (views | {line: line for line in FILTERS}).items():
        asks[name] = pages(line)
        if after := page(line).after:
            asks[f"{name}, next page"] = pages(line, after=after)
    found = {}
    for name, ask in asks.items():
        ask(0)
        pairs = [(_took(page, ""), _took(ask, number)) for number in range(rounds)]
        times = _times([own for _, own in pairs])
        found[name] = times, times.median / statistics.median(first for first, _ in pairs)
    return found


def _one_order(shop: Shop, rounds: int, dice: random.Random) -> dict[str, Times]:
    postgres, stores = shop.stores.postgres, shop.stores
    every = [row.order_id for row in list_orders(postgres, parse_order_query(""), limit=500).rows]
    for days in (30, 300, 600, 900):
        every += [row.order_id for row in list_orders(postgres, parse_order_query(f"created:>{days}d"), limit=200).rows]
    ids = dice.sample(every, rounds)
    open_orders = list_orders(postgres, parse_order_query("status:confirmed,pending"), limit=500).rows
    editable = [row.order_id for row in dice.sample(open_orders, rounds)]
    facts = {order_id: read_editable(stores, order_id) for order_id in editable}

    def redraw(order_id: UUID) -> object:
        known = facts[order_id]
        line = LineEdit(line_no=1, quantity=known.order.lines[0].quantity + 1)
        return edited(known.order, OrderChanges(lines=(line,)), (), known.free)

    def preview(order_id: UUID) -> object:
        line = LineEdit(line_no=1, quantity=facts[order_id].order.lines[0].quantity + 1)
        changes = OrderChanges(lines=(line,), add=(LineAdded(sku="BENCH-0007"),))
        return shop.door.preview(EditOrder(order_id=order_id, changes=changes), shop.actor)

    views = [view for view in built_in("orders") if view.query]
    return {
        "the counts behind the views": _timed(lambda _: count_views(shop, views), range(rounds)),
        "the order": _timed(lambda order_id: get_order(postgres, order_id), ids),
        "its timeline": _timed(lambda order_id: timeline(postgres, order_id), ids),
        "what an edit begins with": _timed(lambda order_id: read_editable(stores, order_id), editable),
        "an edit's totals at a key": _timed(redraw, editable),
        "an edit's preview by the server": _timed(preview, editable),
    }


def _timed(ask: Callable[[Any], object], arguments: Iterable[Any]) -> Times:
    """Return what ``ask`` takes with each of ``arguments``; the first is asked once more before, unmeasured."""
    every = list(arguments)
    ask(every[0])
    return _times([_took(ask, argument) for argument in every])


def _took(ask: Callable[[Any], object], argument: object) -> float:
    began = time.perf_counter()
    ask(argument)
    return (time.perf_counter() - began) * 1000


def _times(took: list[float]) -> Times:
    return Times(statistics.median(took), statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0])


if __name__ == "__main__":
    main()
