"""A tiny app around one widget, which records the messages it posts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

import styles
from styles.themes import THEMES


class Bench(App[None]):
    """Holds one widget under the program's style sheet and keeps what it posts."""

    CSS_PATH = Path(styles.__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, make: Callable[[], Widget]) -> None:
        super().__init__()
        self.make = make
        self.posted: list[Message] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "dark"

    def compose(self) -> ComposeResult:
        self.widget = self.make()
        yield self.widget

    def on_mount(self) -> None:
        self.widget.focus()

    async def _on_message(self, message: Message) -> None:
        self.posted.append(message)
        await super()._on_message(message)

    def of(self, kind: type[Message]) -> list[Any]:
        """The messages of ``kind``, oldest first."""
        return [message for message in self.posted if isinstance(message, kind)]

    def row(self, y: int) -> str:
        """Line ``y`` of the screen as text."""
        return self.screen._compositor.render_strips()[y].text.rstrip()


Run = Callable[..., AbstractAsyncContextManager[tuple[Bench, Pilot[None]]]]


@pytest.fixture
def run() -> Run:
    """``async with run(widget, size=(80, 24)) as (app, pilot)``; a function that makes the widget does as well."""

    @asynccontextmanager
    async def running(
        widget: Widget | Callable[[], Widget], *, size: tuple[int, int] = (80, 24)
    ) -> AsyncIterator[tuple[Bench, Pilot[None]]]:
        app = Bench((lambda: widget) if isinstance(widget, Widget) else widget)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield app, pilot

    return running
