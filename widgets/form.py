"""Form: fields under each other, checked together, saved by ``^S``; remembers what was typed.

Shape: the form is a container of ``Field`` widgets and speaks name → text; the screen makes the command. Where not all
fields fit it scrolls, and its last line says so: which field one is in, and what stands above and below. Rejected: a
typed ``Form[T]`` built from annotations, which hides where an error belongs and cannot say it in the business's words;
a scroll bar, which shows that there is more but not what, and takes a column from every field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.message import Message

from widgets.field import Field, LineInput
from widgets.line import OneLine, Piece
from widgets.sturdy import Sturdy


class FormCue(OneLine):
    """The last line of a form that does not fit: ``field 3 of 17 · ↓ 7 more: Supplier, Picture …``."""

    DEFAULT_CSS = """
    FormCue { display: none; }
    FormCue.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.at = ""
        self.above: tuple[str, ...] = ()
        self.below: tuple[str, ...] = ()

    def show(self, at: str, above: Sequence[str], below: Sequence[str]) -> None:
        """Say where one is, and the labels of the fields that are out of view; the line goes where ``at`` is empty."""
        self.at, self.above, self.below = at, tuple(above), tuple(below)
        self.set_class(bool(at), "-shown")
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """The position, then what is hidden: the fields below by name as far as there is room, they come next."""
        said = [Piece(self.at, "muted")]
        if self.above:
            said += [Piece("  ↑ ", "key"), Piece(f"{len(self.above)} more", "strong")]
        if self.below:
            said += [Piece("  ↓ ", "key"), Piece(f"{len(self.below)} more", "strong")]
            said.append(Piece(f": {', '.join(self.below)}", "muted"))
        return said


class FormBody(Sturdy, VerticalScroll, can_focus=False, inherit_bindings=False):
    """The fields, scrolled; tells when others are in view."""

    DEFAULT_CSS = """
    FormBody { height: auto; scrollbar-size: 0 0; }
    """

    class Moved(Message):
        """Other fields are in view, or more lines than before."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other fields are in view."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def watch_virtual_size(self, old_value: Size, new_value: Size) -> None:
        """An error came or went under a field."""
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """There is more room, or less."""
        self.post_message(self.Moved())


class Form(Sturdy, Vertical, can_focus=False):
    """A column of fields. Enter goes to the next field, and submits from the last; ``↑ ↓`` go through them too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "go(1)", "next field", id="form.next"),
        Binding("up", "go(-1)", "field before", id="form.previous"),
        Binding("pagedown", "page(1)", "fields below", id="form.page_down"),
        Binding("pageup", "page(-1)", "fields above", id="form.page_up"),
    ]

    DEFAULT_CSS = """
    Form { height: auto; }
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
        self.body = FormBody()
        self.cue = FormCue()
        self._most: int | None = None

    def compose(self) -> ComposeResult:
        """The fields in order, and the line that says which of them are out of view."""
        with self.body:
            yield from self.fields
        yield self.cue

    def limit(self, rows: int) -> None:
        """Take at most ``rows`` rows: fields that do not fit are scrolled to, and the last row says so."""
        self._most = max(rows, 3)
        self._tell_place()

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

    # -- moving -----------------------------------------------------------------------------------------------------

    @property
    def at(self) -> int:
        """The place of the field that has the focus, -1 where none has."""
        return next((place for place, field in enumerate(self.fields) if field.input.has_focus), -1)

    def action_go(self, steps: int) -> None:
        """Go to the next field, or to the one before; the first and the last stay."""
        if self.fields:
            place = max(0, min(self.at + steps, len(self.fields) - 1))
            self.fields[place].input.focus()

    def action_page(self, pages: int) -> None:
        """Go on by as many fields as are in view."""
        above, below = self._hidden()
        self.action_go(pages * max(len(self.fields) - len(above) - len(below), 1))

    def _hidden(self) -> tuple[list[Field], list[Field]]:
        """Return the fields that are out of view, above and below."""
        top = round(self.body.scroll_y)
        bottom = top + self.body.size.height
        above = [field for field in self.fields if field.virtual_region.y < top]
        below = [field for field in self.fields if field.virtual_region.y >= bottom]
        return above, below

    def _tell_place(self) -> None:
        """Say which field one is in and what is out of view, or nothing where all is in view."""
        if self._most is None or not self.is_mounted:
            return
        fits = self.body.virtual_size.height <= self._most
        self.body.styles.max_height = self._most if fits else self._most - 1
        above, below = self._hidden()
        at = "" if fits else f"field {max(self.at, 0) + 1} of {len(self.fields)}"
        self.cue.show(at, [field.label for field in above], [field.label for field in below])

    def on_form_body_moved(self, event: FormBody.Moved) -> None:
        """Other fields are in view."""
        event.stop()
        self._tell_place()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Another field has the focus."""
        self._tell_place()

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
