"""Facet panel: what the answers have in common, with counts; choosing only edits the query, which the screen holds.

Shape: a ``Sheet`` whose lines are values, ranges and "more"; it posts what was chosen and shows what it is given, so
its marks can never differ from the query line. Rejected: checkbox widgets, a hundred of them for a hundred values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from data.types import Facet, FacetValue
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine
from widgets.spark import spark
from widgets.text import fit, width_of

_COUNT = 7


@dataclass(frozen=True)
class RangeFacet:
    """A facet of numbers: ``counts`` are hits per bucket of equal width from ``low`` to ``high``.

    ``chosen`` is the range in the query, ``None`` where it is open on that side.
    """

    name: str
    label: str
    low: float
    high: float
    counts: Sequence[int]
    chosen: tuple[float | None, float | None] = (None, None)

    @property
    def step(self) -> float:
        """The width of one bucket."""
        return (self.high - self.low) / max(len(self.counts), 1)

    def bucket(self, end: int) -> int:
        """The chosen end (0: low, 1: high) as a number of buckets from the left."""
        value = self.chosen[end]
        if value is None or not self.step:
            return 0 if end == 0 else len(self.counts)
        return max(0, min(round((value - self.low) / self.step), len(self.counts)))


AnyFacet = Facet | RangeFacet


class FacetPanel(Sheet):
    """Facets under each other. Space or Enter chooses a value, ``← →`` (and shifted) move a range, ``/`` finds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "choose", id="facets.choose"),
        Binding("left", "bound(0,-1)", "lower bound down", id="facets.low_down"),
        Binding("right", "bound(0,1)", "lower bound up", id="facets.low_up"),
        Binding("shift+left", "bound(1,-1)", "upper bound down", id="facets.high_down"),
        Binding("shift+right", "bound(1,1)", "upper bound up", id="facets.high_up"),
        Binding("slash", "find", "find a value", id="facets.find"),
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
        """More values of facet ``name`` are wanted, those that contain ``find`` (all where it is empty)."""

        def __init__(self, panel: FacetPanel, name: str, find: str) -> None:
            super().__init__(panel, name)
            self.find = find

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facets: tuple[AnyFacet, ...] = ()
        self._find: str | None = None

    def show_facets(self, facets: Sequence[AnyFacet]) -> None:
        """Show ``facets``; the cursor stays on its value where that still exists."""
        self._facets = tuple(facets)
        self.show(self._lay_facets)

    @property
    def finding(self) -> str | None:
        """The text typed to find a value, ``None`` where nobody is finding."""
        return self._find

    # -- choosing -----------------------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        """Choose or give up the value under the cursor, or ask for more of them."""
        line = self.current
        if line is None:
            return
        match line.what:
            case (Facet() as facet, FacetValue() as value):
                self.post_message(self.Toggled(self, facet.name, value.value, not value.chosen))
            case Facet() as facet:
                self.post_message(self.MoreRequested(self, facet.name, self._find or ""))
            case _:
                pass

    def action_bound(self, end: int, steps: int) -> None:
        """Move one end of the range under the cursor by ``steps`` buckets."""
        facet = self.current.what if self.current is not None else None
        if not isinstance(facet, RangeFacet) or not facet.step:
            return
        ends = [facet.bucket(0), facet.bucket(1)]
        ends[end] = max(0, min(ends[end] + steps, len(facet.counts)))
        if ends[0] >= ends[1]:
            return
        low = facet.low + ends[0] * facet.step if ends[0] else None
        high = facet.low + ends[1] * facet.step if ends[1] < len(facet.counts) else None
        self.post_message(self.RangeChosen(self, facet.name, low, high))

    # -- finding ------------------------------------------------------------------------------------------------------

    def action_find(self) -> None:
        """Type to see only the values that contain it."""
        self._find = ""
        self.show(self._lay_facets)

    def stop_finding(self) -> bool:
        """Show all values again. Return whether somebody was finding."""
        if self._find is None:
            return False
        self._find = None
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
                self._find = self._find[:-1]
        elif event.is_printable and event.character is not None and event.character != " ":
            self._find += event.character
        else:
            return
        event.stop()
        event.prevent_default()
        self.show(self._lay_facets)

    # -- looks --------------------------------------------------------------------------------------------------------

    def _lay_facets(self, width: int) -> list[SheetLine]:
        lines: list[SheetLine] = []
        if self._find is not None:
            lines.append(SheetLine((Piece("/ ", "key"), Piece(self._find + "▏"))))
        for facet in self._facets:
            lines += _range_lines(facet, width) if isinstance(facet, RangeFacet) else self._value_lines(facet, width)
        return lines

    def _value_lines(self, facet: Facet, width: int) -> list[SheetLine]:
        wanted = (self._find or "").casefold()
        values = [value for value in facet.values if wanted in value.value.casefold()]
        lines = [SheetLine((Piece(facet.label, "strong"),))]
        for value in values:
            box = "▣ " if value.chosen else "▢ "
            name = fit(value.value, width - _COUNT - 2)
            pieces = (Piece(box, "key" if value.chosen else "muted"), Piece(name), Piece(f"{value.count:>{_COUNT},}"))
            lines.append(SheetLine(pieces, f"{facet.name}={value.value}", (facet, value)))
        if facet.more:
            lines.append(SheetLine((Piece(f"… {facet.more:,} more", "muted"),), f"{facet.name}…", facet))
        return lines if values or facet.more else []


def _range_lines(facet: RangeFacet, width: int) -> list[SheetLine]:
    label = fit(facet.label, min(width_of(facet.label), max(width // 2, 1)))
    head = SheetLine((Piece(label, "strong"), Piece("  "), Piece(spark(list(facet.counts)), "muted")))
    low, high = f"{facet.low:,.0f} ", f" {facet.high:,.0f}"
    room = max(width - width_of(low) - width_of(high) - 2, 4)
    buckets = max(len(facet.counts), 1)
    start = facet.bucket(0) * (room - 1) // buckets
    stop = facet.bucket(1) * (room - 1) // buckets
    bar = "".join("●" if at in (start, stop) else "━" if start < at < stop else "─" for at in range(room))
    chosen = facet.chosen != (None, None)
    pieces = (Piece(low), Piece(f"├{bar}┤", "key" if chosen else "muted"), Piece(high))
    return [head, SheetLine(pieces, f"{facet.name}..", facet)]
