"""Opening the shop after the first paint, watching its health, and coming back by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from data.errors import Invalid, StorekeeperError
from data.types import Progress, ReportProgress
from tui.demo import DemoLoad
from tui.errors import banner_for
from tui.health import LETTERS, HealthMonitor, Pulse
from tui.keymap import check_keymap
from widgets.headerline import HeaderState

if TYPE_CHECKING:
    from data.shop import Shop
    from screens.base import AppScreen
    from tui.app import Shell

#: seconds until a shop that could not be opened is tried again
RETRY = 3.0
RETRY_UNFORESEEN = 30.0


class Opening:
    """Opens the shop of one shell, and dresses the screens with what is known of it."""

    def __init__(self, shell: Shell, opener: Callable[[ReportProgress], Shop], *, with_demo: bool = False) -> None:
        self._shell = shell
        self._opener = opener
        self._demo = DemoLoad(shell) if with_demo else None
        self._monitor: HealthMonitor | None = None
        self._pulse: Pulse | None = None
        #: stores a load found down before the monitor looked
        self._suspected: set[str] = set()
        #: why the shop could not be opened, as it was said
        self._told = ""

    # -- opening ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open the shop in a worker; screens that wait go on when it is there."""
        self._shell.run_worker(self._open, thread=True, group="shop", exit_on_error=False)

    def end(self) -> None:
        """Stop watching and let go of the shop."""
        if self._demo is not None:
            self._demo.end()
        if self._monitor is not None:
            self._monitor.stop()
        if self._shell.handle.shop is not None:
            self._shell.handle.shop.close()

    def _open(self) -> None:
        """Runs in a thread."""
        shell = self._shell

        def report(progress: Progress) -> None:
            shell.call_later(self._progress, progress)

        try:
            shop = self._opener(report)
        except Exception as error:  # noqa: BLE001 - shown to the person, and tried again
            shell.call_later(self._not_opened, error)
            return
        shell.call_later(self._opened, shop)
        for place in shell.registry.places:
            # Imported now, while nobody waits, so that the first visit to a screen is as quick as the second.
            place.screen_class()
        if shell.registry.keymap:
            shell.call_later(self._check_keymap)

    def _progress(self, progress: Progress) -> None:
        if self._shell.handle.opening:
            self._shell.handle.progress = progress
            self._shell.current.show_opening(progress)

    def _opened(self, shop: Shop) -> None:
        self._shell.handle.opened(shop)
        for screen in self._shell.navigator.screens:
            screen.show_opening(None)
            screen.refresh_keys()
            if self._told:  # what they asked for while the shop was closed got an error
                screen.call_later(screen.reload)
        self._told = ""
        self._monitor = HealthMonitor(shop, self._looked)
        self._monitor.start()
        if self._demo is not None:
            self._demo.begin(shop)
        self.dress(self._shell.current)

    def _not_opened(self, error: Exception) -> None:
        shell = self._shell
        shell.handle.failed(error)
        for screen in shell.navigator.screens:
            screen.show_opening(None)
        if str(error) != self._told:
            self._told = str(error) or type(error).__name__
            shell.show_error(error, doing="opening the shop")
        shell.set_timer(RETRY if isinstance(error, StorekeeperError) else RETRY_UNFORESEEN, self._again)

    def _again(self) -> None:
        self._shell.handle.again()
        self.begin()

    def _check_keymap(self) -> None:
        try:
            check_keymap(self._shell.registry)
        except Invalid as error:
            self._shell.current.status.say(f"keymap: {error}", "warn")

    # -- health -------------------------------------------------------------------------------------------------------

    def suspect(self, store: str) -> None:
        """A load found ``store`` down: say so now, and have the monitor look."""
        self._suspected.add(store)
        if self._monitor is not None:
            self._monitor.poke()
        self.dress(self._shell.current)

    @property
    def down(self) -> tuple[str, ...]:
        """The stores known or suspected to be down."""
        known = set(self._pulse.down) if self._pulse is not None else set()
        return tuple(store for store, _ in LETTERS if store in known | self._suspected)

    def _looked(self, pulse: Pulse) -> None:
        """Called in the monitor's thread."""
        self._shell.call_later(self._changed, pulse)

    def _changed(self, pulse: Pulse) -> None:
        before = set(self.down)
        self._pulse = pulse
        self._suspected.clear()
        back = tuple(store for store, _ in LETTERS if store in before and store not in pulse.down)
        self.dress(self._shell.current)
        if back:
            for screen in self._shell.navigator.screens:
                screen.call_later(partial(screen.recovered, back))

    def dress(self, screen: AppScreen) -> None:
        """Show on ``screen`` who works where, how late events are, and which stores are up."""
        shell = self._shell
        shop = shell.handle.shop
        down = self.down
        up = "up" if self._pulse is not None else "unknown"
        screen.header.show_state(
            HeaderState(
                warehouse=shell.settings.warehouse,
                person=shop.actor.email.partition("@")[0] if shop is not None else "",
                lag=self._pulse.lag if self._pulse is not None else None,
                stores=tuple((letter, "down" if store in down else up) for store, letter in LETTERS),
                dead_letters=self._pulse.dead_letters if self._pulse is not None else 0,
                inconsistent=self._pulse.inconsistent if self._pulse is not None else 0,
            )
        )
        screen.status.banner(banner_for(down))
        if shell.handle.opening and shell.handle.progress is not None:
            screen.show_opening(shell.handle.progress)
