"""Row 2: one editable line that holds the whole query. Everything else (facets, views, keys) only edits it."""

from __future__ import annotations

from typing import ClassVar

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from widgets.field import LineInput
from widgets.line import OneLine, Piece
from widgets.sturdy import Sturdy
from widgets.text import visible, width_of
from widgets.tones import tone_styles


class _Prompt(OneLine):
    DEFAULT_CSS = """
    _Prompt { width: 2; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self.styles.width = len(text) + 1

    def pieces(self, width: int) -> list[Piece]:
        return [Piece(self._text, "key")]


class _Note(OneLine):
    DEFAULT_CSS = """
    _Note { width: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tone_name = "", "muted"
        self.styles.width = 0

    def pieces(self, width: int) -> list[Piece]:
        return [Piece(" "), Piece(self.text, self.tone_name)]


class _Marks(Highlighter):
    """Paints the parts of the line that can't be read."""

    def __init__(self) -> None:
        self.spans: tuple[tuple[int, int], ...] = ()
        self.style = Style(underline=True)

    def highlight(self, text: Text) -> None:
        for start, end in self.spans:
            text.stylize(self.style, start, min(end, len(text)))


class QueryInput(LineInput):
    """The input of a query line; the key that leads into it is no part of the query.

    A person who goes to a screen and types ``/`` wants the query, wherever the focus was left there. So the prompt's
    key is dropped when it is the first one typed after arriving. It leads behind the last word, a blank after it, where
    another word is typed (Backspace goes on with the last one); pressed again at once it chooses the whole line, which
    the next letter replaces. The blank is no change of the query, stands for one typed at once, and goes again where
    nothing follows it.
    """

    KEYS_IN: ClassVar[str] = "while a line with offers is typed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "steer(1)", "next offer, or the list", id="offers.next"),
        Binding("up", "steer(-1)", "offer before", id="offers.previous"),
        Binding("tab", "steer(0)", "write what was meant", id="offers.take"),
        Binding("enter", "submit", "find, or take the offer", id="offers.find"),
    ]

    class Steered(Message):
        """``↓`` or ``↑`` (``step`` 1 or -1), or Tab where the line can be completed (0)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, value: str, *, prompt: str, placeholder: str) -> None:
        super().__init__(value, placeholder=placeholder)
        self._prompt_key = prompt
        self.arrived = False
        #: whether the key that leads into the line was the last one
        self._entered = False
        #: the line with the blank that was put behind it, ``""`` where none was
        self._with_blank = ""
        #: whether the screen reads the line as it is typed (``QueryLine.mark``): only then are ``↓ ↑`` ``Steered``
        self.steered = False
        self.completes = False
        self.marks = _Marks()
        self.highlighter = self.marks

    def action_steer(self, step: int) -> None:
        """Say that a step among the offers, or what was meant, is wanted."""
        self.post_message(self.Steered(step))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys lead out of the line where the screen does not read it, Tab where there is nothing to write."""
        if action == "steer":
            return self.steered if parameters[0] else self.completes
        return super().check_action(action, parameters)

    def enter(self) -> None:
        """Stand where the next word is typed."""
        if self._prompt_key == "/" and self.value and not self.value.endswith((" ", ":", ",")):
            self._with_blank = f"{self.value} "
            self._become(self._with_blank)
        self.cursor_position = len(self.value)
        self._entered = True

    def leave_blank(self) -> None:
        """Take the blank away that ``enter`` put there, where nothing followed it."""
        if self._with_blank and self.value == self._with_blank:
            self._become(self.value[:-1])
        self._with_blank = ""

    def _become(self, value: str) -> None:
        with self.prevent(Input.Changed):
            self.value = value

    async def action_submit(self) -> None:
        """Enter: the query is what was typed."""
        self.leave_blank()
        await super().action_submit()

    def on_blur(self) -> None:
        """Who leaves the line leaves it as the query stands."""
        self.leave_blank()

    async def _on_key(self, event: events.Key) -> None:
        first, self.arrived = self.arrived, False
        again, self._entered = self._entered and bool(self.value), False
        if (first or again) and event.character == self._prompt_key:
            event.stop()
            event.prevent_default()
            if again:
                self.select_all()
            else:
                self.enter()
        elif again and event.character == " " and self.value == self._with_blank:
            event.stop()  # whoever types the blank before another word finds it there
            event.prevent_default()


class QueryLine(Sturdy, Horizontal):
    """``/ status:processing total:>100``, with a note at the right (views, or what is wrong with the query)."""

    DEFAULT_CSS = """
    QueryLine { height: 1; }
    """

    class Changed(Message):
        """The text changed by typing or by ``set``; ``final`` when Enter was pressed."""

        def __init__(self, line: QueryLine, text: str, *, final: bool = False) -> None:
            super().__init__()
            self.line = line
            self.text = text
            self.final = final

        @property
        def control(self) -> QueryLine:
            """The query line."""
            return self.line

    def __init__(self, value: str = "", *, prompt: str = "/", placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.input = QueryInput(value, prompt=prompt, placeholder=placeholder)
        self._prompt = _Prompt(prompt)
        self._note = _Note()

    def compose(self) -> ComposeResult:
        """Prompt, input, note."""
        yield self._prompt
        yield self.input
        yield self._note

    @property
    def text(self) -> str:
        """The query as it stands."""
        return self.input.value

    def set(self, text: str) -> None:
        """Put ``text`` in place of the query (a facet was chosen); posts ``Changed`` if it differs."""
        self.input.value = text
        self.input.cursor_position = len(text)

    def note(self, text: str, tone: str = "muted") -> None:
        """Show ``text`` at the right end: the views, or a problem (tone ``bad``)."""
        self._note.text, self._note.tone_name = text, tone
        self._note.styles.width = width_of(visible(text)) + 1 if text else 0
        self._note.refresh()

    def mark(self, spans: tuple[tuple[int, int], ...], *, completes: bool = False) -> None:
        """Mark the parts of the text that can't be read; Tab is the screen's where it ``completes`` something."""
        self.input.steered, self.input.completes = True, completes
        if spans != self.input.marks.spans:
            self.input.marks.spans = spans
            self.input.marks.style = tone_styles(self.app.theme_variables)["bad"] + Style(underline=True)
            self.input.refresh()

    def type(self) -> None:
        """Give the input the focus, the cursor where the next word is typed."""
        self.input.enter()
        self.input.focus()

    @property
    def typing(self) -> bool:
        """Whether the input has the focus."""
        return self.input.has_focus

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what was typed."""
        event.stop()
        self.post_message(self.Changed(self, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: search at once."""
        event.stop()
        self.post_message(self.Changed(self, event.value, final=True))
