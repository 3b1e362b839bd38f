"""Orders out of the shop: all that a query finds, once each, in constant memory, inert, cancellable."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from data.access.rules import Actor
from data.errors import Denied, Invalid
from data.orders.exports import COLUMNS, LINE_COLUMNS, USUAL, export_orders, parse_columns
from data.settings import Settings
from data.shop import Shop, open_shop
from tests.conftest import databases
from tests.hostile import STORABLE
from tests.orders_world import ADDRESS, customer, one, place, product, sql, warehouses

ORDERS = 1_203


@pytest.fixture(scope="module")
def desk(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with 1,203 orders: three placed, the others copies of the first, made by the database."""
    with databases(stack, tmp_path_factory.mktemp("exports")) as settings:
        shop = open_shop(settings)
        warehouses(shop, "WH1", "WH2")
        product(shop, "RAM-1", {"WH1": 90})
        product(shop, "CAB-1", {"WH2": 90})
        acting = msgspec.structs.replace(ADDRESS, street_address="=cmd|'/c calc'!A1")
        ann = customer(shop, first_name="=1+1", last_name="\u202eLee")
        place(shop, ann, ("RAM-1", 2), ("CAB-1", 1), shipping_address=acting, notes="\n".join(STORABLE)[:9_000])
        for _ in range(2):
            place(shop, ann, ("CAB-1", 1))
        _copy(shop, ORDERS - 3)
        yield shop
        shop.close()


def _copy(shop: Shop, count: int) -> None:
    from sqlalchemy import text

    columns = (
        "user_id, order_status, subtotal, tax_amount, tax_included_amount, shipping_amount, discount_amount,"
        " total_amount, currency, shipping_address, billing_address, channel"
    )
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                f"INSERT INTO orders (order_number, created_at, {columns})"
                f" SELECT 'COPY-' || n, o.created_at - n * interval '1 minute', {columns}"
                " FROM (SELECT * FROM orders ORDER BY created_at LIMIT 1) o, generate_series(1, :count) n"
            ),
            {"count": count},
        )


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def test_every_order_once_newest_first(desk: Shop, tmp_path: Path) -> None:
    done = export_orders(desk, path=tmp_path / "orders.csv")
    rows = rows_of(tmp_path / "orders.csv")
    newest_first = "SELECT order_number FROM orders ORDER BY created_at DESC, order_id DESC"
    stored = [number for (number,) in sql(desk, newest_first)]
    assert [row["order_number"] for row in rows] == stored
    assert (done.rows, done.cancelled, tuple(rows[0])) == (ORDERS, False, USUAL)


def test_a_filter_is_the_lists_filter(desk: Shop, tmp_path: Path) -> None:
    export_orders(desk, "sku:RAM-1", ("order_number", "total_amount"), path=tmp_path / "x.jsonl")
    (row,) = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert set(row) == {"order_number", "total_amount"}
    with pytest.raises(Invalid):
        export_orders(desk, "status:lost", path=tmp_path / "y.csv")
    assert not (tmp_path / "y.csv").exists()


def test_every_column_there_is(desk: Shop, tmp_path: Path) -> None:
    export_orders(desk, "sku:RAM-1", COLUMNS, path=tmp_path / "x.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert [(line["sku"], line["quantity"]) for line in lines] == [("RAM-1", 2), ("CAB-1", 1)]
    assert tuple(lines[0]) == COLUMNS
    assert lines[0]["shipping_street_address"] == "=cmd|'/c calc'!A1"
    assert not set(LINE_COLUMNS) & set(parse_columns("all"))
    with pytest.raises(Invalid, match="no such column"):
        parse_columns("order_number,password_hash")


def test_nothing_in_a_csv_acts(desk: Shop, tmp_path: Path) -> None:
    export_orders(desk, "sku:RAM-1", parse_columns("all"), path=tmp_path / "x.csv")
    (row,) = rows_of(tmp_path / "x.csv")
    assert row["shipping_street_address"] == "'=cmd|'/c calc'!A1"
    assert row["customer_name"].startswith("'=1+1")
    raw = (tmp_path / "x.csv").read_text("utf-8-sig")
    assert not [letter for letter in raw if (ord(letter) < 32 and letter not in "\r\n") or letter in "\u202e\u2066\x9b"]


def test_it_can_be_cancelled(desk: Shop, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    asked = iter(range(10_000))
    done = export_orders(desk, path=path, cancelled=lambda: next(asked) >= 700)
    assert (done.rows, done.cancelled, done.path, path.exists()) == (700, True, None, False)


def test_memory_does_not_grow_with_the_rows(desk: Shop, tmp_path: Path) -> None:
    class Sink(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, chunk: object) -> int:
            return len(chunk)  # type: ignore[arg-type]

    peaks = []
    for query in ("created:<1h", ""):
        export_orders(desk, query, stream=io.BufferedWriter(Sink()))
        tracemalloc.start()
        done = export_orders(desk, query, stream=io.BufferedWriter(Sink()))
        peaks.append((done.rows, tracemalloc.get_traced_memory()[1]))
        tracemalloc.stop()
    (few, small), (many, large) = peaks
    assert many == ORDERS > few
    assert large < 6_000_000, peaks
    assert large < small * 12, peaks  # a page of 500 against 60 rows, however many pages


def test_it_needs_its_permission_and_is_written_down(desk: Shop, tmp_path: Path) -> None:
    analyst = Actor(desk.actor.user_id, "amy@storekeeper.example", "Amy", frozenset({"analyst"}))
    with pytest.raises(Denied):
        export_orders(replace(desk, actor=analyst), path=tmp_path / "x.csv")
    export_orders(desk, "unpaid", ("order_number",), path=tmp_path / "x.csv")
    last = one(desk, "SELECT after FROM audit_log WHERE command = 'orders.export' ORDER BY audit_id DESC LIMIT 1")
    assert last == {"query": "unpaid", "columns": ["order_number"], "as": "csv"}
