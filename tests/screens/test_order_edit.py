"""Editing an order at the desk: redrawn at every key, nothing written before the confirm, drafts, conflicts."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING

from data.drafts import list_drafts
from data.orders.editing.messages import EditOrder, LineEdit, OrderChanges
from data.orders.reads import get_order
from screens.order_edit.data import FORM
from screens.order_edit.screen import OrderEditScreen
from tests.desk_world import furnish
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop
    from tests.desk_world import Desk


async def _open(desk: Running, world: Desk, name: str = "new") -> OrderEditScreen:
    desk.app.open_screen("order", order_number=world.number(name))
    await desk.sees("─ Money", "e edit")
    await desk.press("e")
    await desk.sees(f"› {world.number(name)} › Edit", "Will be", "to collect")
    screen = desk.app.screen
    assert isinstance(screen, OrderEditScreen)
    return screen


def _edit_elsewhere(world: Desk, name: str = "new", **changes: object) -> None:
    command = EditOrder(order_id=world.orders[name].order_id, changes=OrderChanges(**changes))  # type: ignore[arg-type]
    world.do(command)


async def test_lines_change_by_key_and_the_totals_follow(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    number = world.number("new")
    async with running(world.shop) as desk:
        await _open(desk, world)
        await desk.press("+")
        await desk.sees("*        3     79.95     239.85", "WH1 20 left", "Nothing is written yet.")
        await desk.press("down", "%")
        await desk.sees("Discount on CAB-0031")
        await desk.type("10 %")
        await desk.press("enter")
        await desk.type("apology")
        await desk.press("enter")
        await desk.sees("10 %: apology", "11.25")
        await desk.type("/ssd")
        await desk.sees("SSD-0107", "Samsung")
        await desk.press("enter")
        await desk.sees("+        1    109.00     109.00", "draft saved")
        assert get_order(shop.stores.postgres, number).version == 1
        await desk.press("escape", "v")
        await desk.sees("* Shipping express")
        await desk.press("ctrl+s")
        text = await desk.sees("Enter does it   Esc leaves")
        flat = " ".join(" ".join(line.strip(" │") for line in text.splitlines()).split())
        assert "1 RAM-0412 more from WH1; 1.25 off CAB-0031; adds 1 × SSD-0107 from WH1; changes shipping." in flat
        await desk.press("enter")
        await desk.sees(f"{number} changed, total", "v2", "SSD-0107")
        await desk.press("escape")
        await desk.until(lambda: "› Today" in desk.text)  # one step: where the order was opened from
    order = get_order(shop.stores.postgres, number)
    assert [(item.sku, item.quantity) for item in order.items] == [("RAM-0412", 3), ("CAB-0031", 1), ("SSD-0107", 1)]
    assert list_drafts(shop.settings.home, FORM, world.shop.actor.email) == []


async def test_rule_11_the_draft_survives_and_is_offered_again_with_every_change(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    number = world.number("new")
    async with running(world.shop) as desk:
        await _open(desk, world)
        await desk.press("+", "+", "m")
        await desk.type("ring twice")
        await desk.press("enter")
        await desk.sees("draft saved")
        await desk.until(lambda: list_drafts(shop.settings.home, FORM, world.shop.actor.email)[0]["count"] == 2)
    async with running(world.shop) as desk:  # another terminal, another day
        await desk.sees(f"Your edit of {number} is not finished: 2 changes kept")
        screen = desk.app.screen
        screen.sheet.go_to(f"edit:{number}")  # type: ignore[attr-defined]
        await desk.press("enter")
        await desk.sees("Your edit is back, 2 changes", "* Notes", "ring twice", "319.80")
        await desk.press("ctrl+x")
        await desk.sees("Throws your edit")
        await desk.press("enter")
        await desk.sees("Nothing is written yet.")
        await desk.until(lambda: "319.80" not in desk.text)
    assert list_drafts(shop.settings.home, FORM, world.shop.actor.email) == []


async def test_rule_04_a_conflict_is_shown_field_by_field_and_the_edit_goes_on(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    number = world.number("new")
    async with running(world.shop) as desk:
        await _open(desk, world)
        await desk.press("+")
        await desk.press("down", "+", "+")
        await desk.sees("37.50")
        _edit_elsewhere(world, lines=(LineEdit(sku="RAM-0412", quantity=5),), notes="they were here")
        await desk.press("ctrl+s")
        screen = await desk.sees("Somebody changed", "Theirs", "Mine", "? 5", "? 3")
        assert "RAM-0412 quantity" in screen
        await desk.press("b")
        await desk.sees("Choose t or m for RAM-0412 quantity")
        await desk.press("t", "b")
        await desk.sees("On the order as it is now, the totals computed again")
        assert "399.75" in desk.text  # their five
        await desk.press("ctrl+s", "enter")
        await desk.sees(f"{number} changed")
    order = get_order(shop.stores.postgres, number)
    assert order.notes == "they were here"
    assert [(item.sku, item.quantity) for item in order.items] == [("RAM-0412", 5), ("CAB-0031", 3)]
    assert order.version == 3


async def test_what_can_not_be_is_said_and_short_lines_stand_out(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _open(desk, world)
        await desk.press("#")
        await desk.sees("Quantity")
        await desk.press("backspace")
        await desk.type("99")
        await desk.press("enter")
        await desk.sees("▲ 72 short")
        await desk.press("ctrl+s")
        await desk.sees("Not changed: Out of stock: RAM-0412")
        await desk.press("u")
        await desk.until(lambda: "short" not in desk.text.splitlines()[4])
        await desk.press("delete", "down", "delete")
        await desk.sees("no line would be left")
        await desk.press("=")
        await desk.press(*["backspace"] * 5)
        await desk.type("9.00")
        await desk.press("ctrl+s")
        await desk.sees("say why")
    assert get_order(shop.stores.postgres, world.number("new")).total_amount > Decimal(0)


async def test_it_stays_whole_from_80_to_200_columns_and_redraws_in_50_ms(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop, size=(120, 40)) as desk:
        screen = await _open(desk, world)
        await desk.press("+")
        await desk.sees("─ Changes", "RAM-0412 quantity", "Stock then")
        await desk.pilot.resize_terminal(80, 24)
        await desk.sees("*        3")
        await desk.pilot.resize_terminal(200, 60)
        await desk.sees("─ Changes", "Stock then", "Corsair Vengeance")
        draft = screen.draft
        assert draft is not None
        began = time.perf_counter()
        for quantity in range(3, 23):
            screen.put(draft.with_line(1, quantity=quantity))
        assert (time.perf_counter() - began) / 20 < 0.05


async def test_while_the_order_is_read_and_where_it_can_not_be_the_screen_says_so(shop: Shop, running: Run) -> None:
    async with running(shop) as desk:
        desk.app.open_screen("order-edit", order_number="NONE-SUCH")
        await desk.sees("NONE-SUCH", "r tries again")  # where Loading stood: lines without height say nothing
        assert desk.app.screen.lines.size.height == 3
