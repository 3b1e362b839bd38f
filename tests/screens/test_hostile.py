"""Stored text acts on nothing, wherever it is shown: products, customers, warehouses, notes and reasons that are
named with every string of ``tests/hostile.py``, as any other program may have stored them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.support.terminal import Terminal
from data.errors import Invalid
from data.stock.commands import ReceiveStock, SaveWarehouse
from tests import orders_world
from tests.hostile import STORABLE
from tests.pty.inert import what_acts
from tests.relay_world import put_product
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "import sys; from tui.main import run; sys.exit(run())"]
HOUSE = "WH1"  # ids are held to letters and digits; the name is hostile


@pytest.fixture
def hostile(shop: Shop) -> Shop:
    """One product for each string, named with it and its neighbours; customers, orders, notes and reasons likewise."""
    from data.events.relay import drain

    run = shop.door.run
    run(SaveWarehouse(warehouse_id=HOUSE, label=STORABLE[0]), shop.actor)
    for at, text in enumerate(STORABLE):
        following = [STORABLE[(at + step) % len(STORABLE)][:100] for step in range(1, 5)]
        sku = f"X-{at:03d}"
        product_id = put_product(
            shop.stores,
            sku,
            title=text[:200],
            brand=following[0],
            description=following[1],
            category={"primary": following[2], "secondary": following[3], "tertiary": text[:100]},
            **{f"attributes__{_name(following[0])}": [text[:200], following[1]]},
        )
        run(ReceiveStock(product_id=product_id, warehouse_id=HOUSE, quantity=50, reason=text or "-"), shop.actor)
        try:
            user = orders_world.customer(shop, f"h{at}@x.example", first_name=text[:60], last_name=following[1][:40])
        except Invalid:
            continue  # what is nothing but blanks is no name
        if at % 5 == 0:
            orders_world.place(shop, user, (sku, 1, HOUSE), notes=text)
    drain(shop, 60)
    return shop


def _name(text: str) -> str:
    """Return ``text`` as the name of one attribute: a dot would be nesting, a dollar is refused."""
    return text.replace(".", "").replace("$", "").replace("_", "").strip() or "x"


def inert(desk: Running, width: int) -> str:
    """Check every row of the screen: exactly as wide as the terminal, nothing in it that acts. Return the text."""
    strips = desk.app.screen._compositor.render_strips()
    for strip in strips:
        assert strip.cell_length == width, repr(strip.text)
        assert what_acts(strip.text.encode("utf-8", "surrogatepass")) == [], repr(strip.text)
    assert not desk.app.problems
    return "\n".join(strip.text for strip in strips)


async def pages(desk: Running, ends: str, width: int) -> set[str]:
    """Page through the list to its end; return the SKUs seen, each of them where its column is."""
    seen: set[str] = set()
    while True:
        before = len(seen)
        for row in inert(desk, width).splitlines()[4:-3]:
            at = row.find("X-")
            if at >= 0 and row[at + 2 : at + 5].isdigit():
                assert re.search(ends, row), row  # the last columns stand where they should
                seen.add(row[at : at + 5])
        if len(seen) == before:
            return seen
        await desk.press("pagedown")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_no_string_breaks_a_row_of_catalog_or_warehouse(
    hostile: Shop, running: Run, size: tuple[int, int]
) -> None:
    """Every string as title, brand, category, facet value and warehouse, on every page of both lists."""
    async with running(hostile, size) as desk:
        await desk.press("g", "p")
        await desk.sees(f"{len(STORABLE)} found")
        # from 150 columns on the record stands at the right of the list
        assert len(await pages(desk, "" if size[0] >= 150 else r" 10\.00 +● (49|50) ?$", size[0])) == len(STORABLE)
        await desk.press("f")
        for _ in range(8):
            await desk.press("pagedown")
            inert(desk, size[0])
        await desk.press("escape", "g", "w")
        await desk.sees("levels")
        assert len(await pages(desk, r" WH1 +● (49|50) +[01] +0 +50 +0", size[0])) == len(STORABLE)


async def test_every_string_on_product_and_forms_at_80_columns(hostile: Shop, running: Run) -> None:
    """The page of a product, its forms and its movements; each string is title once, and four times something else."""
    async with running(hostile) as desk:
        for at in range(0, len(STORABLE), 5):
            desk.app.open_screen("product", product_id=f"X-{at:03d}")
            await desk.sees(f"› X-{at:03d}", "Attributes")
            inert(desk, 80)
            await desk.press("G")
            inert(desk, 80)
            await desk.press("e")
            await desk.sees(f"Edit X-{at:03d}")
            inert(desk, 80)
            await desk.press("escape")
            if at % 20 == 0:  # its form shows what the page shows
                await desk.press("a")
                await desk.sees(f"X-{at:03d} › Attributes", "nothing to save")
                inert(desk, 80)
                await desk.press("enter")
                await desk.sees("Kind", "Esc leaves")
                inert(desk, 80)
                await desk.press("escape", "escape")
            await desk.press("w")
            await desk.sees("Movements", "receive")
            inert(desk, 80)
            await desk.press("escape", "escape")
        desk.app.open_screen("warehouse")
        await desk.sees("levels")
        for _ in range(0, len(STORABLE), 12):
            for key in ("a", "R", "L"):
                await desk.press(key)
                await desk.sees("X-", "Esc leaves")
                inert(desk, 80)
                await desk.press("escape")
            await desk.press(*["down"] * 12)


async def test_every_string_in_the_sheet_the_tree_and_a_dry_run(hostile: Shop, running: Run) -> None:
    """Every string as a title in a cell, as a category, and as an attribute's value before and after a change."""
    async with running(hostile) as desk:
        await desk.press("g", "p", "S")
        await desk.sees(f"{len(STORABLE)} products")
        for _ in range(len(STORABLE) // 16 + 1):
            inert(desk, 80)
            await desk.press("pagedown")
        await desk.press("escape", "C")
        await desk.sees("categories")
        inert(desk, 80)
        await desk.press("escape", "b", *["right"] * 6, "tab", *"new", "tab", *"x", "ctrl+s")
        await desk.sees("would be changed")
        inert(desk, 80)


def test_nothing_that_leaves_the_program_acts_on_the_terminal(hostile: Shop) -> None:
    """A walk through every screen, form, confirm and the palette in a real pseudo terminal: all bytes are looked at."""
    keys = {
        "Today": "\x1bOQ",
        "Orders": "\x1bOR",
        "Customers": "\x1b[17~",
        "Catalog": "\x1b[18~",
        "Warehouse": "\x1b[19~",
    }
    page_down, escape, palette = "\x1b[6~", "\x1b", "\x10"
    with Terminal(COMMAND, cwd=str(ROOT), environ=hostile.settings.to_environ()) as program:
        assert program.until(lambda: program.rows[0].endswith("P M S R C") and " – " not in program.rows[0], 60)
        start = len(program.received)

        def do(*sent: str) -> None:
            for key in sent:
                program.send(key)
                program.quiet(0.08)

        for crumb, key in keys.items():
            do(key)
            assert program.until(lambda crumb=crumb: f"› {crumb}" in program.rows[0], 20), program.text
            for _ in range(len(STORABLE) // 17 + 1 if crumb != "Today" else 1):
                do("\r", page_down, "e", escape, escape, "a", escape, escape, "R", escape, escape)
                if crumb not in program.rows[0]:
                    do(escape)
                do(page_down)
        do(keys["Orders"], "\r", "c", escape, escape)
        for word in ("X-003", "h7@x.example", "X-044"):
            do(palette, word)
            assert program.until_text(word), program.text
            program.quiet(0.3)
            do(escape)
        do("\x1bOS", "h0@x", "\r", "X-000", "\r", "X-0", escape)
        assert program.process.poll() is None  # [@click=app.exit] and friends did nothing
        assert what_acts(bytes(program.received), painted_from=start) == []
