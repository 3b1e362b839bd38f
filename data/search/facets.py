"""Which facets a search shows, and how their counts become what the panel draws.

Fixed facets come first, then the attributes that cover most of what was found; what is chosen is always shown, found
or not. Spellings of one value are one line: ``black`` and ``Black`` are counted together under the commoner spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from operator import itemgetter

from data.search.analysis import fold, value_key
from data.search.histogram import histogram, price_histogram
from data.search.query import ATTRIBUTE_PREFIX, FIXED_FIELDS, STOCK_STATES, SearchQuery, same_choice
from data.types import Facet, FacetValue, Histogram

__all__ = [
    "ALWAYS",
    "MOST_ATTRIBUTES",
    "MOST_COUNTED_ATTRIBUTES",
    "MOST_VALUES",
    "PRICE_BOUNDS",
    "assemble",
    "build",
    "commonest",
    "holding",
    "label_of",
    "merged",
    "pick_attributes",
    "price_value",
]

#: Facets every product can have, in the order of the panel.
ALWAYS = ("category", "brand", "price", "stock", "status")
MOST_ATTRIBUTES = 12
#: A few more are counted, because one in which every product has its own value is dropped then.
MOST_COUNTED_ATTRIBUTES = MOST_ATTRIBUTES + 4
MOST_VALUES = 15
#: The categories are a tree of which most branches are folded, so more of them may come.
MOST_CATEGORIES = 100
#: Where the price ranges begin, in units of the currency; the last one is open.
PRICE_BOUNDS = (0, 10, 25, 50, 100, 250, 500, 1000, 2500)

Counts = Sequence[tuple[str, int]]
_COUNT = itemgetter(1)
#: Facets whose values come in an order of their own, not by how many products have them.
_OWN_ORDER = frozenset({"price", "stock"})
_NATURAL = re.compile(r"(\d+(?:\.\d+)?)")


def merged(counts: Counts) -> list[tuple[str, int]]:
    """Return counts by value with the spellings of one value added up, each under its commonest spelling."""
    keys = list(map(value_key, map(itemgetter(0), counts)))
    if len(set(keys)) == len(keys):
        return list(counts)
    totals: dict[str, int] = {}
    spellings: dict[str, tuple[int, str]] = {}
    for key, (value, count) in zip(keys, counts, strict=True):
        if key in totals:
            totals[key] += count
            spellings[key] = min(spellings[key], (-count, value))
        else:
            totals[key] = count
            spellings[key] = (-count, value)
    return [(spellings[key][1], total) for key, total in totals.items()]


def commonest(values: list[tuple[str, int]], limit: int) -> list[tuple[str, int]]:
    """Return the ``limit`` values that most products have, most first, then in natural order."""
    # Nearly sorted already, as engines give most first; the natural order is looked at where it may part two.
    ordered = sorted(values, key=_COUNT, reverse=True)
    least = ordered[limit - 1][1] if len(values) > limit else 0
    first = list(takewhile(lambda one: one[1] >= least, ordered))
    return sorted(first, key=lambda one: (-one[1], _natural(one[0])))[:limit]


@lru_cache(maxsize=16_384)
def _natural(value: str) -> list[tuple[bool, float, str]]:
    """Return a key that sorts ``9 GB`` before ``16 GB``."""
    # Every second part of the split is a number.
    parts = enumerate(_NATURAL.split(fold(value)))
    return [(place % 2 == 0, float(part) if place % 2 else 0.0, part) for place, part in parts]


def pick_attributes(covered: Counts, chosen: Iterable[str]) -> list[str]:
    """Return the attributes to count: those with a choice, then those that most of what was found has."""
    mine = [name for name in chosen if name not in FIXED_FIELDS]
    rest = [name for name, _ in sorted(covered, key=lambda one: (-one[1], one[0])) if name not in mine]
    return mine + rest[:MOST_COUNTED_ATTRIBUTES]


def label_of(name: str, written: str = "") -> str:
    """Return how the panel calls the facet ``name``, an attribute that products write as ``written``."""
    if name in FIXED_FIELDS:
        return FIXED_FIELDS[name]
    written = written or name.removeprefix(ATTRIBUTE_PREFIX)
    if written != written.lower():
        return written
    words = written.replace("_", " ").replace(".", ": ")
    return words[:1].upper() + words[1:]


def assemble(
    query: SearchQuery,
    names: Sequence[str],
    counts: Mapping[str, Counts],
    labels: Mapping[str, str],
) -> tuple[Facet, ...]:
    """Return the facets ``names`` as the panel shows them, at most ``MOST_ATTRIBUTES`` of attributes.

    ``counts`` are by facet name and value as written; prices are counted by ``price_values``.
    """
    facets: list[Facet] = []
    attributes = 0
    for name in names:
        if name not in FIXED_FIELDS and (
            attributes == MOST_ATTRIBUTES or not _says_something(query, name, counts[name])
        ):
            continue
        facet = build(query, name, counts[name], label_of(name, labels.get(name, "")), limit=_limit_of(name))
        if facet.values:
            facets.append(facet)
            attributes += name not in FIXED_FIELDS
    return tuple(facets)


def _limit_of(name: str) -> int:
    return MOST_CATEGORIES if name == "category" else MOST_VALUES


def _says_something(query: SearchQuery, name: str, counts: Counts) -> bool:
    """Say whether to show an attribute: not where each product has a value of its own (a serial number)."""
    return len(counts) == 1 or any(count > 1 for _, count in counts) or bool(query.choices(name))


def holding(counts: Counts, text: str) -> Counts:
    """Return the values that have ``text`` in them, in whatever case and accents."""
    wanted = fold(text.strip())
    return [(value, count) for value, count in counts if wanted in fold(value)]


def build(query: SearchQuery, name: str, counts: Counts, label: str, *, limit: int) -> Facet:
    """Return one facet with at most ``limit`` values, and besides them everything that is chosen."""
    values, chosen = _values(name, counts), query.choices(name)
    listed = values[:limit] if name in _OWN_ORDER else commonest(values, limit)
    if chosen:
        taken = {value for value, _ in listed}
        listed += (one for one in values if one[0] not in taken and query.has(name, one[0]))
        found = {value_key(value) for value, _ in values}
        unheard = (one for one in chosen if isinstance(one, str) and value_key(one) not in found)
        listed += (
            (one, 0) for one in unheard if not any(same_choice(name, one, value) for value, count in listed if count)
        )
    shown = tuple([FacetValue(value, count, bool(chosen) and query.has(name, value)) for value, count in listed])
    others = len(values) - sum(1 for _, count in listed if count)
    return Facet(name, label, shown, others, _spread(name, counts))


def _spread(name: str, counts: Counts) -> Histogram | None:
    """Return how the numbers of the facet are spread, where they are numbers."""
    if name == "price":
        by_range = dict(counts)
        return price_histogram(PRICE_BOUNDS, [by_range.get(price_value(at), 0) for at in range(len(PRICE_BOUNDS))])
    return None if name in FIXED_FIELDS else histogram(counts)


def _values(name: str, counts: Counts) -> list[tuple[str, int]]:
    if name == "price":
        return [one for one in counts if one[1]]
    values = merged(counts)
    return sorted(values, key=lambda one: STOCK_STATES.index(one[0])) if name == "stock" else values


def price_value(place: int) -> str:
    """Return the value of the price range that begins at ``PRICE_BOUNDS[place]``: ``50..99.99``, ``2500..``."""
    low, *after = PRICE_BOUNDS[place:]
    return f"{low}..{after[0] - 1}.99" if after else f"{low}.."
