"""The small tree of conditions that every engine evaluates, and the names of the fields it speaks of.

A plan is built of these nodes once, for all engines; an engine translates node by node. So what a query means does not
depend on the engine, and a test can evaluate the same tree in plain Python. Rejected: building each engine's own query
objects straight from the search query, which would say every rule twice.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ATTRIBUTE",
    "CODE",
    "COLUMN_BOUNDS",
    "EVERYTHING",
    "LABEL",
    "SPELLING",
    "TEXT_FIELDS",
    "VALUE",
    "WHOLE_TITLE",
    "All",
    "AnyOf",
    "AtLeast",
    "Best",
    "Boosted",
    "ColumnIn",
    "Node",
    "Not",
    "NumberIn",
    "OneOf",
    "Prefix",
    "Scored",
    "Term",
    "pair",
    "unpair",
]

#: Fields of analysed text with their weights: a word in the title says most of what a product is.
TEXT_FIELDS = {"title": 8.0, "brand": 5.0, "sku": 4.0, "category": 3.0, "attributes": 2.0, "description": 1.0}
#: The words that a mistyped one may have meant: of letters only, from titles, brands, categories and attributes.
SPELLING = "spelling"
#: SKU, barcode and other codes as ``analysis.code_key`` gives them.
CODE = "code"
#: The title's words in one term.
WHOLE_TITLE = "whole_title"
#: What filters ask for: field and value of every facet, as ``pair(field, value_key(value))``.
VALUE = "value"
#: The query names of the attributes a product has.
ATTRIBUTE = "attribute"
#: ``pair(query name, name as written)`` of every attribute.
LABEL = "label"

#: What the two columns can hold, as signed 64-bit integers.
COLUMN_BOUNDS = (-(2**63), 2**63 - 1)

_SEPARATOR = "\x1f"


def pair(name: str, value: str) -> str:
    """Return the one term that stands for ``value`` of ``name``."""
    return f"{name}{_SEPARATOR}{value}"


def unpair(term: str) -> tuple[str, str]:
    """Return the name and the value that ``pair`` joined."""
    name, _, value = term.partition(_SEPARATOR)
    return name, value


@dataclass(frozen=True, slots=True)
class Term:
    """Documents with the term ``text`` in ``field``; scored by BM25 in a text field."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Documents with any of ``texts`` in ``field``; all score the same."""

    field: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """Documents with a term in ``field`` that begins with ``text``; all score the same."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class NumberIn:
    """Documents of which the attribute ``name`` has a number from ``low`` to ``high``, both included.

    Bounds are as ``terms.sortable`` gives them.
    """

    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ColumnIn:
    """Documents whose ``column`` (``price`` in cents, ``stock`` in units) is from ``low`` to ``high``, both included.

    Bounds lie within ``COLUMN_BOUNDS``.
    """

    column: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class All:
    """Documents that match every node of ``nodes`` (none: all documents); ``bonus`` only adds to the score."""

    nodes: tuple[Node, ...]
    bonus: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Documents that match at least one node; scores add up."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Documents that match at least ``count`` of the nodes; scores add up."""

    nodes: tuple[Node, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Best:
    """Documents that match at least one node; the best score counts, the others a tenth."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Documents that do not match ``node``."""

    node: Node


@dataclass(frozen=True, slots=True)
class Scored:
    """The documents of ``node``, each with the fixed ``score``."""

    node: Node
    score: float


@dataclass(frozen=True, slots=True)
class Boosted:
    """The documents of ``node``, their score times ``factor``."""

    node: Node
    factor: float


Node = Term | OneOf | Prefix | NumberIn | ColumnIn | All | AnyOf | AtLeast | Best | Not | Scored | Boosted

EVERYTHING = All(())
