"""Drafts that hold stock until a date: whoever sells meanwhile, one person takes one on, one order comes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import UUID

import msgspec
import pytest

from data.errors import Conflict, Denied, Invalid, NotFound, OutOfStock
from data.ids import new_id
from data.orders.drafts.commands import as_order, get_draft, list_drafts, place_held
from data.orders.drafts.messages import DraftContent, DraftLine, HoldDraft, TakeDraft
from data.shop import Shop
from data.stock.reads import reconcile
from tests.desk_world import at_the_desk
from tests.orders_world import ADDRESS, customer, one, place, product, sql, warehouses
from tests.torture.load import deadlocks


@pytest.fixture
def user(shop: Shop) -> UUID:
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 10})
    return customer(shop)


def hold(shop: Shop, user: UUID | None, units: int, draft_id: UUID | None = None, days: float = 2) -> UUID:
    content = DraftContent(user_id=user, lines=(DraftLine(sku="RAM", quantity=units),))
    until = datetime.now(UTC) + timedelta(days=days)
    command = HoldDraft(draft_id=draft_id or new_id(), content=content, until=until)
    held: UUID = shop.door.run(command, shop.actor).result.draft_id
    return held


def free(shop: Shop) -> int:
    return int(one(shop, "SELECT available_stock FROM inventory"))


def order(shop: Shop, draft_id: UUID) -> object:
    command = as_order(draft_id, get_draft(shop.stores.postgres, draft_id))
    command = msgspec.structs.replace(command, shipping_address=ADDRESS)
    return place_held(shop, command, draft_id).result


def test_what_is_held_nobody_else_sells_and_the_draft_itself_does(shop: Shop, user: UUID) -> None:
    draft_id = hold(shop, user, 8)
    with pytest.raises(OutOfStock):
        place(shop, user, ("RAM", 3))
    place(shop, user, ("RAM", 2))
    assert free(shop) == 0
    order(shop, draft_id)
    assert one(shop, "SELECT sum(quantity) FROM order_items") == 10
    assert one(shop, "SELECT count(*) FROM reservations WHERE released_at IS NULL") == 0
    assert (free(shop), reconcile(shop.stores.postgres)) == (0, ())


def test_the_hold_is_what_is_sold_and_what_is_free_besides_stays_free(shop: Shop, user: UUID) -> None:
    order(shop, hold(shop, user, 4))
    assert (free(shop), one(shop, "SELECT reserved_stock FROM inventory")) == (6, 4)


def test_an_order_takes_over_what_its_draft_holds_in_one_transaction(shop: Shop, user: UUID) -> None:
    product(shop, "FAN", {"WH1": 3})
    draft_id = hold(shop, user, 8)
    lines = (DraftLine(sku="RAM", quantity=5), DraftLine(sku="FAN", quantity=3))
    content = DraftContent(user_id=user, lines=lines)
    until = datetime.now(UTC) + timedelta(days=1)
    shop.door.run(HoldDraft(draft_id=draft_id, content=content, until=until), shop.actor)
    shop.door.run(HoldDraft(draft_id=draft_id, content=content, until=until), shop.actor)
    changed = msgspec.structs.replace(content, lines=(DraftLine(sku="RAM", quantity=9),))
    command = msgspec.structs.replace(as_order(draft_id, changed), shipping_address=ADDRESS)
    done = place_held(shop, command, draft_id, key="once")
    again = place_held(shop, command, draft_id, key="once")
    assert (again.replayed, again.result) == (True, done.result)
    moved = sql(
        shop,
        "SELECT i.sku, m.kind, m.quantity, m.xmin::text FROM inventory_movements m JOIN inventory i"
        " USING (product_id, warehouse_id) ORDER BY m.sequence DESC LIMIT 3",
    )
    assert sorted(row[:3] for row in moved) == [("FAN", "release", 3), ("RAM", "release", 5), ("RAM", "reserve", 9)]
    assert len({row[3] for row in moved}) == 1, "nobody gets in between"
    assert sql(shop, "SELECT DISTINCT outcome FROM reservations") == [("ordered",)]
    levels = sql(shop, "SELECT sku, available_stock, reserved_stock FROM inventory ORDER BY sku")
    assert levels == [("FAN", 3, 0), ("RAM", 1, 9)]
    assert reconcile(shop.stores.postgres) == ()


def test_no_stranger_gets_what_a_draft_holds_while_it_is_placed(shop: Shop, user: UUID) -> None:
    """All there is of two products in two warehouses is held; six hands want it while the draft becomes an order."""
    warehouses(shop, "WH2")
    over = Event()

    def stranger(number: int, skus: tuple[str, str]) -> int:
        got = 0
        while not over.is_set():
            try:
                place(shop, user, *((sku, 1) for sku in skus[:: -1 if number % 2 else 1]))
                got += 1
            except OutOfStock:
                continue
        return got

    for turn in range(3):
        skus = f"A{turn}", f"B{turn}"
        for sku in skus:
            product(shop, sku, {"WH1": 2, "WH2": 2})
        content = DraftContent(user_id=user, lines=tuple(DraftLine(sku=sku, quantity=4) for sku in skus))
        until = datetime.now(UTC) + timedelta(days=1)
        held = shop.door.run(HoldDraft(draft_id=new_id(), content=content, until=until), shop.actor).result
        over.clear()
        with ThreadPoolExecutor(6) as hands:
            trying = [hands.submit(stranger, number, skus) for number in range(6)]
            try:
                order(shop, held.draft_id)
            finally:
                over.set()
        assert [hand.result() for hand in trying] == [0] * 6
    assert sql(shop, "SELECT DISTINCT available_stock, reserved_stock FROM inventory WHERE sku <> 'RAM'") == [(0, 2)]
    assert deadlocks(shop.stores) == 0
    assert reconcile(shop.stores.postgres) == ()


def test_an_order_that_is_refused_leaves_its_draft_holding(shop: Shop, user: UUID) -> None:
    draft_id = hold(shop, user, 8)
    content = get_draft(shop.stores.postgres, draft_id)
    more = msgspec.structs.replace(content, lines=(DraftLine(sku="RAM", quantity=11),))
    with pytest.raises(OutOfStock):
        place_held(shop, msgspec.structs.replace(as_order(draft_id, more), shipping_address=ADDRESS), draft_id)
    assert free(shop) == 2


def test_a_draft_is_taken_on_by_one_and_ordered_once(shop: Shop, user: UUID) -> None:
    draft_id = hold(shop, user, 3)

    def take(number: int) -> bool:
        try:
            shop.door.run(TakeDraft(draft_id=draft_id), shop.actor, key=f"k{number}")
        except NotFound:
            return False
        return True

    command = msgspec.structs.replace(
        as_order(draft_id, get_draft(shop.stores.postgres, draft_id)), shipping_address=ADDRESS
    )
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(8))) == 1
    assert list_drafts(shop.stores.postgres).rows == ()
    place_held(shop, command, draft_id)
    with pytest.raises(Conflict, match="is order"):
        place_held(shop, command, draft_id)
    assert one(shop, "SELECT count(*) FROM orders") == 1


def test_drafts_are_listed_held_again_and_dropped(shop: Shop, user: UUID) -> None:
    late, soon = hold(shop, user, 2, days=9), hold(shop, None, 1, days=1)
    hold(shop, user, 5, late, days=8)
    first = list_drafts(shop.stores.postgres, limit=1)
    rest = list_drafts(shop.stores.postgres, after=first.after, limit=1)
    assert [(row.draft_id, row.customer, row.units, row.is_due) for row in (*first.rows, *rest.rows)] == [
        (soon, "", 1, False),
        (late, "Ann Lee", 5, False),
    ]
    assert rest.after is None
    assert free(shop) == 4
    shop.door.run(TakeDraft(draft_id=late, release=True), shop.actor)
    assert free(shop) == 9


def test_what_cannot_be_held_is_refused_whole(shop: Shop, user: UUID) -> None:
    with pytest.raises(OutOfStock):
        hold(shop, user, 11)
    for days in (-1, 31):
        with pytest.raises(Invalid, match="until"):
            hold(shop, user, 1, days=days)
    with pytest.raises(NotFound, match="customer"):
        hold(shop, new_id(), 1)
    with pytest.raises(Invalid, match="customer"):
        as_order(new_id(), DraftContent(lines=(DraftLine(sku="RAM", quantity=1),)))
    with pytest.raises(Denied):
        hold(at_the_desk(shop, "analyst"), user, 1)
    assert (free(shop), list_drafts(shop.stores.postgres).rows) == (10, ())
