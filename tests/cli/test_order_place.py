"""Orders from a cart, with a code, and like one of before, by the headless twin."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from data.carts.carts import add_line, get_cart
from data.shop import Shop
from tests.cli.conftest import Twin
from tests.orders_world import customer, one, product, warehouses

ANN = "ann@lee.example"


@pytest.fixture
def stocked(twin: Twin, shop: Shop) -> Twin:
    """A shop with 9 units of a product and a customer with an address in Oregon, where nothing is taxed."""
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 9})
    customer(shop, ANN)
    address = ("--street", "1 Main St", "--city", "Portland", "--state", "OR", "--postal-code", "97201")
    twin("customers", "address", "add", ANN, *address, "--country", "US")
    return twin


def test_codes_are_added_used_listed_and_stopped(stocked: Twin) -> None:
    made = stocked("codes", "add", "summer", "--percent", "10", "--uses", "1", "--minimum", "5", "--json").document
    assert (made["code"], made["uses_at_most"], made["replayed"]) == ("SUMMER", 1, False)
    placed = stocked("orders", "place", ANN, "--line", "RAM=2", "--code", "summer", "--json").document
    assert (placed["discount_amount"], placed["total_amount"]) == (2.00, 22.90)
    refused = stocked("orders", "place", ANN, "--line", "RAM=2", "--code", "summer", "--json", code=3).error
    assert refused["fields"] == {"code": "SUMMER was used 1 times, as often as it may be"}
    told = stocked("codes", "list").out
    assert "SUMMER" in told
    assert "as often as it may be" in told
    stocked("codes", "add", "late", "--amount", "5", "--until", "2020-01-01", "--json")
    assert "ended 2020-01-01" in stocked("codes", "list").out
    assert stocked("codes", "stop", "late", "--json").document["is_active"] is False
    assert [row["code"] for row in stocked("codes", "list", "--json").document["rows"]] == ["LATE", "SUMMER"]
    stocked("codes", "add", "x", "--percent", "ten", code=3)
    stocked("codes", "add", "x", "--percent", "5", "--until", "soon", code=3)
    stocked("codes", "stop", "none", code=4)


def test_a_code_in_a_file(stocked: Twin, tmp_path) -> None:
    stocked("codes", "add", "FIVER", "--amount", "5")
    file = tmp_path / "order.json"
    file.write_text(json.dumps({"customer": ANN, "lines": [{"sku": "RAM", "quantity": 1}], "code": "fiver"}))
    assert ", 5.00 off" in stocked("orders", "place", "--file", str(file)).out


def test_a_cart_is_ordered_once_and_then_empty(stocked: Twin, shop: Shop) -> None:
    user_id = one(shop, "SELECT user_id FROM users WHERE email = :e", e=ANN)
    ram = one(shop, "SELECT product_id FROM inventory")
    add_line(shop.stores.redis, user_id, ram, "RAM", 3)
    stocked("orders", "place", ANN, "--cart", "--line", "RAM=1", code=2)
    placed = stocked("orders", "place", "--cart", ANN, "--key", "k", "--json").document
    assert [(item["sku"], item["quantity"]) for item in placed["items"]] == [("RAM", 3)]
    assert get_cart(shop.stores.redis, user_id).lines == ()
    again = stocked("orders", "place", "--cart", ANN, "--key", "k", "--json", code=5).error
    assert placed["order_number"] in again["message"]
    stocked("orders", "place", "--cart", ANN, code=3)
    assert one(shop, "SELECT count(*) FROM orders") == 1


def test_an_order_is_placed_again(stocked: Twin) -> None:
    first = stocked("orders", "place", ANN, "--line", "RAM=4", "--shipping-method", "express", "--json").document
    second = stocked("orders", "duplicate", first["order_number"], "--key", "k", "--json").document
    assert (second["total_amount"], second["items"]) == (first["total_amount"], first["items"])
    assert stocked("orders", "duplicate", first["order_number"], "--key", "k", "--json").document["replayed"] is True
    stocked("orders", "duplicate", first["order_number"], code=6)
    stocked("orders", "duplicate", "0000-0000", code=4)


def test_the_tax_table_is_listed_set_and_removed(stocked: Twin) -> None:
    assert [row["percent"] for row in stocked("taxes", "list", "de", "--json").document["rows"]] == [19]
    stocked("taxes", "set", "US", "--state", "OR", "--percent", "10", "--label", "Sales tax", "--no-shipping")
    placed = stocked("orders", "place", ANN, "--line", "RAM=2", "--json").document
    assert (placed["tax_amount"], placed["total_amount"]) == (2.00, 26.90)
    assert "own" in stocked("taxes", "list", "--own").out
    stocked("taxes", "remove", "US", "--state", "OR")
    assert stocked("taxes", "list", "--own", "--json").document == {"rows": []}
    stocked("taxes", "set", "DE", "--percent", "much", code=3)
    stocked("taxes", "remove", "DE", code=4)


def test_a_draft_holds_stock_until_it_is_placed_or_dropped(stocked: Twin, shop: Shop) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    held = stocked("orders", "place", ANN, "--line", "RAM=7", "--hold-until", until, "--key", "k", "--json").document
    again = stocked("orders", "place", ANN, "--line", "RAM=7", "--hold-until", until, "--key", "k", "--json").document
    assert (again["draft_id"], again["replayed"]) == (held["draft_id"], True)
    stocked("orders", "place", ANN, "--line", "RAM=3", code=6)
    assert "Ann Lee" in stocked("orders", "drafts").out
    placed = stocked("orders", "place", "--draft", held["draft_id"], "--json").document
    assert placed["items"][0]["quantity"] == 7
    assert stocked("orders", "drafts", "--json").document["rows"] == []
    stocked("orders", "place", "--draft", held["draft_id"], code=4)
    other = stocked("orders", "place", ANN, "--line", "RAM=2", "--hold-until", until, "--json").document
    stocked("orders", "drafts", "--drop", other["draft_id"])
    assert one(shop, "SELECT available_stock FROM inventory") == 2
    stocked("orders", "place", ANN, "--line", "RAM=2", "--hold-until", "someday", code=3)
    stocked("orders", "drafts", "--drop", "nothing", code=4)
