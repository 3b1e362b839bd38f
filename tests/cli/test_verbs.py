"""The verbs on a real shop, end to end: what goes in by one noun comes out by another."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess

import pytest

from tests.cli.conftest import PROGRAM, Twin, environ_of
from tests.hostile import STORABLE

ANN = "ann@example.com"
ADDRESS = (
    "--street",
    "1 Main St",
    "--city",
    "Springfield",
    "--state",
    "IL",
    "--postal-code",
    "62701",
    "--country",
    "US",
)


@pytest.fixture
def parts(tmp_path):
    """Return a JSONL file of three products."""
    rows = [
        {"sku": "RAM-1", "title": "Corsair Vengeance 32 GB", "brand": "Corsair", "base_price": 79.95, "color": "White"},
        {"sku": "RAM-2", "title": "Corsair Vengeance 16 GB", "brand": "Corsair", "base_price": 44.5, "color": "Black"},
        {"sku": "A=B", "title": "Cable with an equals sign", "brand": "Nobody", "base_price": 12.5, "color": None},
    ]
    file = tmp_path / "parts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def stocked(twin: Twin, parts) -> Twin:
    """A shop with three products, 5 units of each in WH1, and one customer with an address."""
    report = twin("products", "import", str(parts), "--stock", "WH1=5", "--no-wait", "--json").document
    assert (report["created"], report["updated"], report["unchanged"], report["errors"]) == (3, 0, 0, 0)
    twin("customers", "add", ANN, "--first-name", "Ann", "--last-name", "Lee")
    twin("customers", "address", "add", ANN, *ADDRESS)
    return twin


# -- products --------------------------------------------------------------------------------------------------------


def test_a_second_import_changes_nothing_and_a_changed_row_only_itself(stocked: Twin, parts):
    again = stocked("products", "import", str(parts), "--json").document
    assert (again["created"], again["updated"], again["unchanged"], again["errors"]) == (0, 0, 3, 0)
    parts.write_text(parts.read_text().replace("44.5", "39.5"))
    changed = stocked("products", "import", str(parts), "--json").document
    assert (changed["created"], changed["updated"], changed["unchanged"]) == (0, 1, 2)
    assert stocked("products", "show", "RAM-2", "--json").document["pricing"]["final_price"] == 39.5


def test_what_was_imported_is_found_at_once(twin: Twin, parts):
    twin("products", "import", str(parts), "--stock", "WH1=5", "--json")
    found = twin(
        "products", "search", "vengeance", "--filter", "color=White", "--filter", "stock=in", "--json"
    ).document
    assert [hit["sku"] for hit in found["hits"]] == ["RAM-1"]


def test_an_import_does_not_fail_where_search_is_away(twin: Twin, parts):
    ran = twin("products", "import", str(parts), "--json", env={"STOREKEEPER_SEARCH_URL": "http://127.0.0.1:1"})
    assert ran.document["created"] == 3
    assert "Search is away" in ran.err


def test_a_dry_run_writes_nothing(twin: Twin, parts):
    report = twin("products", "import", str(parts), "--dry-run", "--json").document
    assert (report["created"], report["dry_run"]) == (3, True)
    twin("products", "show", "RAM-1", code=4)


def test_refused_rows_go_to_a_file_and_stop_no_other(twin: Twin, tmp_path):
    table = tmp_path / "cables.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("sku", "title", "base_price"), ("C-1", "Good", "1.50"), ("C-2", "Bad", "-3")])
    refused = tmp_path / "refused.jsonl"
    ran = twin("products", "import", str(table), "--errors", str(refused), "--json")
    assert (ran.document["created"], ran.document["errors"]) == (1, 1)
    assert "C-2" in refused.read_text()
    assert "base_price" in ran.err


def test_search_finds_filters_and_counts(stocked: Twin):
    stocked("relay", "drain")
    found = stocked("products", "search", "corsair vengeance", "--filter", "color=White", "--json").document
    assert found["total"] == 1
    assert [hit["sku"] for hit in found["hits"]] == ["RAM-1"]
    assert found["hits"][0]["available_stock"] == 5
    assert found["took_ms"] > 0
    facets = {facet["name"]: {each["value"]: each["count"] for each in facet["values"]} for facet in found["facets"]}
    # Its own choice does not shrink the counts of a facet.
    assert facets["color"] == {"White": 1, "Black": 1}
    assert stocked("products", "search", "--json").document["total"] == 3
    lines = stocked("products", "search", "vengeance").out
    assert "RAM-1" in lines
    assert "2 found" in lines


def test_search_shows_the_stock_of_this_moment(stocked: Twin):
    stocked("relay", "drain")
    stocked("stock", "receive", "RAM-1", "7")
    found = stocked("products", "search", "ram-1", "--json").document
    assert found["hits"][0]["available_stock"] == 12


def test_a_lost_index_is_built_anew(stocked: Twin, settings):
    stocked("relay", "drain")
    shutil.rmtree(settings.search_url.removeprefix("tantivy://"))
    assert stocked("products", "search", "--json").document["total"] == 0
    built = stocked("search", "reindex", "--key", "again", "--json").document
    assert (built["finished"], built["products"]) == (True, 3)
    assert stocked("products", "search", "vengeance", "--json").document["total"] == 2
    assert stocked("search", "reindex", "--key", "again", "--json").document["replayed"] is True


def test_an_earlier_index_is_kept_and_taken_back(stocked: Twin):
    stocked("relay", "drain")
    stocked("search", "reindex")
    first, second = stocked("search", "versions", "--json").document["versions"]
    assert (first["is_current"], first["products"]) == (True, 3)
    assert second["is_current"] is False
    back = stocked("search", "rollback", "--json").document
    assert (back["finished"], back["products"]) == (True, 3)
    assert stocked("products", "search", "vengeance", "--json").document["total"] == 2
    assert [one["products"] for one in stocked("search", "versions", "--json").document["versions"]] == [3, 3]


def test_there_is_no_way_back_to_an_index_that_never_was(twin: Twin):
    assert twin("search", "rollback", "--json", code=4).error["code"] == "not_found"


@pytest.mark.parametrize(
    "words", [("--filter", "white"), ("--filter", "colour=White"), ("price:cheap",), ("--sort", "luck")]
)
def test_a_query_that_cannot_be_read_is_refused(stocked: Twin, words):
    stocked("relay", "drain")
    assert stocked("products", "search", *words, "--json", code=3).error["code"] == "invalid"


def test_edit_changes_fields_of_every_type(stocked: Twin):
    before = stocked("products", "show", "RAM-1", "--json").document
    done = stocked(
        "products", "edit", "RAM-1", "--json",
        "--set", "pricing.base_price=89.90", "--set", "attributes.modules=[2, 16]", "--set", "attributes.ecc=false",
        "--set", 'attributes.code="007"', "--unset", "attributes.color", "--expected-version", str(before["version"]),
    ).document  # fmt: skip
    assert done["version"] == before["version"] + 1
    after = stocked("products", "show", "RAM-1", "--json").document
    assert after["pricing"]["final_price"] == 89.9
    assert after["attributes"] == {"modules": [2, 16], "ecc": False, "code": "007"}
    stale = stocked("products", "edit", "RAM-1", "--set", "title=x", "--expected-version", "1", "--json", code=5)
    assert stale.error["current"]["version"] == done["version"]
    refused = stocked("products", "edit", "RAM-1", "--set", "pricing.base_price=-1", "--json", code=3)
    assert "pricing.base_price" in refused.error["fields"]


# -- customers -------------------------------------------------------------------------------------------------------


def test_a_customer_is_added_found_and_shown(twin: Twin):
    added = twin("customers", "add", ANN, "--first-name", "Ann", "--last-name", "Lee", "--json").document
    assert added["created"] is True
    address = twin("customers", "address", "add", ANN, *ADDRESS, "--json").document
    found = twin("customers", "search", "ann", "lee", "--json").document
    assert (found["total"], found["total_exact"]) == (1, True)
    assert found["rows"][0]["user_id"] == added["user_id"]
    for ref in (ANN, "ANN@Example.com", added["user_id"]):
        shown = twin("customers", "show", ref, "--json").document
        assert shown["addresses"][0]["address_id"] == address["address_id"]
    assert "Springfield" in twin("customers", "show", ANN).out
    assert twin("customers", "add", ANN, "--json", code=5).error["code"] == "conflict"
    assert "email" in twin("customers", "add", "no e-mail", "--json", code=3).error["fields"]
    assert "date_of_birth" in twin("customers", "add", "b@example.com", "--born", "x", "--json", code=3).error["fields"]


def test_lists_are_read_on_by_their_cursor(twin: Twin):
    for number in range(5):
        twin("customers", "add", f"c{number}@example.com", "--last-name", f"Customer {number}")
    seen, after = [], ()
    for expected in (2, 2, 1):
        page = twin("customers", "search", "--limit", "2", *after, "--json").document
        assert len(page["rows"]) == expected
        seen += [row["email"] for row in page["rows"]]
        after = ("--after", page["next"])
    assert page["next"] is None
    assert seen == [f"c{number}@example.com" for number in range(5)]
    broken = twin("customers", "search", "--after", "nonsense", "--json", code=3)
    assert "cursor" in broken.error["fields"]


# -- orders and stock ------------------------------------------------------------------------------------------------


def test_an_order_moves_stock_and_its_cancellation_gives_it_back(stocked: Twin):
    placed = stocked(
        "orders", "place", ANN, "--line", "RAM-1=2", "--line", "A=B=1", "--note", "call", "--json"
    ).document
    assert placed["subtotal"] == pytest.approx(2 * 79.95 + 12.5)
    assert {(each["sku"], each["quantity"]) for each in placed["items"]} == {("RAM-1", 2), ("A=B", 1)}
    number = placed["order_number"]
    (level,) = stocked("stock", "show", "RAM-1", "--json").document["rows"]
    assert (level["available_stock"], level["reserved_stock"], level["quantity_available"]) == (3, 2, 3)
    listed = stocked("orders", "list", "status:pending", "--json").document
    assert [row["order_number"] for row in listed["rows"]] == [number]
    assert (listed["total"], listed["total_exact"]) == (1, True)
    shown = stocked("orders", "show", number.lower().replace("-", " "), "--json").document
    assert shown["email"] == ANN
    assert shown["notes"] == "call"
    stepped = stocked("orders", "status", number, "cancelled", "--reason", "changed their mind", "--json").document
    assert (stepped["previous_status"], stepped["new_status"]) == ("pending", "cancelled")
    (level,) = stocked("stock", "show", "RAM-1", "--json").document["rows"]
    assert (level["available_stock"], level["reserved_stock"]) == (5, 0)
    moved = stocked("stock", "movements", "RAM-1", "--json").document
    assert moved["total"] == len(moved["rows"]) == 3
    assert stocked("reconcile", "--json").document["ok"] is True
    assert "changed their mind" in stocked("orders", "show", number).out


def test_the_same_order_twice_with_one_key_is_one_order(stocked: Twin):
    words = ("orders", "place", ANN, "--line", "RAM-1=1", "--key", "web-1", "--json")
    first, second = stocked(*words).document, stocked(*words).document
    assert first["order_number"] == second["order_number"]
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert stocked("orders", "list", "--json").document["total"] == 1
    other = stocked("orders", "place", ANN, "--line", "RAM-1=2", "--key", "web-1", "--json", code=5)
    assert other.error["code"] == "conflict"
    assert stocked("orders", "list", "--json").document["total"] == 1


def test_every_short_line_is_named_and_nothing_is_taken(stocked: Twin):
    words = ("orders", "place", ANN, "--line", "RAM-1=6", "--line", "RAM-2=5", "--line", "A=B=7")
    error = stocked(*words, "--json", code=6).error
    assert error["code"] == "out_of_stock"
    named = {each["sku"]: (each["quantity_requested"], each["quantity_available"]) for each in error["lines"]}
    assert named == {"RAM-1": (6, 5), "A=B": (7, 5)}
    assert "RAM-1: 6 asked, 5 available" in stocked(*words, code=6).err
    assert stocked("orders", "list", "--json").document["total"] == 0
    assert all(row["reserved_stock"] == 0 for row in stocked("stock", "show", "--json").document["rows"])


def test_an_order_from_a_file_and_from_standard_input(stocked: Twin, program: Twin, tmp_path):
    order = {
        "customer": ANN,
        "key": "shop-1",
        "lines": [{"sku": "RAM-1", "quantity": 1}, {"sku": "RAM-2", "quantity": 2, "warehouse_id": "WH1"}],
        "shipping_method": "express",
        "shipping_address": {
            "street_address": "2 Side St", "city": "Bonn", "postal_code": "53111", "country": "DE",
        },
    }  # fmt: skip
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order))
    placed = stocked("orders", "place", "--file", str(file), "--json").document
    assert stocked("orders", "show", placed["order_number"], "--json").document["shipping_address"]["city"] == "Bonn"
    again = program("orders", "place", "--file", "-", "--json", stdin=json.dumps(order).encode())
    assert again.document["order_number"] == placed["order_number"]
    assert again.document["replayed"] is True
    overridden = stocked("orders", "place", "--file", str(file), "--key", "shop-2", "--json").document
    assert overridden["replayed"] is False


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("{", "file"),
        ("[]", "file"),
        ('{"customer": "ann@example.com", "lines": [{"sku": "RAM-1", "quantity": "two"}]}', "lines[0].quantity"),
        ('{"customer": "ann@example.com", "colour": 1}', "file"),
        ('{"customer": "a\\u0000", "lines": []}', "customer"),
    ],
)
def test_a_file_that_is_no_order_is_refused_by_field(twin: Twin, tmp_path, content, field):
    file = tmp_path / "order.json"
    file.write_text(content)
    assert field in twin("orders", "place", "--file", str(file), "--json", code=3).error["fields"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("orders", "place", "nobody@example.com", "--line", "RAM-1=1"), 4),
        (("orders", "place", ANN), 3),
        (("orders", "place", ANN, "--line", "RAM-1=0"), 3),
        (("orders", "place", ANN, "--line", "RAM-1=-1"), 3),
        (("orders", "place", ANN, "--line", "RAM-1=99999999999"), 3),
        (("orders", "place", ANN, "--line", "RAM-1=1", "--shipping-method", "pigeon"), 3),
        (("orders", "place", ANN, "--line", "RAM-1=1", "--warehouse", "MOON"), 6),
        (("orders", "show", "K7M2-QX4C"), 4),
        (("orders", "show", "nonsense"), 4),
        (("orders", "list", "total:much"), 3),
        (("stock", "show", "NOPE"), 4),
        (("stock", "movements", "NOPE"), 4),
        (("stock", "receive", "RAM-1", "--", "-5"), 3),
        (("stock", "receive", "RAM-1", "5", "--warehouse", "MOON"), 4),
        (("stock", "adjust", "RAM-1", "--delta", "-1"), 3),
        (("stock", "adjust", "RAM-1", "--reason", "x"), 3),
        (("stock", "adjust", "RAM-1", "--delta", "-99", "--reason", "x"), 5),
        (("stock", "adjust", "RAM-1", "--set", "4", "--expected", "9", "--reason", "x"), 5),
        (("products", "show", "NOPE"), 4),
        (("products", "import", "/nowhere/x.jsonl"), 4),
        (("customers", "show", "nobody@example.com"), 4),
        (("customers", "address", "add", "nobody@example.com", *ADDRESS), 4),
        (("relay", "dead-letters", "replay", "4711"), 4),
        (("relay", "dead-letters", "show", "4711"), 4),
        (("relay", "dead-letters", "edit", "4711", "--about", "x"), 4),
        (("relay", "dead-letters", "edit", "4711", "--payload", "["), 3),
    ],
)
def test_refusals_have_their_exit_code_and_one_document(stocked: Twin, words, code):
    split = words.index("--") if "--" in words else len(words)
    ran = stocked(*words[:split], "--json", *words[split:], code=code)
    assert ran.error["message"]
    assert ran.error["message"] in ran.err
    assert stocked(*words, code=code).out == ""


def test_stock_is_received_counted_and_listed(stocked: Twin):
    received = stocked("stock", "receive", "RAM-1", "20", "--reason", "delivery 4711", "--key", "d1", "--json").document
    assert received["available_stock"] == 25
    assert stocked("stock", "receive", "RAM-1", "20", "--reason", "delivery 4711", "--key", "d1", "--json").document[
        "replayed"
    ]
    counted = stocked("stock", "adjust", "RAM-1", "--set", "24", "--expected", "25", "--reason", "count", "--json")
    assert counted.document["available_stock"] == 24
    rows = stocked("stock", "show", "--warehouse", "WH1", "--json").document["rows"]
    assert {row["sku"]: row["available_stock"] for row in rows} == {"RAM-1": 24, "RAM-2": 5, "A=B": 5}
    assert [row["sku"] for row in stocked("stock", "show", "--sku", "RAM-", "--json").document["rows"]] == [
        "RAM-1",
        "RAM-2",
    ]
    assert "delivery 4711" in stocked("stock", "movements", "RAM-1").out


# -- who may, and what is away ---------------------------------------------------------------------------------------


def test_what_the_actor_may_not_do_is_denied(stocked: Twin, shop):
    from data.access.messages import SaveStaff

    shop.door.run(SaveStaff(email="lin@example.com", first_name="Lin", roles=("analyst",)), shop.actor)
    lin = {"STOREKEEPER_ACTOR": "lin@example.com"}
    error = stocked("orders", "place", ANN, "--line", "RAM-1=1", "--json", code=7, env=lin).error
    assert (error["code"], error["permission"]) == ("denied", "orders.place")
    stocked("cache", "warm", code=7, env=lin)
    assert stocked("stock", "show", "RAM-1", "--json", env=lin).document["total"] == 1
    shop.door.run(SaveStaff(email="pat@example.com", first_name="Pat", roles=("warehouse",)), shop.actor)
    stocked("customers", "search", code=7, env={"STOREKEEPER_ACTOR": "pat@example.com"})
    stocked("orders", "list", code=4, env={"STOREKEEPER_ACTOR": "stranger@example.com"})


def test_a_store_that_is_away_is_named(twin: Twin, tmp_path):
    away = {"STOREKEEPER_POSTGRES_URL": f"postgresql:///shop?host={tmp_path}"}
    error = twin("orders", "list", "--json", code=8, env=away).error
    assert (error["code"], error["store"]) == ("unavailable", "postgresql")
    away = {"STOREKEEPER_REDIS_URL": f"unix://{tmp_path}/redis.sock"}
    assert twin("cache", "status", "--json", code=8, env=away).document["ok"] is False
    report = twin("doctor", "--json", code=8, env=away)
    assert report.document["down"] == ["redis"]
    assert "redis is down" in report.err
    states = {each["store"]: each["ok"] for each in report.document["stores"]}
    assert states == {"postgresql": True, "mongodb": True, "search": True, "redis": False, "clickhouse": True}


def test_doctor_on_a_healthy_shop(twin: Twin):
    report = twin("doctor", "--json").document
    assert report["ok"] is True
    assert len(report["stores"]) == 5
    assert all(each["ok"] and each["engine"] and each["version"] for each in report["stores"])
    assert report["migrations"]["ok"] is True
    assert "reconcile" in twin("doctor").out


def test_doctor_beside_a_dead_engine_and_an_empty_database(twin: Twin, settings, tmp_path):
    # The first start on a machine where one engine does not come up: nothing was migrated yet.
    import psycopg

    empty = settings.postgres_url.replace("postgresql:///", "postgresql:///empty_", 1)
    name = empty.removeprefix("postgresql:///").partition("?")[0]
    with psycopg.connect(settings.postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    away = {"STOREKEEPER_POSTGRES_URL": empty, "STOREKEEPER_REDIS_URL": f"unix://{tmp_path}/redis.sock"}
    report = twin("doctor", "--json", code=8, env=away).document
    assert report["down"] == ["redis"]
    assert (report["migrations"]["ok"], report["relay"]["ok"]) == (False, None)
    with psycopg.connect(settings.postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_mismatch_is_printed_and_exits_1(stocked: Twin, shop):
    from sqlalchemy import text

    with shop.stores.postgres.engine.begin() as connection:
        connection.execute(
            text("UPDATE inventory SET available_stock = available_stock + 1, total_stock = total_stock + 1")
        )
    found = stocked("reconcile", "--json", code=1).document
    assert found["ok"] is False
    assert found["rows"]
    assert {"sku", "warehouse_id", "stored", "expected"} <= found["rows"][0].keys()
    assert "RAM-1" in stocked("reconcile", code=1).out


# -- hostile text ----------------------------------------------------------------------------------------------------


def test_a_hostile_name_is_inert_wherever_it_is_shown(twin: Twin, parts):
    twin("products", "import", str(parts), "--stock", "WH1=50")
    for number, text in enumerate(STORABLE):
        email = f"h{number}@example.com"
        twin("customers", "add", email, "--first-name", text[:90], "--json")
        twin("customers", "address", "add", email, *ADDRESS)
    twin("orders", "place", "h0@example.com", "--line", "RAM-1=1", "--note", "".join(STORABLE)[:900])
    twin(
        "products",
        "edit",
        "RAM-2",
        "--set",
        f"title=x{STORABLE[3]}{STORABLE[9]}",
        "--set",
        f"attributes.note={STORABLE[0]}",
    )
    number = twin("orders", "list", "--json").document["rows"][0]["order_number"]
    for words in (
        ("customers", "search"),
        ("customers", "show", "h0@example.com"),
        ("orders", "list"),
        ("orders", "show", number),
        ("products", "show", "RAM-2"),
        ("customers", "show", "no\x1b]0;x\x07body", 4),
    ):
        code = words[-1] if isinstance(words[-1], int) else 0
        plain = [word for word in words if isinstance(word, str)]
        for ran in (twin(*plain, code=code), twin(*plain, "--json", code=code)):
            for said in (ran.out, ran.err):
                assert not set(said) & set("\x1b\x07\x9b\x9d\x90\u202e\u200b\u200d\ufeff\r\t")
    rows = twin("customers", "search", "--limit", "100", "--json").document["rows"]
    stored = {row["email"]: row["first_name"] for row in rows}
    assert stored["h0@example.com"] == STORABLE[0]  # shown inert, kept as it came


# -- as a process ----------------------------------------------------------------------------------------------------


def test_narration_never_touches_standard_output(program: Twin):
    ran = program("stock", "show", "--json")
    assert ran.document["rows"] == []


def test_ctrl_c_stops_an_import_between_rows_and_a_second_run_finishes_it(settings, program: Twin, tmp_path):
    file = tmp_path / "many.jsonl"
    with file.open("w") as rows:
        for number in range(15_000):
            rows.write(json.dumps({"sku": f"S-{number}", "title": f"Part {number}", "base_price": 1}) + "\n")
    process = subprocess.Popen(
        [*PROGRAM, "products", "import", str(file), "--json"],
        env=environ_of(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    while b"rows" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    report = json.loads(out)
    assert report["cancelled"] is True
    assert 0 < report["created"] == report["rows"] < 15_000
    again = program("products", "import", str(file), "--no-wait", "--json").document
    assert (again["created"], again["unchanged"]) == (15_000 - report["created"], report["created"])


def test_demo_data_is_loaded_once_and_only_into_local_engines(home):
    words = ("demo", "load", "--products", "30", "--customers", "5", "--orders", "5", "--if-new", "--json")
    environ = environ_of(home)

    def load(env: dict[str, str]) -> dict[str, object]:
        ran = subprocess.run([*PROGRAM, *words], env=environ | env, capture_output=True, timeout=120, check=True)
        return json.loads(ran.stdout)

    # A server is somebody's shop: it is not even asked.
    assert load({"STOREKEEPER_REDIS_URL": "redis://127.0.0.1:1"}) == {"loaded": False}
    first = load({})
    assert (first["loaded"], first["products"], first["orders"]) == (True, 30, 5)
    assert load({}) == {"loaded": False}


def test_an_argument_that_is_not_text_is_refused(program: Twin):
    error = program("customers", "show", os.fsdecode(b"x\xff"), "--json", code=3).error
    assert error["fields"] == {"ref": "is not valid text (UTF-8)"}
    assert program("customers", "add", os.fsdecode(b"x\xff@example.com"), "--json", code=3).error["code"] == "invalid"
