"""Loads: the one way a screen gets data. A handler starts a load, a thread calls ``data``, ``then`` shows the result.

Shape: a mix-in of ``AppScreen`` with a number for each group of loads; what an older load of a group brings is dropped,
whatever order the threads end in. Rejected: cancelling the older thread, which cannot be done, and reading on the event
loop, which must never wait for a store.

What a screen is about, and every key on it acts on, is loaded with ``keys_wait``: keys typed before it is there wait
for it (``awaited``; the gate of ``tui/typeahead.py`` holds them) and are done then, in their order. Rejected: refusing
them by name, after which the next letter meant something else.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual.css.query import NoMatches
from textual.screen import Screen

from data.errors import StorekeeperError
from data.types import Page, PageSource
from screens.handle import ShellApi

if TYPE_CHECKING:
    from textual.worker import WorkType

    from data.shop import Shop

Result = TypeVar("Result")


class Loads(Screen[None]):
    """What a screen loads with; ``shell`` is the app as screens know it."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._sequence: defaultdict[str, int] = defaultdict(int)
        self._awaited: dict[str, asyncio.Future[bool]] = {}

    @property
    def shell(self) -> ShellApi:
        """The shell's verbs."""
        return cast(ShellApi, self.app)

    def load(
        self,
        fn: Callable[..., Result],
        *args: Any,
        then: Callable[[Result], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        group: str = "load",
        doing: str = "",
        keys_wait: bool = False,
    ) -> None:
        """Call ``fn(shop, *args)`` in a thread once the shop is open; hand its result to ``then`` on the event loop.

        A newer load of the same ``group`` makes this one's outcome be dropped. ``failed`` takes the exception; without
        it the shell shows the error (``doing`` names what was being done: "loading the order"). With ``keys_wait`` keys
        typed from now on wait until the outcome of the group's newest load is shown.
        """
        self._sequence[group] += 1
        number = self._sequence[group]
        if keys_wait and group not in self._awaited:
            self._awaited[group] = asyncio.get_running_loop().create_future()

        async def job() -> None:
            try:
                shop = await self.shell.handle.wait()
                result = await asyncio.to_thread(fn, shop, *args)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is shown, never raised into the loop
                self.call_later(self._failed, group, number, error, failed, doing)
            else:
                if then is not None or group in self._awaited:
                    self.call_later(self._arrived, group, number, result, then)

        self.run_worker(cast("WorkType[None]", job), group=f"{self.name}:{group}", exclusive=True, exit_on_error=False)

    @property
    def awaited(self) -> asyncio.Future[bool] | None:
        """What keys wait for now, ``None`` for nothing. Its result: whether it was read."""
        return next(iter(self._awaited.values()), None)

    def tell_waiting(self, keys: int) -> None:
        """So many ``keys`` wait for what is being read, 0 for none any more. Override to show it."""

    def tell_dropped(self, keys: int) -> None:
        """So many waiting ``keys`` were dropped, as what they were typed for could not be read. Override to say it."""

    def _come(self, group: str, *, read: bool) -> None:
        awaited = self._awaited.pop(group, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(read)

    def _arrived(self, group: str, number: int, result: Result, then: Callable[[Result], object] | None) -> None:
        if number == self._sequence[group]:
            try:
                if then is not None:
                    self._guarded(then, result)
            finally:
                self._come(group, read=True)

    def _failed(
        self, group: str, number: int, error: Exception, failed: Callable[[Exception], object] | None, doing: str
    ) -> None:
        if number != self._sequence[group]:
            return
        try:
            if failed is not None:
                self._guarded(failed, error)
            else:
                self.shell.show_error(error, doing=doing)
        finally:
            self._come(group, read=False)

    def _guarded(self, handler: Callable[[Any], object], value: object) -> None:
        try:
            handler(value)
        except NoMatches:
            if self.is_attached:
                raise
        except StorekeeperError as error:
            self.shell.show_error(error)

    def forget(self, group: str) -> None:
        """Drop whatever a running load of ``group`` will bring."""
        self._sequence[group] += 1
        self._come(group, read=False)

    def pages(self, source: Callable[[Shop], PageSource[Any]]) -> Callable[..., Awaitable[Page[Any]]]:
        """Return the fetch callback of a grid: ``source(shop)`` is made and called in a thread, once the shop is open.

        ``source`` runs in the thread too, so it may import its room there.
        """

        async def fetch(*, after: str | None, before: str | None, limit: int) -> Page[Any]:
            shop = await self.shell.handle.wait()
            return await asyncio.to_thread(lambda: source(shop)(after=after, before=before, limit=limit))

        return fetch
