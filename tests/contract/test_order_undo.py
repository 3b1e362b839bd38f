"""Taking back what was done to an order: by a counter-entry, never over what was done since, never what is for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from data.access.messages import SaveStaff
from data.access.reads import actor_by_email
from data.errors import Conflict, Denied, NotFound, OutOfStock
from data.ids import new_id
from data.notes.messages import AddNote
from data.orders.handling.messages import AssignOrder, HoldOrder, ReleaseOrder
from data.orders.life import ORDER_STEPS
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits, MarkLines
from data.orders.reads import get_order
from data.orders.timeline import timeline
from data.shipments.messages import BoxInput, ShipOrder
from data.shop import Shop
from data.stock.messages import AdjustStock
from data.stock.reads import reconcile
from data.undo.messages import Undo, Undone
from data.undo.reads import next_undo
from tests.orders_world import customer, one, place, product, sql, warehouses


@pytest.fixture
def order_id(shop: Shop) -> UUID:
    """An order of 3 RAM and 1 CAB, from WH1; WH2 has 2 RAM."""
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM", {"WH1": 10, "WH2": 2})
    product(shop, "CAB", {"WH1": 5})
    found: UUID = place(shop, customer(shop), ("RAM", 3, "WH1"), ("CAB", 1, "WH1")).result.order_id
    return found


def do(shop: Shop, command: Any, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def undo(shop: Shop, order_id: UUID, change_key: str = "") -> Undone:
    undone: Undone = do(shop, Undo(change_key=change_key, area="orders", target_id=str(order_id)))
    return undone


def step(shop: Shop, order_id: UUID, *statuses: str) -> None:
    for status in statuses:
        do(shop, ChangeOrderStatus(order_id=order_id, new_status=status))


def states(shop: Shop, order_id: UUID) -> set[tuple[str, str | None, int, str]]:
    items = get_order(shop.stores.postgres, order_id).items
    return {(item.sku, item.warehouse_id, item.allocated_quantity, item.fulfillment_status) for item in items}


def whole(shop: Shop) -> None:
    """The ledger and the lines agree."""
    assert not reconcile(shop.stores.postgres)


def test_only_steps_that_move_neither_stock_nor_money_go_back() -> None:
    assert {step.after for step in ORDER_STEPS if step.reversible} == {"confirmed", "processing"}
    assert not any(step.reversible and (step.stock or step.money) for step in ORDER_STEPS)


def test_steps_go_back_one_by_one_and_leave_their_times_right(shop: Shop, order_id: UUID) -> None:
    step(shop, order_id, "confirmed")
    confirmed = get_order(shop.stores.postgres, order_id).confirmed_at
    step(shop, order_id, "processing")
    assert undo(shop, order_id).sentence.endswith("is confirmed again")
    after = get_order(shop.stores.postgres, order_id)
    assert (after.order_status, after.confirmed_at, after.version) == ("confirmed", confirmed, 4)
    assert undo(shop, order_id).sentence.endswith("is pending again")
    after = get_order(shop.stores.postgres, order_id)
    assert (after.order_status, after.confirmed_at) == ("pending", None)
    assert [one.new_status for one in after.history] == ["pending", "confirmed", "processing", "confirmed", "pending"]
    assert after.history[-1].change_reason == "taken back: confirmed"
    with pytest.raises(NotFound, match="change to take back"):
        undo(shop, order_id)
    step(shop, order_id, "confirmed")  # a step taken back may be taken again


def test_what_went_on_since_is_never_taken_back(shop: Shop, order_id: UUID) -> None:
    step(shop, order_id, "confirmed", "processing")
    units = (LineUnits(sku="CAB", quantity=1),)
    do(shop, ShipOrder(order_id=order_id, boxes=(BoxInput(warehouse_id="WH1", lines=units),)))
    with pytest.raises(Conflict, match="were sent since"):
        undo(shop, order_id)
    do(shop, ShipOrder(order_id=order_id))
    with pytest.raises(Conflict, match="is shipped by now"):
        undo(shop, order_id)
    assert get_order(shop.stores.postgres, order_id).order_status == "shipped"
    whole(shop)


def test_marks_go_back_to_what_each_line_was(shop: Shop, order_id: UUID) -> None:
    do(shop, AllocateOrder(order_id=order_id, lines=(LineUnits(sku="RAM", quantity=2),), to_warehouse="WH2"))
    do(shop, MarkLines(order_id=order_id, state="picked", warehouse_id="WH2"))
    do(shop, MarkLines(order_id=order_id, state="packed"))
    assert {state for *_, state in states(shop, order_id)} == {"packed"}
    undo(shop, order_id)
    assert states(shop, order_id) == {
        ("RAM", "WH1", 1, "allocated"), ("RAM", "WH2", 2, "picked"), ("CAB", "WH1", 1, "allocated"),
    }  # fmt: skip
    undo(shop, order_id)
    assert {state for *_, state in states(shop, order_id)} == {"allocated"}


def test_a_move_to_another_warehouse_goes_back_by_difference(shop: Shop, order_id: UUID) -> None:
    do(shop, AllocateOrder(order_id=order_id, lines=(LineUnits(sku="RAM", quantity=2),), to_warehouse="WH2"))
    sentence = undo(shop, order_id).sentence
    assert sentence.endswith("2 × RAM at WH1 again")
    held = [(item.warehouse_id, item.allocated_quantity) for item in get_order(shop.stores.postgres, order_id).items]
    assert sorted(held) == [("WH1", 1), ("WH1", 1), ("WH1", 2)]  # rows are never merged
    levels = sql(shop, "SELECT warehouse_id, reserved_stock FROM inventory WHERE sku = 'RAM' ORDER BY 1")
    assert levels == [("WH1", 3), ("WH2", 0)]
    whole(shop)


def test_a_move_back_finds_no_stock_that_others_took(shop: Shop, order_id: UUID) -> None:
    ram = one(shop, "SELECT product_id FROM inventory WHERE sku = 'RAM' LIMIT 1")
    do(shop, AllocateOrder(order_id=order_id, lines=(LineUnits(sku="RAM", quantity=2),), to_warehouse="WH2"))
    do(shop, AdjustStock(product_id=ram, warehouse_id="WH1", set_available=1, reason="counted"))
    with pytest.raises(OutOfStock):
        undo(shop, order_id)
    assert ("RAM", "WH2", 2, "allocated") in states(shop, order_id)


def test_a_note_is_withdrawn_and_its_words_stay_in_the_timeline(shop: Shop, order_id: UUID) -> None:
    do(shop, AddNote(order_id=order_id, body="wrong order\nsorry"))
    assert undo(shop, order_id).sentence == "Note taken back: wrong order"
    assert one(shop, "SELECT count(*) FROM order_notes") == 0
    (entry,) = timeline(shop.stores.postgres, order_id, kinds=("note",)).rows
    assert (entry.what, entry.why) == ("note taken back", "wrong order\nsorry")


def test_what_cannot_go_back_is_stepped_over_and_counted(shop: Shop, order_id: UUID) -> None:
    do(shop, AddNote(order_id=order_id, body="call first"), "note")
    do(shop, CancelLines(order_id=order_id, reason="one less", lines=(LineUnits(sku="CAB", quantity=1),)))
    found = next_undo(shop.stores.postgres, shop.actor.user_id, area="orders", target_id=str(order_id))
    assert found is not None
    assert (found.command, found.key, found.since) == ("orders.note", "note", 1)


def test_nobody_takes_back_what_another_did_or_may_no_longer_do(shop: Shop, order_id: UUID) -> None:
    step(shop, order_id, "confirmed")
    do(shop, SaveStaff(email="wes@shop.example", first_name="Wes", last_name="Noor", roles=("warehouse",)))
    wes = replace(shop, actor=actor_by_email(shop.stores.postgres, "wes@shop.example"))
    with pytest.raises(NotFound):
        undo(wes, order_id)
    do(wes, MarkLines(order_id=order_id, state="picked"))
    do(shop, SaveStaff(email="wes@shop.example", first_name="Wes", last_name="Noor", roles=("catalogue",)))
    wes = replace(shop, actor=actor_by_email(shop.stores.postgres, "wes@shop.example"))
    with pytest.raises(Denied, match=r"orders\.ship"):
        undo(wes, order_id)
    assert undo(shop, order_id).sentence.endswith("is pending again")  # mine, over theirs: no line of it moved


def test_whose_an_order_is_and_its_hold_go_back_both_ways(shop: Shop, order_id: UUID) -> None:
    def stands() -> tuple[str, str]:
        order = get_order(shop.stores.postgres, order_id)
        return order.assigned_to, order.hold_reason

    me = shop.actor.name
    do(shop, AssignOrder(order_id=order_id, email="me"))
    do(shop, HoldOrder(order_id=order_id, reason="address"))
    do(shop, HoldOrder(order_id=order_id, reason="flood", until=datetime.now(UTC) + timedelta(days=2)))
    do(shop, ReleaseOrder(order_id=order_id))
    for sentence, state in (
        ("is on hold again", (me, "flood")),
        ("is on hold again", (me, "address")),
        ("is not held any more", (me, "")),
        ("is nobody's again", ("", "")),
    ):
        assert undo(shop, order_id).sentence.endswith(sentence)
        assert stands() == state
    labels = [change.label for entry in timeline(shop.stores.postgres, order_id).rows for change in entry.changes]
    assert set(labels) == {"assigned to", "on hold"}


def test_a_hold_that_would_be_over_and_what_is_somebody_elses_by_now_stay(shop: Shop, order_id: UUID) -> None:
    do(shop, HoldOrder(order_id=order_id, reason="flood", until=datetime.now(UTC) + timedelta(days=2)))
    do(shop, ReleaseOrder(order_id=order_id))
    released = one(shop, "SELECT idempotency_key FROM audit_log WHERE command = 'orders.release'")
    step(shop, order_id, "confirmed")
    do(shop, ShipOrder(order_id=order_id))
    with pytest.raises(Conflict, match="is shipped by now; nothing was undone"):
        undo(shop, order_id, released)
    key = str(new_id())
    do(shop, AssignOrder(order_id=order_id, email="me"), key)
    do(shop, AssignOrder(order_id=order_id, email="none"))
    with pytest.raises(Conflict, match="colleague"):
        undo(shop, order_id, key)


def test_undo_of_the_catalog_leaves_orders_alone_and_is_made_once(shop: Shop, order_id: UUID) -> None:
    step(shop, order_id, "confirmed")
    with pytest.raises(NotFound):
        do(shop, Undo(area="catalog"))
    command = Undo(area="orders", target_id=str(order_id))
    first = shop.door.run(command, shop.actor, key="once")
    again = shop.door.run(command, shop.actor, key="once")
    assert (first.replayed, again.replayed, first.result) == (False, True, again.result)
    assert get_order(shop.stores.postgres, order_id).version == 3
