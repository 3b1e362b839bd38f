"""What a screen may know of the world outside it: the shop once it is open, and the shell's few verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from data.types import Progress

if TYPE_CHECKING:
    from data.shop import Shop
    from screens.action import Action
    from screens.overlay import Overlay

Answer = TypeVar("Answer")


class ShopHandle:
    """The shop, opened in a worker after the first paint. Used on the event loop only."""

    def __init__(self) -> None:
        self.shop: Shop | None = None
        self.error: Exception | None = None
        self.progress: Progress | None = None
        self._settled = asyncio.Event()

    @property
    def opening(self) -> bool:
        """Whether the outcome is still open."""
        return not self._settled.is_set()

    def opened(self, shop: Shop) -> None:
        """The shop is there: everything that waits goes on."""
        self.shop, self.error, self.progress = shop, None, None
        self._settled.set()

    def failed(self, error: Exception) -> None:
        """The shop could not be opened: everything that waits gets ``error``."""
        self.error, self.progress = error, None
        self._settled.set()

    def again(self) -> None:
        """Opening is tried once more: who asks from now on waits again."""
        self.error = None
        self._settled.clear()

    async def wait(self) -> Shop:
        """Return the shop as soon as it is open. Raises what opening it raised."""
        await self._settled.wait()
        if self.shop is None:
            raise self.error or RuntimeError("the shop was closed")
        return self.shop


class ShellApi(Protocol):
    """The verbs of ``tui.app.Shell`` that screens use; screens never import ``tui``."""

    handle: ShopHandle

    def open_screen(self, name: str, **arguments: Any) -> None:
        """Go to screen ``name``; ``arguments`` are handed to its ``arrive``."""

    def back(self) -> None:
        """Go one level back, to the screen and the arguments it had."""

    def why_not(self, action: Action) -> str:
        """Say why ``action`` is not possible now, ``""`` when it is (permission first, then the screen's own word)."""

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """The keys of ``action`` after the user's keymap."""

    def do(self, action: Action) -> None:
        """Do ``action`` of the screen shown as if its key had been pressed, or say why it is not possible."""

    @property
    def shared_actions(self) -> tuple[Action, ...]:
        """The actions every screen has: the global ones and the ways to other screens (``go.orders`` …)."""

    def copy_text(self, text: str, what: str) -> None:
        """Put ``text`` on the clipboard and say so honestly; ``what`` names it (``order number``)."""

    def overlay(self, overlay: Overlay[Answer], then: Callable[[Answer | None], None] | None = None) -> None:
        """Show ``overlay``; ``then`` gets its answer, ``None`` on Esc."""

    def confirm(self, sentence: str, then: Callable[[], None], *, count: int | None = None) -> None:
        """Show the one confirm shape; ``then`` runs on Enter. With ``count`` the number must be typed."""

    def show_error(self, error: BaseException, *, doing: str = "") -> None:
        """Show ``error`` where errors of its kind go (``tui/errors.py``)."""

    def resumed(self) -> None:
        """A screen is shown (again): dress it with what is known now."""
