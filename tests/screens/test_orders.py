"""The list of orders: views, the filter line, the order beside it, a number typed, going and coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.shown import clock_at
from tests.desk_world import NOON, at_the_desk, furnish
from tests.screens.away import postgresql_away
from tests.screens.conftest import Run

if TYPE_CHECKING:
    from data.shop import Shop


async def test_an_empty_list_says_what_to_press(shop: Shop, running: Run) -> None:
    async with running(shop) as desk:
        await desk.press("g", "o")
        await desk.sees("No orders match.", "6 shows all · n places one")


async def test_views_filter_and_going_back_to_the_row(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.press("f3")
            rows = (await desk.sees("5 match")).splitlines()
            numbers = [line.lstrip("▸ ").split()[0] for line in rows[4:9]]
            assert numbers == [world.number(name) for name in ("new", "part", "late", "last week", "old")]
            assert "12 min" in rows[4]
            assert "○ 0/2" in rows[6] or "○ 0/1" in rows[6]
            assert "✗ cancelled" in rows[8]
            assert "unpaid" not in rows[8]
            await desk.press("2")
            await desk.sees("› Orders › To ship", "2 match", "status:confirmed,processing")
            await desk.press("6", "j", "j", "enter")
            await desk.sees(f"› Orders › {world.number('late')}", "Chen Wei")
            await desk.press("escape")
            await desk.sees(f"▸ {world.number('late')}", "5 match")


async def test_the_filter_line_is_read_as_it_is_typed(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.press("f3")
            await desk.sees("5 match")
            await desk.press("slash")
            await desk.type("gudmunds unpaid")
            await desk.sees("1 match", world.number("part"), "◐ 20.00")
            await desk.press("enter", "slash", "slash")  # once more: all of the line, which the next letter replaces
            await desk.paste("status:lost")  # typed, its first letters may find nothing on the way
            await desk.press("enter")
            await desk.sees("none of pending, confirmed", world.number("part"), "◐ 20.00")  # what was there stays
            await desk.press("escape")
            await desk.sees("5 match", "status:processing total:>100")


async def test_what_was_meant_is_written_by_tab(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.press("f3")
            await desk.sees("5 match")
            await desk.press("slash")
            await desk.paste("status:deliverd ")
            await desk.sees("Tab: delivered", "deliverd: none of", world.number("last week"))
            await desk.press("tab")
            await desk.sees("/ status:delivered", "1 match", world.number("last week"))


async def test_views_are_saved_over_a_key_and_say_how_much_they_find(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop, (120, 40)) as desk:
            await desk.press("f3")
            await desk.sees("1 Open 3  2 To ship 2  3 Unpaid 3  4 Late 3  …")
            await desk.pilot.resize_terminal(200, 60)
            await desk.sees("5 Shipped 0  6 All 5")
            await desk.pilot.resize_terminal(120, 40)
            await desk.sees("4 Late 3  …")
            await desk.press("slash")
            await desk.type("customer:chen")
            await desk.press("enter")
            await desk.sees("1 match")
            await desk.press("B")
            await desk.type("Chen's")
            await desk.press("enter", "2", "ctrl+s")
            await desk.sees("view Chen's saved on 2", "1 Open 3  2 Chen's 1  3 Unpaid")
            await desk.press("6")
            await desk.sees("› Orders › All", "5 match")
            await desk.press("2")
            await desk.sees("› Orders › Chen's", "/ customer:chen", "1 match")
            await desk.press("V")
            await desk.sees("Saved views", "mine", "built in", "customer:chen")
            await desk.press("escape", "c")
            await desk.sees("Columns")
            await desk.press("j", "space", "ctrl+s")
            await desk.until(lambda: "Placed" not in desk.text and "Parcel" in desk.text)


async def test_one_order_is_tagged_held_and_given_to_somebody(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    late = world.number("late")
    with clock_at(NOON):
        async with running(world.shop, (120, 40)) as desk:
            await desk.press("f3")
            await desk.sees("5 match")
            await desk.press("j", "j", "t")
            await desk.sees(f"Tags of {late}")
            await desk.type("Rush gift")
            await desk.press("enter")
            await desk.sees(f"{late}: #rush #gift", "Chen Wei  #rush")
            await desk.press("h")
            await desk.type("wrong address")
            await desk.press("ctrl+s")
            await desk.sees(f"{late} is on hold", "‖ on hold", "2 To ship 1")
            await desk.press("A", "enter")
            await desk.sees(f"{late} is Ann Keller's", "‖ on hold: wrong address  #rush")
            await desk.press("enter")
            await desk.sees(f"› Orders › {late}", "‖ on hold  #rush #gift  → Ann Keller  v2", "tags")
            await desk.press("escape")
            await desk.sees(f"▸ {late}")
            await desk.press("h")
            await desk.sees(f"{late} may be sent again", "2 To ship 2")
            await desk.press("slash")
            await desk.type("tag:rush assigned:me -held")
            await desk.sees("1 match", f"▸ {late}")
            await desk.press("enter", "u")
            await desk.reads(f"Takes back that you let it go of {late}")
            await desk.press("enter")
            await desk.sees(f"{late} is on hold again")
            await desk.press("u")
            await desk.reads(f"Takes back that it is Ann Keller's of {late}")
            await desk.press("enter")
            await desk.sees(f"{late} is nobody's again", "No orders match.")


async def test_marked_orders_are_tried_then_done_with_an_outcome_for_each(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.press("f3")
            await desk.sees("5 match")
            await desk.press("v", "j", "j", "v", "a")
            await desk.sees("Act on the 3 marked", "nothing to say")
            await desk.press("right")
            await desk.sees("ship all that is left", "empty, or: unpaid")
            await desk.press("enter")
            await desk.type("unpaid")
            await desk.press("ctrl+s")
            await desk.sees("2 of 3 can be shipped; 1 cannot: 1 not confirmed.", "nothing is changed yet")
            await desk.press("ctrl+s")
            await desk.sees("changes 2 records now; a job")
            await desk.press("enter")
            await desk.sees("2 changed, 1 refused", "not confirmed", "sends 3 units", "3 of 3")
            await desk.press("2")
            await desk.sees("refused rows", world.number("new"))
            await desk.press("escape")
            await desk.sees("3 marked", "● 3/3", "● 1/1")


async def test_a_number_typed_into_the_palette_opens_the_order(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.press("colon")
            await desk.type(world.number("late").lower().replace("-", ""))
            await desk.sees(f"▸ order           {world.number('late')}")
            await desk.press("enter")
            await desk.sees(f"› Orders › {world.number('late')}", "◔ confirmed", "Chen Wei")


async def test_chosen_columns_without_room_are_named(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await desk.press("f3")
        await desk.sees("5 match · newest first")
        desk.app.screen.show_columns(("order_number", "customer_name", "state", "tags", "email", "units"))  # type: ignore[attr-defined]
        await desk.sees("5 match · no room for Units")
        await desk.pilot.resize_terminal(200, 60)
        await desk.sees("5 match · newest first", "Units")


async def test_at_100_columns_the_order_under_the_bar_stands_beside(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop, (120, 40)) as desk:
            await desk.press("f3")
            await desk.sees("Kantstr. 12, 10623 Berlin, DE", "placed, 2 lines", "Corsair Vengeance")
            await desk.press("j")
            await desk.sees("Laugavegur 7", "captured 20.00", "processing")
            await desk.pilot.resize_terminal(80, 24)
            await desk.until(lambda: "Laugavegur" not in desk.text and f"▸ {world.number('part')}" in desk.text)
            await desk.pilot.resize_terminal(200, 60)
            await desk.sees("Laugavegur 7", f"▸ {world.number('part')}", "5 match")


async def test_a_role_without_the_right_is_told_so(shop: Shop, running: Run) -> None:
    async with running(at_the_desk(shop, "warehouse", "Wes")) as desk:
        await desk.press("f3", "n")
        await desk.sees("› Orders", "new: needs orders.place, which Wes Keller does not have")


async def test_a_list_that_can_not_be_read_says_so_and_comes_by_itself(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            with postgresql_away(world.shop):
                await desk.press("f3")
                await desk.sees("postgresql is not available", "It is tried again by itself; r tries now")
            await desk.sees("5 match", world.number("new"))
