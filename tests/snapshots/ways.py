"""How a person gets to each screen of the demo's shop, with something to see on it."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.drafts import clear_draft
from tests.screens.conftest import Running

Way = Callable[[Running], Awaitable[Any]]


async def at_rest(desk: Running) -> None:
    """Wait for the record beside the list, which is read once the bar rests."""
    await desk.app.settled()
    screen = desk.app.screen
    beside, chosen = getattr(screen, "beside", None), getattr(screen, "grid", screen)
    if beside is not None and beside.display and getattr(chosen, "current", None) is not None:
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


async def inbox(desk: Running) -> None:
    await desk.press("g", "i")
    await desk.sees("3 notes", "the blue one is gone")


async def note(desk: Running) -> None:
    await order(desk)
    await desk.press("m")
    await desk.sees("notes it")
    desk.app.screen.keep = None  # type: ignore[attr-defined]  # nothing is begun in the pictures after this one
    await desk.type("@wes gift wrap")
    await desk.sees("gift wrap")


async def paper(desk: Running) -> None:
    await order(desk)
    await desk.press("p")
    await desk.sees("prints or saves")


async def ship(desk: Running) -> None:
    await orders(desk)
    await desk.type("/status:processing")
    await desk.press("enter")
    await desk.until(lambda: "◑ processing" in desk.text or "/ status:processing" in desk.text)
    await desk.press("enter")
    await desk.sees("Lines", "Timeline", "s ship")
    await desk.press("s")
    await desk.sees("─ Box 1", "Enter ship")


async def money(desk: Running) -> None:
    await order(desk)
    await desk.press("$")
    await desk.sees("Money of", "a key or Enter does it")


async def order_edit(desk: Running) -> None:
    await orders(desk)
    await desk.type("/status:processing")
    await desk.press("enter")
    await desk.until(lambda: "◑ processing" in desk.text or "/ status:processing" in desk.text)
    await desk.press("enter")
    await desk.sees("Lines", "Timeline", "e edit")
    number = desk.app.screen.thing.order.order_number  # type: ignore[attr-defined]
    shop = await desk.app.handle.wait()
    clear_draft(shop.settings.home, f"order-edit-{number}", shop.actor.email)  # an earlier picture's
    await desk.press("e")
    await desk.sees("› Edit", "Will be")
    await desk.press("+", "D")
    await desk.sees("Discount on the whole order")
    await desk.type("10 %")
    await desk.press("enter")
    await desk.type("late delivery")
    await desk.press("enter")
    await desk.type("/KEY-0001")
    await desk.sees("KEY-0001")
    await desk.press("enter", "escape")
    await desk.sees("10 % on the order: late delivery", "draft saved")
    clear_draft(shop.settings.home, f"order-edit-{number}", shop.actor.email)  # the dashboard's picture shows none


async def order_conflict(desk: Running) -> None:
    from data.orders.editing.conflict import Clash
    from screens.conflict import ConflictOverlay

    await order_edit(desk)
    number = desk.app.screen.draft.order.order_number  # type: ignore[attr-defined]
    title = f"Somebody changed {number} while you did: it is at version 4."
    both = Clash("line:1:quantity", "KEY-0001 quantity", "1", "4", "2")
    theirs = Clash("notes", "notes", "–", "ring twice", "–")
    mine = Clash("discount", "discount", "0.00", "0.00", "12.50")
    desk.app.overlay(ConflictOverlay(title, (both, theirs, mine)))
    await desk.sees("Theirs", "Mine", "? 4")


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
    await desk.sees("91 found", "▢ Kitchen")


async def offered(desk: Running) -> None:
    await catalog(desk)
    await desk.type("/prce:20..90 bra")
    await desk.sees("Tab: price", "brand:")


async def related(desk: Running) -> None:
    await catalog(desk)
    await desk.type("/KEY-0001")
    await desk.press("enter", "enter")
    await desk.sees("Catalog › KEY-0001")
    await desk.press("R")
    await desk.sees("Bought together", "Alike")


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


async def attributes(desk: Running) -> None:
    await product(desk)
    await desk.press("a")
    await desk.sees("nothing to save")
    await desk.press("home", "d", "down", "enter", "end", *" Pro", "ctrl+s")
    await desk.sees("2 changes not saved")


async def categories(desk: Running) -> None:
    await catalog(desk)
    await desk.press("C")
    await desk.sees("categories", "Electronics")


async def dry_run(desk: Running) -> None:
    await catalog(desk)
    await desk.press("b", "tab", *"-10", "ctrl+s")
    await desk.sees("nothing is changed yet", "would be changed")


async def jobs(desk: Running) -> None:
    await dry_run(desk)
    await desk.press("g", "p", "J")
    await desk.sees("not begun")


async def sheet(desk: Running) -> None:
    await catalog(desk)
    await desk.press("S")
    await desk.sees("154 products")
    await desk.press("v", "down", "down", "4", "9", "enter", "down", "right", "7", "0", "0", "enter")
    await desk.sees("▲700")


async def bring_in(desk: Running) -> None:
    folder = Path(tempfile.gettempdir(), "storekeeper-pictures")  # its name is seen in the picture
    folder.mkdir(exist_ok=True)
    file = folder / "prices.csv"
    file.write_text("sku,title,price\nKEY-0001,,59.90\nNEW-0001,Tea towel,7.50\nNEW-0002,Apron,-3\n")
    await catalog(desk)
    await desk.press("I", *str(file), "ctrl+s")
    await desk.sees("Dry run", "would be refused")


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


async def events(desk: Running) -> None:
    await desk.press("g", "e")
    await desk.sees("led by desk-1:4711", "ValueError: the key", "3 open")


async def letter(desk: Running) -> None:
    await events(desk)
    await desk.press("e")
    await desk.sees("Topic", "Content")


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
    Picture("order-ship", ship),
    Picture("order-edit", order_edit),
    Picture("order-conflict", order_conflict),
    Picture("inbox", inbox),
    Picture("new-order", new_order),
    Picture("customers", customers),
    Picture("customer", customer),
    Picture("catalog", narrowed, WIDE),
    Picture("facets", facets),
    Picture("offers", offered),
    Picture("product", product),
    Picture("related", related),
    Picture("attributes", attributes),
    Picture("bulk", dry_run),
    Picture("jobs", jobs),
    Picture("sheet", sheet),
    Picture("import", bring_in),
    Picture("categories", categories),
    Picture("warehouse", warehouse),
    Picture("movements", movements),
    Picture("events", events, WIDE),
)
