"""From rows to products: templates, mappings, files. No store."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.catalog.imports.files import MAX_ROW_BYTES, RawRow, Source, find_sources, read_rows
from data.catalog.imports.mapping import load_mapping, parse_mapping
from data.catalog.imports.rows import RowError, RowMapper
from data.catalog.imports.templates import MissingFieldError, parse_template
from data.catalog.messages import ProductInput, PutProduct
from data.command import checked
from data.errors import Invalid, NotFound

SHIPPED = Path(__file__).parents[2] / "docs" / "pc-parts.toml"


def row(fields: dict[str, object], table: str = "memory", *, csv: bool = False) -> RawRow:
    name = f"{table}.csv" if csv else f"{table}.jsonl"
    return RawRow(Source(name, table, 0, Path(name)), 7, fields)


def fill(template: str, **fields: object) -> str:
    return parse_template(template, where="x").fill(fields)


# ── templates ──


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{name}", "Ripjaws"),
        ("{name}[ {capacity:GB}]", "Ripjaws 2 TB"),
        ("{name}[ {small:GB}]", "Ripjaws 500 GB"),
        ("{name}[ {missing}]!", "Ripjaws!"),
        ("{name}[ {null}][ {blank}]", "Ripjaws"),
        ("{name}[ RIPJAWS]", "Ripjaws"),
        ("DDR{speed.0}-{speed.1}[ {speed.7}]", "DDR5-6000"),
        ("{row:05}", "00042"),
        ("{speed}", "5, 6000"),
        ("{yes} {half} {whole}", "yes 2.5 3"),
        ("{{{name}}} [[x]]", "{Ripjaws} [x]"),
        ("{outer.inner}", "deep"),
    ],
)
def test_a_template_fills_in_the_row(template: str, expected: str) -> None:
    fields = {"name": "Ripjaws", "capacity": 2000, "small": 500, "null": None, "blank": "  ", "speed": [5, 6000]}
    more = {"row": 42, "yes": True, "half": 2.5, "whole": 3.0, "outer.inner": "deep"}
    assert fill(template, **fields, **more) == expected


def test_a_needed_field_that_is_missing_is_named() -> None:
    with pytest.raises(MissingFieldError, match="no colour"):
        fill("{name} {colour}", name="x", colour=None)


@pytest.mark.parametrize("text", ["{name", "name}", "[{a}", "{a}]", "[a[b]]x]", "{}", ""])
def test_a_stray_sign_in_a_template_is_an_error_that_names_the_place(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_template(text, where="fields.title")
    assert "fields.title" in refused.value.fields


@given(st.text())
def test_any_text_is_a_template_or_a_named_error(text: str) -> None:
    named: set[str] = {"here"}
    try:
        parse_template(text, where="here")
    except Invalid as refused:
        named = set(refused.fields)
    assert named == {"here"}


# ── mappings ──


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"feilds": {}}, "feilds"),
        ({"fields": {"colour": "{color}"}}, "fields.colour"),
        ({"tables": {"cpu": {"fields": {"sku": "x"}}}}, "tables.cpu.fields.sku"),
        ({"sku": {"repeats": "ignore"}}, "sku.repeats"),
        ({"sku": {"template": 5}}, "sku.template"),
        ({"category": {"path": "{a}", "levels": ["{b}"]}}, "category"),
        ({"tables": {"cpu": {"category": ["a", "b", "c", "d"]}}}, "tables"),
    ],
)
def test_a_wrong_mapping_names_file_and_key(content: dict[str, object], key: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_mapping(content, name="my.toml")
    shown = str(refused.value)
    assert "my.toml" in shown
    assert key in shown


def test_a_mapping_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_mapping(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[fields\n")
    with pytest.raises(Invalid, match=r"broken\.toml"):
        load_mapping(broken)


def test_a_template_that_cannot_be_read_is_found_before_the_first_row() -> None:
    mapping = parse_mapping({"tables": {"cpu": {"fields": {"title": "{name"}}}})
    with pytest.raises(Invalid):
        RowMapper(mapping)


# ── rows in the catalog's own words ──


def native(fields: dict[str, object], *, csv: bool = False) -> ProductInput:
    return RowMapper(load_mapping(None)).map(row(fields, csv=csv)).product


def test_the_seeds_own_document_is_understood() -> None:
    product = native(
        {
            "_id": "5f",
            "sku": "LAPTOP-1",
            "title": "Dell XPS 13",
            "brand": "Dell",
            "category": {"primary": "Electronics", "secondary": "Computers", "tertiary": "Laptops"},
            "attributes": {"color": "Silver", "memory": {"size": 16}},
            "pricing": {"base_price": 1299.99, "currency": "EUR", "final_price": 1.0, "tax_inclusive": True},
            "inventory": {"total_stock": 150, "supplier_id": "SUP"},
            "media": {"primary_image": "https://x/1.jpg", "additional_images": ["https://x/2.jpg"], "videos": []},
            "seo": {"meta_title": "XPS", "keywords": ["laptop", "dell"]},
            "status": "active",
            "created_at": "2024-01-01",
        }
    )
    assert product == ProductInput(
        sku="LAPTOP-1",
        title="Dell XPS 13",
        brand="Dell",
        category=("Electronics", "Computers", "Laptops"),
        attributes={"color": "Silver", "memory.size": 16},
        base_price=Decimal("1299.99"),
        currency="EUR",
        tax_inclusive=True,
        supplier_id="SUP",
        primary_image="https://x/1.jpg",
        additional_images=["https://x/2.jpg"],  # type: ignore[arg-type]
        videos=[],  # type: ignore[arg-type]
        meta_title="XPS",
        keywords=["laptop", "dell"],  # type: ignore[arg-type]
        status="active",
    )


def test_a_csv_row_is_typed_where_that_loses_nothing() -> None:
    product = native(
        {
            "sku": "007",
            "name": "Widget",
            "price": "1,299.90",
            "category": "A > B",
            "tax_inclusive": "true",
            "attributes.size": "12",
            "weight": "2.50",
            "code": "0012",
            "wireless": "No",
            "modes": "[1, 2]",
            "note": "",
            "minus": "-3",
            "long": "123456789012345678901234567890",
        },
        csv=True,
    )
    assert (product.sku, product.base_price, product.category, product.tax_inclusive) == (
        "007",
        Decimal("1299.90"),
        ("A", "B"),
        True,
    )
    assert product.attributes == {
        "size": 12,
        "weight": 2.5,
        "code": "0012",
        "wireless": False,
        "modes": [1, 2],
        "minus": -3,
        "long": "123456789012345678901234567890",
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": "x"}, "sku"),
        ({"sku": "", "title": "x"}, "sku"),
        ({"sku": "A" * 101, "title": "x"}, "sku: is longer"),
        ({"sku": "A", "title": "x" * 300}, "title: is longer"),
        ({"sku": "A", "title": "x\0"}, "title: holds a NUL"),
        ({"sku": "A", "title": "x", "price": -5}, "price: is negative"),
        ({"sku": "A", "title": "x", "price": "NaN"}, "price: is not a finite"),
        ({"sku": "A", "title": "x", "price": "1e400"}, "price: is more than"),
        ({"sku": "A", "title": "x", "price": "$5"}, "price: '$5' is not a number"),
        ({"sku": "A", "title": "x", "price": [5]}, "price: must be a number"),
        ({"sku": "A", "title": "x", "status": "maybe"}, "status"),
        ({"sku": "A", "title": "x", "category": "A > B > C > D"}, "category"),
        ({"sku": "A", "title": "x", "$set": 1}, "$set"),
        ({"sku": "A", "title": "x", "parts": [{"a": 1}]}, "parts"),
        ({"sku": "A", "title": "x", "big": 2**70}, "big"),
    ],
)
def test_a_row_that_cannot_become_a_product_says_why(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(RowError) as refused:
        native(fields)
    assert reason in str(refused.value)


def test_a_sku_that_comes_twice_is_refused_the_second_time() -> None:
    mapper = RowMapper(load_mapping(None))
    mapper.map(row({"sku": "A", "title": "x"}))
    with pytest.raises(RowError, match="A is in this import twice"):
        mapper.map(row({"sku": "A", "title": "y"}))


# ── the shipped mapping ──


def test_the_shipped_mapping_reads_a_part() -> None:
    fields = {
        "name": "Corsair Vengeance RGB 32 GB",
        "price": 94.99,
        "speed": [5, 6000],
        "modules": [2, 16],
        "price_per_gb": 2.968,
        "color": None,
        "first_word_latency": 12,
        "cas_latency": 36,
    }
    mapper = RowMapper(load_mapping(SHIPPED))
    product = mapper.map(row(fields)).product
    assert product.title == "Corsair Vengeance RGB 32 GB DDR5-6000 CL36"
    assert product.brand == "Corsair"
    assert product.category == ("Computers", "Components", "Memory")
    assert product.base_price == Decimal("94.99")
    assert product.attributes == {name: value for name, value in fields.items() if name not in {"name", "price"}}
    assert product.sku.startswith("RAM-")
    assert len(product.sku) == 11


def test_a_parts_sku_does_not_depend_on_its_price_or_its_place_but_on_what_it_is() -> None:
    part = {"name": "be quiet! Pure Rock 3", "price": 39.9, "rpm": [500, 2000], "color": "Black", "size": None}
    other = part | {"color": "White"}
    one, two = RowMapper(load_mapping(SHIPPED)), RowMapper(load_mapping(SHIPPED))
    first = one.map(row(part, "cpu-cooler")).product
    two.map(row(other, "cpu-cooler"))
    later = two.map(row(part | {"price": None}, "cpu-cooler")).product
    assert first.sku == later.sku
    assert first.brand == "be quiet!"
    assert first.title == "be quiet! Pure Rock 3, Black"
    assert one.map(row(other, "cpu-cooler")).product.sku != first.sku
    assert one.map(row(part, "case-fan")).product.sku.split("-")[1] != first.sku.split("-")[1]
    assert one.map(row(part, "cpu-cooler")).product.sku == f"{first.sku}-2"
    assert one.map(row(part, "cpu-cooler")).product.sku == f"{first.sku}-3"


def test_every_table_of_the_shipped_mapping_has_its_own_prefix_and_category() -> None:
    mapping = load_mapping(SHIPPED)
    prefixes = [table.values["prefix"] for table in mapping.tables.values()]
    assert len(mapping.tables) == len(set(prefixes)) == len({table.category for table in mapping.tables.values()}) == 25


# ── files ──


def read(path: Path) -> list[RawRow]:
    return [raw for source in find_sources([path]) for raw in read_rows(source)]


def test_json_lines_are_read_and_bad_ones_named_by_their_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    lines = [
        b'\xef\xbb\xbf{"a": 1}',
        b"",
        b"not json",
        b"[1]",
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b'{"a": "' + b"x" * (2 * MAX_ROW_BYTES) + b'"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": 2}',
    ]
    file.write_bytes(b"\n".join(lines))
    rows = read(file)
    assert [(raw.line, raw.fields) for raw in rows if not raw.reason] == [(1, {"a": 1}), (10, {"a": 2})]
    assert [raw.line for raw in rows if raw.reason] == [3, 4, 5, 6, 7, 8, 9]
    assert rows[-1].end == file.stat().st_size
    assert all(len(raw.raw) <= 2_000 for raw in rows)


def test_csv_is_read_with_its_quotes_and_separators(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('\ufeffsku;title\nA;"one; ""two""\nthree"\n\nB;b\nC;c;extra\n', encoding="utf-8")
    rows = read(file)
    assert [(raw.line, raw.fields) for raw in rows if not raw.reason] == [
        (2, {"sku": "A", "title": 'one; "two"\nthree'}),
        (5, {"sku": "B", "title": "b"}),
    ]
    assert [(raw.line, raw.reason) for raw in rows if raw.reason] == [(6, "has 3 cells under 2 column names")]


def test_csv_that_is_not_utf8_or_endless_is_refused_row_by_row(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"sku,title\nA,caf\xe9\nB," + b"x" * 200_000 + b"\nC,c\n")
    rows = read(file)
    assert [raw.line for raw in rows if raw.reason] == [2, 3]
    assert [raw.fields for raw in rows if not raw.reason] == [{"sku": "C", "title": "c"}]


@pytest.mark.parametrize(("heading", "why"), [("", "no column names"), (",,", "no column names"), ("a,b,a", "twice")])
def test_csv_without_proper_column_names_is_refused(tmp_path: Path, heading: str, why: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"{heading}\n1,2,3\n")
    with pytest.raises(Invalid, match=why):
        read(file)


def test_folders_and_zips_are_walked_in_a_stable_order(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.jsonl").write_text('{"n": "b"}\n')
    (folder / "deep" / "c.csv").write_text("n\nc\n")
    (folder / "notes.txt").write_text("no rows")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("x/y.jsonl", '{"n": "y"}\n')
        archive.writestr("../../evil.jsonl", '{"n": "evil"}\n')
        archive.writestr("__MACOSX/._y.jsonl", "junk")
    sources = find_sources([folder])
    assert [(source.name, source.table) for source in sources] == [
        ("a.zip/../../evil.jsonl", "evil"),
        ("a.zip/x/y.jsonl", "y"),
        ("b.jsonl", "b"),
        ("deep/c.csv", "c"),
    ]
    assert [raw.fields["n"] for raw in read(folder)] == ["evil", "y", "b", "c"]
    assert not list(tmp_path.glob("evil*"))


def test_what_cannot_be_imported_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(NotFound):
        find_sources([tmp_path / "none.csv"])
    with pytest.raises(Invalid, match=r"holds no \.jsonl"):
        find_sources([tmp_path / "a.txt"])
    with pytest.raises(Invalid, match="zip"):
        find_sources([tmp_path / "broken.zip"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=12) | st.sampled_from(["sku", "title", "price", "category"]), json_values),
    st.sampled_from([{}, {"sku": "A", "title": "T"}]),
)
def test_any_row_becomes_a_product_or_a_sentence(odd: dict[str, object], good: dict[str, object]) -> None:
    """Whatever JSON can say, a row is mapped or refused; and what is mapped, the door takes."""
    product = None
    with suppress(RowError):
        product = native(json.loads(json.dumps(odd | good)))
    if product is not None:
        assert checked(PutProduct(product=product)).product.sku == product.sku.strip() != ""
