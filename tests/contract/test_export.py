"""Products out of the shop and back into it: whole, in the columns chosen, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from data.catalog.commands import EditAttributes, EditProduct, ProductInput, PutProducts
from data.catalog.exports import export_products
from data.catalog.imports import import_products
from data.catalog.reads import by_skus, get_product
from data.errors import Invalid
from data.events.relay import drain
from data.shop import Shop
from data.tables import csv_cell, unguarded
from tests.hostile import STORABLE

EVIL = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "'=1", "'quoted", '=HYPERLINK("http://x","y")')
MANY = 620  # two pages


@pytest.fixture
def catalog(shop: Shop) -> Shop:
    products = [
        ProductInput(
            sku=f"P-{i:03}",
            title=f"Part {i}",
            brand="Acme" if i % 2 else "Other",
            description=(*EVIL, *STORABLE)[i % (len(EVIL) + len(STORABLE))],
            category=("Parts", "Small"),
            base_price=Decimal(i + 1) / 4 if i else None,
            discount_percentage=Decimal("12.5"),
            attributes={"memory.speed": [5, i], "note": None, "flag": True, "evil": EVIL[i % len(EVIL)], "n": -1.5},
            keywords=("a", "b, c"),
        )
        for i in range(MANY)
    ]
    shop.door.run(PutProducts(products=tuple(products)), shop.actor)
    drain(shop, 30)
    return shop


def everything(shop: Shop):
    found = by_skus(shop.stores.mongo, [f"P-{i:03}" for i in range(MANY)])
    return {
        sku: (p.title, p.brand, p.description, p.category, p.attributes, p.pricing, p.seo, p.status, p.barcode)
        for sku, p in found.items()
    }


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_what_goes_out_comes_back_the_same(catalog: Shop, tmp_path: Path, ending: str) -> None:
    before, path = everything(catalog), tmp_path / f"out.{ending}"
    told = export_products(catalog, "", path)
    assert (told.rows, told.path) == (MANY, str(path))
    again = import_products(catalog, [path], dry_run=True)
    assert (again.unchanged, again.errors, again.first_errors) == (MANY, 0, ())
    catalog.stores.mongo.products.delete_many({})
    back = import_products(catalog, [path])
    assert (back.created, back.errors) == (MANY, 0)
    assert everything(catalog) == before


def test_a_filter_and_columns_are_honoured_and_no_cell_is_a_formula(catalog: Shop, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    columns = ["sku", "description", "base_price", "attributes.evil", "attributes.n", "keywords", "final_price"]
    assert export_products(catalog, "brand:Acme price:>5", path, columns=columns).rows < MANY
    rows = list(csv.DictReader(path.open(newline="", encoding="utf-8-sig")))
    assert list(rows[0]) == columns
    assert {row["sku"] for row in rows} == {
        product.sku
        for product in by_skus(catalog.stores.mongo, [f"P-{i:03}" for i in range(MANY)]).values()
        if product.brand == "Acme" and product.pricing.final_price and product.pricing.final_price > 5
    }
    for row in rows:
        number = row.pop("attributes.n")
        assert number == "-1.5"  # a number stays one
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row.values()), row
    path = tmp_path / "out.jsonl"
    export_products(catalog, "sku:P-004", path, columns=["sku", "attributes.evil", "base_price"])
    assert json.loads(path.read_text()) == {"sku": "P-004", "attributes.evil": EVIL[4], "base_price": 1.25}


@pytest.mark.parametrize("text", [*EVIL, *STORABLE, "", "plain", "''"])
def test_what_is_made_harmless_can_be_had_back(text: str) -> None:
    cell = csv_cell(text, exact=True)
    assert unguarded(cell) == text
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_a_cancelled_export_leaves_what_was_there(catalog: Shop, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    told = export_products(catalog, "", path, cancelled=lambda: True)
    assert (told.cancelled, told.path, path.read_text()) == (True, None, "old")
    assert [found.name for found in tmp_path.iterdir() if found.name.startswith(".out")] == []
    with pytest.raises(Invalid, match="columns"):
        export_products(catalog, "", path, columns=["nonsense"])
    with pytest.raises(Invalid, match="format"):
        export_products(catalog, "", tmp_path / "out.xls")
    with pytest.raises(Invalid, match="cannot be written"):
        export_products(catalog, "", tmp_path / "no" / "out.csv")


def test_refused_rows_are_corrected_and_fed_back(shop: Shop, tmp_path: Path) -> None:
    source, errors = tmp_path / "parts.csv", tmp_path / "refused.jsonl"
    source.write_text("sku,title,price,size\nA,Alpha,1.5,12\nB,,2,13\nC,Gamma,-3,'=x\n")
    first = import_products(shop, [source], errors_path=errors)
    assert (first.created, first.errors) == (1, 2)
    lines = sorted((json.loads(line) for line in errors.read_text().splitlines()), key=lambda line: line["line"])
    assert [(line["file"], line["line"]) for line in lines] == [("parts.csv", 3), ("parts.csv", 4)]
    lines[0]["row"]["title"] = "Beta"
    lines[1]["row"]["price"] = "3"
    errors.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(Invalid, match="what is to be imported"):
        import_products(shop, [errors], errors_path=errors)
    again = import_products(shop, [errors], errors_path=tmp_path / "again.jsonl")
    assert (again.created, again.errors, again.errors_path) == (2, 0, None)
    gamma = get_product(shop.stores.mongo, "C")
    assert (gamma.pricing.base_price, gamma.attributes) == (Decimal("3.00"), {"size": "=x"})
    assert get_product(shop.stores.mongo, "B").attributes == {"size": 13}  # as a cell of its CSV is read


def test_a_dry_run_tells_what_would_differ(shop: Shop, tmp_path: Path) -> None:
    source, diff = tmp_path / "parts.jsonl", tmp_path / "diff.jsonl"
    source.write_text('{"sku":"A","title":"Alpha","price":10,"size":1}\n{"sku":"B","title":"Beta"}\n')
    import_products(shop, [source])
    shop.door.run(EditProduct(product_id="A", changes={"pricing.base_price": 9}), shop.actor)
    shop.door.run(EditAttributes(product_id="A", sets={"size": None}), shop.actor)
    shop.stores.mongo.products.delete_one({"sku": "B"})
    told = import_products(shop, [source], dry_run=True, diff_path=diff)
    assert (told.created, told.updated, told.diff_path) == (1, 1, str(diff))
    assert dict(told.examples) == {"A": "size none → 1, price 9.00 → 10.00", "B": "created"}
    found = {line["sku"]: line for line in map(json.loads, diff.read_text().splitlines())}
    assert found["A"]["changes"]["pricing.base_price"] == [9.00, 10.00]
    assert found["B"]["action"] == "created"
    assert get_product(shop.stores.mongo, "A").pricing.base_price == Decimal("9.00")
