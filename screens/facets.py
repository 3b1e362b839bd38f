"""Facets below 100 columns: the panel as an overlay. Its choices go to the screen that opened it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from data.types import Facet
from screens.overlay import Overlay
from widgets.facets import FacetPanel
from widgets.rule import SectionRule


class FacetKeeper(Protocol):
    """The screen that holds the query: what a panel, docked or not, asks of it."""

    def toggle_facet(self, name: str, value: str) -> None:
        """Choose ``value`` of facet ``name``, or give it up."""

    def choose_range(self, name: str, low: float | None, high: float | None) -> None:
        """Let the numbers of facet ``name`` run from ``low`` to ``high``."""

    def more_values(self, name: str, find: str) -> None:
        """Bring all values of facet ``name``, or those that contain ``find``."""


class FacetsOverlay(Overlay[None]):
    """The panel at the left edge, until ``f`` or Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f", "close", "close", id="facets.close")]

    DEFAULT_CSS = """
    FacetsOverlay { align: left top; }
    FacetsOverlay > Vertical { width: 44; height: 100%; max-height: 100%; padding: 0 1; }
    FacetsOverlay FacetPanel { width: 1fr; }
    """

    def __init__(self, facets: Sequence[Facet], keeper: FacetKeeper) -> None:
        super().__init__()
        self.panel = FacetPanel()
        self._facets = facets
        self._keeper = keeper

    def compose(self) -> ComposeResult:
        """The panel."""
        with Vertical(classes="overlay"):
            yield SectionRule("Facets", "Space chooses · Esc")
            yield self.panel

    def on_mount(self) -> None:
        """Show what there is."""
        self.panel.focus()
        self.show_facets(self._facets)

    def show_facets(self, facets: Sequence[Facet]) -> None:
        """Show the facets of the newest result."""
        if facets:
            self.panel.show_facets(facets)
        else:
            self.panel.say("No facets:", "nothing was found")

    def on_facet_panel_toggled(self, event: FacetPanel.Toggled) -> None:
        """Choose a value."""
        event.stop()
        self._keeper.toggle_facet(event.name, event.value)

    def on_facet_panel_range_chosen(self, event: FacetPanel.RangeChosen) -> None:
        """Choose a range."""
        event.stop()
        self._keeper.choose_range(event.name, event.low, event.high)

    def on_facet_panel_more_requested(self, event: FacetPanel.MoreRequested) -> None:
        """Bring more values."""
        event.stop()
        self._keeper.more_values(event.name, event.find)
