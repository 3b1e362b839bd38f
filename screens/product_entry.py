"""What every screen shares on which products are typed, scanned or pasted into an order.

The entry line asks while somebody types and shows what it may mean; Enter takes the first, a scan what its code names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.timer import Timer

from data.errors import StorekeeperError
from screens.base import AppScreen
from screens.basket import entered
from screens.new_order_data import Found, find, read_rows
from screens.new_order_entry import Chooser, EntryInput, EntryLine

if TYPE_CHECKING:
    from data.orders.offers import Offer


class ProductEntry(AppScreen):
    """A screen with an entry line for products and the list of what the typing may mean."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = EntryLine()
        self.chooser = Chooser()
        self._taken = 0
        self._waiting: dict[str, Timer] = {}

    def add(self, offer: Offer, quantity: int) -> None:
        """Take ``quantity`` of ``offer``."""
        raise NotImplementedError

    def type_entry(self) -> None:
        """Type a product."""
        self.entry.type()

    def later(self, name: str, delay: float, what: Callable[[], object]) -> None:
        """Call ``what`` after ``delay`` seconds in which nobody asked for ``name`` again."""
        if name in self._waiting:
            self._waiting[name].stop()
        self._waiting[name] = self.set_timer(delay, what)

    def not_later(self, name: str) -> None:
        """Do not do what ``later`` was asked for under ``name``, and drop what a load of that name will bring."""
        if name in self._waiting:
            self._waiting.pop(name).stop()
        self.forget(name)

    def entry_typed(self, text: str, *, final: bool) -> None:
        """Look up what is typed; Enter (``final``) takes it."""
        words, quantity = entered(text)
        if final:
            self._enter(words, quantity)
        elif words and not self.chooser.offers_for(words):
            self.later("offers", 0.08, lambda: self._look_for_offers(words))
        elif not words:
            self.chooser.clear()

    def _look_for_offers(self, words: str) -> None:
        self.load(
            find, words, then=lambda found: self._show_offers(words, found), failed=self.not_found, group="offers"
        )

    def not_found(self, error: Exception) -> None:
        """A store is away: say so where the suggestions would stand."""
        self.chooser.say(str(error), "What is typed is kept; type on when it is back", tone="bad")
        if not isinstance(error, StorekeeperError):
            self.shell.show_error(error, doing="searching")

    def _show_offers(self, words: str, found: Found) -> None:
        if entered(self.entry.text)[0] == words:
            self.chooser.show_offers(words, found.offers)

    def _enter(self, words: str, quantity: int) -> None:
        """Enter: take the first of what is shown for these words; what was typed quicker than that is looked up."""
        if not words:
            return
        self.not_later("offers")
        shown = self.chooser.offers_for(words)
        self.entry.set("")
        self.chooser.clear()
        if shown:
            self.add(shown[0], quantity)
            return
        self._taken += 1  # a group of its own: the next scan must not drop this one

        def taken(found: Found) -> None:
            self._take(words, found, quantity)

        self.load(find, words, then=taken, group=f"take-{self._taken}", doing="looking it up")

    def _take(self, words: str, found: Found, quantity: int) -> None:
        if found.certain:
            self.add(found.offers[0], quantity)
        elif not found.offers:
            self.app.bell()
            self.status.say(f"Nothing found for {words}", "bad")
        elif not self.entry.text:  # several, and nobody has seen them yet: choose
            self.entry.set(f"{quantity}*{words}" if quantity != 1 else words)
            self.chooser.show_offers(words, found.offers)
            self.chooser.focus()

    def on_entry_input_rows_pasted(self, event: EntryInput.RowsPasted) -> None:
        """A list of SKU and quantity was pasted."""
        self.take_rows(event.rows)

    def take_rows(self, rows: list[tuple[str, int]]) -> None:
        """Take every row of SKU and quantity."""
        self._taken += 1
        self.load(read_rows, rows, then=self._rows_read, group=f"take-{self._taken}", doing="reading the rows")

    def _rows_read(self, read: tuple[tuple[tuple[Offer, int], ...], tuple[str, ...]]) -> None:
        known, unknown = read
        for offer, quantity in known:
            self.add(offer, quantity)
        self.status.say(f"+{len(known)} rows")
        self._say_unknown(unknown)

    def _say_unknown(self, unknown: tuple[str, ...]) -> None:
        if unknown:
            self.app.bell()
            self.status.say(f"Nobody knows {', '.join(unknown[:5])}{' …' if len(unknown) > 5 else ''}", "bad")

    def take_chosen(self, offer: Offer) -> None:
        """A suggestion was entered: take it, in the quantity typed before its words."""
        _, quantity = entered(self.entry.text)
        self.add(offer, quantity)
        self.entry.set("")
        self.chooser.clear()
        self.entry.type()
