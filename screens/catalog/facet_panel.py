"""The facets beside a list of products: another view of the same line, docked where there is room for them.

Shape: a mix-in over the line's help, because whatever is chosen only rewrites the line. Rejected: the panel keeping
what is chosen, which would be a second truth beside the line.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from screens.catalog.data import Found, read_facet, read_facets
from screens.catalog.facets import CATEGORY, CatalogHead, category_choice, chips_of, panel_facets, without_chip
from screens.line_help import LineHelp
from widgets.facets import FacetPanel
from widgets.queryline import QueryInput

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.search.query import SearchQuery
    from data.types import Facet
    from screens.action import Action


class FacetsBeside(LineHelp):
    """A list with ``panel`` beside it and ``head`` above both; a subclass calls ``show_found`` with every answer."""

    PANELS: ClassVar[tuple[type[Widget], ...]] = (FacetPanel, QueryInput)
    #: from this width on the facets stand beside the list; below they come when they are asked for
    DOCKED_FROM: ClassVar[int] = 100
    #: cells the facets take, their border included: docked, and where they push the list aside for a while
    PANEL_WIDTHS: ClassVar[tuple[int, int]] = (31, 34)

    def __init__(self) -> None:
        super().__init__()
        self.head = CatalogHead(id="heads")
        self.panel = FacetPanel(id="facets")
        self.found: Found | None = None
        #: the query whose facets stand in the panel
        self._facets_of: SearchQuery | None = None
        #: facets of which all values were asked for
        self._in_full: dict[str, Facet] = {}

    # -- where they stand ---------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Dock the facets where there is room for them."""
        self._dock(wanted=False)

    def on_resize(self) -> None:
        """The facets come to stand beside the list, or leave it."""
        self._dock(wanted=self.panel.has_focus)
        super().on_resize()

    def _dock(self, *, wanted: bool) -> None:
        room = self.app.size.width >= self.DOCKED_FROM
        width = self.PANEL_WIDTHS[0 if room else 1]
        self.panel.styles.width = width
        self.panel.display = room or wanted
        self.head.split(width if self.panel.display else 0)
        self._count_facets()

    def facets(self) -> None:
        """Go to the facets and back; below 100 columns they come and go with it."""
        if self.panel.has_focus:
            self._leave_facets()
        else:
            self._dock(wanted=True)
            self.panel.focus()

    def leave_panel(self) -> bool:
        """Esc: from finding a value to the facets, from the facets to the list. Return whether one was there."""
        if not self.panel.has_focus:
            return False
        if not self.panel.stop_finding():
            self._leave_facets()
        return True

    def _leave_facets(self) -> None:
        self._dock(wanted=False)
        self.grid.focus()

    def answers(self, action: Action) -> bool:
        """While a value is looked for letters go into what is typed, too."""
        return super().answers(action) and (self.panel.finding is None or self.fires_while_typing(action))

    # -- what they show -----------------------------------------------------------------------------------------------

    def show_found(self, found: Found) -> None:
        """Show the facets of an answer."""
        self.found = found
        if self.panel.finding is None:
            self._in_full.clear()
        self._show_facets()
        self._count_facets()

    def sees_facets(self) -> bool:
        """Whether the facets are on the screen; may be asked from any thread."""
        return bool(self.panel.display)

    def _count_facets(self) -> None:
        """Count the facets of what is listed once somebody sees them."""
        found = self.found
        if found is None or found.facets is not None or not self.panel.display:
            return

        def show(facets: tuple[Facet, ...]) -> None:
            if self.found is found:
                self.show_found(replace(found, facets=facets))

        query = self._current_query()
        if query != self._facets_of:
            # What stands there is of another query: no key may choose from it.
            self.panel.say("Facets:", "counting")
        self.load(read_facets, query, then=show, group="facets", doing="counting")

    def _show_facets(self) -> None:
        found, query = self.found, self._current_query()
        if found is not None and found.facets is None:
            return
        self._facets_of = query
        if found is not None and found.facets:
            self.panel.show_facets(panel_facets(found.facets, self._in_full, query), chips_of(query))
        elif found is not None and not found.fallback:
            self.panel.show_facets((), chips_of(query))
        else:
            self.panel.say("No facets:", "search is away.")

    # -- what they write ----------------------------------------------------------------------------------------------

    def _current_query(self) -> SearchQuery:
        from data.search.language import parse_query

        return parse_query(self.query_line.text)

    def rewrite(self, query: SearchQuery) -> None:
        """Write ``query`` into the line and show what it finds."""
        from data.search.language import format_query

        self.query_line.set(format_query(query))
        self.search()

    def on_facet_panel_toggled(self, event: FacetPanel.Toggled) -> None:
        """Choose a value of a facet or give it up: the line is written anew."""
        value = category_choice(event.value, self.names.categories) if event.name == CATEGORY else event.value
        self.rewrite(self._current_query().toggle(event.name, value))

    def on_facet_panel_range_chosen(self, event: FacetPanel.RangeChosen) -> None:
        """Let a facet's numbers run from one bound to the other: the line is written anew."""
        bounds = [None if bound is None else Decimal(str(bound)) for bound in (event.low, event.high)]
        bounds = [bound if bound is None or bound % 1 else Decimal(int(bound)) for bound in bounds]
        self.rewrite(self._current_query().with_range(event.name, *bounds))

    def on_facet_panel_chip_removed(self, event: FacetPanel.ChipRemoved) -> None:
        """Give up what is chosen."""
        self.rewrite(without_chip(self._current_query(), event.name))

    def on_facet_panel_more_requested(self, event: FacetPanel.MoreRequested) -> None:
        """Bring all values of a facet, or those that contain what was typed."""
        query = self._current_query()
        self.refresh_keys()
        self.load(
            read_facet, query, event.name, event.find, then=self._more_read, group="facet", doing="reading the facet"
        )

    def _more_read(self, facet: Facet) -> None:
        self._in_full[facet.name] = facet
        self._show_facets()

    def on_facet_panel_find_stopped(self, event: FacetPanel.FindStopped) -> None:
        """The facet's short form comes back."""
        self.forget("facet")
        self._in_full.pop(event.name, None)
        self._show_facets()
        self.refresh_keys()
