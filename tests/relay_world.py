"""Facts for the relay's tests, written as their owners write them but without the commands that usually do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from bson import ObjectId
from sqlalchemy import insert, text, update

from data.analytics.schema import LINES
from data.catalog.changes import new_document
from data.events import outbox
from data.ids import new_id, new_order_number
from data.orders.schema import Order, OrderItem
from data.settings import Settings
from data.stock.schema import Inventory, Warehouse
from data.stores import Stores

Answer = TypeVar("Answer")

#: What is promised in seconds is held to that at full size; elsewhere, on a machine however busy, only that it comes.
LENIENCY = 1 if os.environ.get("SHOP_TESTS_TORTURE") == "1" else 30


def until(ask: Callable[[], Answer], seconds: float = 60.0) -> Answer:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return answer


def put_product(stores: Stores, sku: str, **patch: Any) -> str:
    """Insert a product as the catalog does; return its id. ``patch`` has paths with ``__`` for the dot."""
    fields = {"sku": sku, "title": f"Product {sku}", "pricing.base_price": Decimal("10.00")}
    fields |= {name.replace("__", "."): value for name, value in patch.items()}
    document = new_document(fields, now=datetime.now(UTC), created_by="test")
    return str(stores.mongo.products.insert_one(document).inserted_id)


def foreign_edit(stores: Stores, product_id: str, **fields: Any) -> None:
    """Change a product the way a program does that knows nothing of this one."""
    changes = {name.replace("__", "."): value for name, value in fields.items()}
    stores.mongo.products.update_one({"_id": ObjectId(product_id)}, {"$set": changes})


def emit(stores: Stores, topic: str, key: str, kind: str = "test", payload: object = None) -> int:
    """Write one event in a transaction of its own."""
    with stores.postgres.writing() as connection:
        return outbox.send(connection, topic, key, kind, payload or {})


def put_order(
    stores: Stores,
    products: Sequence[str],
    *,
    quantity: int = 1,
    price: str = "10.00",
    placed_at: datetime | None = None,
) -> UUID:
    """Write an order with a line for each product, and its event, in one transaction; return its id."""
    order_id, now = new_id(), placed_at or datetime.now(UTC)
    amount = Decimal(price) * quantity
    total = amount * len(products)
    address = {"country": "US"}
    order = {
        "order_id": order_id, "order_number": new_order_number(), "subtotal": total, "total_amount": total,
        "currency": "USD", "shipping_address": address, "billing_address": address, "created_at": now,
    }  # fmt: skip
    items = [
        {
            "order_item_id": new_id(), "order_id": order_id, "line_no": number, "product_id": product,
            "sku": f"SKU-{product}", "product_name": "x", "unit_price": Decimal(price), "quantity": quantity,
            "total_price": amount, "warehouse_id": None, "created_at": now,
        }
        for number, product in enumerate(products, 1)
    ]  # fmt: skip
    with stores.postgres.writing() as connection:
        connection.execute(insert(Order), [order])
        connection.execute(insert(OrderItem), items)
        outbox.send(connection, "orders", str(order_id), "placed", {})
    return order_id


def change_status(stores: Stores, order_id: UUID, status: str) -> None:
    """Take an order to ``status`` and tell the outbox, in one transaction."""
    with stores.postgres.writing() as connection:
        values = {"order_status": status, "version": Order.version + 1}
        connection.execute(update(Order).where(Order.order_id == order_id).values(**values))
        outbox.send(connection, "orders", str(order_id), "status", {})


def set_level(stores: Stores, product_id: str, available: int, *, warehouse: str = "WH1", reserved: int = 0) -> None:
    """Bring a stock level to these units and tell the outbox, in one transaction."""
    from sqlalchemy.dialects.postgresql import insert as upsert

    total = available + reserved
    levels = {"total_stock": total, "available_stock": available, "reserved_stock": reserved}
    with stores.postgres.writing() as connection:
        warehouses = upsert(Warehouse).on_conflict_do_nothing()
        connection.execute(warehouses, [{"warehouse_id": warehouse, "name": warehouse, "address": {}}])
        row = {"inventory_id": new_id(), "product_id": product_id, "warehouse_id": warehouse, "sku": "S", "version": 1}
        connection.execute(
            upsert(Inventory).on_conflict_do_update(
                index_elements=["product_id", "warehouse_id"], set_=levels | {"version": Inventory.version + 1}
            ),
            [row | levels],
        )
        outbox.send(connection, "stock", product_id, "test", {})


@dataclass(frozen=True)
class Fact:
    """What analytics knows of one order: lines (after merging), their status, their sum, and the version."""

    lines: int
    status: str
    amount: Decimal
    version: int


def facts(stores: Stores) -> dict[UUID, Fact]:
    """Return what analytics knows, by order."""
    rows = stores.analytics.query(
        "SELECT order_id, count(), any(order_status), sum(total_price), max(version)"
        f" FROM {LINES} FINAL GROUP BY order_id"
    )
    return {row[0]: Fact(*row[1:]) for row in rows}


def books(stores: Stores) -> dict[UUID, Fact]:
    """Return what PostgreSQL knows, in the shape of ``facts``."""
    with stores.postgres.reading() as connection:
        rows = connection.execute(
            text(
                "SELECT o.order_id, count(*), o.order_status, sum(i.total_price), o.version"
                " FROM orders o JOIN order_items i USING (order_id) GROUP BY o.order_id"
            )
        )
        return {row[0]: Fact(*row[1:]) for row in rows}


def waiting(stores: Stores) -> int:
    """Return how many events are in the outbox."""
    with stores.postgres.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM outbox")).scalar_one())


class RelayProcess:
    """The relay in a process of its own, as the local host starts it."""

    def __init__(self, settings: Settings) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("STOREKEEPER_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "data.events.relay"],
            env=environ | settings.to_environ(),
            stderr=subprocess.DEVNULL if settings.log_level == "error" else None,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)


_NURSERY = """
import importlib, os, signal, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
from data.events import delivery, relay
if pause := float(sys.argv[1]):
    delivery.backoff = lambda attempts: pause
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    if not (pid := os.fork()):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os._exit(relay.main())
    print(pid, flush=True)
