"""Keys typed before what they act on has been read: held, done in order, dropped by Esc or where it can't be read.

The reads are slow because somebody holds a lock on a table they need.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest

from tests.desk_world import furnish
from tests.screens.conftest import Run
from tui import typeahead

if TYPE_CHECKING:
    from data.settings import Settings
    from data.shop import Shop
    from tests.desk_world import Desk

#: a store that waits for locks as long as it takes
_PATIENT = "&options=-c%20lock_timeout%3D0%20-c%20statement_timeout%3D0"


@pytest.fixture
def world(settings: Settings) -> Iterator[Desk]:
    from data.shop import open_shop

    patient = msgspec.structs.replace(settings, postgres_url=f"{settings.postgres_url}{_PATIENT}")
    opened = open_shop(patient)
    yield furnish(opened)
    opened.close()


@contextmanager
def _locked(shop: Shop, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold ``table`` from everybody who reads it."""
    with psycopg.connect(shop.settings.postgres_url or "") as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield holder


async def test_keys_typed_before_an_order_is_read_are_done_once_it_is_there(
    world: Desk, running: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = world.shop
    async with running(shop) as desk:
        desk.app.open_screen("orders")
        await desk.sees(world.number("new"), "Ann Lee")
        with _locked(shop, "order_status_history"):
            await desk.pilot.press("enter", "m", "h", "i")
            await desk.sees("Loading …", "3 keys typed ahead, done once it is read · Esc drops them")
        await desk.sees("Note", "hi", "^S")
        await desk.press("escape", "escape")
        await desk.sees("5 match")
        # Esc drops them, and does not wait
        monkeypatch.setattr(typeahead, "MOST", 3)
        await desk.press("down")
        with _locked(shop, "order_status_history"):
            await desk.pilot.press("enter", "m", "x", "y", "z", "z")
            await desk.sees("Loading …", "3 keys typed ahead")
            await desk.pilot.press("escape")
            await desk.sees("5 match")
        await desk.app.settled()
        assert "Note" not in desk.text
        # what every screen answers to does not wait
        await desk.press("down")
        with _locked(shop, "order_status_history"):
            await desk.pilot.press("enter")
            await desk.sees("Loading …")
            await desk.pilot.press("f3")
            await desk.sees("5 match")


async def test_keys_typed_for_what_cannot_be_read_are_dropped(world: Desk, running: Run) -> None:
    shop = world.shop
    async with running(shop) as desk:
        desk.app.open_screen("orders")
        await desk.sees(world.number("new"), "Ann Lee")
        with _locked(shop, "order_status_history") as holder:
            await desk.pilot.press("enter", "c")
            await desk.sees("1 key typed ahead")

            def ended() -> bool:
                return bool(
                    holder.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    ).fetchall()
                )

            await desk.until(ended)
            await desk.sees("1 key typed ahead dropped: it could not be read")
        await desk.until(lambda: desk.app.handle.shop is not None)
        await desk.press("r")
        text = await desk.sees("─ Timeline")
        assert "reason" not in text.lower()


@pytest.mark.parametrize(
    ("place", "table", "key", "opens"),
    [
        ("customer", "user_addresses", "e", "E-mail"),
        ("product", "inventory", "e", "Title"),
        ("order-edit", "order_items", "A", "Street"),
        ("order-ship", "order_items", "enter", "Ships 3 units"),
    ],
)
async def test_every_screen_of_one_thing_holds_keys(
    world: Desk, running: Run, place: str, table: str, key: str, opens: str
) -> None:
    order = {"order_number": world.number("part")}
    arguments = {"customer": {"user_id": str(world.customers["Ann"])}, "product": {"product_id": "RAM-0412"}}
    async with running(world.shop) as desk:
        with _locked(world.shop, table):
            desk.app.open_screen(place, **arguments.get(place, order))
            await desk.until(lambda: desk.app.current.awaited is not None)
            await desk.pilot.press(key)
            await desk.sees("1 key typed ahead")
        await desk.reads(opens)
