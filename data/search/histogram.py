"""How the numbers of a facet are spread, worked out from the values that were counted anyway.

Every engine counts a facet's values exactly, so a histogram made from those counts is the same on every engine and
costs no question of its own. Rejected: the engines' own histograms, which want bounds before the numbers are known and
keep numbers in ways that differ.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress, repeat
from operator import itemgetter

from data.types import Histogram

__all__ = ["histogram", "price_histogram"]

#: Fewer different numbers than this are boxes to tick.
FEWEST_NUMBERS = 8
#: At most this many bars: the panel is 26 cells wide.
MOST_BARS = 16
#: A range says nothing of a facet in which more of the products than this have a word.
_MOST_WORDS = 0.05
#: Where the largest number is this many times the smallest, bars of one width would stand in one heap.
_WIDE = 40.0
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

Counts = Sequence[tuple[str, int]]
_VALUE, _WEIGHT = itemgetter(0), itemgetter(1)


def histogram(counts: Counts) -> Histogram | None:
    """Return how the numbers among the values of ``counts`` are spread; ``None`` where they are few or words.

    Of lists of numbers (``5×6000``) that position is taken whose numbers are larger than all of the others', because a
    range finds a number at whatever position; where there is none, there is no histogram.
    """
    if len(counts) < FEWEST_NUMBERS:
        return None
    # A facet has thousands of values and a search many facets: whatever is done for each value is left to C.
    weights = list(map(_WEIGHT, counts))
    room = sum(weights) * _MOST_WORDS
    if weights[0] > room and not _numbers(counts[0][0]):
        return None
    lists = list(map(_numbers, map(_VALUE, counts)))
    if not all(lists):
        words = sum(weight for weight, numbers in zip(weights, lists, strict=True) if not numbers)
        if words > room:
            return None
        weights, lists = list(compress(weights, lists)), list(filter(None, lists))
    numbers = _one_of_each(lists) if lists else []
    # Nearly always the first few are as different as is asked for.
    if all(len(set(some)) < FEWEST_NUMBERS for some in (numbers[: 4 * FEWEST_NUMBERS], numbers)):
        return None
    bounds = _bounds(min(numbers), max(numbers))
    return Histogram(bounds, _count(numbers, weights, bounds)) if bounds else None


def price_histogram(bounds: Sequence[int], counts: Sequence[int]) -> Histogram | None:
    """Return the price ranges that begin at ``bounds`` as a histogram, those at both ends with no product left out."""
    found = [place for place, count in enumerate(counts) if count]
    if len(found) < 2:
        return None
    first, last = found[0], found[-1]
    ends = [*map(float, bounds), float(bounds[-1]) * 2]
    open_end = last == len(bounds) - 1
    return Histogram(tuple(ends[first : last + 2]), tuple(counts[first : last + 1]), open_end)


@lru_cache(maxsize=32_768)
def _numbers(value: str) -> tuple[float, ...]:
    """Return the numbers that ``value`` is made of, none where it is anything else."""
    # Products say the same few values again and again, and a search asks for all of them.
    parts = value.split("×")
    return tuple(map(float, parts)) if all(_NUMBER.fullmatch(part) for part in parts) else ()


def _one_of_each(lists: Sequence[tuple[float, ...]]) -> list[float]:
    length, *others = set(map(len, lists))
    if others:
        return []
    if length == 1:
        return [number for (number,) in lists]
    columns = list(zip(*lists, strict=True))
    largest = max(range(length), key=lambda place: min(columns[place]))
    if any(max(column) >= min(columns[largest]) for place, column in enumerate(columns) if place != largest):
        return []
    return list(columns[largest])


@lru_cache(maxsize=1_024)
def _bounds(low: float, high: float) -> tuple[float, ...]:
    """Return round bounds of at most ``MOST_BARS`` bars that hold both numbers, the last bar's end above ``high``."""
    if not (math.isfinite(low) and math.isfinite(high)) or high - low <= 0 or high - low > 1e15:
        return ()
    if low > 0 and high / low > _WIDE:
        return _growing(low, high)
    step = _round_up((high - low) / (MOST_BARS - 1))
    first = math.floor(low / step)
    bars = math.floor(high / step) - first + 1
    return tuple(_clean((first + bar) * step) for bar in range(bars + 1))


def _growing(low: float, high: float) -> tuple[float, ...]:
    """Return bounds 1, 2, 5, 10, 20 …, or each ten times the one before where that would be too many."""
    decade = math.floor(math.log10(low))
    for factors in ((1, 2, 5), (1,)):
        ends = (_clean(factor * 10.0**power) for power in range(decade, decade + 40) for factor in factors)
        bounds: list[float] = []
        for end in ends:
            if end <= low:
                bounds = []
            bounds.append(end)
            if end > high:
                break
        if len(bounds) <= MOST_BARS + 1:
            return tuple(bounds)
    return ()


def _round_up(width: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(width))
    return next(step * magnitude for step in _STEPS if step * magnitude >= width * 0.999999)


def _clean(number: float) -> float:
    return float(f"{number:.12g}")


def _count(numbers: Sequence[float], weights: Sequence[int], bounds: Sequence[float]) -> tuple[int, ...]:
    counts = [0] * (len(bounds) - 1)
    # What lies below the second bound or above the last but one is in the first or last bar, whatever its size.
    for place, weight in zip(map(bisect_right, repeat(bounds[1:-1]), numbers), weights, strict=True):
        counts[place] += weight
    return tuple(counts)
