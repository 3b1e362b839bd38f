"""Jobs over many orders, on real stores behind the real door: dry run, every action, a kill in the middle, papers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import text

from data.bulk.messages import NoteRows, RowDone, RunBatch
from data.bulk.reads import Job, get_job, list_rows
from data.bulk.runs import DryRun, dry_run, make_job, run_job
from data.catalog.messages import EditProduct
from data.catalog.reads import get_product
from data.documents.many import save_papers
from data.errors import Conflict, Denied, Invalid, NotFound
from data.orders.bulk.targets import marked, named, of_line
from data.orders.exports import export_orders
from data.orders.handling.messages import HoldOrder
from data.orders.messages import ChangeOrderStatus, PlacedOrder
from data.orders.reads import get_order
from data.payments.flow import resume, take
from data.payments.messages import BeginPayment, RecordPayment
from data.payments.simulator import Simulator
from data.shop import Shop
from data.undo.messages import Undo
from tests.desk_world import at_the_desk
from tests.orders_world import customer, one, place, product, sql, warehouses

if TYPE_CHECKING:
    from data.command import Command

NAMES = ("paid", "also paid", "unpaid", "pending", "held", "cancelled", "shipped")


@pytest.fixture
def orders(shop: Shop) -> dict[str, PlacedOrder]:
    """One order of each of ``NAMES``; all but two are paid in full."""
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 30, "WH2": 5})
    ann = customer(shop)
    orders = {name: place(shop, ann, ("RAM", 2)).result for name in NAMES}
    for name in NAMES:
        if name not in ("unpaid", "cancelled"):
            amount = orders[name].total_amount
            do(shop, RecordPayment(order_id=orders[name].order_id, kind="capture", amount=amount))
        if name not in ("pending", "cancelled"):
            do(shop, ChangeOrderStatus(order_id=orders[name].order_id, new_status="confirmed"))
    do(shop, ChangeOrderStatus(order_id=orders["cancelled"].order_id, new_status="cancelled", reason="r"))
    do(shop, ChangeOrderStatus(order_id=orders["shipped"].order_id, new_status="shipped"))
    do(shop, HoldOrder(order_id=orders["held"].order_id, reason="address"))
    return orders


def do(shop: Shop, command: Command) -> Any:
    return shop.door.run(command, shop.actor).result


def job_for(shop: Shop, orders: dict[str, PlacedOrder], action: str, *names: str, **arguments: Any) -> Job:
    numbers = [orders[name].order_number for name in names or NAMES]
    return make_job(shop, f"orders.{action}", arguments, named(shop, numbers))


def tried(shop: Shop, orders: dict[str, PlacedOrder], action: str, *names: str, **arguments: Any) -> DryRun:
    return dry_run(shop, job_for(shop, orders, action, *names, **arguments).job_id)


def outcomes(shop: Shop, orders: dict[str, PlacedOrder], job: Job) -> dict[str, tuple[str | None, str]]:
    """Return outcome and message by the order's name."""
    names = {order.order_number: name for name, order in orders.items()}
    rows = list_rows(shop.stores.postgres, job.job_id).rows
    return {names[row.label]: (row.outcome, row.message) for row in rows}


def statuses(shop: Shop, orders: dict[str, PlacedOrder]) -> dict[str, str]:
    return {name: get_order(shop.stores.postgres, order.order_number).order_status for name, order in orders.items()}


