"""Type-ahead gate: a key is dispatched only when the one before it has done all it does.

Textual routes a key to the widget that has the focus when the key *arrives*; of ``F6 / c o r s a i r`` in one write the
letters would go to the screen that is about to be left. Here keys wait in a queue; between two keys the gate sends a
marker through the pumps the key may have touched (focused widget, its ancestors, screen, app) and goes on when all came
back with screen and focus unchanged. A marker in the pump of a screen that is still mounting is answered after its
mount, which is exactly what has to be waited for. Everything is bounded, so a stuck handler delays, never hangs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from textual.app import App

#: seconds a key may hold up the next one
PATIENCE = 2.0
#: rounds of markers until screen and focus must have come to rest
ROUNDS = 8


class KeyGate:
    """Queues keys and pastes of one app and dispatches them one after the other."""

    def __init__(self, app: App[Any], dispatch: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._dispatch = dispatch
        self._queue: deque[events.Event] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being dispatched."""
        return self._task is None or self._task.done()

    def put(self, event: events.Event) -> None:
        """Dispatch ``event`` when all before it are done; at once if none is."""
        self._queue.append(event)
        if self.idle:
            self._task = asyncio.create_task(self._drain(), name="type-ahead gate")

    async def quiet(self) -> None:
        """Wait until every key is done and the messages it caused are too."""
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._settle()

    async def _drain(self) -> None:
        while self._queue:
            event = self._queue.popleft()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._dispatch(event)
                    await self._settle()
            except TimeoutError:
                continue

    async def _settle(self) -> None:
        for _ in range(ROUNDS):
            before = self._place()
            for pump in self._pumps():
                await _marker(pump)
            if self._place() == before and self._at_rest():
                return

    def _place(self) -> tuple[object, object]:
        screen = self._app.screen_stack[-1] if self._app.screen_stack else None
        return screen, screen.focused if screen is not None else None

    def _at_rest(self) -> bool:
        screen = self._app.screen_stack[-1] if self._app.screen_stack else None
        return screen is not None and screen.is_mounted

    def _pumps(self) -> list[MessagePump]:
        screen, focused = self._place()
        pumps: list[MessagePump] = []
        if isinstance(focused, MessagePump):
            pumps += [node for node in getattr(focused, "ancestors_with_self", ()) if node is not self._app]
        elif isinstance(screen, MessagePump):
            pumps.append(screen)
        # The app twice: a widget's focus() and a screen switch are themselves messages to the app.
        return [*pumps, self._app, self._app]


async def _marker(pump: MessagePump) -> None:
    reached = asyncio.Event()
    if pump.call_later(reached.set):
        await reached.wait()
