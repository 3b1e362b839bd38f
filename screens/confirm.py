"""The one confirm shape: one sentence of what will happen and what it costs; Enter does it, Esc leaves."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from screens.overlay import Overlay
from widgets.field import LineInput
from widgets.text import visible


class ConfirmOverlay(Overlay[bool]):
    """Opaque; with ``count`` the number must be typed, so that a bulk action is never one stray key away."""

    AUTO_FOCUS = "LineInput"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "do it", id="confirm.accept"),
    ]

    def __init__(self, sentence: str, count: int | None = None) -> None:
        super().__init__()
        self._sentence = visible(sentence)
        self._count = count
        self._typed = LineInput(placeholder=f"type {count} to do it")

    def compose(self) -> ComposeResult:
        """The sentence, the count where it is asked for, the two keys."""
        with Vertical(classes="overlay"):
            yield Static(Content(self._sentence), classes="sentence")
            if self._count is not None:
                yield self._typed
            yield Static(Content("Enter does it   Esc leaves"), classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the count."""
        event.stop()
        self.action_accept()

    def action_accept(self) -> None:
        """Do it, if the count is right."""
        if self._count is not None and self._typed.value.strip() != str(self._count):
            self.app.bell()
            self._typed.value = ""
            return
        self.dismiss(True)
