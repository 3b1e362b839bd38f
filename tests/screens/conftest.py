"""A running program on the real engines of the test: keys go in, what the screen shows comes out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from data.settings import Settings
from tests.screens.away import Link
from tui.app import Shell

if TYPE_CHECKING:
    from data.shop import Shop


class Running:
    """The program and the keyboard in front of it."""

    def __init__(self, app: Shell, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        """The whole screen as a person reads it."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, until all they started is done."""
        await self.pilot.press(*keys)
        await self.app.settled()

    async def type(self, text: str) -> None:
        """Type ``text`` letter by letter."""
        await self.pilot.press(*(" " if letter == " " else letter for letter in text))
        await self.app.settled()

    async def paste(self, text: str) -> None:
        """Paste ``text`` where the focus is: all of it at once, with no search on the way."""
        self.app.post_message(Paste(text))
        await self.pilot.pause()
        await self.app.settled()

    async def sees(self, *parts: str, seconds: float = 30.0) -> str:
        """Wait until every one of ``parts`` stands on the screen; return the screen."""
        deadline = time.monotonic() + seconds
        while missing := [part for part in parts if part not in self.text]:
            assert time.monotonic() < deadline, f"{missing} not within {seconds} s on\n{self.text}"
            await self.pilot.pause(0.02)
        return self.text

    async def reads(self, *parts: str, seconds: float = 30.0) -> None:
        """Wait until every one of ``parts`` can be read on the screen, also over the end of a line."""

        def text() -> str:
            return " ".join(self.text.replace("│", " ").split())

        await self.until(lambda: all(part in text() for part in parts), seconds)

    async def until(self, check: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Wait for the first true answer of ``check()``."""
        deadline = time.monotonic() + seconds
        while not (answer := check()):
            assert time.monotonic() < deadline, f"not within {seconds} s; the screen:\n{self.text}"
            await self.pilot.pause(0.02)
        return answer


Run = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def running() -> Run:
    """``async with running(shop, size=(80, 24)) as desk``: the program with ``shop`` open."""

    @asynccontextmanager
    async def run(shop: Shop, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Running]:
        app = Shell(shop.settings, lambda report: shop)
        async with app.run_test(size=size) as pilot:
            await app.settled()
            yield Running(app, pilot)

    return run


@pytest.fixture
def clickhouse_link(settings: Settings) -> Iterator[Link]:
    """The test's settings with an analytics store that can be taken away."""
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is too long for a socket's name
        yield Link(settings, folder)
