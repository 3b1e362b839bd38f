"""A query line that helps while it is typed: what can't be read is marked in its place, what may be meant is offered.

Shape: a mix-in for list screens; the line stays one plain text, and all help only rewrites it. Rejected: a line of
separate fields for each filter, which could neither be typed in one go nor be copied and shared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from screens.action import Action
from screens.catalog.line import Names, mended, read_names, read_offers, serious
from screens.listing import ListScreen
from widgets.grid import Grid
from widgets.offers import Offer, OfferList
from widgets.queryline import QueryInput, QueryLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.search.engine import Unheard
    from data.search.query import QueryProblem, SearchQuery


class LineHelp(ListScreen):
    """Marks and offers for a line of ``data.search.language``. A subclass yields ``offers``, says ``open_product``."""

    PANELS: ClassVar[tuple[type[Widget], ...]] = (QueryInput,)
    #: seconds after the last letter until offers are looked for, where its rows are not there before that
    PAUSE: ClassVar[float] = 0.15

    def __init__(self) -> None:
        super().__init__()
        self.offers = OfferList(id="offers")
        self.names = Names()
        self._problems: tuple[QueryProblem, ...] = ()
        #: what the last search said of the line's values
        self._unheard: tuple[Unheard, ...] = ()

    def open_product(self, product_id: str) -> None:
        """Go to a product that was offered."""
        raise NotImplementedError

    # -- reading the line ---------------------------------------------------------------------------------------------

    def read_line(self, text: str) -> SearchQuery:
        """Return what ``text`` asks for; what can't be read is marked, what was meant stands at the end of the row."""
        from data.search.language import parse_query

        query = parse_query(text, attributes=self.names.attributes or None, unheard=self._unheard)
        cursor = self.query_line.input.cursor_position if self.query_line.typing else -1
        self._problems = serious(query.problems, cursor)
        meant = next((one.suggestion for one in self._problems if one.suggestion), "")
        self.query_line.mark(
            tuple((one.start, one.end) for one in self._problems), completes=bool(meant or self.offers.offers)
        )
        if meant:
            self.query_line.note(f"Tab: {meant}", "key")
        else:
            self.query_line.note("" if self.query_line.typing else self.idle_note())
        return query

    def hear(self, unheard: tuple[Unheard, ...]) -> None:
        """Mark the values of the line of which a search says that no product has them."""
        if unheard != self._unheard:
            self._unheard = unheard
            self.read_line(self.query_line.text)

    def idle_note(self) -> str:
        """Return what stands at the end of row 2 while nobody types and nothing is wrong."""
        return ""

    @property
    def trouble(self) -> str:
        """What is wrong with the line, for row 23; ``""`` where nothing is."""
        return " · ".join(one.message for one in self._problems if one.message)

    def learn_names(self) -> None:
        """Read what the catalog calls things."""
        self.load(read_names, then=self._know, failed=lambda error: None, group="names")

    def _know(self, names: Names) -> None:
        if names != self.names:
            self.names = names
            self._shown = None  # the same line may be read in another way now
            self.search()

    # -- offers -------------------------------------------------------------------------------------------------------

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Mark at once, offer a moment later; Enter takes the offer under the bar and goes to what is found."""
        self.read_line(event.text)
        if event.final:
            offer = self.offers.chosen
            self._withdraw()
            if offer is not None:
                event.prevent_default()  # the base class would search for the line as it was typed
                self._take(offer)
                if offer.line.endswith(" "):  # a whole filter; a name alone still wants its value
                    self.grid.focus()
        elif self.query_line.typing and event.text:
            self.later("offers", self.PAUSE, lambda: self._look_for_offers(event.text))
        else:
            self._withdraw()

    def on_grid_loaded(self, event: Grid.Loaded) -> None:
        """The rows are there: nothing that offers would slow down is left to do."""
        self.at_once("offers")

    def _look_for_offers(self, text: str) -> None:
        self.load(read_offers, text, self.names, then=self._offer, failed=lambda error: None, group="offers")

    def _offer(self, offers: tuple[Offer, ...]) -> None:
        if self.query_line.typing:
            self.offers.show(offers)
            self.query_line.input.completes = bool(offers or any(one.suggestion for one in self._problems))

    def _withdraw(self) -> bool:
        """Take the offers away. Return whether there were any."""
        self.not_later("offers")
        return self.offers.clear()

    def on_query_input_steered(self, event: QueryInput.Steered) -> None:
        """``↓ ↑`` choose an offer, or ``↓`` goes to the list; Tab writes what was meant."""
        event.stop()
        if event.step and self.offers.offers:
            self.offers.move(event.step)
        elif event.step > 0:
            self.grid.focus()
        elif event.step == 0:
            self._complete()

    def _complete(self) -> None:
        problem = next((one for one in self._problems if one.suggestion), None)
        if problem is not None:
            self._write(mended(self.query_line.text, problem))
        elif self.offers.offers:
            self._take(self.offers.chosen or self.offers.offers[0])

    def _take(self, offer: Offer) -> None:
        if offer.ref:
            self._withdraw()
            self.open_product(offer.ref)
        else:
            self._write(offer.line)

    def _write(self, line: str) -> None:
        self._withdraw()
        self.query_line.set(line)
        self.search()

    # -- leaving ------------------------------------------------------------------------------------------------------

    def on_descendant_focus(self, event: object) -> None:
        """Offers are for who types."""
        if not self.query_line.typing:
            self._withdraw()
        if self.names.attributes:
            self.read_line(self.query_line.text)
        self.refresh_keys()

    def answers(self, action: Action) -> bool:
        """While the line is typed letters go into it."""
        return not self.query_line.typing or self.fires_while_typing(action)

    def leave(self) -> bool:
        """Esc: the offers first, then as in every list."""
        return self._withdraw() or super().leave()
