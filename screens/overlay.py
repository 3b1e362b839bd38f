"""Overlay: the base of small modal screens. Opaque, framed, closed by Esc."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from screens.quiet import QuietFocus
from widgets.sturdy import Sturdy

Result = TypeVar("Result")


class Overlay(QuietFocus, Sturdy, ModalScreen[Result | None]):
    """A modal that answers with ``dismiss(result)``, or ``None`` on Esc.

    Its content goes into one ``Vertical(classes="overlay")``.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", id="overlay.close")]

    def action_close(self) -> None:
        """Esc: no answer."""
        self.dismiss(None)