def test_a_dry_run_says_what_can_be_shipped_and_why_the_rest_can_not(
    shop: Shop, orders: dict[str, PlacedOrder]
) -> None:
    job = make_job(shop, "orders.ship", {}, of_line(shop, "customer:ann"))
    before = statuses(shop, orders)
    told = dry_run(shop, job.job_id)
    assert sorted(told.reasons) == [("cancelled", 1), ("not confirmed", 1), ("not paid", 1), ("on hold", 1)]
    assert told.sentence.startswith("2 of 7 can be shipped; 1 is so already; 4 cannot: ")
    assert statuses(shop, orders) == before
    heard: list[int] = []
    done = run_job(shop, job.job_id, report=lambda progress: heard.append(progress.done))
    assert (done.state, done.changed, done.unchanged, done.refused) == ("done", 2, 1, 4)
    assert heard == [1, 2, 3, 4, 5, 6, 7]
    made = outcomes(shop, orders, done)
    assert made["paid"] == ("changed", "sends 2 units")
    assert made["unpaid"] == ("refused", f"not paid: {orders['unpaid'].total_amount:,.2f} USD due")
    assert made["held"] == ("refused", "on hold: address")
    after = statuses(shop, orders)
    assert [name for name in NAMES if after[name] != before[name]] == ["paid", "also paid"]
    rows = sql(shop, "SELECT target_id, idempotency_key FROM audit_log WHERE command = 'orders.ship'")
    assert len(rows) == len({key for _, key in rows}) == 2  # each order its own transaction and its own audit row
    unpaid = job_for(shop, orders, "ship", "unpaid", unpaid=True)
    assert run_job(shop, unpaid.job_id).changed == 1


def test_a_job_over_orders_leaves_the_catalogs_undo_alone(shop: Shop, orders: dict[str, PlacedOrder]) -> None:
    ram = get_product(shop.stores.mongo, "RAM")
    do(shop, EditProduct(product_id=ram.product_id, changes={"title": "Memory"}))
    run_job(shop, job_for(shop, orders, "tag", "paid", "unpaid", tags=["gift"]).job_id)
    assert do(shop, Undo(area="catalog")).command == "catalog.edit"
    assert get_product(shop.stores.mongo, "RAM").title == ram.title


ACTIONS: tuple[tuple[str, dict[str, Any], dict[str, int], str], ...] = (
    ("confirm", {}, {"changed": 1, "unchanged": 5, "refused": 1}, "pending → confirmed"),
    ("hold", {"reason": "stocktaking", "until": "2126-01-01"}, {"changed": 5, "refused": 2}, "→ on hold"),
    ("release", {}, {"changed": 5, "unchanged": 2}, "on hold: stocktaking → released"),
    ("tag", {"tags": "Rush, #gift"}, {"changed": 7}, "+#rush +#gift"),
    ("untag", {"tags": ["gift", "other"]}, {"changed": 7}, "−#gift"),
    ("assign", {"email": "Ann@storekeeper.example"}, {"changed": 7}, "none → ann@storekeeper.example"),
    ("cancel", {"reason": "gone"}, {"changed": 5, "unchanged": 1, "refused": 1}, "confirmed → cancels 2 units"),
)


def test_every_action_is_tried_done_and_found_done(shop: Shop, orders: dict[str, PlacedOrder]) -> None:
    at_the_desk(shop)
    for action, arguments, expected, said in ACTIONS:
        told = tried(shop, orders, action, **arguments)
        assert {"changed": told.changed, "unchanged": told.unchanged, "refused": told.refused} == {
            "changed": 0, "unchanged": 0, "refused": 0,
        } | expected, (action, told)  # fmt: skip
        job = run_job(shop, job_for(shop, orders, action, **arguments).job_id)
        assert (job.changed, job.unchanged, job.refused) == (told.changed, told.unchanged, told.refused), action
        assert said in {message for _, message in outcomes(shop, orders, job).values()}, action
        assert run_job(shop, job_for(shop, orders, action, **arguments).job_id).changed == 0, action
    order = get_order(shop.stores.postgres, orders["unpaid"].order_number)
    assert (order.tags, order.assigned_to, order.order_status) == (("rush",), "Ann Keller", "cancelled")


