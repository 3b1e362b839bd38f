"""Demo data for a newcomer, loaded behind the running program: one can look around while the shop fills.

``make run`` asks for it. Progress stands in row 23; leaving the program interrupts the load, the next start goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import StorekeeperError
from data.types import Progress

if TYPE_CHECKING:
    from data.demo.load import DemoReport
    from data.shop import Shop
    from tui.app import Shell


class _Left(Exception):
    """The program was left in the middle of the load."""


class DemoLoad:
    """Loads the demo data once, in a thread of one shell."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._left = False

    def begin(self, shop: Shop) -> None:
        """Start, where there is something to load."""
        self._shell.run_worker(lambda: self._load(shop), thread=True, group="demo", exit_on_error=False)

    def end(self) -> None:
        """The program is left: stop at the next step."""
        self._left = True

    def _load(self, shop: Shop) -> None:
        """Runs in a thread."""
        from data.demo.offer import DemoOffer

        shell = self._shell
        try:
            loaded = DemoOffer(shop.settings).load(shop, report=self._report)
        except _Left:
            return
        except StorekeeperError as error:
            shell.call_later(self._failed, error)
        else:
            if loaded is not None:
                shell.call_later(self._loaded, loaded)

    def _report(self, progress: Progress) -> None:
        if self._left:
            raise _Left
        self._shell.call_later(self._show, progress)

    def _show(self, progress: Progress | None) -> None:
        for screen in self._shell.navigator.screens:
            screen.status.progress(progress if screen is self._shell.current else None)

    def _loaded(self, loaded: DemoReport) -> None:
        self._show(None)
        for screen in self._shell.navigator.screens:
            screen.reload()
        counts = f"{loaded.products:,} products, {loaded.customers:,} customers, {loaded.orders:,} orders"
        self._shell.current.status.say(f"Demo data: {counts}", "good")

    def _failed(self, error: StorekeeperError) -> None:
        self._show(None)
        self._shell.show_error(error, doing="loading the demo data; the next start goes on")
