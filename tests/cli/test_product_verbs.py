"""Changing products without the terminal: what goes in by one verb comes out by another."""

from __future__ import annotations

from tests.cli.conftest import Twin


def test_one_product_from_creating_to_taking_back(twin: Twin) -> None:
    sets = ("pricing.base_price=80", "category=Parts > Memory", "attributes.speed=6000")
    words = ["products", "create", "RAM-1", "--title", "Vengeance", "--key", "k1", "--json"]
    words += [word for each in sets for word in ("--set", each)]
    made, again = twin(*words), twin(*words)
    assert (made.document["action"], again.document["replayed"]) == ("created", True)
    refused = twin("products", "create", "RAM-1", "--title", "x", "--json", code=3)
    assert refused.error["fields"] == {"sku": "RAM-1 belongs to another product"}
    assert twin("products", "create", "X", "--title", "x", "--set", "nonsense=1", "--json", code=3).error["fields"]
    nested = ("--set", 'attributes.deep={"a": 1}', "--set", "attributes.ok=1", "--json")
    assert twin("products", "create", "X", "--title", "x", *nested, code=3).error["fields"].keys() == {
        "attributes.deep"
    }
    nested = ("--set", "deep=[[1]]", "--set", "ok=1", "--json")
    assert twin("products", "attributes", "RAM-1", *nested, code=3).error["fields"].keys() == {"attributes.deep"}
    twin("products", "attributes", "RAM-1", "--set", "note=null", "--rename", "speed=clock", "--key", "k2")
    assert twin("products", "show", "RAM-1", "--json").document["attributes"] == {"clock": 6000, "note": None}
    twin("products", "attributes", "RAM-1", "--remove", "clock", "--expected-version", "1", code=5)
    twin("products", "duplicate", "RAM-1", "RAM-2", "--title", "Copy")
    assert twin("products", "show", "RAM-2", "--json").document["status"] == "draft"
    twin("products", "archive", "RAM-1")
    assert "status is as it was before" in twin("undo").out
    twin("products", "archive", "RAM-1")
    twin("products", "restore", "RAM-1")
    assert twin("products", "show", "RAM-1", "--json").document["status"] == "active"
    twin("undo", "--change", "k2")
    assert twin("products", "show", "RAM-1", "--json").document["attributes"] == {"speed": 6000}
    twin("undo", "--change", "k2", code=4)


def test_many_products_by_a_job(twin: Twin) -> None:
    for sku, price in (("A", "10"), ("B", "20"), ("C", "30")):
        twin("products", "create", sku, "--title", sku, "--set", f"pricing.base_price={price}")
    tried = twin("products", "bulk", "A", "B", "--price-percent", "-10", "--dry-run", "--json").document
    assert (tried["changed"], tried["examples"][0]) == (2, ["A", "price 10.00 → 9.00"])
    done = twin("bulk", "run", tried["job_id"], "--json").document
    assert (done["state"], done["changed"]) == ("done", 2)
    rows = twin("bulk", "show", tried["job_id"], "--json").document["rows"]
    assert [row["outcome"] for row in rows] == ["changed", "changed"]
    assert twin("bulk", "back", tried["job_id"], "--json").document["changed"] == 2
    assert twin("products", "show", "A", "--json").document["pricing"]["base_price"] == 10.0
    assert "take back" in twin("bulk", "list").out
    attribute = twin("products", "bulk", "A", "C", "--attribute", "sizes=[1, 2]", "--json").document
    assert attribute["changed"] == 2
    assert twin("products", "show", "C", "--json").document["attributes"] == {"sizes": [1, 2]}
    twin("products", "bulk", "A", code=2)
    twin("products", "bulk", "--price-percent", "1", code=2)
    twin("products", "bulk", "NOPE", "--price-percent", "1", code=4)
    twin("products", "bulk", "A", "--filter", "", "--status", "draft", code=2)


def test_all_that_a_filter_finds(twin: Twin, shop) -> None:
    from data.events.relay import drain

    for sku, brand in (("A", "Acme"), ("B", "Acme"), ("C", "Other")):
        twin("products", "create", sku, "--title", sku, "--set", "pricing.base_price=1", "--set", f"brand={brand}")
    drain(shop, 20)
    done = twin("products", "bulk", "--filter", "brand:Acme", "--status", "archived", "--json").document
    assert done["changed"] == 2
    assert twin("products", "show", "C", "--json").document["status"] == "active"


def test_the_tree_of_categories(twin: Twin) -> None:
    twin("products", "create", "A", "--title", "A", "--set", "category=Parts > Memory")
    twin("categories", "save", "Parts > Cables", "--description", "wires")
    twin("categories", "order", "Memory", "Cables", "--parent", "Parts")
    assert twin("categories", "list").out.split() == ["Parts", "Memory", "Cables"]
    moved = twin("categories", "move", "Parts > Memory", "RAM", "--json").document
    assert (moved["path"], moved["products"]) == ("RAM", 1)
    assert twin("products", "show", "A", "--json").document["category"]["primary"] == "RAM"
    twin("categories", "move", "RAM", "Parts", code=5)
    twin("categories", "save", "RAM", "--closed")
    assert "RAM  (closed)" in twin("categories", "list").out


def test_out_of_the_shop_and_in_again(twin: Twin, shop, tmp_path) -> None:
    from data.events.relay import drain

    twin("products", "create", "A", "--title", "=1+1", "--set", "pricing.base_price=1", "--set", "attributes.n=null")
    drain(shop, 20)
    out = tmp_path / "out.csv"
    assert twin("products", "export", "", "--out", str(out), "--json").document["rows"] == 1
    assert twin("products", "export", "--columns", "sku,title").out == "\ufeffsku,title\r\nA,'=1+1\r\n"
    assert twin("products", "export", "nothing", "--format", "jsonl").out == ""
    again = twin("products", "import", str(out), "--dry-run", "--json").document
    assert (again["unchanged"], again["errors"]) == (1, 0)
    twin("products", "export", "--columns", "nonsense", code=3)
