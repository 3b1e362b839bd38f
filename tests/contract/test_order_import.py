"""Orders into the shop: each placed once whoever runs the file how often, refused rows told and fed back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.access.messages import SaveStaff
from data.access.reads import actor_by_email
from data.errors import Conflict, Denied, Invalid
from data.orders.exports import export_orders
from data.orders.imports import OrderImportReport, import_orders, load_order_mapping
from data.settings import Settings
from data.shop import Shop, open_shop
from data.stock.reads import reconcile
from tests.conftest import databases
from tests.hostile import STORABLE
from tests.orders_world import customer, one, product, sql, warehouses

PLACE = {"street_address": "1 Main St", "city": "Portland", "state": "OR", "postal_code": "97201", "country": "US"}


@pytest.fixture(scope="module")
def desk(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with two products; every test brings orders of its own references."""
    with databases(stack, tmp_path_factory.mktemp("imports")) as settings:
        shop = open_shop(settings)
        warehouses(shop, "WH1", "WH2")
        product(shop, "RAM-1", {"WH1": 5_000})
        product(shop, "CAB-1", {"WH2": 5_000})
        product(shop, "RARE", {"WH1": 1})
        customer(shop)
        yield shop
        shop.close()


def orders_file(folder: Path, *orders: dict[str, Any], name: str = "orders.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(order) + "\n" for order in orders))
    return path


def order(reference: str, *lines: tuple[str, int], email: str = "ann@lee.example", **more: Any) -> dict[str, Any]:
    asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines or (("RAM-1", 1),)]
    return {"reference": reference, "email": email, "lines": asked, "shipping_address": PLACE, **more}


def outcome(report: OrderImportReport) -> tuple[int, int, int]:
    return report.placed, report.unchanged, report.refused


def imported(shop: Shop, reference: str) -> list[tuple[Any, ...]]:
    return sql(
        shop,
        "SELECT i.sku, i.quantity FROM idempotency_keys k JOIN orders o ON o.order_number = k.result ->> 'order_number'"
        " JOIN order_items i USING (order_id) WHERE k.key = :key ORDER BY i.line_no",
        key=f"orders-import:{reference}",
    )


def test_orders_are_placed_once(desk: Shop, tmp_path: Path) -> None:
    files = [orders_file(tmp_path, order("A-1", ("RAM-1", 2), ("CAB-1", 1)), order("A-2", email="new@lee.example"))]
    first = import_orders(desk, files)
    assert (outcome(first), first.customers, first.rows) == ((2, 0, 0), 1, 2)
    assert imported(desk, "A-1") == [("RAM-1", 2), ("CAB-1", 1)]
    assert outcome(import_orders(desk, files)) == (0, 2, 0)
    assert reconcile(desk.stores.postgres) == ()


def test_somebody_elses_second_run_places_nothing_either(desk: Shop, tmp_path: Path) -> None:
    files = [orders_file(tmp_path, order("B-1"))]
    import_orders(desk, files)
    email = "sam@storekeeper.example"
    desk.door.run(SaveStaff(email=email, roles=("support",)), desk.actor)
    sam = replace(desk, actor=actor_by_email(desk.stores.postgres, email))
    assert outcome(import_orders(sam, files)) == (0, 1, 0)


