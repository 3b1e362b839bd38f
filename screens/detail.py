"""What every screen of one thing shares: read by its reference, laid out as a page, kept while a store is away.

A subclass says how to read, name and lay out its thing; keys and overlays are its own. The page read last stays, dim
and with its age in row 2, while it can't be read again. Rejected: a page that empties itself on an error, as the person
at the bench still needs the address on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult

from data.errors import Unavailable
from screens.base import AppScreen
from screens.shown import now
from widgets.line import Piece
from widgets.sheet import Sheet
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.shop import Shop
    from screens.action import Action
    from widgets.sheet import SheetLine

Thing = TypeVar("Thing")


class DetailScreen(AppScreen, Generic[Thing]):
    """Base of the screens of one thing: ``thing``, ``None`` until it is read, found by the reference ``_ref``."""

    #: what it is called in sentences, and the group its reading belongs to
    NOUN: ClassVar[str]
    KEYS_OF = (Sheet,)
    TOP_RULE = None

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id=self.NOUN)
        self.thing: Thing | None = None
        self._ref = ""
        self._read_at = now()

    # -- what a subclass says -----------------------------------------------------------------------------------------

    @staticmethod
    def read(shop: Shop, ref: str) -> Thing:
        """Return the thing ``ref`` names; runs in a thread, raises what the store's room raises."""
        raise NotImplementedError

    def crumb_of(self, thing: Thing) -> str:
        """Return what row 1 calls it."""
        raise NotImplementedError

    def state_of(self, thing: Thing) -> tuple[list[Piece], list[Piece]]:
        """Return the left and the right half of row 2."""
        raise NotImplementedError

    def page_of(self, thing: Thing, width: int) -> list[SheetLine]:
        """Return the page, ``width`` cells wide."""
        raise NotImplementedError

    # -- the screen ---------------------------------------------------------------------------------------------------

    def compose_query(self) -> Iterable[Widget]:
        """Where the thing stands."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The page."""
        yield self.sheet

    def open_ref(self, ref: str) -> None:
        """Show the thing ``ref`` names, or, where it is empty, the one shown before, read again."""
        if ref and ref != self._ref:
            self._ref, self.thing = ref, None
            self.show_crumbs(*self.TITLE_CRUMBS)
            self.state.show(())
            self.sheet.say("Loading …")
            self.status.say("")
            self.status.facts("")
        self.sheet.focus()
        self.reload()

    def why_not(self, action: Action) -> str:
        """Everything but reading again needs the thing."""
        return "" if self.thing is not None or action.handler == "reload" else f"no {self.NOUN} is loaded"

    def asked(self) -> tuple[Any, ...]:
        """Return what ``read`` is asked besides the reference."""
        return ()

    def reload(self) -> None:
        """Read the thing again. Until it is there for the first time, keys wait for it."""
        if self._ref:
            self.load(
                *(self.read, self._ref, *self.asked()),
                then=self._show,
                failed=self._not_read,
                group=self.NOUN,
                keys_wait=self.thing is None,
            )

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: read again."""
        self.reload()

    def _show(self, thing: Thing) -> None:
        self._read_at, self.sheet.stale = now(), False
        self.state.show(*self.state_of(thing))
        if thing == self.thing:
            return
        self.thing = thing
        self.show_crumbs(*self.TITLE_CRUMBS, self.crumb_of(thing))
        self.sheet.show(lambda width: self.page_of(thing, width))
        self.refresh_keys()

    def _not_read(self, error: Exception) -> None:
        """Keep what was read, dim, with its age; a reference nobody knows is said in place of the page."""
        if self.thing is None:
            self.sheet.say(*self.explain(error), tone="bad")
            return
        self.sheet.stale = True
        left, _ = self.state_of(self.thing)
        self.state.show(left, (Piece(f"as of {self._read_at.astimezone():%H:%M:%S}", "bad"),))
        if not isinstance(error, Unavailable):  # row 23 names a store that is away by itself
            self.shell.show_error(error, doing=f"reading the {self.NOUN}")
