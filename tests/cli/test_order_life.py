"""The verbs of an order's life, end to end: two boxes, a cancelled unit, money taken and given back."""

from __future__ import annotations

import json

import pytest

from data.payments.simulator import Simulator
from data.shop import Shop
from tests.cli.conftest import Twin
from tests.orders_world import warehouses

ADDRESS = ("--street", "1 Main", "--city", "Salem", "--state", "OR", "--postal-code", "97301", "--country", "US")


@pytest.fixture
def sold(twin: Twin, shop: Shop, tmp_path) -> tuple[Twin, str]:
    """A confirmed order of 3 RAM-1 and 1 RAM-2 (10.00 each), stock in WH1 and WH2."""
    warehouses(shop, "WH1", "WH2")
    file = tmp_path / "parts.jsonl"
    rows = [{"sku": sku, "title": sku, "base_price": 10} for sku in ("RAM-1", "RAM-2")]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    twin("products", "import", str(file), "--stock", "WH1=5", "--stock", "WH2=5")
    twin("customers", "add", "ann@example.com", "--first-name", "Ann")
    twin("customers", "address", "add", "ann@example.com", *ADDRESS)
    words = ("--line", "RAM-1=3", "--line", "RAM-2=1", "--warehouse", "WH1")
    ref = twin("orders", "place", "ann@example.com", *words, "--json").document["order_number"]
    twin("orders", "status", ref, "confirmed")
    return twin, ref


def test_an_order_is_split_sent_cancelled_in_part_and_delivered(sold: tuple[Twin, str], tmp_path) -> None:
    twin, ref = sold
    words = ("--line", "RAM-1=1", "--from", "WH1", "--to", "WH2")
    assert twin("orders", "allocate", ref, *words, "--json").document["moved"] == 1
    assert twin("orders", "mark", ref, "packed", "--json").document["lines"] == 3
    assert twin("orders", "undo", ref, "--json").document["command"] == "orders.mark"
    assert twin("orders", "mark", ref, "picked", "--warehouse", "WH1", "--json").document["lines"] == 2
    cancel = ("orders", "cancel", ref, "--line", "RAM-2=1", "--reason", "no", "--key", "k", "--json")
    cancelled = twin(*cancel).document
    assert (cancelled["units"], cancelled["credit"], cancelled["replayed"]) == (1, 10.0, False)
    assert twin(*cancel).document["replayed"] is True
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps([{"warehouse_id": place, "tracking_number": f"T-{place}"} for place in ("WH1", "WH2")]))
    sent = twin("orders", "ship", ref, "--boxes", str(boxes), "--json").document
    assert (sent["order_status"], [box["units"] for box in sent["parcels"]]) == ("shipped", [2, 1])
    rows = twin("orders", "parcels", ref, "--json").document["rows"]
    assert [row["tracking_number"] for row in rows] == ["T-WH1", "T-WH2"]
    assert "T-WH2" in twin("orders", "parcels", ref).out
    twin("orders", "deliver", ref, "--parcel", rows[0]["shipment_id"])
    assert twin("orders", "deliver", ref, "--json").document["order_status"] == "delivered"
    assert twin("orders", "ship", ref, "--json", code=3).error["code"] == "invalid"
    assert twin("reconcile", "--json").document["ok"]


def test_money_is_taken_and_given_back_and_a_lost_answer_found(sold: tuple[Twin, str]) -> None:
    twin, ref = sold
    gateway = Simulator().start()
    try:
        env = {"STOREKEEPER_GATEWAY_URL": gateway.url}
        gateway.behave("drop_after")
        capture = ("payments", "capture", ref, "--provider", "gateway", "--key", "k", "--json")
        assert twin(*capture, code=8, env=env).error["store"] == "gateway"
        done = twin("payments", "resume", "--older-than", "0", "--json", env=env).document
        assert [each["status"] for each in done["settled"]] == ["succeeded"]
        assert twin(*capture, env=env).document["owed"] == 0
        twin("orders", "cancel", ref, "--line", "RAM-1=1", "--reason", "no")
        back = twin("payments", "refund", ref, "--reason", "cancelled", "--json", env=env).document
        assert back["refund"]["amount"] == 10
        twin("payments", "refund", ref, "--amount", "999", "--reason", "r", code=5, env=env)
        gateway.behave("decline")
        twin("payments", "refund", ref, "--amount", "1", "--reason", "r", code=5, env=env)
        shown = twin("payments", "show", ref, "--json").document
        assert (shown["money"]["refunded"], shown["owed"], len(shown["refunds"])) == (10, -1, 2)
        assert "declined by the bank" in twin("payments", "show", ref).out
        assert len(gateway.books()) == 3
    finally:
        gateway.stop()


def test_stock_moves_between_warehouses_and_is_held_for_a_while(sold: tuple[Twin, str]) -> None:
    twin, _ = sold
    moved = twin("stock", "transfer", "RAM-2", "2", "--from", "WH1", "--to", "WH2", "--json").document
    assert (moved["source"]["available_stock"], moved["target"]["available_stock"]) == (2, 7)
    held = twin("stock", "hold", "cart", "ann", "--line", "RAM-2=8", "--json").document
    assert sum(each["quantity"] for each in held["units"]) == 8
    assert twin("stock", "holds", "--json").document["total"] == 2
    assert "ann" in twin("stock", "holds", "--expire").out
    assert twin("stock", "release", "cart", "ann", "--json").document["units"] == []
    assert twin("reconcile", "--json").document["ok"]


def test_a_return_is_received_inspected_and_exchanged(sold: tuple[Twin, str]) -> None:
    twin, ref = sold
    twin("orders", "ship", ref)
    twin("payments", "capture", ref)
    asked = twin("returns", "request", ref, "--line", "RAM-1=2", "--reason", "bent", "--json").document["return_id"]
    assert twin("returns", "receive", asked, "--json").document["received"] == 2
    words = ("returns", "inspect", asked, "--restock", "RAM-1=1", "--damaged", "RAM-1=1", "--key", "k", "--json")
    done = twin(*words).document
    assert (done["status"], done["owed"]) == ("inspected", -20.0)
    assert twin(*words).document["replayed"] is True
    assert twin("returns", "show", asked, "--json").document["items"][0]["damaged_quantity"] == 1
    assert ref in twin("returns", "list", "--order", ref).out
    draft = twin("returns", "exchange", asked, "--line", "RAM-2=1", "--json").document
    number = twin("returns", "place", draft["exchange_id"], "--json").document["order_number"]
    assert number in json.dumps(twin("returns", "show", asked, "--json").document)
    twin("returns", "show", "nothing", "--json", code=4)
    assert twin("reconcile", "--json").document["ok"]
