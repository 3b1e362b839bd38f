"""What a facet panel can show, and how it is laid out in lines. Pure.

Three kinds: a list of values to tick, numbers as a range over a small histogram, a tree of paths. Above them the
chips: what is chosen now, each to be given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from data.types import Facet, FacetValue, Histogram
from widgets.line import Piece
from widgets.sheet import SheetLine
from widgets.spark import spark
from widgets.text import fit, fit_end, visible, width_of

#: what parts the names of a path in a tree's values
_SEPARATOR = " > "
_MIN_TRACK = 4
#: behind a branch that is folded
_FOLDED = " …"


@dataclass(frozen=True)
class Chip:
    """One thing that is chosen, as the query line writes it; ``key`` is what the screen gives up by."""

    text: str
    key: str


@dataclass(frozen=True)
class RangeFacet:
    """A facet of numbers. ``chosen`` is the range in the query, ``None`` where it is open on that side.

    ``values`` are those to tick besides (all of them where they were asked for), ``more`` how many there are yet.
    """

    name: str
    label: str
    histogram: Histogram
    chosen: tuple[float | None, float | None] = (None, None)
    values: Sequence[FacetValue] = ()
    more: int = 0

    def place(self, end: int) -> int:
        """The chosen end (0: low, 1: high) as a number of bars from the left."""
        bounds, value = self.histogram.bounds, self.chosen[end]
        if value is None:
            return 0 if end == 0 else len(bounds) - 1
        return min(range(len(bounds)), key=lambda at: abs(bounds[at] - value))

    def moved(self, end: int, steps: int) -> tuple[float | None, float | None] | None:
        """Return the range with one end moved by ``steps`` bars; ``None`` where the ends would meet."""
        last = len(self.histogram.bounds) - 1
        ends = [self.place(0), self.place(1)]
        ends[end] = max(0, min(ends[end] + steps, last))
        if ends[0] >= ends[1]:
            return None
        low, high = (self.histogram.bounds[at] for at in ends)
        return (low if ends[0] else None), (high if ends[1] < last else None)


@dataclass(frozen=True)
class TreeFacet:
    """A facet whose values are paths (``Parts > Memory``), of which only the branches that matter are unfolded."""

    name: str
    label: str
    values: Sequence[FacetValue]
    more: int = 0


AnyFacet = Facet | RangeFacet | TreeFacet


@dataclass(frozen=True)
class More:
    """The line that brings the values that are not listed."""

    name: str


@dataclass
class Folds:
    """Which branches of the trees somebody folded or unfolded, by facet name and path."""

    by_hand: dict[tuple[str, str], bool] = field(default_factory=dict)

    def is_open(self, facet: TreeFacet, path: str) -> bool:
        """Say whether what lies in ``path`` is shown: what a hand said, else where it leads to a choice or is alone."""
        hand = self.by_hand.get((facet.name, path))
        if hand is not None:
            return hand
        if any(value.chosen and (value.value + _SEPARATOR).startswith(path + _SEPARATOR) for value in facet.values):
            return True
        parent = path.rpartition(_SEPARATOR)[0]
        beside = [value.value for value in facet.values if value.value.rpartition(_SEPARATOR)[0] == parent]
        return len(beside) == 1

    def turn(self, facet: TreeFacet, path: str, *, open_it: bool) -> bool:
        """Fold or unfold ``path``; return whether that changes anything."""
        if self.is_open(facet, path) == open_it or not _children(facet, path):
            return False
        self.by_hand[facet.name, path] = open_it
        return True


def chip_lines(chips: Sequence[Chip], width: int) -> list[SheetLine]:
    """Return what is chosen, one line each."""
    if not chips:
        return []
    lines = [SheetLine((Piece("Chosen", "strong"),))]
    for chip in chips:
        pieces = (Piece("✗ ", "muted"), Piece(fit(chip.text, max(width - 2, 1)), "key"))
        lines.append(SheetLine(pieces, f"chip:{chip.key}", chip))
    return lines


def facet_lines(facet: AnyFacet, width: int, folds: Folds, *, flat: bool = False) -> list[SheetLine]:
    """Return one facet in lines; ``flat`` shows a tree as a list of whole paths (somebody looks for one)."""
    match facet:
        case RangeFacet():
            return [*_range(facet, width), *_boxes(facet, facet.values, width)]
        case TreeFacet() if not flat:
            return [_head(facet, width), *_tree(facet, width, folds), *_boxes(facet, (), width)]
        case _:
            return [_head(facet, width), *_boxes(facet, facet.values, width, fit_end if flat else fit)]


def _head(facet: AnyFacet, width: int) -> SheetLine:
    return SheetLine((Piece(fit(facet.label, width), "strong"),))


def _boxes(
    facet: AnyFacet, values: Sequence[FacetValue], width: int, cut: Callable[[str, int], str] = fit
) -> Iterator[SheetLine]:
    count_width = _count_width(values)
    for value in values:
        yield _box(facet, value, cut(value.value, max(width - 2 - count_width, 1)), count_width)
    if facet.more:
        text = fit(f"… {facet.more:,} more, / finds in them", width)
        yield SheetLine((Piece(text, "muted"),), f"{facet.name}…", More(facet.name))


def _count_width(values: Sequence[FacetValue]) -> int:
    """Return how many cells the counts of ``values`` take, two blanks before them included."""
    return 2 + max((len(f"{value.count:,}") for value in values), default=0)


def _box(facet: AnyFacet, value: FacetValue, name: str, count_width: int, indent: int = 0) -> SheetLine:
    """Return the line of one value; ``name`` has the width it shall take."""
    box = " " * indent + ("▣ " if value.chosen else "▢ ")
    pieces = (Piece(box, "key" if value.chosen else "muted"), Piece(name), Piece(f"{value.count:>{count_width},}"))
    return SheetLine(pieces, f"{facet.name}={value.value}", (facet, value))


# -- trees


def _children(facet: TreeFacet, path: str) -> list[FacetValue]:
    return [value for value in facet.values if value.value.rpartition(_SEPARATOR)[0] == path]


def _tree(facet: TreeFacet, width: int, folds: Folds) -> Iterator[SheetLine]:
    known = {value.value for value in facet.values}
    roots = [value for value in facet.values if value.value.rpartition(_SEPARATOR)[0] not in known]
    count_width = _count_width(facet.values)

    def walk(values: Sequence[FacetValue], depth: int) -> Iterator[SheetLine]:
        for value in sorted(values, key=lambda one: (-one.count, one.value)):
            below = _children(facet, value.value)
            is_open = bool(below) and folds.is_open(facet, value.value)
            name = visible(value.value.rpartition(_SEPARATOR)[2] if depth else value.value)
            room = max(width - 2 - depth * 2 - count_width, 1)
            if below and not is_open:  # the sign of what is folded is never cut
                name = fit(name, min(width_of(name), room - len(_FOLDED))) + _FOLDED
            yield _box(facet, value, fit(name, room), count_width, depth * 2)
            if is_open:
                yield from walk(below, depth + 1)

    yield from walk(roots, 0)


# -- ranges


def _range(facet: RangeFacet, width: int) -> list[SheetLine]:
    first, last = facet.place(0), facet.place(1)
    low, high = _ends(facet)
    room = max(width - width_of(low) - width_of(high) - 4, _MIN_TRACK)
    buckets = max(len(facet.histogram.counts), 1)
    start, stop = (at * (room - 1) // buckets for at in (first, last))
    bar = "".join("●" if at in (start, stop) else "━" if start < at < stop else "─" for at in range(room))
    tone = "key" if facet.chosen != (None, None) else "muted"
    pieces = (Piece(f"{low} "), Piece(f"├{bar}┤", tone), Piece(f" {high}"))
    return [*_histogram(facet, first, last, width), SheetLine(pieces, f"{facet.name}..", facet)]


def _histogram(facet: RangeFacet, first: int, last: int, width: int) -> list[SheetLine]:
    """Return label and bars: in one line, or where that is too long for ``width`` the bars below the label."""
    bars = spark(list(facet.histogram.counts))
    label = visible(facet.label)
    toned = (Piece(bars[:first], "muted"), Piece(bars[first:last], "key"), Piece(bars[last:], "muted"))
    if width_of(label) + 2 + len(bars) <= width:
        return [SheetLine((Piece(label, "strong"), Piece("  "), *toned))]
    return [SheetLine((Piece(fit(label, width), "strong"),)), SheetLine((Piece("  "), *toned))]


def _ends(facet: RangeFacet) -> tuple[str, str]:
    bounds, (low, high) = facet.histogram.bounds, facet.chosen
    last = f"{number(bounds[-2])}+" if facet.histogram.open_end else number(bounds[-1])
    return number(bounds[0] if low is None else low), last if high is None else number(high)


def number(value: float) -> str:
    """Return ``value`` without needless zeros: ``5,200``, ``0.5``."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"
