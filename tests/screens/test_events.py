"""Events: the relay's state, and dead letters that are read, mended, sent again and let go, by keys alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from data.events.letters import bury
from data.events.reads import get_dead_letter, list_dead_letters
from data.events.relay import drain
from tests.hostile import STORABLE
from tests.pty.inert import what_acts
from tests.relay_world import books, facts, put_order, put_product
from tests.screens.conftest import Run

if TYPE_CHECKING:
    from data.shop import Shop


def bury_some(shop: Shop, *letters: tuple[str, str, str]) -> list[int]:
    """Bury letters (topic, key, reason); return their ids, oldest first."""
    with shop.stores.postgres.writing() as connection:
        for topic, key, reason in letters:
            bury(connection, topic, key, "test", reason)
    with shop.stores.postgres.reading() as connection:
        return list(connection.execute(text("SELECT event_id FROM dead_letters ORDER BY event_id")).scalars())


async def test_nothing_is_dead_and_no_relay_runs(shop: Shop, running: Run) -> None:
    async with running(shop) as desk:
        await desk.press("g", "e")
        await desk.sees("✗ no relay runs", "versions not sampled yet", "No dead letter: nothing waits for a person.")
        await desk.press("e", "p", "D")  # with nothing to do it to
        await desk.sees("no open letter under the bar", "0 open")
        put_product(shop.stores, "A-1")
        await desk.press("c")
        await desk.sees("1 compared: 1 not in search", seconds=20)
        drain(shop)
        await desk.press("c")
        await desk.sees("1 compared, 0 of them cached: all the same")


async def test_a_letter_is_read_mended_replayed_and_arrives(shop: Shop, running: Run) -> None:
    stores = shop.stores
    order = put_order(stores, [put_product(stores, "A-1")])
    drain(shop)
    (dead,) = bury_some(shop, ("orders", "4711", "ValueError: the key '4711' is no order id"))
    async with running(shop) as desk:
        await desk.press("g", "e")
        await desk.sees("● open", "ValueError: the key", "1 open")
        await desk.press("enter")
        await desk.sees(f"Event {dead}", "waits for a person", "─ Reason", "is no order id", "e edits   p replays")
        await desk.press("e")
        await desk.sees("Topic", "About", "Content")
        await desk.press("enter", "end", *["backspace"] * 4)
        await desk.type(str(order))
        await desk.press("enter", "home", "x", "ctrl+s")
        await desk.sees("is not JSON")
        await desk.press("home", "delete", "ctrl+s")
        await desk.sees("mended: p replays it")
        assert get_dead_letter(stores.postgres, dead).key == str(order)
        await desk.press("p")
        await desk.sees("Hands this event to the relay again, with all tries.")
        await desk.press("enter")
        await desk.sees("1 replayed", "No dead letter", "0 open")
        drain(shop)
        assert facts(stores) == books(stores)
        await desk.press("a")
        await desk.sees("› all letters", "↺ replayed")
        assert not list_dead_letters(stores.postgres).rows


async def test_marked_letters_are_discarded_with_a_reason(shop: Shop, running: Run) -> None:
    dead = bury_some(shop, *(("stock", f"key-{number}", "LookupError: no product") for number in range(3)))
    async with running(shop, (120, 40)) as desk:
        await desk.press("g", "e")
        await desk.sees("3 open", "─ Content")  # the letter under the bar stands beside the list
        await desk.press("space", "space", "D")
        await desk.sees("Lets 2 events go unhandled; they stay on record.")
        await desk.press("ctrl+s")
        await desk.sees("▲ is needed")
        await desk.type("deleted")
        await desk.press("ctrl+s")
        await desk.sees("2 discarded", "1 open")
    found = {number: get_dead_letter(shop.stores.postgres, number).resolution for number in dead}
    assert sorted(found.values()) == ["", "discarded", "discarded"]


async def test_hostile_letters_do_nothing(shop: Shop, running: Run) -> None:
    bury_some(shop, *(("orders", string[:100] or "-", string) for string in STORABLE))
    async with running(shop) as desk:
        await desk.press("g", "e")
        await desk.sees(f"{len(STORABLE)} open")
        for _ in STORABLE[::4]:
            await desk.press("enter")
            await desk.sees("─ Reason")
            for strip in desk.app.screen._compositor.render_strips():
                assert strip.cell_length == 80, repr(strip.text)
                assert what_acts(strip.text.encode("utf-8", "surrogatepass")) == [], repr(strip.text)
            await desk.press("escape", "j", "j", "j", "j")
        assert not desk.app.problems


async def test_who_may_only_look_may_not_touch(shop: Shop, running: Run) -> None:
    bury_some(shop, ("orders", "4711", "no order"))
    looker = replace(shop, actor=replace(shop.actor, roles=frozenset({"support"})))
    async with running(looker) as desk:
        await desk.press("g", "e")
        await desk.sees("● open")
        await desk.press("p")
        await desk.sees("replay: needs relay.manage, which root does not have")
