"""Facet panel: what the answers have in common, with counts; choosing only edits the query, which the screen holds.

Shape: a ``Sheet`` whose lines are chips, values, ranges, branches and "more"; it posts what was chosen and shows what
it is given, so its marks can never differ from the query line. Rejected: checkbox widgets, a hundred for a hundred
values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from data.types import Facet, FacetValue
from widgets.facet_lines import AnyFacet, Chip, Folds, More, RangeFacet, TreeFacet, chip_lines, facet_lines
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine
from widgets.text import fit, visible

__all__ = ["AnyFacet", "Chip", "FacetPanel", "RangeFacet", "TreeFacet"]


class FacetPanel(Sheet):
    """Facets under each other. Space or Enter chooses, ``← →`` (and shifted) move a range or unfold, ``/`` finds."""

    KEYS_IN: ClassVar[str] = "in the facets"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "choose, or give up", id="facets.choose"),
        Binding("left", "bound(0,-1)", "lower bound down, fold", id="facets.low_down"),
        Binding("right", "bound(0,1)", "lower bound up, unfold", id="facets.low_up"),
        Binding("shift+left", "bound(1,-1)", "upper bound down", id="facets.high_down"),
        Binding("shift+right", "bound(1,1)", "upper bound up", id="facets.high_up"),
        Binding("right_curly_bracket", "facet(1)", "next facet", id="facets.next"),
        Binding("left_curly_bracket", "facet(-1)", "facet before", id="facets.previous"),
        Binding("slash", "find", "find in this facet", id="facets.find"),
    ]

    DEFAULT_CSS = """
    FacetPanel { width: 26; height: 1fr; background: $background; }
    """

    class _FacetMessage(Message):
        def __init__(self, panel: FacetPanel, name: str) -> None:
            super().__init__()
            self.panel = panel
            self.name = name

        @property
        def control(self) -> FacetPanel:
            """The panel."""
            return self.panel

    class Toggled(_FacetMessage):
        """``value`` of facet ``name`` was chosen (or, ``chosen`` false, given up)."""

        def __init__(self, panel: FacetPanel, name: str, value: str, chosen: bool) -> None:
            super().__init__(panel, name)
            self.value = value
            self.chosen = chosen

    class RangeChosen(_FacetMessage):
        """Range facet ``name`` shall run from ``low`` to ``high``; ``None`` leaves that side open."""

        def __init__(self, panel: FacetPanel, name: str, low: float | None, high: float | None) -> None:
            super().__init__(panel, name)
            self.low = low
            self.high = high

    class MoreRequested(_FacetMessage):
        """The values of facet ``name`` that contain ``find`` are wanted, all of them where that is empty."""

        def __init__(self, panel: FacetPanel, name: str, find: str) -> None:
            super().__init__(panel, name)
            self.find = find

    class FindStopped(_FacetMessage):
        """Nobody looks for a value of facet ``name`` any more: its short form may come back."""

    class ChipRemoved(_FacetMessage):
        """The chip with the key ``name`` is given up."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facets: tuple[AnyFacet, ...] = ()
        self._chips: tuple[Chip, ...] = ()
        self._folds = Folds()
        self._find: str | None = None
        self._found_in = ""

    def show_facets(self, facets: Sequence[AnyFacet], chips: Sequence[Chip] = ()) -> None:
        """Show ``facets`` below ``chips``; the cursor stays on its value where that still exists."""
        self._facets, self._chips = tuple(facets), tuple(chips)
        self.show(self._lay_facets)

    @property
    def finding(self) -> str | None:
        """The text typed to find a value, ``None`` where nobody is finding."""
        return self._find

    # -- choosing -----------------------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        """Choose or give up what is under the cursor, or ask for more."""
        line = self.current
        match line.what if line is not None else None:
            case (Facet() | RangeFacet() | TreeFacet() as facet, FacetValue() as value):
                self.post_message(self.Toggled(self, facet.name, value.value, not value.chosen))
            case More(name) | RangeFacet(name):
                self.post_message(self.MoreRequested(self, name, self._find or ""))
            case Chip(_, key):
                self.post_message(self.ChipRemoved(self, key))
            case _:
                pass

    def action_bound(self, end: int, steps: int) -> None:
        """Move one end of the range under the cursor by ``steps`` bars; fold or unfold the branch there."""
        match self.current.what if self.current is not None else None:
            case RangeFacet() as facet:
                moved = facet.moved(end, steps)
                if moved is not None:
                    self.post_message(self.RangeChosen(self, facet.name, *moved))
            case (TreeFacet() as tree, FacetValue() as value):
                if self._folds.turn(tree, value.value, open_it=steps > 0):
                    self.show(self._lay_facets)
            case _:
                pass

    def action_facet(self, steps: int) -> None:
        """Go to the first line of the next facet, or of the one before."""
        names = [facet.name for facet in self._facets]
        here = self._facet_here()
        at = names.index(here) + steps if here in names else 0
        if 0 <= at < len(names):
            first = next((line for line in self._lines if line.key and _facet_of(line) == names[at]), None)
            if first is not None:
                self.go_to(first.key)

    def _facet_here(self) -> str:
        return _facet_of(self.current) if self.current is not None else ""

    # -- finding ------------------------------------------------------------------------------------------------------

    def action_find(self) -> None:
        """Type to see only those values of the facet under the cursor that contain it."""
        here = self._facet_here() or (self._facets[0].name if self._facets else "")
        if here:
            self._found_in = here
            self._look_for("")

    def stop_finding(self) -> bool:
        """Show all facets again. Return whether somebody was finding."""
        if self._find is None:
            return False
        self._find = None
        self.post_message(self.FindStopped(self, self._found_in))
        self.show(self._lay_facets)
        return True

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While finding, letters belong to the text."""
        return self._find is not None and character is not None and character.isprintable() and character != " "

    async def _on_key(self, event: events.Key) -> None:
        if self._find is None:
            return
        if event.key in ("escape", "backspace"):
            if event.key == "escape" or not self._find:
                self.stop_finding()
            else:
                self._look_for(self._find[:-1])
        elif event.is_printable and event.character is not None and event.character != " ":
            self._look_for(self._find + event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def _look_for(self, text: str) -> None:
        self._find = text
        self.post_message(self.MoreRequested(self, self._found_in, text))
        self.show(self._lay_facets)

    # -- looks --------------------------------------------------------------------------------------------------------

    def _lay_facets(self, width: int) -> list[SheetLine]:
        width -= 1  # a blank before the border
        if self._find is not None:
            return self._lay_found(width)
        lines = chip_lines(self._chips, width)
        for facet in self._facets:
            lines += facet_lines(facet, width, self._folds)
        return lines

    def _lay_found(self, width: int) -> list[SheetLine]:
        """Lay out the one facet in which somebody looks for a value."""
        lines = [SheetLine((Piece("/ ", "key"), Piece(fit(visible(f"{self._find}▏"), max(width - 2, 1)))))]
        for facet in self._facets:
            if facet.name == self._found_in:
                lines += facet_lines(facet, width, self._folds, flat=True)
        if not any(line.key for line in lines):
            lines.append(SheetLine((Piece(fit("no value holds this", width), "muted"),)))
        return lines


def _facet_of(line: SheetLine) -> str:
    """Return the name of the facet that ``line`` belongs to, ``""`` for a chip."""
    match line.what:
        case (Facet() | RangeFacet() | TreeFacet() as facet, FacetValue()):
            return facet.name
        case More(name) | RangeFacet(name):
            return name
        case _:
            return ""
