"""A field that says what others wrote there: ``↓`` takes the next suggestion, typing narrows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from widgets.field import Check, Field, LineInput
from widgets.line import OneLine, Piece

#: takes what is typed, returns what may be meant, the likeliest first
Candidates = Callable[[str], Sequence[str]]


class SuggestInput(LineInput):
    """A text input whose ``↓`` and ``↑`` ask for the next and the previous suggestion."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "suggest(1)", "next suggestion", id="suggest.next"),
        Binding("up", "suggest(-1)", "previous suggestion", id="suggest.previous"),
    ]

    class Asked(Message):
        """Another suggestion is wanted: ``step`` is 1 or -1."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def action_suggest(self, step: int) -> None:
        """Ask for it."""
        self.post_message(self.Asked(step))


class Suggestions(OneLine):
    """The line under the input with what may be meant."""

    def __init__(self, indent: int) -> None:
        super().__init__()
        self._indent = indent
        self.items: Sequence[str] = ()

    def show(self, items: Sequence[str]) -> None:
        """Show ``items``."""
        self.items = items
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """What may be meant, under the input."""
        if not self.items:
            return []
        return [Piece(" " * self._indent), Piece("↓ ", "key"), Piece(" · ".join(self.items), "muted")]


class SuggestField(Field):
    """A labelled text input with suggestions under it."""

    #: how many stand under the input
    SHOWN: ClassVar[int] = 12

    def __init__(
        self,
        name: str,
        label: str,
        candidates: Candidates,
        *,
        value: str = "",
        required: bool = False,
        check: Check | None = None,
        placeholder: str = "",
    ) -> None:
        super().__init__(name, label, value=value, required=required, check=check, placeholder=placeholder)
        self._candidates = candidates
        self._typed = value
        self._at = -1
        self._filled: str | None = None
        self.suggestions = Suggestions(self.label_width)

    def make_input(self, value: str, placeholder: str) -> LineInput:
        """An input that asks for suggestions."""
        return SuggestInput(value, placeholder=placeholder)

    def compose(self) -> ComposeResult:
        """Label and input, what may be meant, the error."""
        yield from super().compose()
        yield self.suggestions

    def on_mount(self) -> None:
        """Say what others wrote."""
        self.suggest()

    def suggest(self) -> None:
        """Look again for what may be meant; also where it depends on another field."""
        self.suggestions.show(tuple(self._candidates(self._typed))[: self.SHOWN])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Typing narrows; a suggestion that was taken does not."""
        if event.value != self._filled:
            self._typed, self._at, self._filled = event.value, -1, None
            self.suggest()

    def on_suggest_input_asked(self, event: SuggestInput.Asked) -> None:
        """Take the next suggestion."""
        event.stop()
        items = self.suggestions.items
        if items:
            self._at = max(self._at, -1) + event.step if self._at >= 0 or event.step > 0 else len(items) - 1
            self._filled = items[self._at % len(items)]
            self._at %= len(items)
            self.input.value = self._filled
            self.input.cursor_position = len(self._filled)
