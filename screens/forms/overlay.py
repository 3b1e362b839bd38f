"""FormOverlay: a small form that writes through the door and stays open until the write is done.

Shape: the caller gives fields and one ``save(shop, values)`` that runs in a thread; refused fields are marked under
themselves, any other error stands in the hint line, and what was typed is never lost. Rejected: closing first and
saving behind it, which loses the text when the store says no.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from data.errors import Invalid, StorekeeperError
from screens.handle import ShellApi
from screens.overlay import Overlay
from widgets.field import Field
from widgets.form import Form
from widgets.text import visible

if TYPE_CHECKING:
    from textual.worker import WorkType

    from data.shop import Shop

Save = Callable[["Shop", dict[str, str]], Any]


class FormOverlay(Overlay[Any]):
    """Dismisses with what ``save`` returned, or ``None`` when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "save", "save", id="form.save")]

    DEFAULT_CSS = """
    FormOverlay .title { text-style: bold; margin-bottom: 1; }
    FormOverlay .trouble { color: $error; }
    """

    def __init__(self, title: str, fields: Sequence[Field], save: Save, *, verb: str = "saves") -> None:
        super().__init__()
        self._title = visible(title)
        self.form = Form(fields)
        self._save = save
        self._keys = f"Enter next field   ^S {verb}   Esc leaves" if len(fields) > 1 else f"Enter {verb}   Esc leaves"
        self._hint = Static(Content(self._keys), classes="hint")
        self._saving = False
        self._warned = False

    def save_with(self, save: Save) -> None:
        """Save by ``save`` from now on: for one that needs the form itself (what was changed in it)."""
        self._save = save

    def compose(self) -> ComposeResult:
        """Title, fields, hint."""
        with Vertical(classes="overlay"):
            yield Static(Content(self._title), classes="title")
            yield self.form
            yield self._hint

    def on_mount(self) -> None:
        """Type at once."""
        self.form.fields[0].input.focus()

    def on_form_edited(self, event: Form.Edited) -> None:
        """The warning about leaving is about the text as it was."""
        self._warned = False

    def action_save(self) -> None:
        """``^S`` from any field."""
        self.form.submit()

    def action_close(self) -> None:
        """Esc: at once when nothing was typed, else on the second press."""
        if self._saving:
            return
        if self.form.dirty and not self._warned:
            self._warned = True
            self._say("Esc again throws away what you typed", trouble=True)
            return
        self.dismiss(None)

    def on_form_submitted(self, event: Form.Submitted) -> None:
        """Save; a second press while it runs changes nothing."""
        event.stop()
        if self._saving:
            return
        self._saving = True
        self._say("Saving …")
        work = cast("WorkType[None]", partial(self._write, event.values))
        self.run_worker(work, exit_on_error=False)

    async def _write(self, values: dict[str, str]) -> None:
        try:
            shop = await cast(ShellApi, self.app).handle.wait()
            result = await asyncio.to_thread(self._save, shop, values)
        except Invalid as error:
            left = self.form.show_errors(error.fields)
            self._say("; ".join(f"{name}: {why}" for name, why in left.items()) or self._keys, trouble=bool(left))
        except StorekeeperError as error:
            self._say(str(error), trouble=True)
        else:
            self.dismiss(result if result is not None else True)
        finally:
            self._saving = False

    def _say(self, text: str, *, trouble: bool = False) -> None:
        self._hint.set_class(trouble, "trouble")
        self._hint.update(Content(visible(text)))
