"""The page of an order: boxes, money, returns, cancelling by line, warehouses, undo, by keyboard on real engines."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from data.orders.reads import get_order
from data.payments.messages import BeginPayment
from data.payments.simulator import Simulator
from data.returns.reads import returns_of
from data.shipments.reads import parcels_of
from data.stock.reads import reconcile
from tests.desk_world import at_the_desk, furnish, pay, step
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from uuid import UUID

    from data.orders.reads import OrderDetail
    from data.shop import Shop
    from tests.desk_world import Desk


async def _open(desk: Running, number: str) -> None:
    desk.app.open_screen("order", order_number=number)
    await desk.sees("› Orders › " + number, "─ Timeline")


async def _tabs(desk: Running, count: int) -> None:
    await desk.press(*["enter"] * count)


def _now(world: Desk, name: str = "new") -> OrderDetail:
    return get_order(world.shop.stores.postgres, world.number(name))


def _sent(world: Desk, order_id: UUID) -> list[tuple[str, str, str, list[tuple[int, str]]]]:
    return [
        (box.warehouse_id, box.carrier, box.tracking_number, [(item.quantity, item.sku) for item in box.items])
        for box in parcels_of(world.shop.stores.postgres, order_id)
    ]


async def test_boxes_are_packed_by_hand_and_the_rest_follows(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    step(world, world.orders["new"], "confirmed", "processing")
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        await desk.press("b")
        await desk.reads("Boxes of", "3 units to be sent, 0 parcels", "delivered no parcel is on its way")
        await desk.press("p")
        await desk.sees("Picked:", "‹ WH1 ›")
        await desk.press("enter")
        await desk.sees("1 line picked  u undo", "2 units  to pack")
        await desk.press("b", "s")
        await desk.sees("3 units to be sent · WH1 2 · WH2 1", "picked")
        await desk.press("-")
        await desk.sees("2 units in 2 boxes · 1 unit left behind")
        await desk.press("n")
        await desk.sees("─ Box 2 · WH1", "3 units in 3 boxes")
        await desk.press("t")
        await desk.sees("Label of box 2, from WH1")
        await desk.type("[b]1Z999[/b]")
        await desk.press("enter")
        await desk.type("UPS")
        await desk.press("enter")
        await desk.sees("UPS [b]1Z999[/b]")
        await desk.press("down")
        await desk.press("delete")
        await desk.sees("─ No box · WH2", "1 unit left behind")
        await desk.press("enter")
        await desk.reads("Ships 2 units of", "in 2 boxes out of WH1. 1 unit stays behind. This cannot be taken back.")
        await desk.press("enter")
        await desk.sees("2 parcels sent, 1 unit still to be sent", "1 unit to be sent", "UPS [b]1Z999[/b] · 1")
        assert _sent(world, _now(world).order_id) == [
            ("WH1", "", "", [(1, "RAM-0412")]),
            ("WH1", "UPS", "[b]1Z999[/b]", [(1, "RAM-0412")]),
        ]
        await desk.press("s", "enter", "enter")
        await desk.sees("1 parcel sent", "◕ shipped")
        assert "u undo" not in desk.text  # what was done before is not what u would take back now
        assert not reconcile(shop.stores.postgres)


async def test_one_parcel_arrives_and_then_the_others(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    step(world, world.orders["new"], "confirmed", "shipped")
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        await desk.press("down", "down")
        await desk.press("b", "d")
        await desk.reads("Marks the parcel from WH1 as delivered")
        await desk.press("enter")
        await desk.sees("1 parcel arrived", "◕ shipped")
        await desk.press("s", "enter")
        await desk.sees("is delivered", "● delivered")


async def test_what_was_packed_is_not_sent_over_a_change_by_somebody_else(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    step(world, world.orders["new"], "confirmed", "processing")
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        await desk.press("s")
        await desk.sees("─ Box 2")
        step(world, world.orders["new"], "cancelled")
        await desk.press("enter", "enter")
        await desk.sees("Nothing of", "is left to be sent", "Somebody changed the order meanwhile: packed anew")
        assert _sent(world, _now(world).order_id) == []


async def test_money_is_held_taken_and_given_back_by_line(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        total = _now(world).total_amount
        await desk.press("$")
        await desk.reads("Money of", f"{total:,.2f} due", "refund no captured money is left")
        await desk.press("a")
        await desk.reads(f"Holds {total:,.2f} USD", "by manual", "It can be let go again.")
        await desk.press("ctrl+s")
        await desk.sees(f"authorised {total:,.2f} USD by manual", "due")
        await desk.press("$", "c")
        await desk.reads(f"Takes {total:,.2f} USD", "Nothing is due then. This cannot be taken back.")
        await desk.press("ctrl+u")
        await desk.type("9999")
        await desk.press("enter")
        await desk.sees("must be above 0 and at most")
        await desk.press("up", "ctrl+u")
        await desk.type(f"{total - 20:.2f}")
        await desk.press("ctrl+s")
        await desk.sees(f"captured {total - 20:,.2f} USD by manual, 20.00 due")
        await desk.press("$", "c", "ctrl+s")
        await desk.sees("captured 20.00 USD by manual")
        step(world, world.orders["new"], "confirmed", "shipped")
        await desk.press("r", "$", "r")
        await desk.reads("Refund of", f"{total:,.2f} USD may be given back", "Back into stock", "From manual")
        await desk.type("scratched")
        await desk.press("enter")
        await desk.type("1")
        await desk.reads(f"(captured {total:,.2f}, refunded 0.00)", "This cannot be taken back.")
        await desk.press("ctrl+s")
        await desk.sees("refunded ", "USD by manual")
        after = _now(world)
        assert after.refunded_amount > 79
        assert after.due_amount == 0
        assert sum(item.credited_quantity for item in after.items) == 1
        assert not reconcile(shop.stores.postgres)


async def test_a_refund_takes_parts_of_several_payments_and_no_cent_too_much(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    for amount in ("50.00", "30.00"):
        pay(world, world.orders["new"], Decimal(amount))
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        await desk.press("$", "r")
        await desk.reads("80.00 USD may be given back", "of 30.00, from here", "of 50.00, from here")
        await desk.type("goodwill")
        await desk.press("enter", "enter")
        await desk.type("90")
        await desk.reads("90.00 is more than the 80.00 that may be given back")
        await desk.press("ctrl+u")
        await desk.type("25")
        await desk.press("enter")
        await desk.type("10")
        await desk.reads("Gives 25.00 USD back", "55.00 may follow.", "The parts come to 10.00.")
        await desk.press("ctrl+s")
        await desk.sees("shares: must add up to the refund of 25.00")
        await desk.press("enter")
        await desk.type("15")
        await desk.press("ctrl+s")
        await desk.sees("refunded 10.00 USD by card", "refunded 25.00 ·")
        given = sorted(one.amount for one in _now(world).payments if one.kind == "refund")
        assert given == [Decimal("10.00"), Decimal("15.00")]


async def test_a_silent_gateway_leaves_a_step_that_is_asked_for_again(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    gateway = Simulator().start()
    try:
        settings = msgspec.structs.replace(shop.settings, gateway_url=gateway.url)
        async with running(dataclasses.replace(world.shop, settings=settings)) as desk:
            await _open(desk, world.number("new"))
            total = _now(world).total_amount
            gateway.behave("drop_after")
            await desk.press("$", "c", "down", "end")
            await desk.press("right", "right")
            await desk.sees("by gateway.")
            await desk.press("ctrl+s")
            await desk.reads("the provider does not answer: a step waits, $ w asks again")
            await desk.sees(f"capture of {total:,.2f} ◌ waits for an answer")
            await desk.press("$")
            await desk.reads("capture nothing is due")
            await desk.press("w")
            await desk.sees(f"captured {total:,.2f} USD by gateway", "due 0.00")
            assert len(gateway.books()) == 1
            assert _now(world).due_amount == 0
            other = world.orders["part"]
            gateway.behave("decline")
            world.do(BeginPayment(order_id=other.order_id, kind="capture", provider="gateway"))
            await _open(desk, other.order_number)
            await desk.press("$", "w")
            await desk.sees("capture of", "✗ failed", f"due {other.total_amount - 20:,.2f}")
    finally:
        gateway.stop()


async def test_a_return_is_asked_for_received_inspected_and_exchanged(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    order = world.orders["new"]
    step(world, order, "confirmed", "shipped")
    pay(world, order, order.total_amount)
    async with running(world.shop, size=(80, 50)) as desk:
        await _open(desk, order.order_number)
        await desk.press("R")
        await desk.reads("Returns and exchanges", "receive no return is on its way")
        await desk.press("n")
        await desk.sees("Return of", "Say how many.", "of 2")
        await desk.type("3")
        await desk.press("enter")
        await desk.sees("must be between 0 and 2")
        await desk.press("up", "ctrl+u")
        await desk.type("2")
        await desk.sees("Asks 2 units back.")
        await _tabs(desk, 2)
        await desk.type("blinks")
        await desk.press("enter")
        await desk.sees("Return of 2 units asked for", "○ asked for", "2 RAM-0412 – blinks")
        await desk.press("R", "r")
        await desk.sees("Receive: blinks", "Notes 2 units at WH1")
        await desk.press("ctrl+s")
        await desk.sees("2 of 2 units received; R i inspects", "◑ to inspect")
        await desk.press("R", "i")
        await desk.sees("Inspect: blinks", "2 units back in stock")
        await desk.press("enter")
        await desk.type("1")
        await desk.sees("1 unit back in stock, 1 kept as damaged")  # the rest follows what is typed beside it
        await desk.press("up", "ctrl+u")
        await desk.type("1")
        await desk.press("enter", "ctrl+u")
        await desk.type("2")
        await desk.sees("Too many: 3 are decided on, 2 arrived.")
        await desk.press("ctrl+u")
        await desk.type("1")
        await desk.press("ctrl+s")
        await desk.sees("1 restocked, 1 damaged;", "to refund, $ r gives it back", "● inspected")
        (row,) = returns_of(shop.stores.postgres, order.order_id)
        assert [(item.restocked_quantity, item.damaged_quantity) for item in row.items] == [(1, 1)]
        await desk.press("R", "x")
        await desk.sees("Exchange for: blinks", "RAM-0412=2")
        await desk.press("ctrl+u")
        await desk.type("CAB-0044=1")
        await desk.press("enter")
        await desk.sees("Exchange drafted, balance", "exchange draft, balance")
        await desk.press("R", "p")
        await desk.reads("Places the exchange, total", "to give back. This cannot be taken back.")
        await desk.press("enter")
        await desk.sees("Exchange placed as", "exchange placed as")
        assert not reconcile(shop.stores.postgres)


async def test_units_of_one_line_are_cancelled_and_the_price_follows(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        before = _now(world)
        await desk.press("c")
        await desk.sees(f"Cancels {world.number('new')}: {before.total_amount:,.2f} USD off the price")
        await desk.type("one too many")
        await desk.press("enter", "ctrl+u")
        await desk.type("1")
        await desk.press("enter", "ctrl+u")
        await desk.reads("Cancels 1 unit:", "1 reserved can be sold again. This cannot be taken back.")
        await desk.press("ctrl+s")
        await desk.sees("1 unit cancelled,", "USD off", "cancelled in part – one too many")
        after = _now(world)
        assert (after.order_status, sum(item.cancelled_quantity for item in after.items)) == ("pending", 1)
        assert 79 < before.due_amount - after.due_amount < 100


async def test_units_are_served_from_elsewhere_and_u_takes_it_back(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        await desk.press("b", "w")
        await desk.reads("Serves 2 RAM-0412 from WH2 instead of WH1; WH2 has 4 to spare.", "u takes it back.")
        await desk.press("ctrl+s")
        await desk.sees("2 units served from elsewhere  u undo", "2 × RAM-0412  WH1 → WH2")
        assert {item.warehouse_id for item in _now(world).items} == {"WH2"}
        await desk.press("u")
        await desk.sees("2 × RAM-0412 at WH1 again", "2 × RAM-0412  WH2 → WH1")
        assert {item.warehouse_id for item in _now(world).items} == {"WH1", "WH2"}
        await desk.press("b", "t")
        await desk.reads("Chooses warehouses anew for 3 units", "fewest parcels")
        await desk.press("ctrl+s")
        await desk.sees("2 units served from elsewhere  u undo")
        assert {item.warehouse_id for item in _now(world).items} == {"WH2"}
        assert not reconcile(shop.stores.postgres)


async def test_u_takes_back_at_once_what_was_just_done_and_asks_before_anything_older(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        await desk.press("u")
        await desk.reads("You did nothing to this order that can be taken back")
        await desk.press("s", "enter")
        await desk.sees("is confirmed  u undo")
        await desk.press("u")
        await desk.reads("is pending again", "○ pending", "pending – taken back: confirmed")
        await desk.press("m")
        await desk.type("wrong customer")
        await desk.press("ctrl+s")
        await desk.sees("Noted")
        await desk.press("u")
        await desk.sees("Takes back your note (now).")
        await desk.press("enter")
        await desk.reads("Note taken back: wrong customer", "note taken back – wrong customer")


async def test_the_desk_tags_and_holds_an_order_and_u_takes_it_back(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    step(world, world.orders["new"], "confirmed", "processing")
    async with running(world.shop) as desk:
        await _open(desk, world.number("new"))
        await desk.press("t")
        await desk.type("gift")
        await desk.press("enter")
        await desk.until(lambda: desk.text.splitlines()[-2].rstrip().endswith("#gift"))
        await desk.press("h")
        await desk.type("fraud check")
        await desk.press("ctrl+s")
        await desk.sees("is on hold")
        await desk.press("s")
        await desk.reads("next step: on hold: fraud check; h lets it go")
        await desk.press("u")
        await desk.reads("Takes back your hold")
        await desk.press("enter")
        await desk.sees("is not held any more", "s ship")
        await desk.press("h")
        await desk.type("stock count")
        await desk.press("ctrl+s")
        await desk.sees("is on hold")
        await desk.press("h")
        await desk.sees("may be sent again")
        assert not _now(world).hold_reason


async def test_who_may_not_sees_each_family_with_the_reason(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    step(world, world.orders["new"], "confirmed", "processing")
    async with running(at_the_desk(shop, "analyst", "Amy")) as desk:
        await _open(desk, world.number("new"))
        for key, second, needs in (
            ("b", "s", "orders.ship"),
            ("R", "n", "returns.request"),
            ("$", "r", "payments.refund"),
        ):
            await desk.press(key)
            await desk.reads(f"needs {needs}", "a key or Enter does it Esc leaves")
            await desk.press(second)
            await desk.reads(f": needs {needs}, which Amy Keller does not have")
            await desk.press("escape")
        await desk.press("u")
        await desk.sees("undo: needs changes.undo")
