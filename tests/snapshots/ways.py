"""How a person gets to each screen of the demo's shop, with something to see on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from data.drafts import clear_draft
from tests.screens.conftest import Running

Way = Callable[[Running], Awaitable[Any]]


async def at_rest(desk: Running) -> None:
    """Wait for the record beside the list, which is read once the bar rests."""
    await desk.app.settled()
    beside = getattr(desk.app.screen, "beside", None)
    if beside is not None and beside.display and desk.app.screen.grid.current is not None:
        await desk.until(lambda: beside.text.strip())
    await desk.app.settled()


async def dashboard(desk: Running) -> None:
    await desk.sees("Revenue", "Selling now")


async def orders(desk: Running) -> None:
    await desk.press("g", "o")
    await desk.sees("newest first")


async def order(desk: Running) -> None:
    await orders(desk)
    await desk.type("/status:shipped")
    await desk.press("enter")
    await desk.until(lambda: "◕ shipped" in desk.text or "/ status:shipped" in desk.text)
    await desk.press("enter")
    await desk.sees("Lines", "Timeline")


async def new_order(desk: Running) -> None:
    shop = await desk.app.handle.wait()
    clear_draft(shop.settings.home, "new-order", shop.actor.email)  # an earlier picture's
    await desk.press("g", "n")
    await desk.type("garcia")
    await desk.sees("Garcia")
    await desk.press("enter")
    for words in ("KEY-0001", "HPH-0007"):
        await desk.pilot.press(*words, "enter")
        await desk.sees(f"▸ {words}")
    await desk.type("usb c")
    await desk.sees("> usb c", "CAB-", "all in stock", "draft saved")


async def customers(desk: Running) -> None:
    await desk.press("g", "c")
    await desk.until(lambda: "@" in desk.text)


async def customer(desk: Running) -> None:
    await customers(desk)
    await desk.type("/garcia")
    await desk.press("enter")
    await desk.sees("Garcia")
    await desk.press("enter")
    await desk.sees("Addresses")


async def catalog(desk: Running) -> None:
    await desk.press("g", "p")
    await desk.sees("154 found")


async def found(desk: Running) -> None:
    await catalog(desk)
    await desk.type("/wirless sort:price")  # by a key: equal matches have no order of their own
    await desk.sees('"wirless" read as "wireless"')
    await desk.press("enter")


async def narrowed(desk: Running) -> None:
    await catalog(desk)
    await desk.type("/stock:>0 price:20..250 -color:black")
    await desk.press("enter")
    await desk.sees("91 found", "▢ Camping")


async def facets(desk: Running) -> None:
    await catalog(desk)
    await desk.press("f", "down", "space")
    await desk.sees("▣")


async def product(desk: Running) -> None:
    await catalog(desk)
    await desk.press("enter")
    await desk.sees("Attributes", "Stock")


async def edit(desk: Running) -> None:
    await product(desk)
    await desk.press("e")
    await desk.sees("Edit ")


async def warehouse(desk: Running) -> None:
    await desk.press("g", "w")
    await desk.sees("levels")


async def low(desk: Running) -> None:
    await warehouse(desk)
    await desk.press("2")
    await desk.sees("/ low", "▲")


async def adjust(desk: Running) -> None:
    await warehouse(desk)
    await desk.press("a", "x", "ctrl+s")
    await desk.sees("Adjust", "is not a whole number")


async def movements(desk: Running) -> None:
    await warehouse(desk)
    await desk.press("enter")
    await desk.sees("Movements", "receive")


@dataclass(frozen=True)
class Picture:
    """A picture of the documentation: its file's name, the way there, the size of the terminal."""

    name: str
    way: Way
    size: tuple[int, int] = (80, 24)


WIDE = (120, 40)
PICTURES = (
    Picture("dashboard", dashboard),
    Picture("orders", orders, WIDE),
    Picture("order", order),
    Picture("new-order", new_order),
    Picture("customers", customers),
    Picture("customer", customer),
    Picture("catalog", narrowed, WIDE),
    Picture("facets", facets),
    Picture("product", product),
    Picture("warehouse", warehouse),
    Picture("movements", movements),
)
