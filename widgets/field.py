"""Inputs of one line, and a labelled field with its error under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widgets import Input

from widgets.line import OneLine, Piece
from widgets.still import Still
from widgets.sturdy import Sturdy
from widgets.text import fit

#: takes the text, returns what is wrong with it in one sentence, or ``""``
Check = Callable[[str], str]


class LineInput(Sturdy, Still, Input):
    """A text field of one row: no border, no blinking cursor, so a typed character costs few bytes."""

    DEFAULT_CSS = """
    LineInput { height: 1; border: none; padding: 0; width: 1fr; }
    """

    #: How far its text reaches concerns this field alone: Textual would arrange the whole screen anew at every letter.
    virtual_size = Reactive(Size(0, 0), layout=False)

    def __init__(
        self, value: str = "", *, placeholder: str = "", id: str | None = None, password: bool = False
    ) -> None:
        super().__init__(value, placeholder=placeholder, id=id, compact=True, select_on_focus=False, password=password)
        self.set_reactive(Input.cursor_blink, False)


class FieldError(OneLine):
    """The line under a field that says what is wrong."""

    DEFAULT_CSS = """
    FieldError { display: none; }
    FieldError.-shown { display: block; }
    """

    def __init__(self, indent: int) -> None:
        super().__init__()
        self._indent = indent
        self.text = ""

    def show(self, text: str) -> None:
        """Show ``text``; ``""`` hides the line."""
        if text != self.text:
            self.text = text
            self.set_class(bool(text), "-shown")
            self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """The sentence, under the input."""
        return [Piece(" " * self._indent), Piece(f"▲ {self.text}", "bad")]


class FieldLabel(OneLine):
    """The label at the left of a field; required ones carry ``*``."""

    DEFAULT_CSS = """
    FieldLabel { width: auto; }
    """

    def __init__(self, label: str, width: int, *, required: bool) -> None:
        super().__init__()
        self._label = label
        self._required = required
        self.styles.width = width

    def pieces(self, width: int) -> list[Piece]:
        """The label, dim."""
        return [Piece(self._label, "muted"), Piece("*" if self._required else "", "warn")]


class Field(Sturdy, Vertical):
    """A labelled text input. ``name`` is the command's field name, so ``Invalid.fields`` finds it."""

    DEFAULT_CSS = """
    Field { height: auto; }
    Field > Horizontal { height: 1; }
    """

    class Changed(Message):
        """The value of a field changed."""

        def __init__(self, field: Field, value: str) -> None:
            super().__init__()
            self.field = field
            self.value = value

        @property
        def control(self) -> Field:
            """The field."""
            return self.field

    def __init__(
        self,
        name: str,
        label: str,
        *,
        value: str = "",
        required: bool = False,
        check: Check | None = None,
        placeholder: str = "",
        label_width: int = 16,
    ) -> None:
        super().__init__(id=f"field-{name.replace('.', '-')}")
        self.field_name = name
        self.label = label
        self.required = required
        self.check = check
        self.label_width = label_width
        self.original = value
        self._note = ""
        self.input = self.make_input(value, placeholder)
        self.problem = FieldError(label_width)

    def make_input(self, value: str, placeholder: str) -> LineInput:
        """Return the input; subclasses put another kind."""
        return LineInput(value, placeholder=placeholder)

    def compose(self) -> ComposeResult:
        """Label and input side by side, the error below."""
        with Horizontal():
            yield FieldLabel(self.label, self.label_width, required=self.required)
            yield self.input
        yield self.problem

    @property
    def value(self) -> str:
        """The text typed, without blanks at the ends."""
        return self.input.value.strip()

    @value.setter
    def value(self, text: str) -> None:
        self.input.value = text

    @property
    def dirty(self) -> bool:
        """Whether the value differs from the one the form began with."""
        return self.input.value != self.original

    def settle(self) -> None:
        """Take the value of now as the one the form began with (it was saved)."""
        self.original = self.input.value

    def validate_value(self) -> str:
        """Check the value, show what is wrong under it, and return it (``""``: nothing)."""
        why = ""
        if not self.value:
            why = "is needed" if self.required else ""
        elif self.check is not None:
            why = self.check(self.value)
        self.show_error(why)
        return why

    def show_error(self, why: str) -> None:
        """Show ``why`` under the field; ``""`` clears it, down to the note where there is one."""
        self.problem.show(why or self._note)

    def show_note(self, note: str) -> None:
        """Keep ``note`` under the field, whatever is typed, while there is no error; ``""`` takes it away."""
        self._note = note
        self.problem.show(note)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Clear the error while typing and tell the form."""
        event.stop()
        self.show_error("")
        self.post_message(self.Changed(self, event.value))

    def on_descendant_blur(self) -> None:
        """Leaving a field checks it, unless it was left as it was."""
        if self.dirty or self.value:
            self.validate_value()


@dataclass(frozen=True)
class Option:
    """One choice of a select: ``value`` goes into the command, ``label`` is shown."""

    value: str
    label: str


#: Keys that take letters out of a text, or put some in: a choice is chosen, never taken apart.
_TAKE_APART = frozenset(f"ctrl+{letter}" for letter in "hdwukfxv") | {
    "backspace",
    "delete",
    "ctrl+backspace",
    "ctrl+delete",
}


class SelectInput(LineInput):
    """Choose one of a few: ``← →`` step, a typed letter jumps to the next choice that begins with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "previous choice", id="select.previous"),
        Binding("right,space", "step(1)", "next choice", id="select.next"),
    ]

    class Stepped(Message):
        """Another option was chosen."""

    def __init__(self, options: Sequence[Option], value: str) -> None:
        super().__init__(value)
        self.options = tuple(options)

    def _index(self) -> int:
        values = [option.value for option in self.options]
        return values.index(self.value) if self.value in values else -1

    def action_step(self, step: int) -> None:
        """Choose the neighbour, around the ends."""
        if self.options:
            self.value = self.options[(self._index() + step) % len(self.options)].value

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters are for jumping."""
        return character is not None and character.isprintable()

    async def _on_key(self, event: events.Key) -> None:
        if event.key in _TAKE_APART:
            event.stop()
            event.prevent_default()
            return
        if not event.is_printable or event.character is None or event.character == " ":
            return
        event.stop()
        event.prevent_default()
        letter = event.character.casefold()
        start = self._index() + 1
        for place in range(len(self.options)):
            option = self.options[(start + place) % len(self.options)]
            if option.label.casefold().startswith(letter):
                self.value = option.value
                return

    def render_line(self, y: int) -> Strip:
        """Paint ``‹ label ›``."""
        index = self._index()
        label = self.options[index].label if index >= 0 else "choose"
        text = f"‹ {label} ›" if self.has_focus else f"  {label}"
        style = self.rich_style
        if self.has_focus:
            style += self.get_component_rich_style("input--selection", partial=True)
        return Strip([Segment(fit(text, self.size.width), style)], self.size.width)


class SelectField(Field):
    """A labelled choice of a few."""

    def __init__(
        self,
        name: str,
        label: str,
        options: Sequence[Option],
        *,
        value: str = "",
        required: bool = False,
        label_width: int = 16,
    ) -> None:
        self.options = tuple(options)
        super().__init__(name, label, value=value, required=required, label_width=label_width)

    def make_input(self, value: str, placeholder: str) -> LineInput:
        """A select in place of the text input."""
        return SelectInput(self.options, value)


def numeric(*, low: int = 0, high: int = 2**31 - 1) -> Check:
    """Return a check for a whole number between ``low`` and ``high``."""

    def check(text: str) -> str:
        try:
            number = int(text)
        except ValueError:
            return "is not a whole number"
        return "" if low <= number <= high else f"must be between {low:,} and {high:,}"

    return check


def values_of(fields: Sequence[Field]) -> dict[str, Any]:
    """Return name → text of ``fields``."""
    return {field.field_name: field.value for field in fields}