def test_what_is_due_is_captured_of_authorisations_once(shop: Shop, orders: dict[str, PlacedOrder]) -> None:
    unpaid, part = orders["unpaid"], orders["pending"]
    take(shop, BeginPayment(order_id=unpaid.order_id, kind="authorise"))
    assert tried(shop, orders, "capture").sentence == "1 of 7 can be captured; 6 are so already."
    job = run_job(shop, job_for(shop, orders, "capture").job_id)
    made = outcomes(shop, orders, job)
    assert made["unpaid"] == ("changed", f"captured {unpaid.total_amount:,.2f} USD by manual")
    assert made["cancelled"] == ("unchanged", "nothing is due")
    assert get_order(shop.stores.postgres, unpaid.order_number).due_amount == 0
    assert run_job(shop, job_for(shop, orders, "capture").job_id).unchanged == 7
    assert part.total_amount > 0


def test_without_an_authorisation_money_is_only_booked_where_somebody_says_how_it_came(
    shop: Shop, orders: dict[str, PlacedOrder]
) -> None:
    due = orders["unpaid"].total_amount
    refused = run_job(shop, job_for(shop, orders, "capture", "unpaid").job_id)
    assert outcomes(shop, orders, refused)["unpaid"] == ("refused", f"no authorisation; {due:,.2f} USD due")
    booked = run_job(shop, job_for(shop, orders, "capture", "unpaid", provider="bank").job_id)
    assert outcomes(shop, orders, booked)["unpaid"] == ("changed", f"captured {due:,.2f} USD by bank")


class Killed(BaseException):
    """What a kill leaves: nothing after it runs."""


def test_a_job_that_was_killed_goes_on_and_does_no_order_twice(shop: Shop, orders: dict[str, PlacedOrder]) -> None:
    """Killed after some orders' commands, before their outcomes were noted: the keys tell what had been done."""
    take(shop, BeginPayment(order_id=orders["unpaid"].order_id, kind="authorise"))
    jobs = [
        job_for(shop, orders, "capture"),
        job_for(shop, orders, "ship"),
        job_for(shop, orders, "cancel", "pending", "held", "unpaid", reason="gone"),
    ]
    for job in jobs:
        rows = iter(range(job.total))

        def killed(rows: Iterator[int] = rows, last: int = job.total - 1) -> bool:
            if next(rows) == last:
                raise Killed
            return False

        with pytest.raises(Killed):
            run_job(shop, job.job_id, cancelled=killed)
        assert get_job(shop.stores.postgres, job.job_id).done == 0
        done = run_job(shop, job.job_id)
        assert (done.state, done.done) == ("done", done.total)
        with_outcome = outcomes(shop, orders, done)
        assert all(outcome is not None for outcome, _ in with_outcome.values())
    assert one(shop, "SELECT count(*) FROM payments WHERE kind = 'capture'") == 6
    assert one(shop, "SELECT count(*) FROM shipments") == 4
    assert one(shop, "SELECT count(*) FROM audit_log WHERE command = 'orders.ship'") == 3
    done_before = [row for row in list_rows(shop.stores.postgres, jobs[1].job_id).rows if "cut off" in row.message]
    assert done_before
    assert {row.outcome for row in done_before} == {"changed"}


@pytest.mark.parametrize(("action", "how"), [("capture", {}), ("cancel", {"reason": "gone"}), ("tag", {"tags": ["x"]})])
def test_a_job_gone_on_with_from_two_terminals_does_each_row_once(
    shop: Shop, orders: dict[str, PlacedOrder], action: str, how: dict[str, Any]
) -> None:
    """The slower one comes to a row that the other has just done and not noted, and notes it first: as done."""
    take(shop, BeginPayment(order_id=orders["unpaid"].order_id, kind="authorise"))
    job = job_for(shop, orders, action, "unpaid", "shipped", **how)
    looked, did, noted, asked = Event(), Event(), Event(), iter(range(2))

    def quick() -> bool:
        """Do the first row once the other has looked what is done; go on, and note it, once the other is through."""
        if next(asked):
            did.set()
            return not noted.wait(60)
        return not looked.wait(60)

    def slow() -> bool:
        looked.set()
        return not did.wait(60)

    with ThreadPoolExecutor(1) as terminal:
        other = terminal.submit(run_job, shop, job.job_id, cancelled=quick)
        try:
            done = run_job(shop, job.job_id, cancelled=slow)
        finally:
            noted.set()
        assert other.result().changed == done.changed
    assert (done.state, done.done, outcomes(shop, orders, done)["unpaid"][0]) == ("done", 2, "changed")
    written = "SELECT count(DISTINCT xmin::text) FROM audit_log WHERE idempotency_key = :key"
    assert one(shop, written, key=f"bulk:{job.job_id}:row:0") == 1