"""
#: What a relay imports once it works, beside what it imports at once.
_IMPORTED_LATER = (
    "data.stores.postgres", "data.stores.mongo", "data.stores.redis", "data.stores.chdb_client",
    "data.search.tantivy.engine", "psycopg", "sqlalchemy.dialects.postgresql.psycopg",
)  # fmt: skip


class RelayNursery:
    """Starts many relays that may be killed: each is forked from one process that has imported everything.

    Importing takes a relay a second of work, too long where another is killed every second on two cores. ``pause`` is
    what a failed event waits, in seconds, where that shall not double (eight tries take 25 s then).
    """

    def __init__(self, settings: Settings, *, pause: float = 0.0) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("STOREKEEPER_")}
        quiet = msgspec.structs.replace(settings, log_level="error")
        self._nursery = subprocess.Popen(
            [sys.executable, "-c", _NURSERY, str(pause), *_IMPORTED_LATER],
            env=environ | quiet.to_environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._living: set[int] = set()

    def start(self) -> int:
        """Start one; return its process id."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write("one\n")
        self._nursery.stdin.flush()
        pid = int(self._nursery.stdout.readline())
        self._living.add(pid)
        return pid

    def kill(self, leader: str) -> bool:
        """Kill -9 the one that ``relay_status`` names as ``leader``; say whether it is one of these."""
        pid = int(leader.rpartition(":")[2] or 0)
        if pid not in self._living:
            return False
        os.kill(pid, signal.SIGKILL)
        self._living.remove(pid)
        return True

    def close(self) -> None:
        """Kill all, and wait for the nursery's own end."""
        for pid in self._living:
            os.kill(pid, signal.SIGKILL)
        self._living.clear()
        self._nursery.kill()
        self._nursery.communicate()


@contextmanager
def relay_process(settings: Settings) -> Iterator[RelayProcess]:
    """Run a relay for the length of a block."""
    quiet = msgspec.structs.replace(settings, log_level="error")
    relay = RelayProcess(quiet)
    try:
        yield relay
    finally:
        relay.kill()
