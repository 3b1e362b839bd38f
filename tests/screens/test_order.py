"""One order: its page, its steps with their confirms, a change by somebody else, a store that is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.orders.reads import get_order
from screens.shown import clock_at
from tests.desk_world import NOON, at_the_desk, furnish, step
from tests.screens.away import postgresql_away
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop
    from tests.desk_world import Desk


async def _open(desk: Running, world: Desk, name: str) -> None:
    desk.app.open_screen("order", order_number=world.number(name))
    await desk.sees("› Orders › " + world.number(name), "─ Timeline")


async def test_the_page_tells_lines_money_parcels_and_events(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await _open(desk, world, "new")
            rows = (await desk.sees("placed, 2 lines")).splitlines()
            assert rows[1].startswith("○ pending · placed 12 min ago by phone · Ann Lee")
            assert rows[1].endswith("v1")
            assert "RAM-0412" in rows[4]
            assert rows[4].endswith("79.95     159.90")
            screen = "\n".join(rows)
            assert "items 172.40   shipping 4.90" in screen
            assert "○ unpaid · to be paid by invoice · nothing taken yet" in screen
            assert "WH1      2 units  to pick" in screen
            assert "WH2       1 unit  to pick" in screen
            assert "call first" in screen
            assert "s confirm" in rows[-1]


async def test_an_order_walks_from_confirm_to_delivered(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        for word, sentence, status in (
            ("confirm", "Confirms", "confirmed"),
            ("start work", "Starts work on", "processing"),
        ):
            await desk.sees(f"s {word}")
            await desk.press("s")
            await desk.reads(sentence, "u takes it back.", "Enter does it Esc leaves")
            await desk.press("enter")
            await desk.sees(f"{world.number('new')} is {status}  u undo", f" {status} · placed")
        await desk.press("s")
        await desk.sees("› Ship", "─ Box 1 · WH1", "─ Box 2 · WH2", "3 units in 2 boxes")
        await desk.press("enter")
        await desk.reads("Ships 3 units of", "in 2 boxes out of WH1 and WH2.", "This cannot be taken back.")
        await desk.press("enter")
        await desk.sees("2 parcels sent", "◕ shipped · placed", "WH2       1 unit  sent")
        await desk.press("s")
        await desk.reads("Marks all 2 parcels as delivered to Ann Lee. This cannot be taken back.")
        await desk.press("enter")
        await desk.sees(f"{world.number('new')} is delivered", "● delivered · placed", "arrived")
        await desk.press("s")
        await desk.sees("next step: an order that is delivered has no next step")
        order = get_order(shop.stores.postgres, world.number("new"))
        assert [step.new_status for step in order.history][1:] == ["confirmed", "processing", "shipped", "delivered"]


async def test_cancelling_needs_a_reason_and_frees_the_stock(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world, "part")
        await desk.press("c")
        await desk.reads("3 reserved can be sold again", "20.00 USD stay to be refunded", "This cannot be taken back.")
        await desk.press("ctrl+s")
        await desk.sees("is needed")
        await desk.type("twice by mistake")
        await desk.press("ctrl+s")
        await desk.sees(f"{world.number('part')} is cancelled, 20.00 USD to refund")
        await desk.sees("cancelled – twice by mistake", "Nothing goes out")


async def test_esc_leaves_a_step_undone(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        await desk.press("s", "escape")
        await desk.sees("○ pending")
        assert get_order(shop.stores.postgres, world.number("new")).version == 1


async def test_what_somebody_else_did_is_seen_and_never_overrun(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        await desk.press("s")
        await desk.sees("Confirms")
        step(world, world.orders["new"], "cancelled")
        await desk.press("enter")
        await desk.sees("Somebody changed it meanwhile: look, then press again", "✗ cancelled")
        assert get_order(shop.stores.postgres, world.number("new")).version == 2


async def test_changes_arrive_by_themselves(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        step(world, world.orders["new"], "confirmed")
        await desk.sees("◔ confirmed", "s start work")


async def test_ways_on_and_the_same_again(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        await desk.press("o")
        await desk.sees("› Customers › Ann Lee")
        await desk.press("escape", "enter")
        await desk.sees("RAM-0412", "Corsair Vengeance 32 GB", "› Catalog › RAM-0412")
        await desk.press("escape", "a")
        await desk.sees("› New order", "ann@lee.example", "RAM-0412", "CAB-0031", "all in stock")


async def test_a_number_nobody_has_and_a_role_that_may_not(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(at_the_desk(shop, "analyst", "Amy")) as desk:
        desk.app.open_screen("order", order_number="0000-0000")
        await desk.sees("No order '0000-0000'.")
        await _open(desk, world, "new")
        await desk.press("c")
        await desk.reads("cancel: needs orders.cancel, which Amy Keller does not have")
        await desk.press("s")
        await desk.reads("next step: needs orders.status, which Amy Keller does not have")
        await desk.press("$")
        await desk.reads("capture needs payments.capture, which Amy Keller does")
        await desk.press("c")
        await desk.reads("capture: needs payments.capture, which Amy Keller does not have")


async def test_without_the_store_the_page_stays_with_its_age(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await _open(desk, world, "new")
            with postgresql_away(world.shop):
                await desk.press("r")
                await desk.sees("as of 14:30:00", "PostgreSQL is down", "RAM-0412")
                assert desk.app.current.sheet.stale
            await desk.until(lambda: "as of" not in desk.text and not desk.app.current.sheet.stale)
