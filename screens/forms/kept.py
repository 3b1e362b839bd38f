"""KeptForm: a form about an order that is kept while it is typed, and comes back as it was left.

Shape: what was typed is a file a moment after each letter, so Esc needs no question, and a killed terminal or a
dropped line loses nothing. The idempotency key stands in the same file. Rejected: keeping it only when the form is
left, which is exactly what a killed terminal does not do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType

from data.ids import new_id
from screens.forms.overlay import FormOverlay
from screens.handle import ShellApi
from screens.order.kept import Keep, Kept, drop_kept, write_kept
from widgets.field import Field

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.worker import WorkType

    from data.shop import Shop
    from widgets.form import Form

#: Does the work under the key it is given.
KeyedSave = Callable[["Shop", dict[str, str], str], Any]
#: seconds of rest after which the draft is kept
KEEP_SECONDS = 0.3


class KeptForm(FormOverlay):
    """Without ``keep`` nothing is kept, and Esc asks before it throws away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+x", "begin_anew", "throw the draft away", id="form.anew", priority=True),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        save: KeyedSave,
        *,
        verb: str = "saves",
        aside: Callable[[Mapping[str, str]], str] | None = None,
        keep: Keep | None = None,
    ) -> None:
        super().__init__(title, fields, self._once, verb=verb, aside=aside)
        self.keep = keep
        self.key = str(new_id())
        self._do = save
        self._back: Mapping[str, str] | None = None
        self._timer: Timer | None = None
        #: held while the file is written or the work is done: neither overtakes the other
        self._turn = asyncio.Lock()
        self._done = False
        #: whether something was kept when the form was left
        self.left_something = False

    def come_back(self, kept: Kept) -> None:
        """Begin with what was kept. Before the form is shown."""
        self.key = kept.key
        self._back = {str(name): str(text) for name, text in kept.content.items()}

    def on_mount(self) -> None:
        """Show what was kept."""
        if self._back is not None:
            self.form.restore(self._back)
            if self.form.dirty:
                self._say(f"Your draft is back   ^X throws it away   {self._keys}")
        super().on_mount()

    def _once(self, shop: Shop, values: dict[str, str]) -> Any:
        result = self._do(shop, values, self.key)
        if self.keep is not None:
            drop_kept(shop, self.keep)
        self._done = True
        return result

    def on_form_edited(self, event: Form.Edited) -> None:
        """Keep it, when the typing rests."""
        super().on_form_edited(event)
        if self.keep is not None:
            self._stop_timer()
            self._timer = self.set_timer(KEEP_SECONDS, self._keep_soon)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _keep_soon(self) -> None:
        self.run_worker(cast("WorkType[None]", self._write_draft), exit_on_error=False)

    async def _write_draft(self) -> None:
        shop, keep = cast(ShellApi, self.app).handle.shop, self.keep
        async with self._turn:
            if shop is not None and keep is not None and not self._done:
                content = self.form.draft() if self.form.dirty else None
                await asyncio.to_thread(write_kept, shop, keep, content, self.key)

    async def _write(self, values: dict[str, str]) -> None:
        self._stop_timer()
        async with self._turn:
            await super()._write(values)

    def action_close(self) -> None:
        """Esc: what is kept needs no question."""
        if self.keep is None:
            super().action_close()
        elif not self._saving:
            self._stop_timer()
            self.left_something = self.form.dirty
            shop, content = cast(ShellApi, self.app).handle.shop, self.form.draft() if self.form.dirty else None
            if shop is not None:
                work = partial(write_kept, shop, self.keep, content, self.key)
                self.app.run_worker(work, thread=True, exit_on_error=False)
            self.dismiss(None)

    def action_begin_anew(self) -> None:
        """``^X``: everything as the form began, under a new key; the draft is forgotten."""
        if self.keep is None or self._saving or not self.form.dirty:
            self.app.bell()
            return
        self.form.fill({field.field_name: field.original for field in self.form.fields})
        self.key = str(new_id())
        self._say(self._keys)
        self._follow()
        self._keep_soon()
