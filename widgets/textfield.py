"""A labelled field of several lines, for the text of a message."""

from __future__ import annotations

from typing import cast

from textual.app import ComposeResult
from textual.widgets import TextArea

from widgets.field import Field, FieldLabel, LineInput
from widgets.still import Still
from widgets.sturdy import Sturdy


class TextInput(Sturdy, Still, TextArea):
    """Lines that wrap: no border, no blinking cursor. Tab leaves it, Enter is a new line."""

    DEFAULT_CSS = """
    TextInput { border: none; padding: 0; width: 1fr; height: 10; scrollbar-size-vertical: 1; }
    TextInput:focus { border: none; }
    """

    def __init__(self, value: str = "") -> None:
        super().__init__(value, compact=True, highlight_cursor_line=False, soft_wrap=True)
        self.cursor_blink = False

    @property
    def value(self) -> str:
        """The text, lines ended by ``\\n``."""
        return self.text

    @value.setter
    def value(self, text: str) -> None:
        self.text = text


class TextField(Field):
    """The label above, the lines below it over the whole width. ``rows`` is how many are in view."""

    def __init__(self, name: str, label: str, *, value: str = "", rows: int = 10, required: bool = False) -> None:
        super().__init__(name, label, value=value, required=required)
        self.input.styles.height = rows

    def make_input(self, value: str, placeholder: str) -> LineInput:
        """Several lines, which answer to all that a form asks of an input: value and focus."""
        return cast(LineInput, TextInput(value))

    def compose(self) -> ComposeResult:
        """The label, the lines, the error."""
        yield FieldLabel(self.label, self.label_width, required=self.required)
        yield self.input
        yield self.problem

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Clear the error while typing and tell the form."""
        event.stop()
        self.show_error("")
        self.post_message(self.Changed(self, event.text_area.text))
