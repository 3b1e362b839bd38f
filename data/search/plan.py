"""From a query to a plan: what must match, what each facet's own choice is, and in which order hits come.

A facet's own choice must not shrink its own counts, so every filter remembers which facet it belongs to and the
condition can be had without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from data.search.analysis import code_key, value_key
from data.search.query import ATTRIBUTE_PREFIX, FIXED_FIELDS, Between, Choice, Filter, SearchQuery
from data.search.terms import sortable
from data.search.tree import (
    ATTRIBUTE,
    CODE,
    COLUMN_BOUNDS,
    EVERYTHING,
    VALUE,
    All,
    AnyOf,
    ColumnIn,
    Node,
    Not,
    NumberIn,
    OneOf,
    Prefix,
    Term,
    pair,
)
from data.search.words import Vocabulary

__all__ = ["Order", "Plan", "Restriction", "order_of", "plan"]

ARCHIVED = "archived"
ANY_STATUS = "any"
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Restriction:
    """One filter as a condition. ``facet`` is the facet whose choice it is, ``""`` for none."""

    facet: str
    node: Node


@dataclass(frozen=True, slots=True)
class Order:
    """How hits are ordered: by ``column``, a sort key in which the smaller comes first; ``None`` is by score."""

    column: str | None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A query's filters and order. The words are added by whoever runs it, because they may be read in several ways."""

    restrictions: tuple[Restriction, ...]
    notes: tuple[str, ...]

    def condition(self, match: Node, *, apart_from: str = "") -> Node:
        """Return ``match`` under all filters but those that are the choice of the facet ``apart_from``."""
        kept = (one.node for one in self.restrictions if not apart_from or one.facet != apart_from)
        return All((match, *kept))

    def left_out(self, match: Node, name: str) -> Node | None:
        """Return what only the facet ``name`` leaves out of ``match``; ``None`` where its choice is what is wanted.

        What is left out is little, and counting it costs little: the facet's own counts are then those of what is
        found and these.
        """
        own = [one.node for one in self.restrictions if one.facet == name]
        left_out = tuple(node.node for node in own if isinstance(node, Not))
        if not own or len(left_out) < len(own):
            return None
        return All((self.condition(match, apart_from=name), AnyOf(left_out)))

    def chosen(self) -> frozenset[str]:
        """Return the facets that have a choice of their own."""
        return frozenset(one.facet for one in self.restrictions if one.facet)


#: The sort key of each order a query may name; by best match without words is by what sells.
_COLUMNS = {
    "price": Order("price"),
    "-price": Order("price_down"),
    "title": Order("title"),
    "-title": Order("title", descending=True),
    "newest": Order("newest"),
    "stock": Order("stock"),
    "-stock": Order("stock_down"),
}


def order_of(query: SearchQuery) -> Order:
    """Return the order of the hits of ``query``."""
    return _COLUMNS.get(query.sort) or Order(None if query.text else "popular")


def plan(query: SearchQuery, vocabulary: Vocabulary) -> Plan:
    """Return the plan of ``query``. Archived products are left out unless ``status`` is filtered by."""
    notes: list[str] = []
    restrictions = [_restriction(one, vocabulary, notes.append) for one in query.filters]
    if not query.choices("status"):
        restrictions.append(Restriction("status", Not(Term(VALUE, pair("status", ARCHIVED)))))
    return Plan(tuple(restrictions), tuple(notes))


def _restriction(one: Filter, vocabulary: Vocabulary, note: Callable[[str], None]) -> Restriction:
    facet: str = one.field
    node: Node
    match one.field:
        # "category" is a path, or the name of any level.
        case "sku":
            facet, node = "", AnyOf(tuple(_code(choice) for choice in one.choices if isinstance(choice, str)))
        case "price":
            node = AnyOf(tuple(_column("price", choice, 2) for choice in one.choices))
        case "stock":
            node = AnyOf(tuple(_stock(choice) for choice in one.choices))
        case "status" if ANY_STATUS in one.choices:
            node = EVERYTHING
        case name if name in FIXED_FIELDS:
            node = _values(name, one.choices)
        case name:
            facet, node = _attribute(name, one.choices, vocabulary, note)
    return Restriction("", Not(node)) if one.negated else Restriction(facet, node)