def test_a_job_is_stopped_between_two_orders_and_is_its_beginners(shop: Shop, orders: dict[str, PlacedOrder]) -> None:
    job = job_for(shop, orders, "tag", tags=["x"])
    asked = iter([False, False, True])
    stopped = run_job(shop, job.job_id, cancelled=lambda: next(asked))
    assert (stopped.state, stopped.done) == ("stopped", 2)
    other = at_the_desk(shop, "support", "Sue")
    with pytest.raises(Conflict, match="begun by"):
        run_job(other, job.job_id)
    assert run_job(shop, job.job_id).changed == 7
    with pytest.raises(Invalid, match="row by row"):
        do(shop, RunBatch(job_id=job.job_id, first=0, count=1))
    again = do(shop, NoteRows(job_id=job.job_id, rows=(RowDone(number=0, outcome="refused", message="late"),)))
    assert (again.refused, again.left) == (0, 0)
    with pytest.raises(Invalid):
        do(shop, NoteRows(job_id=job.job_id, rows=(RowDone(number=0, outcome="lost"),)))


def test_what_a_job_is_told_is_checked_before_it_begins(shop: Shop) -> None:
    wrong: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("hold", {"reason": " "}, "reason"),
        ("hold", {"reason": "x", "until": "soon"}, "until"),
        ("tag", {"tags": ""}, "tags"),
        ("assign", {"email": "me"}, "email"),
        ("cancel", {}, "reason"),
        ("capture", {"provider": "magic"}, "provider"),
    )
    for action, arguments, field in wrong:
        with pytest.raises(Invalid) as refused:
            make_job(shop, f"orders.{action}", arguments, [])
        assert list(refused.value.fields) == [field]


def test_a_job_needs_the_right_of_what_it_does(shop: Shop, orders: dict[str, PlacedOrder]) -> None:
    wes = at_the_desk(shop, "warehouse", "Wes")
    with pytest.raises(Denied):
        make_job(wes, "orders.cancel", {"reason": "x"}, named(wes, [orders["paid"].order_number]))
    assert run_job(wes, job_for(wes, orders, "ship", "paid").job_id).changed == 1


def test_an_assignment_to_nobody_here_and_an_unknown_number_begin_nothing(
    shop: Shop, orders: dict[str, PlacedOrder]
) -> None:
    with pytest.raises(NotFound, match="stranger"):
        tried(shop, orders, "assign", "paid", email="stranger@example.com")
    with pytest.raises(NotFound, match="K7M2"):
        named(shop, ["K7M2-XXXX"])
    assert list(marked(shop, ["K7M2-XXXX"])) == []


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    simulator = Simulator().start()
    yield simulator
    simulator.stop()


