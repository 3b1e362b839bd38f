"""Customers: found by parts of anything, read on one page, added and changed in small forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from data.customers.messages import SaveCustomer
from data.customers.reads import get_customer
from screens.shown import clock_at
from tests.desk_world import NOON, at_the_desk, furnish
from tests.hostile import HOSTILE
from tests.screens.away import postgresql_away
from tests.screens.conftest import Run

if TYPE_CHECKING:
    from data.shop import Shop


async def test_an_empty_list_and_the_first_customer(shop: Shop, running: Run) -> None:
    async with running(shop) as desk:
        await desk.press("g", "c")
        await desk.sees("No customer like that.", "n adds a customer")
        await desk.press("n")
        await desk.sees("New customer", "Enter next field   ^S saves   Esc leaves")
        await desk.type("nobody")
        await desk.press("ctrl+s")
        await desk.sees("E-mail*", "▲")
        await desk.type("@example.com")
        await desk.press("enter")
        await desk.type("Zoë")
        await desk.press("ctrl+s")
        await desk.sees("› Customers › Zoë", "nobody@example.com", "No order yet: n places the first.")
        assert get_customer(shop.stores.postgres, "nobody@example.com").first_name == "Zoë"


async def test_parts_of_a_name_find_the_customer(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop, (120, 40)) as desk:
            await desk.press("f6", "slash")
            await desk.type("gudm bjo")
            await desk.sees("1 match", "Björk Guðmundsdóttir", "bjork@example.com")
            await desk.press("enter")
            await desk.sees("─ Orders", "Laugavegur 7")  # beside the list
            await desk.press("enter")
            rows = (await desk.sees("› Customers › Björk Guðmundsdóttir")).splitlines()
            assert rows[1].startswith("● open · 2 orders · ")
            await desk.sees(world.number("part"), "◑ processing")
            await desk.press("enter")
            await desk.sees(f"› Orders › {world.number('part')}")
            await desk.press("escape", "escape")
            await desk.sees("/ gudm bjo", "1 match", "▸ Björk")


async def test_the_page_has_cards_by_their_last_four(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        desk.app.open_screen("customer", user_id="ann@lee.example")
        await desk.sees("visa ··4242  01/28 ★", "shipping ★  Kantstr. 12, 10623 Berlin, DE", "+49 30 901820")


async def test_an_address_is_changed_and_another_added(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        desk.app.open_screen("customer", user_id="ann@lee.example")
        await desk.sees("Kantstr. 12")
        await desk.press("G", "enter")
        await desk.sees("Edit address")
        for _ in "12":
            await desk.pilot.press("backspace")
        await desk.type("14")
        await desk.press("ctrl+s")
        await desk.sees("Kantstr. 14, 10623 Berlin, DE", "saved")
        await desk.press("A")
        await desk.sees("New address")
        await desk.type("Elm")
        await desk.press("ctrl+s")
        await desk.sees("is needed")
        await desk.press("escape")
        await desk.sees("Esc again throws away what you typed")
        await desk.press("escape")
        await desk.sees("› Customers › Ann Lee")


async def test_a_role_that_may_only_look_is_told_so_everywhere(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(at_the_desk(shop, "analyst", "Amy")) as desk:
        desk.app.open_screen("customer", user_id=str(world.customers["Ann"]))
        await desk.sees("Kantstr. 12")
        for key, what in (("e", "edit"), ("A", "address"), ("n", "new order")):
            await desk.press(key)
            await desk.sees(f"{what}: needs ", "which Amy Keller does not have")
        await desk.press("G", "enter")
        await desk.sees("edit address: needs customers.edit, which Amy Keller does not have", "─ Addresses")


async def test_hostile_names_are_inert_and_break_no_row(shop: Shop, running: Run) -> None:
    for place, name in enumerate(HOSTILE):
        name = name.replace("\0", "").replace("\ud800", "")[:100]
        command = SaveCustomer(email=f"h{place}@example.com", first_name=name, last_name="Zz")
        shop.door.run(command, shop.actor)
    async with running(shop) as desk:
        await desk.press("f6", "slash", "z", "z", "enter")
        await desk.sees(f"{len(HOSTILE)} match")
        seen: set[str] = set()
        for _ in HOSTILE:
            rows = [row for row in desk.app.screen._compositor.render_strips()[4:21] if "@example.com" in row.text]
            for row in rows:
                column = row.crop(22, 45).text  # where the e-mail stands: no name has moved it
                assert re.fullmatch(r"h\d+@example\.com +", column), row.text
                seen.add(column.strip())
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", desk.text)
            if len(seen) == len(HOSTILE):
                break
            await desk.press("pagedown")
        assert len(seen) == len(HOSTILE)
        await desk.press("enter")
        await desk.sees("› Customers › ", "● open")


async def test_without_the_store_the_page_stays_with_its_age(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            desk.app.open_screen("customer", user_id="ann@lee.example")
            await desk.sees("Kantstr. 12")
            with postgresql_away(world.shop):
                await desk.press("r")
                await desk.sees("as of 14:30:00", "PostgreSQL is down", "Kantstr. 12")
            await desk.until(lambda: "as of" not in desk.text)
        async with running(world.shop) as desk:
            desk.app.open_screen("customer", user_id="nobody@example.com")
            await desk.sees("No customer 'nobody@example.com'.")