def _code(choice: str) -> Node:
    return Prefix(CODE, code_key(choice)) if choice.endswith("*") else Term(CODE, code_key(choice))


def _values(name: str, choices: tuple[Choice, ...]) -> Node:
    """Return the condition of a field of words; a range of words matches nothing."""
    return OneOf(VALUE, tuple(pair(name, value_key(choice)) for choice in choices if isinstance(choice, str)))


def _stock(choice: Choice) -> Node:
    return _column("stock", choice, 0) if isinstance(choice, Between) else _values("stock", (choice,))


def _column(column: str, choice: Choice, places: int) -> Node:
    """Return the condition of a range over whole units, 10 to the ``places`` of which are one of the range's units."""
    if isinstance(choice, str):
        return OneOf(VALUE, ())
    low, high = COLUMN_BOUNDS
    if choice.low is not None:
        scaled = choice.low.scaleb(places)
        low = int(scaled.to_integral_value(ROUND_FLOOR)) + 1 if choice.low_open else _ceiling(scaled)
    if choice.high is not None:
        scaled = choice.high.scaleb(places)
        high = _ceiling(scaled) - 1 if choice.high_open else int(scaled.to_integral_value(ROUND_FLOOR))
    return ColumnIn(column, _clamped(low), _clamped(high))


def _ceiling(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _clamped(number: int) -> int:
    return min(max(number, COLUMN_BOUNDS[0]), COLUMN_BOUNDS[1])


def _attribute(
    name: str, choices: tuple[Choice, ...], vocabulary: Vocabulary, note: Callable[[str], None]
) -> tuple[str, Node]:
    """Return the facet and the condition of a filter on an attribute.

    A name that no product has may be a category's attribute: ``memory.speed`` is the ``speed`` of the category Memory.
    """
    if vocabulary.frequency(ATTRIBUTE, name):
        return name, _attribute_values(name, choices, vocabulary, note)
    head, _, tail = name.removeprefix(ATTRIBUTE_PREFIX).partition(".")
    if tail and vocabulary.frequency(ATTRIBUTE, tail):
        within = Term(VALUE, pair("category", value_key(head.replace("_", " "))))
        return tail, All((within, _attribute_values(tail, choices, vocabulary, note)))
    note(f'no product has an attribute "{name}"')
    return name, _values(name, choices)


def _attribute_values(
    name: str, choices: tuple[Choice, ...], vocabulary: Vocabulary, note: Callable[[str], None]
) -> Node:
    """Return the condition that one of ``choices`` holds.

    A number that is nobody's whole value is looked for inside lists of numbers; several numbers that together are
    somebody's value (``5,6000`` where a product has ``[5, 6000]``) are that value.
    """
    words = [choice for choice in choices if isinstance(choice, str)]
    together = pair(name, "x".join(map(value_key, words)))
    if len(words) > 1 and all(map(_is_number, words)) and vocabulary.frequency(VALUE, together):
        note(f"{name}:{','.join(words)} read as the one value {'×'.join(words)}")
        nodes: list[Node] = [Term(VALUE, together)]
    else:
        nodes = [_attribute_value(name, word, vocabulary) for word in words]
    nodes += (_number(name, choice) for choice in choices if isinstance(choice, Between))
    return nodes[0] if len(nodes) == 1 else AnyOf(tuple(nodes))


def _attribute_value(name: str, word: str, vocabulary: Vocabulary) -> Node:
    term = pair(name, value_key(word))
    if _is_number(word) and not vocabulary.frequency(VALUE, term):
        return _number(name, Between(Decimal(word), Decimal(word)))
    return Term(VALUE, term)


def _is_number(word: str) -> bool:
    return word.isascii() and word.removeprefix("-").replace(".", "", 1).isdigit()


def _number(name: str, choice: Between) -> Node:
    low = _SMALLEST if choice.low is None else _sortable(choice.low) + choice.low_open
    high = _LARGEST if choice.high is None else _sortable(choice.high) - choice.high_open
    return NumberIn(name, low, high)


def _sortable(bound: Decimal) -> int:
    number = float(bound)
    return sortable(math.copysign(1e308, number) if math.isinf(number) else number)
