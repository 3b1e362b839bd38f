"""Shell: the Textual app. It opens the shop after the first paint, goes between screens, and routes keys to actions."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import Worker, WorkerCancelled, WorkerFailed

import styles
from data.settings import Settings
from data.types import Progress, ReportProgress
from screens.action import Action
from screens.base import AppScreen
from screens.handle import ShopHandle
from screens.places import HOME
from styles.themes import THEMES, choose
from tui.actions import Registry
from tui.keys import KeyRouter
from tui.navigation import Navigator
from tui.safety import InertFilter
from tui.typeahead import KeyGate

if TYPE_CHECKING:
    from data.shop import Shop

#: how a shell gets its shop; called in a thread, reports what it does
Opener = Callable[[ReportProgress], "Shop"]


class Shell(App[None]):
    """The program in the terminal."""

    TITLE = "Storekeeper"
    CSS_PATH = Path(styles.__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (150, "-broad")]

    def __init__(self, settings: Settings, opener: Opener) -> None:
        super().__init__()
        self.settings = settings
        self.handle = ShopHandle()
        self._opener = opener
        self._inert = InertFilter()
        self.registry = Registry()
        self.navigator = Navigator(self)
        self.router = KeyRouter(self, self.registry)
        self.gate = KeyGate(self, self._dispatch_key)
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = choose(settings.theme, os.environ)

    def get_line_filters(self) -> list[LineFilter]:
        """Textual's filters and, last, the one that makes stored text inert."""
        return [*super().get_line_filters(), self._inert]

    def get_default_screen(self) -> Screen[Any]:
        """The dashboard, painted before any store is known."""
        return self.navigator.screen(HOME)

    def on_mount(self) -> None:
        """After the first paint, open the shop."""
        self.call_after_refresh(self.open_shop)

    # -- the shop -----------------------------------------------------------------------------------------------------

    def open_shop(self) -> None:
        """Open the shop in a worker; screens that wait go on when it is there."""
        self.run_worker(self._open_shop, thread=True, group="shop", exit_on_error=False)

    def _open_shop(self) -> None:
        def report(progress: Progress) -> None:
            self.call_from_thread(self._opening, progress)

        try:
            shop = self._opener(report)
        except Exception as error:  # noqa: BLE001 - shown to the person, with a way to try again
            self.call_from_thread(self._not_opened, error)
        else:
            self.call_from_thread(self._opened, shop)

    def _opening(self, progress: Progress) -> None:
        self.handle.progress = progress
        self._current.status.progress(progress)

    def _opened(self, shop: Shop) -> None:
        self.handle.opened(shop)
        self._current.status.progress(None)
        self._current.refresh_keys()

    def _not_opened(self, error: Exception) -> None:
        self.handle.failed(error)
        self._current.status.progress(None)
        self.show_error(error, doing="opening the shop")

    @property
    def _current(self) -> AppScreen:
        for screen in reversed(self.screen_stack):
            if isinstance(screen, AppScreen):
                return screen
        raise LookupError("no screen")

    # -- keys -----------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Hand keys and pastes to the gate, everything else to Textual."""
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            self.gate.put(event)
        else:
            await super().on_event(event)

    async def _dispatch_key(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and self.router.before_widgets(event):
            return
        await super().on_event(event)

    async def _on_key(self, event: events.Key) -> None:
        if not await self._check_bindings(event.key):
            self.router.after_widgets(event)

    async def settled(self, timeout: float = 10.0) -> None:
        """Wait until all keys are dispatched and all loads have shown their outcome; for tests."""
        import asyncio

        async with asyncio.timeout(timeout):
            while True:
                await self.gate.quiet()
                busy = [worker for worker in self.workers if not worker.is_finished and worker.group != "health"]
                if not busy:
                    await self.gate.quiet()
                    return
                await asyncio.wait([asyncio.ensure_future(_ended(worker)) for worker in busy])

    # -- verbs ----------------------------------------------------------------------------------------------------------

    def open_screen(self, name: str, **arguments: Any) -> None:
        """Go to screen ``name``."""
        self.navigator.open(name, arguments)

    def back(self) -> None:
        """Go one level back."""
        self.navigator.back()

    def why_not(self, action: Action) -> str:
        """Say why ``action`` is not possible now."""
        if action.permission:
            shop = self.handle.shop
            if shop is None:
                return "the shop is not open yet"
            if not shop.actor.may(action.permission):
                return f"{shop.actor.name} may not {action.permission}"
        return self._current.why_not(action)

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """The keys of ``action`` after the keymap."""
        return self.registry.keymap.get(action.name, action.all_keys)

    def copy_text(self, text: str, what: str) -> None:
        """Put ``text`` on the clipboard."""
        self.copy_to_clipboard(text)
        self._current.status.say(f"{what} sent to the terminal's clipboard")

    def confirm(self, sentence: str, then: Callable[[], None], *, count: int | None = None) -> None:
        """Show the confirm overlay."""
        from screens.confirm import ConfirmOverlay

        self.push_screen(ConfirmOverlay(sentence, count), lambda yes: then() if yes else None)

    def show_error(self, error: BaseException, *, doing: str = "") -> None:
        """Show ``error`` in row 23."""
        self._current.status.say(f"{doing}: {error}" if doing else str(error), "bad")

    def refuse(self, action: Action, reason: str) -> None:
        """Say why ``action`` is not possible."""
        self.bell()
        self._current.status.say(f"{action.label}: {reason}", "warn")

    def show_sequence(self, text: str) -> None:
        """Show the keys that can follow the first of a sequence."""
        self._current.status.say(text, "key")

    def hide_sequence(self) -> None:
        """The sequence is over."""
        self._current.status.say("")

    # -- handlers of the global actions -----------------------------------------------------------------------------------

    def go_back(self) -> None:
        """Esc: close what is open on the screen, else go back. Never quits."""
        if not self._current.leave():
            self.navigator.back()

    def previous_screen(self) -> None:
        """Backquote: the screen before this one."""
        self.navigator.previous()

    def leave_program(self) -> None:
        """Quit, after a question when something typed would be lost."""
        dirty = [screen for screen in self.navigator.screens if screen.dirty]
        if dirty:
            self.confirm("Leaves the program; what is typed and not saved is lost.", self.exit)
        else:
            self.exit()

    def next_theme(self) -> None:
        """The next of the four themes."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self._current.status.say(f"theme {self.theme}")

    def list_top(self) -> None:
        """``g g``: the first row of the list that has the focus."""
        top = getattr(self.focused, "action_top", None)
        if top is not None:
            top()

    def open_palette(self) -> None:
        """Open the palette."""

    def open_help(self) -> None:
        """Open the key sheet."""


async def _ended(worker: Worker[Any]) -> None:
    """Wait for ``worker``, whatever its outcome."""
    with suppress(WorkerFailed, WorkerCancelled):
        await worker.wait()
