"""Pictures of the screens, taken of one demo shop at one moment (``frozen.py``) and compared with those that were kept.

How a picture is drawn depends on the Python it is drawn with (its Unicode tables), so pictures are compared on the
Python they were made with; on another the same test goes the same way through the program, and sees the same words.
``pytest tests/snapshots --snapshot-update`` keeps new pictures.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from textual.pilot import Pilot

from tests.conftest import databases
from tests.screens.conftest import Running
from tests.snapshots.frozen import frozen, tell
from tests.snapshots.ways import Way, at_rest
from tui.app import Shell

if TYPE_CHECKING:
    from data.settings import Settings
    from data.shop import Shop

MADE_WITH = (3, 11)
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
Picture = Callable[[Way, tuple[int, int]], None]


@pytest.fixture(scope="session")
def demo(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The demo's shop, as its admin sees it. Tests only read it; one that writes takes ``shop`` instead."""
    with databases(stack, tmp_path_factory.mktemp("demo")) as settings:
        with frozen():
            shop = tell(settings)
        yield shop
        shop.close()


@pytest.fixture
def picture(demo: Shop, request: pytest.FixtureRequest) -> Iterator[Picture]:
    """``picture(way, (80, 24))``: go ``way`` through the program, then compare what is seen with the picture kept."""

    def take(way: Way, size: tuple[int, int]) -> None:
        app = Shell(demo.settings, lambda report: demo)

        async def go(pilot: Pilot[Any]) -> None:
            desk = Running(app, pilot)
            await app.settled()
            await desk.sees("0.2s  P M S R C")  # the stores were looked at
            await way(desk)
            await at_rest(desk)

        if sys.version_info[:2] == MADE_WITH:
            assert request.getfixturevalue("snap_compare")(app, terminal_size=size, run_before=go)
        else:
            asyncio.run(_walk(app, go, size))

    with frozen():
        yield take


async def _walk(app: Shell, go: Callable[[Pilot[Any]], Awaitable[None]], size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await go(pilot)