def test_a_gateway_that_is_away_refuses_its_order_and_stops_no_other(
    shop: Shop, orders: dict[str, PlacedOrder], gateway: Simulator
) -> None:
    """The step stays promised, and is asked for later; declined is an answer, and another reason."""
    till = dataclasses.replace(shop, settings=msgspec.structs.replace(shop.settings, gateway_url=gateway.url))
    for name in ("unpaid", "late", "declined"):
        if name not in orders:
            orders[name] = place(shop, customer(shop, f"{name}@example.com"), ("RAM", 1)).result
        take(till, BeginPayment(order_id=orders[name].order_id, kind="authorise", provider="gateway"))
    gateway.behave("drop_before", "decline")
    job = run_job(till, job_for(till, orders, "capture", "unpaid", "declined", "late").job_id)
    made = outcomes(till, orders, job)
    assert sorted(outcome or "" for outcome, _ in made.values()) == ["changed", "refused", "refused"]
    told = " ".join(message for outcome, message in made.values() if outcome == "refused")
    assert "no answer from the gateway" in told
    assert "declined" in told
    waiting = one(shop, "SELECT count(*) FROM payments WHERE kind = 'capture' AND status = 'pending'")
    assert waiting == 1
    resume(till, older_than=timedelta(0))
    assert gateway.total("capture") == sum(orders[name].total_amount for name in ("unpaid", "late"))


def test_papers_of_many_orders_come_in_one_file(shop: Shop, orders: dict[str, PlacedOrder], tmp_path: Path) -> None:
    numbers = [orders[name].order_number for name in NAMES]
    slips = save_papers(shop, numbers, "packing-slip", tmp_path / "slips.txt")
    pages = (tmp_path / "slips.txt").read_text().split("\f")
    assert (slips.made, len(pages)) == (6, 6)
    assert [number for number, _ in slips.refused] == [orders["cancelled"].order_number]
    assert all(orders[name].order_number in page for name, page in zip(NAMES[:5], pages, strict=False))
    save_papers(shop, numbers, "packing-slip", tmp_path / "slips.pdf")
    assert (tmp_path / "slips.pdf").read_bytes().count(b"/Type /Page\n") == 6
    picks = save_papers(shop, numbers, "pick-list", tmp_path / "picks.txt")
    told = (tmp_path / "picks.txt").read_text()
    assert (picks.made, "\f" in told) == (4, False)
    assert orders["held"].order_number not in told  # held back from shipping, so nobody walks for it
    stopped = save_papers(shop, numbers, "invoice", tmp_path / "not.txt", cancelled=lambda: True)
    assert (stopped.path, stopped.cancelled, (tmp_path / "not.txt").exists()) == (None, True, False)
    with pytest.raises(Invalid, match="none of 1"):
        save_papers(shop, [orders["cancelled"].order_number], "pick-list", tmp_path / "none.txt")


def test_the_marked_are_exported_whatever_the_line_says(
    shop: Shop, orders: dict[str, PlacedOrder], tmp_path: Path
) -> None:
    numbers = [orders[name].order_number for name in ("paid", "held")]
    done = export_orders(
        shop, "status:cancelled", ("order_number", "hold_reason"), numbers=numbers, path=tmp_path / "o.csv"
    )
    assert done.rows == 2
    assert sorted((tmp_path / "o.csv").read_text("utf-8-sig").splitlines()[1:]) == sorted(
        [f"{numbers[0]},", f"{numbers[1]},address"]
    )
    asked = one(shop, "SELECT after ->> 'query' FROM audit_log WHERE command = 'orders.export'")
    assert asked == "2 marked"


def test_all_in_a_filter_is_a_stream_of_pages(shop: Shop, orders: dict[str, PlacedOrder]) -> None:
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (order_number, user_id, subtotal, total_amount, shipping_address, billing_address,"
                " created_at) SELECT 'Z' || n, user_id, 1, 1, '{}', '{}', :at FROM generate_series(1, 1100) AS n,"
                " (SELECT user_id FROM orders LIMIT 1) AS u"
            ),
            {"at": datetime.now(UTC) - timedelta(days=3)},
        )
    job = make_job(shop, "orders.tag", {"tags": ["x"]}, of_line(shop, "status:pending total:<=1"))
    assert job.total == 1_100
    assert dry_run(shop, job.job_id).changed == 1_100
    assert Decimal(1) == one(shop, "SELECT max(total_amount) FROM orders WHERE order_number LIKE 'Z%'")
