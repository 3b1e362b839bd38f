"""Form: fields under each other, checked together, saved by ``^S``; remembers what was typed.

Shape: the form is a container of ``Field`` widgets and speaks name → text; the screen makes the command. Rejected: a
typed ``Form[T]`` built from annotations, which hides where an error belongs and cannot say it in the business's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message

from widgets.field import Field, LineInput
from widgets.sturdy import Sturdy


class Form(Sturdy, VerticalScroll, can_focus=False):
    """A column of fields. Enter goes to the next field, and submits from the last."""

    DEFAULT_CSS = """
    Form { height: auto; scrollbar-size: 0 0; }
    """

    class Submitted(Message):
        """All fields are right; ``values`` maps field name → text."""

        def __init__(self, form: Form, values: dict[str, str]) -> None:
            super().__init__()
            self.form = form
            self.values = values

        @property
        def control(self) -> Form:
            """The form."""
            return self.form

    class Edited(Message):
        """Something was typed: time to keep the draft."""

        def __init__(self, form: Form) -> None:
            super().__init__()
            self.form = form

        @property
        def control(self) -> Form:
            """The form."""
            return self.form

    def __init__(self, fields: Sequence[Field], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fields = tuple(fields)
        self._named = {field.field_name: field for field in fields}

    def compose(self) -> ComposeResult:
        """The fields in order."""
        yield from self.fields

    def field(self, name: str) -> Field:
        """Return the field called ``name``. Raises ``KeyError``."""
        return self._named[name]

    @property
    def values(self) -> dict[str, str]:
        """Field name → text, as typed."""
        return {name: field.value for name, field in self._named.items()}

    @property
    def changes(self) -> dict[str, str]:
        """Only the fields that differ from what the form began with."""
        return {name: field.value for name, field in self._named.items() if field.dirty}

    @property
    def dirty(self) -> bool:
        """Whether anything typed would be lost."""
        return any(field.dirty for field in self.fields)

    def draft(self) -> dict[str, str]:
        """Return what was typed, for keeping; ``restore`` takes it back."""
        return {name: field.input.value for name, field in self._named.items() if field.dirty}

    def restore(self, draft: Mapping[str, str]) -> None:
        """Type a kept draft again; names nobody knows are left out."""
        for name, text in draft.items():
            if name in self._named:
                self._named[name].value = text

    def fill(self, values: Mapping[str, str]) -> None:
        """Begin with ``values``: they count as unchanged."""
        for name, field in self._named.items():
            field.value = values.get(name, "")
            field.settle()
            field.show_error("")

    def settle(self) -> None:
        """What stands in the fields now is saved."""
        for field in self.fields:
            field.settle()

    def check(self) -> bool:
        """Check every field, show every error, focus the first bad one. Return whether all are right."""
        bad = [field for field in self.fields if field.validate_value()]
        if bad:
            bad[0].input.focus()
        return not bad

    def show_errors(self, errors: Mapping[str, str]) -> dict[str, str]:
        """Show each error under its field and focus the first; return those that belong to no field."""
        first: Field | None = None
        for field in self.fields:
            why = errors.get(field.field_name, "")
            field.show_error(why)
            if why and first is None:
                first = field
        if first is not None:
            first.input.focus()
        return {name: why for name, why in errors.items() if name not in self._named}

    def submit(self) -> None:
        """Check, and post ``Submitted`` when all is right."""
        if self.check():
            self.post_message(self.Submitted(self, self.values))

    def focus_first(self) -> None:
        """Put the cursor in the first field."""
        if self.fields:
            self.fields[0].input.focus()

    def on_field_changed(self, event: Field.Changed) -> None:
        """Tell the screen that the draft changed."""
        event.stop()
        self.post_message(self.Edited(self))

    def on_input_submitted(self, event: LineInput.Submitted) -> None:
        """Enter: the next field, or save from the last one."""
        event.stop()
        inputs = [field.input for field in self.fields]
        at = next((place for place, candidate in enumerate(inputs) if candidate is event.input), len(inputs) - 1)
        if at + 1 < len(inputs):
            inputs[at + 1].focus()
        else:
            self.submit()
