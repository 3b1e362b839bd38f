"""The dashboard on real stores: its figures, its ways on, a sale that arrives, stores that are away."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from data.shop import open_shop
from screens.shown import clock_at
from tests.desk_world import NOON, at_the_desk, furnish, place
from tests.screens.away import Link, postgresql_away
from tests.screens.conftest import Run

if TYPE_CHECKING:
    from data.shop import Shop


async def test_an_empty_shop_says_that_there_is_nothing(shop: Shop, running: Run) -> None:
    async with running(shop) as desk:
        await desk.sees("Revenue", "0.00", "all paid", "Nothing: no late order, no short shelf", "Nothing sold")


async def test_the_day_in_figures(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            screen = await desk.sees("Thursday 12 June", "as of")
            rows = {line.split()[0].strip("▸"): line for line in screen.splitlines() if line.strip()}
            total = sum(world.orders[name].total_amount for name in ("new", "part"))
            assert f"{total:,.2f}" in screen
            assert "last Thursday" in screen
            assert "  2  " in rows["Orders"]
            assert "1  to be confirmed" in rows["Pending"]
            assert "2  1 late" in rows["To"]
            assert "3  oldest 5 days" in rows["Unpaid"]
            assert "1 order late to ship, the oldest since Sat 14:30" in screen
            assert "1 stock level at or below the reorder level" in screen
            assert "4  RAM-0412     Corsair Vengeance 32 GB" in screen
            assert "SSD-0107" in screen.split("Selling now")[1]


async def test_every_figure_can_be_entered_and_esc_comes_back_to_it(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.sees("Unpaid")
            await desk.press("j", "j", "j", "j", "enter")
            await desk.sees("› Orders › Unpaid", "3 match", world.number("new"))
            await desk.press("escape", "escape")
            await desk.sees("▸ Unpaid")
            assert desk.app.current.sheet.go_to("work:low")
            await desk.press("enter")
            await desk.sees("› Warehouse", "GPU-0033")


async def test_the_key_bar_names_the_ways_on(shop: Shop, running: Run) -> None:
    async with running(shop, (120, 40)) as desk:
        bar = (await desk.sees("g o orders")).splitlines()[-1]
        for way in ("g n new order", "g c customers", "g p products", "g w stock", "1–6 views", ": go"):
            assert way in bar
    async with running(at_the_desk(shop, "warehouse", "Wes")) as desk:
        await desk.press("g", "c")
        await desk.sees("customers: needs customers.view, which Wes Keller does not have", "Today")


async def test_a_sale_arrives_by_itself(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.sees("1  to be confirmed")
            place(world, "Chen", ("CAB-0044", 1), ago=timedelta(minutes=1))
            await desk.sees("2  to be confirmed", seconds=5)


async def test_without_the_books_the_figures_of_before_stay(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    with clock_at(NOON):
        async with running(world.shop) as desk:
            await desk.sees("1  to be confirmed", "Corsair Vengeance")
            with postgresql_away(world.shop):
                await desk.press("r")
                await desk.sees("✗ postgresql is away", "PostgreSQL is down: orders, customers, stock wait", "P!")
                await desk.sees("1  to be confirmed", "as of 14:30", "Corsair Vengeance")
            await desk.until(lambda: "✗" not in desk.text and "P!" not in desk.text)


async def test_without_figures_it_says_what_is_away(shop: Shop, running: Run) -> None:
    with postgresql_away(shop):
        async with running(shop) as desk:
            await desk.sees("PostgreSQL is away", "They come by themselves when it is back")


async def test_without_analytics_the_books_are_there(clickhouse_link: Link, running: Run) -> None:
    with contextlib.closing(open_shop(clickhouse_link.settings)) as shop, clock_at(NOON):
        world = furnish(shop)
        with clickhouse_link.away(shop):
            async with running(world.shop) as desk:
                await desk.sees("1  to be confirmed", "clickhouse is away: no sales figures yet", "C!")
                clickhouse_link.back()
                await desk.sees("Corsair Vengeance", "last Thursday")
