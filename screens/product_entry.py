"""What every screen shares on which products are typed, scanned or pasted into an order.

The entry line asks while somebody types and shows what it may mean; Enter takes the first, a scan what its code names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.errors import StorekeeperError
from screens.base import AppScreen
from screens.later import Later
from screens.new_order.basket import BETWEEN_ROWS, PastedRow, entered, pasted_rows
from screens.new_order.data import Found, find, read_rows
from screens.new_order.entry import Chooser, EntryInput, EntryLine

if TYPE_CHECKING:
    from data.orders.offers import Offer


class ProductEntry(Later, AppScreen):
    """A screen with an entry line for products and the list of what the typing may mean."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = EntryLine()
        self.chooser = Chooser()
        self._taken = 0
        self._rows_left = False

    def add(self, offer: Offer, quantity: int) -> None:
        """Take ``quantity`` of ``offer``."""
        raise NotImplementedError

    def add_rows(self, rows: Sequence[tuple[Offer, int]]) -> None:
        """Take every (offer, quantity) of a list; a screen whose changes can be taken back makes one of it."""
        for offer, quantity in rows:
            self.add(offer, quantity)

    @property
    def rows_left(self) -> str:
        """The rows of a list that nobody knows and that stand in the entry to be corrected, ``""`` for none."""
        return self.entry.text.strip() if self._rows_left else ""

    def type_entry(self) -> None:
        """Type a product."""
        self.entry.type()

    def entry_typed(self, text: str, *, final: bool) -> None:
        """Look up what is typed; Enter (``final``) takes it."""
        words, quantity = entered(text)
        self._rows_left = self._rows_left and bool(words)
        several = BETWEEN_ROWS.strip() in words
        rows = pasted_rows(words) if final and (several or self._rows_left) else ()
        if rows:
            self.not_later("offers")
            self.entry.set("")
            self.take_rows(rows)
        elif several:
            self.chooser.clear()
        elif final:
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
            self.chooser.show_offers(words, found.offers, found.units)

    def _enter(self, words: str, quantity: int) -> None:
        """Enter: take the first of what is shown for these words; what was typed quicker than that is looked up."""
        if not words:
            return
        self.not_later("offers")
        shown, units = self.chooser.offers_for(words), self.chooser.units
        self.entry.set("")
        self.chooser.clear()
        if shown:
            self.add(shown[0], units or quantity)
            return
        self._taken += 1  # a group of its own: the next scan must not drop this one

        def taken(found: Found) -> None:
            self._take(words, found, quantity)

        self.load(find, words, then=taken, group=f"take-{self._taken}", doing="looking it up")

    def _take(self, words: str, found: Found, quantity: int) -> None:
        if found.certain:
            self.add(found.offers[0], found.units or quantity)
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

    def take_rows(self, rows: Sequence[PastedRow]) -> None:
        """Take every row that names a product, all at once; the others stand in the entry until they are corrected."""
        self._taken += 1

        def failed(error: Exception) -> None:
            self.keep_rows(rows)  # nothing was taken: the whole list waits
            self.not_found(error)

        self.load(read_rows, rows, then=self.rows_read, failed=failed, group=f"take-{self._taken}")

    def rows_read(self, read: tuple[tuple[tuple[Offer, int], ...], tuple[PastedRow, ...]]) -> None:
        """Take what of a list is known, and keep the rest for correction."""
        known, unknown = read
        if known:
            self.add_rows(known)
        taken = f"+{len(known)} row{'' if len(known) == 1 else 's'}" if known else "Nothing taken"
        if not unknown:
            self.status.say(taken)
            return
        self.app.bell()
        self.keep_rows(unknown)
        named = ", ".join((row.sku or row.text)[:14] for row in unknown[:2])
        more = f" and {len(unknown) - 2} more" if len(unknown) > 2 else ""
        self.status.say(f"{taken}. Nobody knows {named}{more}: correct it, then Enter", "bad")

    def keep_rows(self, rows: Sequence[PastedRow]) -> None:
        """Put rows back into the entry, before what is typed there meanwhile."""
        typed = self.entry.text.strip()
        self.entry.set(BETWEEN_ROWS.join((*(row.text for row in rows), *((typed,) if typed else ()))))
        self.entry.input.cursor_position = 0  # where the first of them stands
        self._rows_left = True

    def forget_rows(self) -> None:
        """Empty the entry, with what waits there."""
        self._rows_left = False
        self.entry.set("")

    def take_chosen(self, offer: Offer) -> None:
        """A suggestion was entered: take it, in the quantity typed with its words."""
        _, quantity = entered(self.entry.text)
        self.add(offer, self.chooser.units or quantity)
        self.entry.set("")
        self.chooser.clear()
        self.entry.type()
