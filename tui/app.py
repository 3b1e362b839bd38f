"""Shell: the Textual app. It opens the shop after the first paint, goes between screens, and routes keys to actions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from rich.control import Control
from textual import events
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import Worker, WorkerCancelled, WorkerFailed

import styles
from data.settings import Settings
from data.types import ReportProgress
from screens.base import AppScreen
from screens.handle import ShopHandle
from screens.places import PLACES, Place
from styles.themes import THEMES, choose
from tui.actions import Registry
from tui.frames import FrameMemory
from tui.keymap import Keymap
from tui.keys import KeyRouter
from tui.navigation import Navigator
from tui.opening import Opening
from tui.safety import InertFilter
from tui.typeahead import KeyGate
from tui.verbs import Verbs
from widgets.sturdy import Sturdy

if TYPE_CHECKING:
    from data.shop import Shop

#: how a shell gets its shop; called in a thread, reports what it does
Opener = Callable[[ReportProgress], "Shop"]


class Shell(Verbs, Sturdy, App[None], inherit_bindings=False):
    """The program in the terminal.

    ``opener`` is called in a thread after the first paint. ``places`` are the screens there are, ``keymap`` the
    person's own keys, ``log`` the file that dialogs name, ``with_demo`` fills a new shop with demo data.
    """

    TITLE = "Storekeeper"
    CSS_PATH = Path(styles.__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (150, "-broad")]  # noqa: RUF012 - as App declares it

    def __init__(
        self,
        settings: Settings,
        opener: Opener,
        *,
        places: Sequence[Place] = PLACES,
        keymap: Keymap | None = None,
        log: Path | None = None,
        with_demo: bool = False,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.log_file = log
        self.handle = ShopHandle()
        self.registry = Registry(places, keymap)
        self.navigator = Navigator(self, places)
        self.router = KeyRouter(self, self.registry)
        self.gate = KeyGate(self, self._dispatch_key, self.router.work, self.router.is_free)
        self.opening = Opening(self, opener, with_demo=with_demo)
        #: exceptions nobody foresaw, newest last; tests look here
        self.problems: list[BaseException] = []
        # Row 23 tells what happened and row 24 what can be done: no toasts, no tooltips, two widgets less per screen.
        self._disable_tooltips = self._disable_notifications = True
        self.animation_level = "none"
        self._net = InertFilter()
        self._frames = FrameMemory()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = choose(settings.theme, os.environ)
        if keymap:
            self.set_keymap({name: ",".join(keys) for name, keys in keymap.items()})

    def get_line_filters(self) -> list[LineFilter]:
        """Textual's filters and, last, the net that makes stored text inert."""
        return [*super().get_line_filters(), self._net]

    def get_default_screen(self) -> Screen[Any]:
        """The dashboard, painted before any store is known."""
        return self.navigator.start()

    @property
    def current(self) -> AppScreen:
        """The screen shown, or the one below the overlay."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, AppScreen):
                return screen
        raise LookupError("no screen is shown yet")

    def on_mount(self) -> None:
        """After the first paint, open the shop."""
        self.app_resume_signal.subscribe(self, lambda _: self._frames.forget())
        self.call_after_refresh(self.opening.begin)

    def on_unmount(self) -> None:
        """Let go of the shop; the engines stay up for the other terminals."""
        self.opening.end()

    # -- keys ---------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Hand keys and pastes to the gate, everything else to Textual."""
        if isinstance(event, events.Resize):
            self._frames.forget()
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            self.gate.put(event)
        else:
            await super().on_event(event)

    async def _dispatch_key(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and self.router.before_widgets(event):
            return
        await super().on_event(event)

    async def _on_key(self, event: events.Key) -> None:
        # A key that no widget stopped has come up: bindings of widgets (a list's j and k) first, then the actions.
        event.prevent_default()  # Textual would call App._on_key too, and every key would count twice
        if not await self._check_bindings(event.key):
            self.router.after_widgets(event)
        else:
            self.router.work.touch()

    # -- painting -----------------------------------------------------------------------------------------------------

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        # 8.2.8 calls this with every update, and would write it in three writes; what the terminal already shows is
        # taken out of it, and the rest leaves in one.
        if not (isinstance(renderable, CompositorUpdate) and self._shows and self._driver is not None):
            super()._display(screen, renderable)
            return
        changed = self._frames.changed(renderable, self.size)
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        if changed is not None or cursor != self._previous_cursor_position:
            self._previous_cursor_position = cursor
            painted = changed.render_segments(self.console) if changed is not None else ""
            frame = painted + Control.move_to(*cursor).segment.text
            self._driver.write(SYNC_START + frame + SYNC_END if self._sync_available else frame)
            self._driver.flush()
        self.post_display_hook()

    def forget_frames(self) -> None:
        """Send the next update whole: the terminal may show anything."""
        self._frames.forget()

    @property
    def _shows(self) -> bool:
        """Whether an update would reach a terminal now."""
        return not (self._batch_count or self._closed or self.is_headless) and self._running

    def hold_until_mounted(self, screen: Screen[Any]) -> None:
        """Paint ``screen`` once, when its widgets are there, instead of empty first."""
        if screen.is_running:
            return
        self._begin_batch()
        released = False

        def release() -> None:
            nonlocal released
            if not released:
                released = True
                self._end_batch()
                screen.refresh()

        screen.call_later(release)
        self.set_timer(0.5, release)  # whatever happens to the screen, painting goes on

    # -- trouble, and tests -------------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        if not self._dom_ready or self._closing:
            super()._handle_exception(error)
            return
        self.show_error(error)

    async def settled(self, timeout: float = 10.0) -> None:
        """Wait until all keys are dispatched and all loads have shown their outcome; for tests.

        Raises ``TimeoutError``, and the first exception that nobody foresaw.
        """
        async with asyncio.timeout(timeout):
            while True:
                await self.gate.quiet()
                busy = [worker for worker in self.workers if not worker.is_finished]
                if not busy:
                    break
                await asyncio.wait([asyncio.ensure_future(_ended(worker)) for worker in busy])
            await self.gate.quiet()
        if self.problems:
            raise self.problems[0]


async def _ended(worker: Worker[Any]) -> None:
    """Wait for ``worker``, whatever its outcome."""
    with suppress(WorkerFailed, WorkerCancelled):
        await worker.wait()
