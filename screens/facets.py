"""Facets: the choices beside (or, below 100 columns, above) the product list. A view of the query, nothing of its own.

Shape: a ``Sheet`` of lines, one per value, docked or in an overlay. Rejected: a checkbox widget per value, which mounts
two hundred widgets per search.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from data.errors import StorekeeperError
from data.types import Facet, FacetValue
from screens.handle import ShellApi
from screens.overlay import Overlay
from widgets.line import Piece
from widgets.queryline import QueryLine
from widgets.rule import SectionRule
from widgets.sheet import Sheet, SheetLine
from widgets.spark import spark
from widgets.text import fit, visible, width_of

if TYPE_CHECKING:
    from data.search.query import SearchQuery

#: Called with facet name and value when one is toggled.
Toggle = Callable[[str, str], None]
MORE = "\x00more"


def facet_lines(facets: Sequence[Facet], width: int) -> list[SheetLine]:
    """Return the panel's lines; a value's key is ``name`` and ``value``, ``MORE`` stands for the values not listed."""
    lines: list[SheetLine] = []
    for facet in facets:
        lines.append(_title(facet, width))
        lines += [_value(facet.name, value, width) for value in facet.values]
        if facet.more:
            text = fit(f" / find in {facet.more:,} more", width)
            lines.append(SheetLine((Piece(text, "muted"),), f"{facet.name}\x1f{MORE}", (facet.name, MORE)))
    return lines


def _title(facet: Facet, width: int) -> SheetLine:
    bars = ""
    if len(facet.values) > 2 and all(".." in value.value or value.value[:1] in "<>" for value in facet.values):
        bars = f"  {spark([value.count for value in facet.values])}"
    return SheetLine((Piece(fit(facet.label, max(width - width_of(bars), 1)).rstrip(), "strong"), Piece(bars, "muted")))


def _value(name: str, value: FacetValue, width: int) -> SheetLine:
    count = f"{value.count:,}"
    box = "▣" if value.chosen else "▢"
    label = fit(f" {box} {visible(value.value)}", max(width - len(count) - 1, 4))
    tone = "strong" if value.chosen else "plain"
    pieces = (Piece(f"{label} ", tone), Piece(count, "muted"))
    return SheetLine(pieces, f"{name}\x1f{value.value}", (name, value.value))


class FacetSheet(Sheet):
    """The panel: Space or Enter chooses, ``/`` finds in the facet under the bar."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "choose", "choose", id="facets.choose")]

    def show_facets(self, facets: Sequence[Facet]) -> None:
        """Show the facets; the bar stays on its value."""
        if facets:
            self.show(lambda width: facet_lines(facets, width))
        else:
            self.say("No facets", "nothing found")

    @property
    def facet(self) -> str:
        """The facet under the bar, ``""`` where there is none."""
        return self.key.partition("\x1f")[0]


class FacetsOverlay(Overlay[str]):
    """The panel where there is no room for it. Dismisses with the name of a facet to search in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "close", "close", id="facets.close"),
        Binding("slash", "find", "find in it", id="facets.find"),
    ]

    DEFAULT_CSS = """
    FacetsOverlay { align: left top; }
    FacetsOverlay > Vertical { width: 44; height: 100%; max-height: 100%; padding: 0 1; }
    """

    def __init__(self, facets: Sequence[Facet], toggle: Toggle) -> None:
        super().__init__()
        self.sheet = FacetSheet(margin=1)
        self._facets = facets
        self._toggle = toggle

    def compose(self) -> ComposeResult:
        """The panel."""
        with Vertical(classes="overlay"):
            yield SectionRule("Facets", "Space chooses · Esc")
            yield self.sheet

    def on_mount(self) -> None:
        """Show what there is."""
        self.sheet.focus()
        self.show_facets(self._facets)

    def show_facets(self, facets: Sequence[Facet]) -> None:
        """Show the facets of the newest result."""
        self.sheet.show_facets(facets)

    def action_find(self) -> None:
        """Search in the facet under the bar."""
        self.dismiss(self.sheet.facet or None)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Toggle, or search in the long facet."""
        event.stop()
        name, value = cast("tuple[str, str]", event.what)
        if value == MORE:
            self.dismiss(name)
        else:
            self._toggle(name, value)


class FacetFinder(Overlay[None]):
    """All values of one facet, with a search inside it; choosing keeps it open."""

    DEFAULT_CSS = """
    FacetFinder > Vertical { width: 60; height: 100%; max-height: 90%; padding: 0 1; }
    """

    def __init__(self, name: str, query: Callable[[], SearchQuery], toggle: Toggle) -> None:
        super().__init__()
        self._facet = name
        self._query = query
        self._toggle = toggle
        self.line = QueryLine(placeholder=f"find in {name}")
        self.sheet = FacetSheet(margin=1)
        self._number = 0

    def compose(self) -> ComposeResult:
        """Search line and values."""
        with Vertical(classes="overlay"):
            yield self.line
            yield SectionRule(self._facet, "↓ values · Enter chooses · Esc")
            yield self.sheet

    def on_mount(self) -> None:
        """Type at once."""
        self.line.type()
        self._find()

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Find while typing; Enter goes to the values."""
        event.stop()
        if event.final:
            self.sheet.focus()
        else:
            self._find()

    def on_key(self, event: object) -> None:
        """Down goes from the line to the values."""
        if getattr(event, "key", "") == "down" and self.line.typing:
            self.sheet.focus()

    def _find(self) -> None:
        self._number += 1
        self.run_worker(self._read(self._number, self.line.text), group="facet", exclusive=True, exit_on_error=False)

    async def _read(self, number: int, contains: str) -> None:
        try:
            shop = await cast(ShellApi, self.app).handle.wait()
            query = self._query()
            facet = await asyncio.to_thread(shop.stores.search.facet, query, self._facet, contains=contains, limit=300)
        except StorekeeperError as error:
            self.sheet.say(str(error), tone="bad")
            return
        if number == self._number:
            self.sheet.show_facets([facet] if facet.values else [])

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Choose or give up the value, and count again."""
        event.stop()
        name, value = cast("tuple[str, str]", event.what)
        if value != MORE:
            self._toggle(name, value)
            self._find()
