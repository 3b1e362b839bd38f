"""Rule 20 of what a first version must prove: bulk actions on orders, a real hole in every open peer."""

from __future__ import annotations

from data.bulk.reads import list_rows
from data.bulk.runs import dry_run, make_job, run_job
from data.orders.bulk.targets import of_line
from data.orders.messages import ChangeOrderStatus
from data.shop import Shop
from tests.orders_world import customer, one, place, product, sql, warehouses

ORDERS = 8


def test_rule_20_all_in_a_filter_dry_run_first_stopped_gone_on_and_one_audit_entry_for_each_row(shop: Shop) -> None:
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 50})
    user = customer(shop)
    placed = [place(shop, user, ("RAM", 1)).result for _ in range(ORDERS)]
    gone = ChangeOrderStatus(order_id=placed[3].order_id, new_status="cancelled", reason="twice")
    shop.door.run(gone, shop.actor)
    job = make_job(shop, "orders.hold", {"reason": "stocktaking"}, of_line(shop, "customer:ann"))
    told = dry_run(shop, job.job_id)
    assert (told.total, told.changed, told.refused) == (ORDERS, ORDERS - 1, 1)
    assert one(shop, "SELECT count(*) FROM orders WHERE hold_reason IS NOT NULL") == 0
    asked = iter((False, False, False, True))
    stopped = run_job(shop, job.job_id, cancelled=lambda: next(asked))
    assert (stopped.state, stopped.done) == ("stopped", 3)
    done = run_job(shop, job.job_id)
    assert (done.state, done.changed, done.refused) == ("done", ORDERS - 1, 1)
    outcomes = {row.label: row.outcome for row in list_rows(shop.stores.postgres, job.job_id).rows}
    assert outcomes == {order.order_number: "changed" for order in placed} | {placed[3].order_number: "refused"}
    assert one(shop, "SELECT count(*) FROM orders WHERE hold_reason = 'stocktaking'") == ORDERS - 1
    entries = sql(shop, "SELECT target_id, idempotency_key, xmin::text FROM audit_log WHERE command = 'orders.hold'")
    assert {entry[0] for entry in entries} == {str(order.order_id) for order in placed if order != placed[3]}
    for part in range(3):  # of its own order, under its own key, in its own transaction
        assert len({entry[part] for entry in entries}) == len(entries) == ORDERS - 1
