"""Demo data for a newcomer, loaded beside the running program: one can look around while the shop fills.

``make run`` asks for it. The load is a process of its own, so that the screens stay quick. Progress stands in row 23;
leaving the program interrupts the load, the next start goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from data.errors import StorekeeperError
from data.types import Progress

if TYPE_CHECKING:
    from data.demo.child import DemoChild
    from data.demo.report import DemoReport
    from data.shop import Shop
    from tui.app import Shell

#: The screen one looks at reads again this often meanwhile, in seconds.
FRESH = 3.0


class DemoLoad:
    """Has the demo data loaded once, for one shell."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._left = False
        self._child: DemoChild | None = None
        self._refreshed = monotonic()

    def begin(self, shop: Shop) -> None:
        """Start, where there is something to load."""
        self._shell.run_worker(lambda: self._load(shop), thread=True, group="demo", exit_on_error=False)

    def end(self) -> None:
        """The program is left: the load ends where it is."""
        self._left = True
        if self._child is not None:
            self._child.interrupt()

    def _load(self, shop: Shop) -> None:
        """Runs in a thread, which only listens."""
        from data.demo.offer import DemoOffer

        if self._left or not DemoOffer(shop.settings).stands:
            return
        from data.demo.child import DemoChild

        self._child = DemoChild(shop.settings)
        if self._left:
            return
        try:
            loaded = self._child.load(report=lambda progress: self._tell(self._show, progress))
        except StorekeeperError as error:
            self._tell(self._failed, error)
        else:
            if loaded is not None:
                self._tell(self._loaded, loaded)

    def _tell(self, shown: Callable[[Any], None], what: object) -> None:
        if not self._left:
            self._shell.call_later(shown, what)

    def _show(self, progress: Progress | None) -> None:
        shell = self._shell
        for screen in shell.navigator.screens:
            screen.status.progress(progress if screen is shell.current else None)
        if progress is not None and monotonic() - self._refreshed >= FRESH:
            self._refreshed = monotonic()
            shell.current.reload()

    def _loaded(self, loaded: DemoReport) -> None:
        self._show(None)
        for screen in self._shell.navigator.screens:
            screen.reload()
        counts = f"{loaded.products:,} products, {loaded.customers:,} customers, {loaded.orders:,} orders"
        self._shell.current.status.say(f"Demo data: {counts}", "good")

    def _failed(self, error: StorekeeperError) -> None:
        self._show(None)
        self._shell.show_error(error, doing="loading the demo data; the next start goes on")
