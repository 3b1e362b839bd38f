"""Where a new order's products are typed, pasted and scanned, and the list of what the typing may mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from screens.new_order.basket import PastedRow, pasted_rows
from screens.new_order.sheet import customer_lines, draft_lines, offer_lines
from widgets.queryline import QueryInput, QueryLine
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.customers.reads import CustomerRow
    from data.orders.drafts.commands import DraftRow
    from data.orders.offers import Offer


class EntryInput(QueryInput):
    """The input for products: several pasted rows are taken as a list, not typed into the line."""

    class RowsPasted(Message):
        """A list of SKUs and units was pasted."""

        def __init__(self, rows: Sequence[PastedRow]) -> None:
            super().__init__()
            self.rows = rows

    def _on_paste(self, event: events.Paste) -> None:
        rows = pasted_rows(event.text)
        if rows:
            event.stop()
            event.prevent_default()
            self.post_message(self.RowsPasted(rows))


class EntryLine(QueryLine):
    """The line that takes products."""

    def __init__(self, prompt: str = ">", placeholder: str = "usb c cable · RAM-0412 · 3*RAM-0412") -> None:
        super().__init__(prompt=prompt, id="entry")
        self.input = EntryInput("", prompt=prompt, placeholder=placeholder)


class Chooser(Sheet):
    """What the typing may mean: customers or products, one a line; empty and out of the way of Tab otherwise."""

    def __init__(self) -> None:
        super().__init__(margin=4, id="chooser", focusable=False)
        self._offers: tuple[Offer, ...] = ()
        self._words = ""
        #: units that the words themselves asked for (``RAM-0412 3``), ``None`` where they said none
        self.units: int | None = None
        self._drafts: dict[str, DraftRow] = {}

    def clear(self) -> None:
        """Show nothing."""
        self._begin((), "")
        self.show(lambda width: (), keep=False)

    def show_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers; none is said, with what to do about it."""
        self._begin(rows, "")
        if rows:
            self.show(lambda width: customer_lines(rows, width), keep=False)
        else:
            self.say("No customer like that.", "^N adds one")

    def show_drafts(self, rows: Sequence[DraftRow]) -> None:
        """Show held drafts, to take one on."""
        self._begin(rows, "")
        self._drafts = {str(row.draft_id): row for row in rows}
        self.show(lambda width: draft_lines(rows, width), keep=False)

    def draft(self, key: str) -> DraftRow | None:
        """Return the held draft shown under this key, if drafts are shown."""
        return self._drafts.get(key)

    def show_offers(self, words: str, offers: tuple[Offer, ...], units: int | None = None) -> None:
        """Show what ``words`` may mean, and remember how many ``units`` they ask for; nothing found is said."""
        self._begin(offers, words)
        self.units = units
        if offers:
            self._offers = offers
            self.show(lambda width: offer_lines(offers, width), keep=False)
        else:
            self.say(f"Nothing found for {words}.", "Another word, or a SKU")

    def offers_for(self, words: str) -> tuple[Offer, ...]:
        """Return the offers shown if they are those for ``words``."""
        return self._offers if words == self._words else ()

    def _begin(self, rows: Sequence[object], words: str) -> None:
        self.can_focus = bool(rows)
        self._offers, self._words, self.units, self._drafts = (), words, None, {}
