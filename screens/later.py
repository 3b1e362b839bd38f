"""Doing something once the keys rest: a draft kept, a look-up asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.timer import Timer

    from screens.base import AppScreen as _Base
else:
    _Base = object


class Later(_Base):
    """Mix in before a screen."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[str, tuple[Timer, Callable[[], object]]] = {}

    def later(self, name: str, delay: float, what: Callable[[], object]) -> None:
        """Call ``what`` after ``delay`` seconds in which nobody asked for ``name`` again."""
        if name in self._waiting:
            self._waiting[name][0].stop()

        def due() -> None:
            # A timer that has run out is in the queue of messages already, where stopping it no longer helps.
            if name in self._waiting and self._waiting[name][0] is timer:
                self.at_once(name)

        timer = self.set_timer(delay, due)
        self._waiting[name] = timer, what

    def at_once(self, name: str) -> None:
        """Do now what waits under ``name``; nothing where nothing does."""
        if name in self._waiting:
            timer, what = self._waiting.pop(name)
            timer.stop()
            what()

    def not_later(self, name: str) -> None:
        """Do not do what ``later`` was asked for under ``name``, and drop what a load of that name will bring."""
        if name in self._waiting:
            self._waiting.pop(name)[0].stop()
        self.forget(name)
