"""The grid: moving, paging, marking, sorting, copying, live rows, states, over lists of any length."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bench.support.rows import COLUMNS, MadeRow, MadeRows, cells
from data.errors import Unavailable
from data.types import Page
from widgets.cells import Column
from widgets.grid import Grid

from .conftest import Run


def _grid() -> Grid[MadeRow]:
    return Grid(COLUMNS, cells, lambda row: row.key, empty=("No orders match.", "/ changes the query"))


async def _started(pilot: Any, grid: Grid[MadeRow], count: int) -> MadeRows:
    source = MadeRows(count)
    grid.show(source.fetch)
    await pilot.pause()
    return source


async def test_a_million_rows_cost_a_page(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        source = await _started(pilot, grid, 1_000_000)
        assert source.asked == 1
        assert len(grid.window) == 100
        assert app.row(0).split() == ["Order", "Placed", "Customer", "Items", "Total", "Payment", "Parcel"]
        assert app.row(1).startswith("▸ 0000000")
        assert app.of(Grid.Loaded)[-1].estimate == 1_000_000


async def test_keys_move_and_only_two_lines_are_painted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 1000)
        painted: list[int] = []
        paint = grid.render_line
        monkeypatch.setattr(grid, "render_line", lambda y: (painted.append(y), paint(y))[1])
        await pilot.press("j")
        assert sorted(painted) == [1, 2]
        await pilot.press("down", "j", "k")
        assert grid.cursor == 2
        await pilot.press("pagedown")
        assert grid.cursor == 2 + grid.visible_rows
        await pilot.press("G")
        assert grid.current == MadeRow(999)
        assert app.row(23).startswith("▸ 0000999")
        await pilot.press("home")
        assert grid.current == MadeRow(0)
        assert app.of(Grid.RowMoved)[-1].row == MadeRow(0)


async def test_walking_the_whole_list_down_and_up_sees_every_row_once(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (_, pilot):
        await _started(pilot, grid, 3000)
        seen = [grid.current]
        while seen[-1] != MadeRow(2999):
            for _ in range(50):
                grid.action_move(1)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                if grid.current != seen[-1]:
                    seen.append(grid.current)
            await pilot.pause()
            if grid.current != seen[-1]:
                seen.append(grid.current)
        numbers = [row.number for row in seen if row is not None]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 2999
        assert len(grid.window) <= 2000
        assert grid.window.rows[0].number > 0  # the front was let go
        await pilot.press("home")
        assert grid.current == MadeRow(0)


async def test_steps_beyond_the_rows_held_are_owed_until_the_page_is_there(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (_, pilot):
        gate = asyncio.Event()
        source = MadeRows(1000)

        async def slow(*, after: str | None, before: str | None, limit: int) -> Page[MadeRow]:
            if after is not None:
                await gate.wait()
            return source(after=after, before=before, limit=limit)

        grid.show(slow)
        await pilot.pause()
        for _ in range(8):
            grid.action_page(1)
        await pilot.pause()
        assert grid.cursor == 99  # the last row held; a placeholder stands behind it
        gate.set()
        await pilot.pause()
        assert grid.current == MadeRow(8 * grid.visible_rows)


async def test_a_placeholder_stands_for_the_rows_on_their_way(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        source = MadeRows(1000)

        async def never(*, after: str | None, before: str | None, limit: int) -> Page[MadeRow]:
            if after is not None:
                await asyncio.Event().wait()
            return source(after=after, before=before, limit=limit)

        grid.show(never)
        await pilot.pause()
        grid.action_page(1)
        for _ in range(5):
            grid.action_page(1)
        await pilot.pause()
        grid.top = 90
        grid.refresh()
        await pilot.pause()
        assert app.row(11).strip() == "…"


async def test_marks_ranges_and_what_is_chosen(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 500)
        assert grid.chosen == (MadeRow(0),)
        await pilot.press("space", "space", "j", "space")
        assert [row.number for row in grid.chosen] == [0, 1, 3]
        assert app.row(1).startswith("▌ 0000000")
        await pilot.press("j", "v", "j", "j", "k", "v", "j", "j")
        assert [row.number for row in grid.chosen] == [0, 1, 3, 5, 6]
        assert app.of(Grid.MarksChanged)[-1].count == 5
        grid.reload()
        await pilot.pause()
        assert len(grid.marks) == 5  # marks are keys, not positions
        await pilot.press("ctrl+a")
        assert len(grid.marks) == len(grid.window)
        assert grid.clear_marks()
        assert not grid.clear_marks()


async def test_a_quick_list_begins_with_what_is_near_and_still_marks_a_page(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Grid, "REST", 3600.0)  # the rest comes when it is asked for
    grid: Grid[MadeRow] = Grid(COLUMNS, cells, lambda row: row.key, quick=True)
    async with run(grid) as (_, pilot):
        source = await _started(pilot, grid, 60)
        assert (source.asked, len(grid.window)) == (1, 2 * grid.visible_rows + 1)
        await pilot.press("ctrl+a")
        await pilot.pause()
        assert (source.asked, len(grid.marks)) == (2, 60)
        await pilot.press("ctrl+a")
        assert (source.asked, len(grid.marks)) == (2, 0)


async def test_sorting_asks_for_the_chosen_column(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 10)
        await pilot.press("right_square_bracket", "right", "left_square_bracket")
        asked = [(message.name, message.descending) for message in app.of(Grid.SortRequested)]
        assert asked == [("order_number", True), ("created_at", False)]
        await pilot.press("right", "right_square_bracket")  # Customer can't be sorted by
        assert len(app.of(Grid.SortRequested)) == 2
        grid.show(MadeRows(10).fetch, sorted_by=("total_amount", True))
        await pilot.pause()
        assert "Total▾" in app.row(0)


async def test_copying_a_cell_a_row_and_all_marked_rows(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 10)
        await pilot.press("y", "Y", "space", "space", "Y")
        cell, row, rows = app.of(Grid.CopyRequested)
        assert (cell.text, cell.what) == ("0000000", "order")
        assert row.text.split("\t")[:3] == ["0000000", "1 min", "Ann Lee"]
        assert rows.what == "2 rows"
        assert [line.split("\t")[0] for line in rows.text.split("\n")] == ["0000000", "0000001"]


async def test_a_live_row_flashes_and_goes_back(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 10)
        changed = MadeRow(7_000_003)
        assert grid.update_row("3", changed)
        assert grid.flashing == {"3"}
        await pilot.pause()
        assert "7000003" in app.row(4)
        assert not grid.update_row("nobody", changed)
        while grid.flashing:
            await pilot.pause(0.05)


async def test_reload_stays_at_the_row_even_when_rows_came_before_it(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (_, pilot):
        numbers = list(range(300))

        async def fetch(*, after: str | None, before: str | None, limit: int) -> Page[MadeRow]:
            start = int(after) if after else 0
            rows = tuple(MadeRow(number) for number in numbers[start : start + limit])
            end = start + len(rows)
            return Page(rows, str(end) if end < len(numbers) else None, None)

        grid.show(fetch)
        await pilot.pause()
        grid.action_move(42)
        before = grid.cursor - grid.top
        numbers[:0] = [900, 901, 902]
        grid.reload()
        await pilot.pause()
        assert grid.current == MadeRow(42)
        assert grid.cursor - grid.top == before
        numbers.remove(42)
        grid.reload()
        await pilot.pause()
        assert grid.current is not None
        assert grid.current.number == 43  # its place, now the next row's


async def test_late_answers_of_an_older_list_are_dropped(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (_, pilot):
        held = asyncio.Event()

        async def slow(**_: Any) -> Page[MadeRow]:
            await held.wait()
            return Page((MadeRow(666),))

        grid.show(slow)
        await pilot.pause()
        await _started(pilot, grid, 5)
        held.set()
        await pilot.pause()
        assert [row.number for row in grid.window.rows] == [0, 1, 2, 3, 4]


async def test_empty_loading_and_error_say_so(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        never = asyncio.Event()

        async def waiting(**_: Any) -> Page[MadeRow]:
            await never.wait()
            raise AssertionError

        grid.show(waiting)
        await pilot.pause()
        assert app.row(2).strip() == "Loading …"
        await _started(pilot, grid, 0)
        assert (app.row(2).strip(), app.row(3).strip()) == ("No orders match.", "/ changes the query")

        async def down(**_: Any) -> Page[MadeRow]:
            raise Unavailable("postgresql", "connection refused")

        grid.show(down)
        await pilot.pause()
        failed = app.of(Grid.LoadFailed)[-1]
        assert isinstance(failed.error, Unavailable)
        assert grid.failed
        grid.show_error("PostgreSQL is away.", "r tries again")
        await pilot.pause()
        assert (app.row(2).strip(), app.row(3).strip()) == ("PostgreSQL is away.", "r tries again")
        await _started(pilot, grid, 3)
        assert not grid.failed
        assert app.row(1).startswith("▸ 0000000")


async def test_rows_stay_dim_when_a_reload_fails(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 3)

        async def down(**_: Any) -> Page[MadeRow]:
            raise Unavailable("postgresql", "connection refused")

        grid.show(down)
        await pilot.pause()
        grid.show_error("PostgreSQL is away.")
        await pilot.pause()
        assert grid.stale
        assert "0000001" in app.row(2)


async def test_a_narrow_grid_shows_the_important_columns(run: Run) -> None:
    columns = (Column("a", "Order", 9), Column("b", "Name", 10, flex=1), Column("c", "Extra", 20, min_total=100))
    grid: Grid[MadeRow] = Grid(columns, lambda row: (row.key, "name", "extra"), lambda row: row.key)
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 3)
        assert "Extra" not in app.row(0)
        await pilot.resize_terminal(140, 40)
        await pilot.pause()
        assert "Extra" in app.row(0)


async def test_the_mouse_works_too(run: Run) -> None:
    grid = _grid()
    async with run(grid) as (app, pilot):
        await _started(pilot, grid, 50)
        await pilot.click(offset=(10, 5))
        assert grid.cursor == 4
        await pilot.click(offset=(10, 6), times=2)
        assert app.of(Grid.RowChosen)[-1].key == "5"
