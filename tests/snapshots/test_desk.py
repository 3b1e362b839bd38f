"""Pictures of dashboard, orders, one order, new order, customers and one customer, and of what they ask and say."""

from __future__ import annotations

import pytest

from tests.screens.conftest import Running
from tests.snapshots import ways
from tests.snapshots.conftest import SIZES, Picture


async def nothing_matches(desk: Running) -> None:
    await ways.orders(desk)
    await desk.type("/status:refunded total:>9999")
    await desk.press("enter")
    await desk.sees("No orders match.")


async def unreadable(desk: Running) -> None:
    await ways.orders(desk)
    await desk.type("/status:lost")
    await desk.press("enter")
    await desk.sees("none of pending, confirmed")


async def meant(desk: Running) -> None:
    await ways.orders(desk)
    await desk.type("/ann statis:shipped")
    await desk.sees("Tab: status:")


async def order_views(desk: Running) -> None:
    await ways.orders(desk)
    await desk.press("V")
    await desk.sees("Saved views", "built in")


async def act_on_many(desk: Running) -> None:
    await ways.orders(desk)
    await desk.press("space", "j", "space", "a", "right")
    await desk.sees("Act on the 2 marked", "ship all that is left")


async def confirm(desk: Running) -> None:
    await ways.orders(desk)
    await desk.press("1")
    await desk.sees("Open")
    await desk.press("enter")
    await desk.sees("─ Timeline")
    await desk.press("s")
    await desk.until(lambda: "› Ship" in desk.text or "Enter does it" in desk.text)
    if "› Ship" in desk.text:
        await desk.press("enter")
    await desk.sees("Enter does it   Esc leaves")


async def cancel(desk: Running) -> None:
    await ways.orders(desk)
    await desk.press("1")
    await desk.sees("Open")
    await desk.press("enter")
    await desk.sees("─ Timeline")
    await desk.press("c", "ctrl+s")
    await desk.sees("▲ is needed")


async def short(desk: Running) -> None:
    await ways.new_order(desk)
    await desk.press("escape", "escape", "g", "n", "up", "=")
    await desk.sees("Quantity*")
    for _ in "1234":
        await desk.pilot.press("backspace")
    await desk.press("9", "9", "9", "enter")
    await desk.sees("▲ only", "▲ 1 short", "draft saved")


async def address(desk: Running) -> None:
    await ways.customer(desk)
    await desk.press("A", "ctrl+s")
    await desk.sees("New address", "▲ is needed")


WAYS = (
    *(ways.dashboard, ways.orders, nothing_matches, unreadable, meant, order_views, act_on_many),
    *(ways.order, confirm, cancel, ways.ship, ways.money, ways.note, ways.paper, ways.inbox),
    *(ways.order_edit, ways.order_conflict),
    *(ways.new_order, short),
    *(ways.customers, ways.customer, address),
)


@SIZES
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_as_it_was(picture: Picture, way: ways.Way, size: tuple[int, int]) -> None:
    picture(way, size)
