"""Importing files into a real catalog."""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from data.catalog.imports import import_products, load_mapping
from data.catalog.imports.files import find_sources, read_rows
from data.catalog.imports.rows import RowMapper
from data.catalog.reads import by_skus, category_tree, get_product, known_attributes
from data.errors import Denied, Invalid, NotFound
from data.shop import Shop
from data.types import Progress

SHIPPED = Path(__file__).parents[2] / "docs" / "pc-parts.toml"
PC_PARTS = Path(__file__).parents[3] / "shared" / "data" / "pc-parts.jsonl.zip"


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def product(number: int, **more: object) -> dict[str, object]:
    return {"sku": f"P-{number:04}", "title": f"Product {number}", "price": number + 0.5, "size": number, **more}


def test_a_file_is_imported_once_and_again_only_where_it_changed(shop: Shop, tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", *(product(number) for number in range(2_500)))
    first = import_products(shop, [file])
    again = import_products(shop, [file])
    lines(file, *(product(number, price=9 if number in {3, 1700} else number + 0.5) for number in range(2_501)))
    changed = import_products(shop, [file])
    assert (first.created, first.updated, first.unchanged, first.errors, first.rows) == (2_500, 0, 0, 0, 2_500)
    assert (again.created, again.updated, again.unchanged, again.errors) == (0, 0, 2_500, 0)
    assert (changed.created, changed.updated, changed.unchanged, changed.errors) == (1, 2, 2_498, 0)
    assert get_product(shop.stores.mongo, "P-1700").pricing.final_price == Decimal("9.00")
    assert shop.stores.mongo.products.count_documents({"version": 1}) == 2_499


def test_a_second_run_of_the_same_file_runs_no_command(shop: Shop, tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", *(product(number) for number in range(50)))
    import_products(shop, [file])
    before = _commands(shop)
    import_products(shop, [file])
    assert _commands(shop) == before > 0


def _commands(shop: Shop) -> int:
    with shop.stores.postgres.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM idempotency_keys")).scalar_one())


def test_refused_rows_are_written_down_and_stop_no_other(shop: Shop, tmp_path: Path) -> None:
    file = lines(
        tmp_path / "a.jsonl",
        product(1),
        {"sku": "NO-TITLE", "price": 5},
        product(2, price=-3),
        product(1, title="again"),
        product(3, barcode="111"),
        product(4, barcode="111"),
        product(5, status="active", price=None),
    )
    with file.open("a") as stream:
        stream.write("{broken\n")
    errors = tmp_path / "errors.jsonl"
    report = import_products(shop, [file], errors_path=errors)
    refused = [json.loads(line) for line in errors.read_text(encoding="utf-8").splitlines()]
    assert (report.created, report.errors, report.rows, report.errors_path) == (2, 6, 8, str(errors))
    assert sorted((item["line"], item["reason"].partition(":")[0]) for item in refused) == [
        (2, "title"),
        (3, "pricing.base_price"),
        (4, "sku"),
        (6, "barcode"),
        (7, "status"),
        (8, "is not JSON"),
    ]
    assert {item["file"] for item in refused} == {"a.jsonl"}
    assert next(item["row"] for item in refused if item["line"] == 2) == {"sku": "NO-TITLE", "price": 5}
    assert next(item["row"] for item in refused if item["line"] == 8) == "{broken"
    assert len(report.first_errors) == 6
    lines(file, product(1))
    assert import_products(shop, [file], errors_path=errors).errors_path is None
    assert not errors.exists()


def test_what_no_document_could_hold_is_refused_by_its_field(shop: Shop, tmp_path: Path) -> None:
    file = lines(
        tmp_path / "a.jsonl",
        product(1, description="x" * 900_000),
        product(2, **{"$where": 1}),
        product(3, attributes={f"n{number}": number for number in range(301)}),
        product(4, attributes={"🎮 fps": None, "a.b c": [None], "größe($)": "x"}, description=None, brand=None),
        product(5, description="x" * 10_000_000),
        {"sku": "P-0006", "title": "Nothing else", **dict.fromkeys(("attributes", "pricing", "media", "seo", "price"))},
        product(7, description='a "quoted": text ' * 100_000),
    )
    report = import_products(shop, [file])
    assert (report.created, report.errors) == (2, 5)
    too_long = "is longer than 1,000,000 bytes, cut in description"
    for number, field in ((1, "description"), (2, "$where"), (3, "attributes"), (5, too_long), (7, too_long)):
        assert any(f"a.jsonl:{number}:" in why and field in why for why in report.first_errors), report.first_errors
    held = get_product(shop.stores.mongo, "P-0004").attributes
    assert {name: held[name] for name in ("🎮 fps", "a.b c", "größe($)")} == {
        "🎮 fps": None, "a.b c": [None], "größe($)": "x",
    }  # fmt: skip
    assert not get_product(shop.stores.mongo, "P-0006").attributes


def test_a_row_may_update_a_known_product_without_saying_everything(shop: Shop, tmp_path: Path) -> None:
    import_products(shop, [lines(tmp_path / "a.jsonl", product(1, color="White", brand="Acme"))])
    prices = tmp_path / "prices.csv"
    prices.write_text("sku,price\nP-0001,99.90\nP-0002,5\n")
    report = import_products(shop, [prices])
    found = get_product(shop.stores.mongo, "P-0001")
    assert (report.updated, report.errors) == (1, 1)
    assert (found.title, found.brand, found.pricing.base_price) == ("Product 1", "Acme", Decimal("99.90"))
    assert found.attributes == {"size": 1, "color": "White"}


def test_a_dry_run_counts_the_same_and_writes_nothing(shop: Shop, tmp_path: Path) -> None:
    import_products(shop, [lines(tmp_path / "a.jsonl", product(1), product(2))])
    file = lines(tmp_path / "b.jsonl", product(1), product(2, price=1), product(3), product(4, price="x"))
    before = list(shop.stores.mongo.products.find())
    dry = import_products(shop, [file], dry_run=True, stock={"WH1": 5})
    assert list(shop.stores.mongo.products.find()) == before
    wet = import_products(shop, [file])
    assert dry.dry_run is True
    assert [(r.created, r.updated, r.unchanged, r.errors) for r in (dry, wet)] == [(1, 1, 1, 1)] * 2


def test_folders_zips_csv_and_progress(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    lines(folder / "a.jsonl", *(product(number) for number in range(600)))
    (folder / "b.csv").write_text("sku,title,price,attributes.size\nC-1,Cé,1.5,7\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("deep/d.jsonl", json.dumps(product(9_000)) + "\n")
    heard: list[Progress] = []
    report = import_products(shop, [folder], report=heard.append)
    assert (report.created, report.errors) == (602, 0)
    assert by_skus(shop.stores.mongo, ["C-1", "P-9000"]).keys() == {"C-1", "P-9000"}
    assert get_product(shop.stores.mongo, "C-1").attributes == {"size": 7}
    assert [progress.done for progress in heard] == sorted(progress.done for progress in heard)
    assert heard[-1].done == heard[-1].total > 0


def test_a_cancelled_import_keeps_what_it_read_and_is_finished_by_the_next(shop: Shop, tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", *(product(number) for number in range(3_000)))
    asked = iter(range(10_000))
    stopped = import_products(shop, [file], cancelled=lambda: next(asked) >= 1_500)
    rest = import_products(shop, [file])
    assert (stopped.cancelled, stopped.rows, stopped.created) == (True, 1_500, 1_500)
    assert (rest.cancelled, rest.created, rest.unchanged) == (False, 1_500, 1_500)


def test_stock_is_given_once_to_every_imported_product(shop: Shop, tmp_path: Path) -> None:
    from data.stock.reads import levels_of, reconcile

    file = lines(tmp_path / "a.jsonl", *(product(number) for number in range(1_200)))
    first = import_products(shop, [file], stock={"WH1": 20})
    again = import_products(shop, [file], stock={"WH1": 20})
    ids = [str(found["_id"]) for found in shop.stores.mongo.products.find({}, {"_id": 1})]
    levels = levels_of(shop.stores.postgres, ids)
    assert (first.stocked, again.stocked) == (1_200, 0)
    assert all([level.available_stock for level in levels[product_id]] == [20] for product_id in ids)
    assert not reconcile(shop.stores.postgres)
    with pytest.raises(NotFound, match="WH9"):
        import_products(shop, [file], stock={"WH9": 1})
    with pytest.raises(Invalid):
        import_products(shop, [file], stock={"WH1": 0})


def test_nothing_is_written_where_the_actor_may_not_import(shop: Shop, tmp_path: Path) -> None:
    from dataclasses import replace

    clerk = replace(shop, actor=replace(shop.actor, roles=frozenset({"support"})))
    with pytest.raises(Denied):
        import_products(clerk, [lines(tmp_path / "a.jsonl", product(1))])
    assert shop.stores.mongo.products.find_one() is None


def test_a_price_that_is_missing_in_a_later_edition_stays(shop: Shop, tmp_path: Path) -> None:
    part = {"name": "Corsair RM850x", "type": "ATX", "wattage": 850, "price": None, "color": "Black"}
    other = part | {"wattage": 750}
    file = lines(tmp_path / "power-supply.jsonl", part, other)
    import_products(shop, [file], load_mapping(SHIPPED))
    found = list(shop.stores.mongo.products.find({}, {"status": 1, "title": 1}))
    assert {item["status"] for item in found} == {"draft"}
    assert {item["title"] for item in found} == {"Corsair RM850x 850 W, Black", "Corsair RM850x 750 W, Black"}
    lines(file, part | {"price": 119.9}, other)
    priced = import_products(shop, [file], load_mapping(SHIPPED))
    lines(file, other, part)
    gone = import_products(shop, [file], load_mapping(SHIPPED))
    assert (priced.updated, priced.unchanged, gone.unchanged) == (1, 1, 2)
    assert known_attributes(shop.stores.mongo)["wattage"].unit == "W"
    assert [category.path for category in category_tree(shop.stores.mongo)][
        -1
    ] == "Computers > Components > Power supplies"


needs_parts = pytest.mark.skipif(
    not PC_PARTS.exists(), reason=f"the PC parts are not beside the repository ({PC_PARTS.name})"
)


@needs_parts
def test_every_pc_part_becomes_a_product() -> None:
    """All 66,778 rows, without a store: none is refused, no SKU comes twice, nothing is lost on the way."""
    mapper, skus, rows = RowMapper(load_mapping(SHIPPED)), set(), 0
    for source in find_sources([PC_PARTS]):
        for raw in read_rows(source):
            mapped = mapper.map(raw).product
            rows += 1
            skus.add(mapped.sku)
            assert mapped.attributes == {name: raw.fields[name] for name in raw.fields if name not in {"name", "price"}}
    assert len(skus) == rows == 66_778


@needs_parts
def test_the_smaller_tables_of_the_pc_parts_import_and_a_second_run_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    with zipfile.ZipFile(PC_PARTS) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".jsonl") and member.file_size < 80_000:
                (tmp_path / Path(member.filename).name).write_bytes(archive.read(member))
    first = import_products(shop, [tmp_path], load_mapping(SHIPPED))
    again = import_products(shop, [tmp_path], load_mapping(SHIPPED))
    assert first.created == first.rows > 2_000
    assert (again.unchanged, again.updated, again.created, again.errors) == (first.rows, 0, 0, 0)
