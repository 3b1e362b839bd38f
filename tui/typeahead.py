"""Type-ahead gate: a key is dispatched only when the one before it has done all it does.

Textual routes a key to the widget that has the focus when the key *arrives*; of ``F6 / c o r s a i r`` in one write the
letters would go to the screen that is about to be left. Here keys wait in a queue; between two keys the gate sends a
marker through the pumps the key may have touched (focused widget, its ancestors, screen, app) until all come back with
screen, focus and actions at rest and nothing queued behind. A marker in the pump of a screen that is still mounting is
answered after its mount, which is exactly what has to be waited for. Waiting is bounded, so a stuck handler delays and
never hangs. A key typed by hand waits for nothing: the key before it has come to rest long ago.

Where the screen is still reading what its keys act on (``screens.loading.Loads.awaited``), keys wait for that, as long
as the store lets it take: then they are done in their order, or dropped where it could not be read, where another
screen came up meanwhile, or by Esc. Only the ways to other screens do not wait, unless keys before them do.

Rejected: a fixed pause between keys (slow, and still wrong on a slow machine), and awaiting ``push_screen`` in handlers
(the next key was routed before the handler ran).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual import events
from textual.message_pump import MessagePump
from textual.widget import Widget

from screens.loading import Loads

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

#: seconds a key may hold up the next one
PATIENCE = 2.0
#: seconds after a key from which a look at the queues is enough: typing by hand is never slower for the gate
REST = 0.02
#: so many keys and pastes at most wait for what a screen reads
MOST = 200


@dataclass
class Work:
    """What keys have set going: ``changes`` counts beginnings and ends, ``running`` is how many have not ended."""

    changes: int = 0
    running: int = 0

    def touch(self) -> None:
        """A key came up to the shell and did something there."""
        self.changes += 1

    def begin(self) -> None:
        """An action begins."""
        self.changes += 1
        self.running += 1

    def end(self) -> None:
        """An action has ended."""
        self.changes += 1
        self.running -= 1


@dataclass
class _Held:
    """The screen that keys wait for, and what ends the waiting before it has read."""

    screen: Loads
    let_go: asyncio.Event


class KeyGate:
    """Queues keys and pastes of one app and dispatches them one after the other.

    ``dispatch`` hands an event on; ``work`` knows of actions under way, which no queue shows; ``free`` says which keys
    need nothing that a screen reads.
    """

    def __init__(
        self,
        app: App[Any],
        dispatch: Callable[[events.Event], Awaitable[None]],
        work: Work,
        free: Callable[[events.Event], bool],
    ) -> None:
        self._app = app
        self._dispatch = dispatch
        self._work = work
        self._free = free
        self._held: _Held | None = None
        self._queue: deque[events.Event] = deque()
        self._task: asyncio.Task[None] | None = None
        self._last = 0.0

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being dispatched."""
        return self._task is None or self._task.done()

    def put(self, event: events.Event) -> None:
        """Dispatch ``event`` when all before it are done; at once if none is."""
        if self._held is not None and not self._hold(event, self._held):
            return
        self._queue.append(event)
        if self.idle:
            self._task = asyncio.create_task(self._drain(), name="type-ahead gate")

    async def quiet(self) -> None:
        """Wait until every key, and what it set going on the event loop, is done."""
        while not self.idle:
            assert self._task is not None
            await asyncio.wait([self._task])
        await self._settle()

    async def _drain(self) -> None:
        while self._queue:
            if not self._rested():
                await self._settle()
            if not await self._await_screen():
                continue
            self._last = monotonic()
            await self._dispatch(self._queue.popleft())

    async def _await_screen(self) -> bool:
        """Hold the keys while the screen reads what they act on. Return whether the first of them may go at once."""
        screen = self._top
        reading = screen.awaited if isinstance(screen, Loads) else None
        if not isinstance(screen, Loads) or reading is None or self._free(self._queue[0]):
            return True
        held = self._held = _Held(screen, asyncio.Event())
        screen.tell_waiting(len(self._queue))
        let_go = asyncio.create_task(held.let_go.wait())
        either: tuple[asyncio.Future[Any], ...] = (reading, let_go)
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            let_go.cancel()
            self._held = None
            screen.tell_waiting(0)
        if not held.let_go.is_set() and (self._top is not screen or not reading.result()):
            screen.tell_dropped(len(self._queue))
            self._queue.clear()
        return False

    def _hold(self, event: events.Event, held: _Held) -> bool:
        """Take ``event`` in behind the keys that are held, or end their waiting. Return whether to take it at all."""
        if self._top is not held.screen or (isinstance(event, events.Key) and event.key == "escape"):
            self._queue.clear()  # they were typed for a screen that is not wanted, or shown, any more
            held.let_go.set()
            return True
        if len(self._queue) >= MOST:
            self._app.bell()
            return False
        held.screen.tell_waiting(len(self._queue) + 1)
        return True

    @property
    def _top(self) -> Screen[Any] | None:
        return self._app.screen_stack[-1] if self._app.screen_stack else None

    def _rested(self) -> bool:
        """Whether the key before was long ago and nothing it set going is left: then no marker need be sent."""
        long_ago = monotonic() - self._last > REST
        return long_ago and self._at_rest() and not any(pump.message_queue_size for pump in self._pumps())

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                calm = False
                while not calm and self._app.is_running:
                    calm = await self._round()
        except TimeoutError:
            self._app.log.warning("a key held up the next one for too long")

    async def _round(self) -> bool:
        """Send a marker through the pumps concerned; return whether everything was at rest when it came back."""
        before = self._state()
        pumps = self._pumps()
        for pump in pumps:
            await _marker(pump)
        return self._at_rest() and self._state() == before and not any(pump.message_queue_size for pump in pumps)

    def _at_rest(self) -> bool:
        screen = self._top
        return screen is not None and screen.is_running and screen.is_mounted and not self._work.running

    def _state(self) -> tuple[object, ...]:
        screen = self._top
        if screen is None:
            return (None,)
        return screen, screen.focused, self._work.changes

    def _pumps(self) -> list[MessagePump]:
        app: MessagePump = self._app
        screen = self._top
        if screen is None:
            return [app]
        focused: Widget | None = screen.focused
        nodes = focused.ancestors_with_self if focused is not None else [screen]
        # The app twice: a widget's focus() and a screen switch are themselves messages to the app.
        return [*(node for node in nodes if node is not app), app, app]


async def _marker(pump: MessagePump) -> None:
    """Return when ``pump`` has handled all that is in its queue now, or takes nothing any more."""
    reached = asyncio.Event()
    if not pump.is_running or not pump.call_later(reached.set):
        return
    while not reached.is_set() and pump.is_running:
        # A pump that closes (a dismissed overlay) leaves its queue unread, so look now and then whether it still runs.
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await reached.wait()