def test_rows_of_a_csv_under_one_reference_are_one_order(desk: Shop, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    place = ",".join(PLACE.values())
    path.write_text(
        f"reference,email,sku,quantity,{','.join(PLACE)}\n"
        f"C-1,ann@lee.example,RAM-1,2,{place}\nC-1,ann@lee.example,CAB-1,3,{place}\nC-2,ann@lee.example,CAB-1,1,{place}\n"
    )
    report = import_orders(desk, [path])
    assert (outcome(report), report.rows) == ((2, 0, 0), 3)
    assert imported(desk, "C-1") == [("RAM-1", 2), ("CAB-1", 3)]


def test_refused_rows_are_told_and_can_be_fed_back(desk: Shop, tmp_path: Path) -> None:
    wrong = [
        order("D-1", ("NO-SUCH", 1)),
        order("D-2", ("RAM-1", 0)),
        order("D-3", ("RARE", 2)),
        order("", ("RAM-1", 1)),
        order("D-5", email=""),
        order("D-6", placed_at="yesterday"),
        order("D-7", email="no address"),
        order("D-8", expected_total="1.00"),
    ]
    path = orders_file(tmp_path, *wrong, order("D-9"))
    with path.open("a") as file:
        file.write("not json\n")
    errors = tmp_path / "errors.jsonl"
    report = import_orders(desk, [path], errors_path=errors)
    assert outcome(report) == (1, 0, 9)
    told = {(line["line"]): line for line in map(json.loads, errors.read_text().splitlines())}
    whys = ("NO-SUCH", "whole number", "Out of stock", "reference", "email", "time", "email", "comes to")
    for line, why in (*enumerate(whys, start=1), (10, "JSON")):
        assert why in told[line]["reason"], told[line]
    mended = told[3]
    mended["row"]["lines"][0]["quantity"] = 1
    again = orders_file(tmp_path, mended, name="again.jsonl")
    assert outcome(import_orders(desk, [again])) == (1, 0, 0)
    assert imported(desk, "D-3") == [("RARE", 1)]


def test_another_content_under_a_known_reference_is_refused(desk: Shop, tmp_path: Path) -> None:
    import_orders(desk, [orders_file(tmp_path, order("E-1"))])
    changed = orders_file(tmp_path, order("E-1", ("RAM-1", 3)))
    report = import_orders(desk, [changed])
    assert outcome(report) == (0, 0, 1)
    assert "was imported before with other content" in report.first_errors[0]
    assert imported(desk, "E-1") == [("RAM-1", 1)]


def test_a_dry_run_writes_nothing(desk: Shop, tmp_path: Path) -> None:
    before = one(desk, "SELECT count(*) FROM orders"), one(desk, "SELECT count(*) FROM users")
    path = orders_file(tmp_path, order("F-1", email="dry@lee.example"), order("F-2", ("RAM-1", -1)))
    report = import_orders(desk, [path], dry_run=True)
    assert (outcome(report), report.customers) == ((1, 0, 1), 1)
    assert (one(desk, "SELECT count(*) FROM orders"), one(desk, "SELECT count(*) FROM users")) == before


def test_a_mapping_for_another_shops_words(desk: Shop, tmp_path: Path) -> None:
    mapping = tmp_path / "other.toml"
    mapping.write_text(
        'lines = "items"\n[line]\nsku = "{code}"\nquantity = "{n}"\n[fields]\nreference = "web-{id}"\n'
        'email = "{buyer.mail}"\n'
        'street_address = "{to.street}"\ncity = "{to.city}"\npostal_code = "{to.zip}"\ncountry = "{to.country}"\n'
        'state = "{to.state}"\n'
    )
    place = {"street": "1 Main St", "city": "Portland", "zip": "97201", "country": "US", "state": "OR"}
    row = {"id": 7, "buyer": {"mail": "ANN@lee.example"}, "items": [{"code": "CAB-1", "n": "2"}], "to": place}
    report = import_orders(desk, [orders_file(tmp_path, row)], load_order_mapping(mapping))
    assert outcome(report) == (1, 0, 0)
    assert imported(desk, "web-7") == [("CAB-1", 2)]
    for text in (
        "lines = 3",
        "[fields]\nemail = '{x}'\ncolour = '{y}'",
        "[fields]\nemail = '{'",
        "[line]\nsku = '{s}'",
    ):
        mapping.write_text(text)
        with pytest.raises(Invalid):
            import_orders(desk, [orders_file(tmp_path, row)], load_order_mapping(mapping))


def test_hostile_text_comes_in_as_it_is(desk: Shop, tmp_path: Path) -> None:
    notes = "\n".join(STORABLE)[:9_000].strip()
    import_orders(desk, [orders_file(tmp_path, order("G-1", notes=notes))])
    assert one(desk, "SELECT notes FROM orders WHERE notes LIKE '%cmd%' LIMIT 1") == notes
    references = [order(text[:100], ("RAM-1", 1)) for text in STORABLE]
    report = import_orders(desk, [orders_file(tmp_path, *references)])
    assert report.placed + report.unchanged + report.refused == len(STORABLE)
    assert report.placed > 20


def test_it_stops_between_batches_and_goes_on(desk: Shop, tmp_path: Path) -> None:
    path = orders_file(tmp_path, *(order(f"H-{number}") for number in range(700)))
    stopped = import_orders(desk, [path], cancelled=lambda: True)
    assert (stopped.cancelled, stopped.placed) == (True, 500)
    finished = import_orders(desk, [path])
    assert outcome(finished) == (200, 500, 0)
    assert reconcile(desk.stores.postgres) == ()


def test_one_import_at_a_time_and_by_whom(desk: Shop, tmp_path: Path) -> None:
    path = orders_file(tmp_path, *(order(f"I-{number}") for number in range(501)))

    def meanwhile() -> bool:
        with pytest.raises(Conflict, match="Another import"):
            import_orders(desk, [path])
        return False

    assert import_orders(desk, [path], cancelled=meanwhile).placed == 501
    wes = "wes@storekeeper.example"
    desk.door.run(SaveStaff(email=wes, roles=("warehouse",)), desk.actor)
    with pytest.raises(Denied):
        import_orders(replace(desk, actor=actor_by_email(desk.stores.postgres, wes)), [path])


def test_what_an_export_wrote_is_what_an_import_reads(desk: Shop, tmp_path: Path) -> None:
    columns = ("order_number", "email", "sku", "quantity", *(f"shipping_{name}" for name in PLACE))
    import_orders(desk, [orders_file(tmp_path, order("J-1", ("RAM-1", 2), ("CAB-1", 1)))])
    done = export_orders(desk, "sku:CAB-1", columns, path=tmp_path / "out.csv")
    report = import_orders(desk, [tmp_path / "out.csv"])
    assert (report.rows, report.refused) == (done.rows, 0)
    assert report.placed == one(desk, "SELECT count(DISTINCT order_id) FROM order_items WHERE sku = 'CAB-1'") / 2
