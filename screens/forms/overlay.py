"""FormOverlay: a small form that writes through the door and stays open until the write is done.

Shape: the caller gives fields and one ``save(shop, values)`` that runs in a thread; refused fields are marked under
themselves, any other error stands in the hint line, and what was typed is never lost. Where somebody else changed the
record meanwhile, what they wrote stands under each field that was typed into, and is taken into the others; ``^S`` then
saves over it, ``^T`` takes theirs. Rejected: closing first and saving behind it, which loses the text when the store
says no.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from data.errors import Conflict, Invalid, StorekeeperError, Unavailable
from screens.handle import ShellApi
from screens.overlay import Overlay
from widgets.field import Field
from widgets.form import Form
from widgets.text import visible

if TYPE_CHECKING:
    from textual.worker import WorkType

    from data.shop import Shop

Save = Callable[["Shop", dict[str, str]], Any]
#: what the fields would show of the record as it is stored now; the next save is against that
Again = Callable[["Shop"], Mapping[str, str]]


class FormOverlay(Overlay[Any]):
    """Dismisses with what ``save`` returned, or ``None`` when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", id="form.save"),
        Binding("ctrl+t", "take_theirs", "take theirs", id="form.theirs"),
    ]

    DEFAULT_CSS = """
    FormOverlay .title { text-style: bold; margin-bottom: 1; }
    FormOverlay .aside { margin-top: 1; height: 1; }
    FormOverlay .trouble { color: $error; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        save: Save,
        *,
        verb: str = "saves",
        again: Again | None = None,
        aside: Callable[[Mapping[str, str]], str] | None = None,
    ) -> None:
        super().__init__()
        self._title = visible(title)
        self.form = Form(fields)
        self._save = save
        self._again = again
        #: what somebody else wrote into fields that were typed into here, by field
        self._theirs: dict[str, str] = {}
        self._keys = f"Enter next field   ^S {verb}   Esc leaves" if len(fields) > 1 else f"Enter {verb}   Esc leaves"
        self._hint = Static(Content(self._keys), classes="hint")
        #: one line under the fields that follows from what is typed
        self._aside = aside
        self._follows = Static(Content(""), classes="aside")
        #: called after every letter
        self.on_edit: Callable[[], object] = lambda: None
        self._saving = False
        self._warned = False

    def compose(self) -> ComposeResult:
        """Title, fields, hint."""
        with Vertical(classes="overlay -tall"):
            yield Static(Content(self._title), classes="title")
            yield self.form
            if self._aside is not None:
                yield self._follows
            yield self._hint

    def on_mount(self) -> None:
        """Type at once."""
        self.form.fields[0].input.focus()
        self._follow()

    def on_resize(self) -> None:
        """Many fields scroll, so that the keys below them stay in view."""
        self.form.limit(self.app.size.height - (10 if self._aside is not None else 8))

    def _follow(self) -> None:
        if self._aside is not None:
            self._follows.update(Content(visible(self._aside(self.form.values))))

    def on_form_edited(self, event: Form.Edited) -> None:
        """The warning about leaving is about the text as it was."""
        self._warned = False
        self._follow()
        self.on_edit()

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
        except Conflict as error:
            await self._compare(shop, error)
        except Unavailable as error:
            self._say(f"{error.store} is away. What you typed stays here; ^S tries again.", trouble=True)
        except StorekeeperError as error:
            self._say(str(error), trouble=True)
        else:
            self.dismiss(result if result is not None else True)
        finally:
            self._saving = False

    async def _compare(self, shop: Shop, conflict: Conflict) -> None:
        """Somebody else was first: show what they wrote beside what was typed here."""
        if self._again is None:
            self._say(str(conflict), trouble=True)
            return
        try:
            stored = await asyncio.to_thread(self._again, shop)
        except StorekeeperError as error:
            self._say(str(error), trouble=True)
            return
        changed = [
            field for field in self.form.fields if stored.get(field.field_name, field.original) != field.original
        ]
        self._theirs = {}
        for field in changed:
            theirs = stored[field.field_name]
            typed = field.dirty and field.value != theirs
            field.original = theirs
            if typed:
                self._theirs[field.field_name] = theirs
                field.show_note(f"now: {visible(theirs) or 'nothing'}")
            else:
                field.value = theirs
        names = ", ".join(field.label for field in changed) or "something else"
        choose = "^S keeps yours, ^T takes theirs" if self._theirs else "^S saves yours beside it"
        # What to press stands first: a form as high as the terminal has one line for all this.
        self._say(f"{choose}. Others changed {names}.", trouble=True)

    def action_take_theirs(self) -> None:
        """``^T``: take what somebody else wrote into the field one is in; from any other field, into all of them."""
        if not self._theirs:
            self.app.bell()
            return
        here = next((name for name in self._theirs if self.form.field(name).input.has_focus), None)
        for name in [here] if here is not None else list(self._theirs):
            field = self.form.field(name)
            field.show_note("")
            field.value = self._theirs.pop(name)
        left = ", ".join(self.form.field(name).label for name in self._theirs)
        self._say(f"{left}: ^S keeps yours, ^T takes theirs." if left else self._keys, trouble=bool(left))

    def _say(self, text: str, *, trouble: bool = False) -> None:
        self._hint.set_class(trouble, "trouble")
        self._hint.update(Content(visible(text)))
