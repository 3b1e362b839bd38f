"""What every family of an order's verbs stands on: the order read, one way to ask, to do, and to say what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from data.errors import Conflict, Invalid, OutOfStock
from data.ids import new_id
from screens.detail import DetailScreen
from screens.order.kept import Looked, read_kept
from screens.order.page import OrderPage
from screens.order.write import run_command

if TYPE_CHECKING:
    from data.command import Command
    from data.orders.reads import OrderDetail
    from screens.forms.kept import KeptForm
    from screens.forms.overlay import FormOverlay

Result = TypeVar("Result")
#: how long keys wait for what a form needs
READ_SECONDS = 5.0
#: Says of a page why an action is not possible, ``""`` where it is.
Reason = Callable[[OrderPage], str]


class OrderBase(DetailScreen[OrderPage]):
    """The page of one order, without a verb. ``undo_key`` is what was done here last and ``u`` takes back unasked."""

    NAME = NOUN = "order"

    def __init__(self) -> None:
        super().__init__()
        self.undo_key = ""
        self._news = "", ""

    @property
    def order(self) -> OrderDetail | None:
        """The order, once it is read."""
        return self.thing.order if self.thing is not None else None

    def under_bar(self, kind: type[Any]) -> Any:
        """Return what the line under the bar stands for, where it is a ``kind``, else ``None``."""
        line = self.sheet.current
        return line.what if line is not None and isinstance(line.what, kind) else None

    def tell(self, said: str, tone: str = "good", *, undo_key: str = "") -> None:
        """Read the order again and say what happened; with ``undo_key`` the key ``u`` takes it back.

        It is said with the page that shows it: who reads the news and presses the next key acts on what is true.
        """
        self.undo_key = undo_key
        self._news = said, tone
        self.reload()

    def _show(self, thing: OrderPage) -> None:
        super()._show(thing)
        begun = ", ".join(f"{one.label} {one.key}" for one in thing.begun)
        self.status.facts(f"begun: {begun}" if begun else "changes arrive by themselves")
        self._say_news()

    def _not_read(self, error: Exception) -> None:
        super()._not_read(error)
        self._say_news()

    def _say_news(self) -> None:
        said, tone = self._news
        if said:
            self._news = "", ""
            self.status.say(said, tone, undo=bool(self.undo_key))

    def ask(self, form: FormOverlay, said: Callable[[Any], str]) -> None:
        """Show ``form``; when it has done its work, say what ``said`` makes of the result."""
        self.shell.overlay(form, lambda result: self.tell(said(result)) if result is not None else None)

    async def ask_kept(self, form: KeptForm, then: Callable[[Any], object]) -> None:
        """Show ``form`` with what was kept of it, and hand its result to ``then``. Awaited by handlers of actions."""
        keep = form.keep
        looked = await self.read_first(read_kept, keep) if keep is not None else Looked(None)
        if looked is None:
            return
        if looked.kept is not None and looked.kept.done and keep is not None:
            self.tell(f"Your {keep.label} was done before; this is the order as it is")
            return
        if looked.kept is not None:
            form.come_back(looked.kept)

        def left(result: Any) -> None:
            if result is not None:
                then(result)
            elif form.left_something and keep is not None:
                self.tell(f"Kept, nothing was done: {keep.key} goes on with the {keep.label}", "plain")
            elif keep is not None:
                self.reload()  # what was begun may be thrown away

        self.shell.overlay(form, left)

    def change(self, command: Command, said: Callable[[Any], str] | str, *, undo: bool = False) -> None:
        """Carry ``command`` out; then say ``said``. With ``undo`` it can be taken back."""
        key = str(new_id())

        def done(result: Any) -> None:
            self.tell(said if isinstance(said, str) else said(result), undo_key=key if undo else "")

        self.load(run_command, command, key, then=done, failed=self.refused, group="change", doing=self._ref)

    def refused(self, error: Exception) -> None:
        """Nothing was written: say why, and show how things are."""
        if isinstance(error, Conflict) and "version" in error.current:
            self.status.say("Somebody changed it meanwhile: look, then press again", "bad")
            self.reload()
        elif isinstance(error, Conflict | Invalid | OutOfStock):
            self.status.say(f"Not done: {error}", "bad")
            self.reload()
        else:
            self.shell.show_error(error, doing=f"changing {self._ref}")

    async def read_first(self, fn: Callable[..., Result], *arguments: Any) -> Result | None:
        """Return what a form needs before it opens, ``None`` where it could not be read, which is said then.

        Awaited by the handler of an action: keys typed meanwhile wait for the form, and the page takes none of them.
        """
        try:
            shop = await self.shell.handle.wait()
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.to_thread(fn, shop, *arguments)
        except TimeoutError:
            self.status.say("No answer from the store in time; press again", "bad")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
            self.refused(error)
        return None

    @property
    def order_id(self) -> UUID:
        """The order's id. Only for handlers of actions, which need an order."""
        assert self.order is not None
        return self.order.order_id
