"""Notes, timeline filter and papers on the order's page; the inbox they land in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from data.access.messages import SaveStaff
from data.access.reads import actor_by_email
from data.notes.messages import AddNote
from data.notes.reads import unread_count
from tests.desk_world import at_the_desk, furnish
from tests.hostile import STORABLE
from tests.screens.away import postgresql_away
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop
    from tests.desk_world import Desk


async def _open(desk: Running, world: Desk, name: str) -> None:
    desk.app.open_screen("order", order_number=world.number(name))
    await desk.sees("› Orders › " + world.number(name), "─ Timeline")


def _colleague(shop: Shop, name: str = "wes", role: str = "warehouse") -> Shop:
    email = f"{name}@storekeeper.example"
    shop.door.run(SaveStaff(email=email, first_name=name.title(), last_name="Noor", roles=(role,)), shop.actor)
    return replace(shop, actor=actor_by_email(shop.stores.postgres, email))


async def test_a_note_is_written_and_seen_in_the_timeline(shop: Shop, running: Run) -> None:
    world, wes = furnish(shop), _colleague(shop)
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        await desk.press("m")
        await desk.sees(f"Note on {world.number('new')}", "Enter next field")
        await desk.type("@wes blue or black? @nobody")
        await desk.press("ctrl+s")
        await desk.sees("Noted, told wes; nobody is called @nobody", "note – @wes blue or black?")
        assert unread_count(shop.stores.postgres, wes.actor.user_id) == 1


async def test_the_timeline_shows_one_kind_after_the_other(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    world.do(AddNote(order_id=world.orders["part"].order_id, body="first line\nsecond line"))
    async with running(world.shop, size=(80, 50)) as desk:
        await _open(desk, world, "part")
        await desk.sees("first line", "second line", "captured 20.00 USD", "placed, ")
        await desk.press("f")
        seen = await desk.sees("only note · f next kind", "second line")
        assert "captured 20.00 USD" not in seen.partition("Timeline")[2]
        await desk.press("f")
        await desk.sees("only message", "No message yet.")
        await desk.press("f")
        await desk.sees("only payment", "captured 20.00 USD")
        await desk.press("f")
        await desk.sees("only parcel", "No parcel yet.")
        for _ in range(4):
            await desk.press("f")
        await desk.sees("f filter", "placed, ")


async def test_more_than_a_page_of_events_is_read_on_demand(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    for number in range(70):
        world.do(AddNote(order_id=world.orders["new"].order_id, body=f"note number {number}"))
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        await desk.press("end")
        await desk.sees("older events: Enter reads them")
        assert "placed, " not in desk.text
        await desk.press("enter", "end")
        await desk.sees("note number 0", "placed, 2 lines")


async def test_a_paper_is_saved_and_its_trouble_said(shop: Shop, running: Run, tmp_path: Path) -> None:
    world = furnish(shop)
    number = world.number("new")
    async with running(world.shop) as desk:
        await _open(desk, world, "new")
        await desk.press("p")
        await desk.sees(f"Print {number}", "packing slip")
        await desk.press("ctrl+s")
        await desk.sees("no print command is set")
        await desk.press("tab", "tab")
        await desk.type(str(tmp_path))
        await desk.press("ctrl+s")
        await desk.until(lambda: (tmp_path / f"packing-slip-{number}.pdf").exists())
        await desk.sees("Saved ")


async def test_a_paper_goes_to_the_print_command(shop: Shop, running: Run, tmp_path: Path) -> None:
    world = furnish(shop)
    out = tmp_path / "printed"
    printing = replace(world.shop, settings=msgspec.structs.replace(shop.settings, print_command=f"tee {out}"))
    async with running(printing) as desk:
        await _open(desk, world, "new")
        await desk.press("p", "ctrl+s")
        await desk.sees("Packing slip sent to tee")
        assert out.read_bytes().startswith(b"%PDF-")


async def test_the_inbox_opens_orders_and_empties(shop: Shop, running: Run) -> None:
    world, wes = furnish(shop), _colleague(shop)
    for name in ("new", "part"):
        wes.door.run(AddNote(order_id=world.orders[name].order_id, body=f"@ann about {name}"), wes.actor)
    async with running(world.shop) as desk:
        await desk.press("g", "i")
        await desk.sees("Wes Noor", "@ann about part", "2 notes")
        await desk.press("enter")
        await desk.sees("› Orders › " + world.number("part"))
        await desk.press("escape")
        await desk.until(lambda: "about part" not in desk.text)
        await desk.sees("@ann about new")
        await desk.press("x")
        await desk.sees("1 read", "Nothing new for you.")
        await desk.press("f")
        await desk.sees("@ann about part", "@ann about new")


async def test_hostile_notes_are_inert_on_page_and_inbox(shop: Shop, running: Run) -> None:
    world, wes = furnish(shop), _colleague(shop)
    for text in [text for text in STORABLE if text.strip()][:40]:
        wes.door.run(AddNote(order_id=world.orders["new"].order_id, body=f"@ann {text}"), wes.actor)
    async with running(world.shop, size=(120, 40)) as desk:
        for go in ("inbox", "order"):
            desk.app.open_screen(go, **({"order_number": world.number("new")} if go == "order" else {}))
            await desk.sees("@ann")
            assert not [
                letter for letter in desk.text if (ord(letter) < 32 and letter != "\n") or letter in "\u202e\u2066"
            ]


async def test_who_may_not_write_notes_is_told_why(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(at_the_desk(shop, role="analyst", name="Amy")) as desk:
        await _open(desk, world, "new")
        await desk.press("m")
        await desk.sees("note: ")
        assert "Note on" not in desk.text
        await desk.press("g", "i")
        await desk.sees("inbox: ")


async def test_the_inbox_without_the_store_says_so(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        with postgresql_away(shop):
            desk.app.open_screen("inbox")
            await desk.sees("is not available")
        await desk.press("r")
        await desk.sees("Nothing new for you.")


async def test_the_list_is_exported_as_it_is_filtered(shop: Shop, running: Run, tmp_path: Path) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await desk.press("g", "o")
        await desk.sees("newest first")
        await desk.type("/customer:björk")
        await desk.press("enter", "E")
        await desk.sees("Export customer:björk", "exports")
        await desk.type(str(tmp_path / "nowhere" / "x.csv"))
        await desk.press("ctrl+s")
        await desk.sees("there is no folder")
        await desk.press("ctrl+u")
        await desk.type(str(tmp_path / "x.csv"))
        await desk.press("ctrl+s")
        await desk.sees("rows in ")
    lines = (tmp_path / "x.csv").read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("order_number,created_at,order_status")
    assert len(lines) > 1
    assert all("bjork@example.com" in line for line in lines[1:])


async def test_who_may_not_export_is_told(shop: Shop, running: Run) -> None:
    furnish(shop)
    async with running(at_the_desk(shop, role="analyst", name="Amy")) as desk:
        await desk.press("g", "o")
        await desk.sees("newest first")
        await desk.press("E")
        await desk.sees("export: ")
        assert "Columns" not in desk.text
