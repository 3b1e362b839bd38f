"""The list's headless twin: tags, colleagues, holds, views, one thing done to many orders; killed and gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from data.bulk.reads import list_jobs, list_rows
from data.orders.messages import ChangeOrderStatus
from tests.cli.conftest import PROGRAM, Twin, environ_of
from tests.orders_world import customer, one, place, product, warehouses

if TYPE_CHECKING:
    from data.shop import Shop


def placed(shop: Shop, count: int) -> list[str]:
    """Place confirmed orders; return their numbers, oldest first."""
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 500})
    ann = customer(shop)
    orders = [place(shop, ann, ("RAM", 1)).result for _ in range(count)]
    for order in orders:
        shop.door.run(ChangeOrderStatus(order_id=order.order_id, new_status="confirmed"), shop.actor)
    return [order.order_number for order in orders]


def test_orders_are_tagged_listed_by_views_and_acted_on_in_bulk(shop: Shop, twin: Twin, tmp_path: Path) -> None:
    first, second, third = placed(shop, 3)
    assert twin("orders", "tag", first, "Rush", "gift wrap", "--json").document["tags"] == ["rush", "gift-wrap"]
    assert "tags gift-wrap" in twin("orders", "untag", first, "rush").out
    assert twin("orders", "assign", second, "me", "--json").document["email"]
    assert "on hold until" in twin("orders", "hold", third, "--reason", "gift", "--until", "2126-01-01").out
    assert twin("orders", "hold", third, "--json", code=3).error["fields"]["reason"]
    twin("views", "save", "Mine", "assigned:me", "--noun", "orders", "--on", "1")
    views = twin("views", "list", "--noun", "orders", "--json").document["views"]
    assert [(view["key"], view["name"], view["about"]["rows"]) for view in views][:2] == [
        (1, "Mine", 1),
        (2, "To ship", 2),
    ]
    rows = twin("orders", "list", "--view", "mine", "--columns", "order_number,assigned_to").out
    assert second in rows
    assert first not in rows
    assert [row["order_number"] for row in twin("orders", "list", "--filter", "-held", "--json").document["rows"]] == [
        second, first,
    ]  # fmt: skip
    tried = twin("orders", "bulk", "ship", "--view", "To ship", "--unpaid", "--dry-run", "--json").document
    assert (tried["changed"], tried["refused"]) == (2, 0)
    told = twin("orders", "bulk", "ship", first, second, third, "--dry-run").out
    assert told.startswith("0 of 3 can be shipped; 3 cannot: 2 not paid, 1 on hold.")
    done = twin("orders", "bulk", "ship", "--resume", tried["job_id"], "--json").document
    assert (done["state"], done["changed"]) == ("done", 2)
    slips = twin("orders", "bulk", "print", "--filter", "sku:RAM", "--file", str(tmp_path / "s.txt"), "--json").document
    assert (slips["made"], slips["refused"]) == (3, [])
    twin(
        "orders", "bulk", "export", first, third, "--file", str(tmp_path / "o.jsonl"), "--columns", "order_number,tags"
    )
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert {line["order_number"]: line["tags"] for line in lines} == {first: ["gift-wrap"], third: []}
    twin("orders", "bulk", "tag", "--filter", "ann", "--json", code=3)
    twin("orders", "bulk", "tag", "--tag", "x", code=2)
    twin("orders", "list", "--columns", "user_id", code=3)


def test_a_process_that_is_killed_in_the_middle_is_gone_on_with_from_two_terminals(shop: Shop, twin: Twin) -> None:
    placed(shop, 40)
    environ = environ_of(shop.settings)
    words = ("orders", "bulk", "ship", "--filter", "sku:RAM", "--unpaid", "--json")
    running = subprocess.Popen([*PROGRAM, *words], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shipped = "SELECT count(*) FROM shipments"
    deadline = time.monotonic() + 60
    while not one(shop, shipped) and running.poll() is None:
        assert time.monotonic() < deadline
    running.send_signal(signal.SIGKILL)
    running.wait()
    (job,) = list_jobs(shop.stores.postgres, shop.actor.user_id).rows
    words = ("orders", "bulk", "ship", "--resume", str(job.job_id), "--json")
    beside = subprocess.Popen([*PROGRAM, *words], env=environ, stdout=subprocess.DEVNULL)
    done = twin(*words).document
    assert beside.wait(60) == 0
    assert (done["state"], done["changed"], done["refused"]) == ("done", 40, 0)
    assert one(shop, shipped) == one(shop, "SELECT count(DISTINCT order_id) FROM shipments") == 40
    assert {row.outcome for row in list_rows(shop.stores.postgres, job.job_id).rows} == {"changed"}
