"""``orders edit``: what a file asks for is previewed, refused by field, and done once."""

from __future__ import annotations

import json

from tests.cli.conftest import Twin
from tests.orders_world import customer, place, product, warehouses


def test_an_edit_from_a_file_is_previewed_then_done_then_a_conflict(twin: Twin, shop, tmp_path):
    warehouses(shop, "WH1")
    product(shop, "RAM-1", {"WH1": 5})
    product(shop, "RAM-2", {"WH1": 5})
    number = place(shop, customer(shop), ("RAM-1", 2)).result.order_number
    file = tmp_path / "changes.json"
    file.write_text(json.dumps({"lines": [{"sku": "RAM-1", "quantity": 3}], "add": [{"sku": "RAM-2"}], "notes": "hi"}))
    asked = ("orders", "edit", number, "--file", str(file))

    shown = twin(*asked, "--preview", "--json").document
    assert (shown["preview"], shown["version"], shown["now"]["subtotal"]) == (True, 2, 40.0)
    assert twin("orders", "show", number, "--json").document["version"] == 1
    told = twin(*asked, "--preview").out
    assert "3 fields would be changed" in told
    assert "RAM-1 quantity" in told

    total = str(shown["now"]["total_amount"])
    done = twin(*asked, "--expected-version", "1", "--expected-total", total, "--key", "k1", "--json").document
    assert (done["preview"], done["replayed"], done["changed"]) == (False, False, shown["changed"])
    again = twin(*asked, "--expected-version", "1", "--expected-total", total, "--key", "k1", "--json").document
    assert again["replayed"]
    refused = twin(*asked, "--expected-version", "1", "--json", code=5).error
    assert refused["code"] == "conflict"
    assert refused["current"]["order"]["lines"][0]["sku"] == "RAM-1"


def test_changes_that_can_not_be_are_refused_by_field(twin: Twin, shop, tmp_path):
    warehouses(shop, "WH1")
    product(shop, "RAM-1", {"WH1": 5})
    number = place(shop, customer(shop), ("RAM-1", 2)).result.order_number
    file = tmp_path / "changes.json"
    for content, code, field in (
        ({"lines": [{"sku": "RAM-1", "quantity": "3"}]}, 3, "lines[0].quantity"),
        ({"lines": [{"sku": "RAM-1", "price": 3}]}, 3, "lines[0]"),
        ({"lines": [{"sku": "RAM-1", "unit_price": 3.5}]}, 3, "lines[0].reason"),
        ({"lines": [{"sku": "RAM-1", "quantity": 50}]}, 6, None),
    ):
        file.write_text(json.dumps(content))
        error = twin("orders", "edit", number, "--file", str(file), "--preview", "--json", code=code).error
        assert field is None or list(error["fields"]) == [field]
