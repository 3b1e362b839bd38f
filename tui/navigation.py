"""Going to screens and back: instances are made once, kept, and come back as they were left.

Shape: ``switch_screen`` between installed screens. Rejected: Textual's modes, which hold painting back for 50 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.screen import ModalScreen

from screens.places import HOME, Place

if TYPE_CHECKING:
    from screens.base import AppScreen
    from tui.app import Shell


class Visit(NamedTuple):
    """A screen and what it was opened with."""

    name: str
    arguments: dict[str, Any]


class Navigator:
    """The places visited, and the screens kept for them."""

    DEPTH = 50

    def __init__(self, app: Shell, places: Sequence[Place]) -> None:
        self._app = app
        self._places = {place.name: place for place in places}
        self._screens: dict[str, AppScreen] = {}
        self._trail: list[Visit] = []
        self._shown: dict[str, Visit] = {}
        self.here = Visit(HOME, {})
        self._before: Visit | None = None

    def screen(self, name: str) -> AppScreen:
        """Return the screen called ``name``, made and installed on first use. Raises ``KeyError``."""
        screen = self._screens.get(name)
        if screen is None:
            screen = self._places[name].screen_class()()
            self._screens[name] = screen
            self._app.install_screen(screen, name)
        return screen

    @property
    def screens(self) -> tuple[AppScreen, ...]:
        """Every screen made so far."""
        return tuple(self._screens.values())

    def start(self) -> AppScreen:
        """Return the home screen, told that somebody arrives."""
        screen = self.screen(HOME)
        self._shown[HOME] = self.here
        # Textual pushes none for a default screen, yet pops one when that is switched away from (8.2.8).
        screen._push_result_callback(screen, None)
        screen.call_later(screen.entered)
        return screen

    def open(self, name: str, arguments: dict[str, Any]) -> None:
        """Go to ``name``; where one came from can be gone back to. Going where one is arrives anew."""
        visit = Visit(name, arguments)
        if visit != self.here:
            self._trail = [*self._trail[1 - self.DEPTH :], self.here]
        self._show(visit, fresh=True)

    def back(self) -> bool:
        """Go to where one came from. Return False at the beginning of the trail."""
        if not self._trail:
            return False
        self._show(self._trail.pop(), fresh=False)
        return True

    def swap(self) -> None:
        """Go to the screen that was shown before this one, and by the same key back again."""
        if self._before is not None:
            self._trail = [*self._trail[1 - self.DEPTH :], self.here]
            self._show(self._before, fresh=False)

    def _show(self, visit: Visit, *, fresh: bool) -> None:
        screen = self.screen(visit.name)
        known = self._shown.get(visit.name) == visit
        if visit != self.here and (left := self._screens.get(self.here.name)) is not None:
            left.status.offer_no_undo()
        self._before = self.here if visit != self.here else self._before
        self.here = visit
        self._shown[visit.name] = visit
        while isinstance(self._app.screen, ModalScreen):
            self._app.pop_screen()
        if self._app.screen is not screen:
            self._app.hold_until_mounted(screen)
            self._app.switch_screen(screen)
        if fresh or not known:
            # In the screen's own pump: after its mount on the first visit, at once later.
            screen.call_later(lambda: screen.entered(**visit.arguments))
