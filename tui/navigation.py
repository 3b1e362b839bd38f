"""Going to screens and back: instances are made once, kept, and come back as they were left.

Shape: ``switch_screen`` between installed screens. Rejected: Textual's modes, which hold painting back 50 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from screens.places import BY_NAME, HOME

if TYPE_CHECKING:
    from textual.app import App

    from screens.base import AppScreen


class Visit(NamedTuple):
    """A screen and what it was opened with."""

    name: str
    arguments: tuple[tuple[str, Any], ...]


class Navigator:
    """The places visited, and the screens kept for them."""

    DEPTH = 50

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._screens: dict[str, AppScreen] = {}
        self._trail: list[Visit] = []
        self._shown: dict[str, Visit] = {}
        self.here = Visit(HOME, ())

    def screen(self, name: str) -> AppScreen:
        """Return the screen called ``name``, made and installed on first use. Raises ``KeyError`` for an unknown name."""
        screen = self._screens.get(name)
        if screen is None:
            screen = BY_NAME[name].screen_class()()
            self._screens[name] = screen
            self._app.install_screen(screen, name)
        return screen

    @property
    def screens(self) -> tuple[AppScreen, ...]:
        """Every screen made so far."""
        return tuple(self._screens.values())

    def open(self, name: str, arguments: dict[str, Any]) -> None:
        """Go to ``name``; where one came from can be gone back to."""
        visit = Visit(name, tuple(sorted(arguments.items())))
        if visit == self.here and self._app.screen is self._screens.get(name):
            self._screens[name].arrive(**arguments)
            return
        self._trail = [*self._trail[-self.DEPTH :], self.here]
        self._show(visit, fresh=True)

    def back(self) -> bool:
        """Go to where one came from. Return False at the beginning of the trail."""
        if not self._trail:
            return False
        self._show(self._trail.pop(), fresh=False)
        return True

    def previous(self) -> None:
        """Swap with the screen before this one."""
        if self._trail:
            visit = self._trail.pop()
            self._trail.append(self.here)
            self._show(visit, fresh=False)

    def _show(self, visit: Visit, *, fresh: bool) -> None:
        screen = self.screen(visit.name)
        known = self._shown.get(visit.name) == visit
        self.here = visit
        self._shown[visit.name] = visit
        if self._app.screen is not screen:
            self._app.switch_screen(screen)
        if fresh or not known:
            # In the screen's own pump: after its mount on the first visit, at once later.
            screen.call_later(lambda: screen.arrive(**dict(visit.arguments)))
