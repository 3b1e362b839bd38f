"""A search query as a value: words, filters, an order, and the changes a facet panel makes to it.

Frozen, so that a query is a cache key, a history entry and a saved search as it is. The line that people type is the
other form of the same thing, see ``data.search.language``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

from data.errors import Invalid
from data.search.analysis import name_key, value_key

__all__ = [
    "FIXED_FIELDS",
    "NUMERIC_FIELDS",
    "PATH_SEPARATOR",
    "SORTS",
    "STOCK_STATES",
    "Between",
    "Choice",
    "Filter",
    "QueryProblem",
    "SearchQuery",
    "as_choice",
    "attribute_key",
    "field_key",
    "read_range",
    "same_choice",
]

#: The fields every product has, by the name a query calls them, with the label of their facet.
FIXED_FIELDS = {
    "brand": "Brand",
    "category": "Category",
    "category.primary": "Category",
    "category.secondary": "Subcategory",
    "category.tertiary": "Product type",
    "sku": "SKU",
    "price": "Price",
    "stock": "Stock",
    "status": "Status",
}
#: Other names people try.
_ALIASES = {"subcategory": "category.secondary", "barcode": "sku", "maker": "brand", "available_stock": "stock"}
#: Fields whose every value is a number or a range of numbers; stock has words besides.
NUMERIC_FIELDS = frozenset({"price", "stock"})
STOCK_STATES = ("in", "low", "out")
#: An attribute with the name of a fixed field is called by this prefix: ``attributes.price:12``.
ATTRIBUTE_PREFIX = "attributes."

#: Between the names of a category's path: ``category:"Parts > Memory"``.
PATH_SEPARATOR = " > "

_DIGITS = r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_NUMBER = re.compile(_DIGITS)
_DOTS = re.compile(rf"({_DIGITS})?\.\.({_DIGITS})?")
_SIGNS = re.compile(rf"(?:(>=?)({_DIGITS}))?(?:(<=?)({_DIGITS}))?")

#: Orders by their name in the line, with what a person calls them. ``best`` is the default and never written.
SORTS = {
    "best": "best match",
    "price": "cheapest first",
    "-price": "dearest first",
    "title": "title A–Z",
    "-title": "title Z–A",
    "newest": "newest first",
    "stock": "least stock first",
    "-stock": "most stock first",
}


@dataclass(frozen=True, slots=True)
class Between:
    """A range of numbers. ``None`` is no bound; an open end excludes its bound. At least one bound is given."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError("a range needs at least one bound")
        if (self.low is None and self.low_open) or (self.high is None and self.high_open):
            raise ValueError("a bound that is not there cannot be open")

    def __contains__(self, number: Decimal) -> bool:
        """Say whether ``number`` lies in the range."""
        if self.low is not None and (number < self.low or (self.low_open and number == self.low)):
            return False
        return self.high is None or number < self.high or (number == self.high and not self.high_open)

    @property
    def is_empty(self) -> bool:
        """Whether no number can lie in it."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))


#: What a filter accepts: a value in the form facets show it, or a range.
Choice = str | Between


@dataclass(frozen=True, slots=True)
class Filter:
    """One field and the values it may have; ``negated``: must not have. ``field`` is as ``field_key`` returns it."""

    field: str
    choices: tuple[Choice, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class QueryProblem:
    """A part of the line, ``line[start:end]``, that could not be read, and why.

    ``suggestion`` is what may have been meant, or ``""``.
    """

    start: int
    end: int
    message: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for. Equal queries find the same; ``problems`` are about the line and do not count.

    ``text`` holds the words, single blanks between; ``excluded`` the words that must not occur. There is at most one
    filter by field and sign. ``sort`` is a key of ``SORTS``. Make changes with the methods: each returns a new query.
    """

    text: str = ""
    excluded: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    sort: str = "best"
    problems: tuple[QueryProblem, ...] = field(default=(), compare=False)

    def choices(self, name: str, *, negated: bool = False) -> tuple[Choice, ...]:
        """Return what is chosen for the field ``name``."""
        key = field_key(name)
        return next((kept.choices for kept in self.filters if kept.field == key and kept.negated == negated), ())

    def has(self, name: str, value: str) -> bool:
        """Say whether the facet value ``value`` of ``name`` is chosen."""
        key = field_key(name)
        return _find(key, self.choices(key), as_choice(key, value)) is not None

    def toggle(self, name: str, value: str) -> SearchQuery:
        """Choose the facet value ``value`` of ``name``, or give it up where it is chosen.

        A category takes the place of those it lies in and of those in it: beside them it would say nothing.
        """
        key = field_key(name)
        choice, chosen = as_choice(key, value), self.choices(key)
        standing = _find(key, chosen, choice)
        if standing is not None:
            return self._with(Filter(key, tuple(kept for kept in chosen if kept != standing)))
        if key == "category":
            chosen = tuple(kept for kept in chosen if not _one_holds_the_other(str(kept), value))
        return self._with(Filter(key, (*chosen, choice)))

    def with_range(self, name: str, low: Decimal | int | None, high: Decimal | int | None) -> SearchQuery:
        """Accept exactly the numbers from ``low`` to ``high``, both included, for ``name``; two ``None``: any."""
        key = field_key(name)
        if low is None and high is None:
            return self.without(key)
        wanted = Between(None if low is None else Decimal(low), None if high is None else Decimal(high))
        return self._with(Filter(key, (wanted,)))

    def without(self, name: str) -> SearchQuery:
        """Give up every choice of the field ``name``, excluded values too."""
        key = field_key(name)
        return replace(self, filters=tuple(kept for kept in self.filters if kept.field != key), problems=())

    def with_sort(self, sort: str) -> SearchQuery:
        """Order the hits by ``sort``, a key of ``SORTS``. Raises ``ValueError`` for another."""
        if sort not in SORTS:
            raise ValueError(f"no order is called {sort!r}")
        return replace(self, sort=sort, problems=())

    def with_text(self, text: str) -> SearchQuery:
        """Look for the words of ``text`` instead: they are words, whatever colons stand in them."""
        return replace(self, text=" ".join(text.split()), problems=())

    def with_filter(self, added: Filter) -> SearchQuery:
        """Narrow by one more filter: values join those of the same field, a lower and an upper bound become a range."""
        standing = self.choices(added.field, negated=added.negated)
        return self._with(replace(added, choices=_joined(standing, added.choices)))

    def checked(self, name: str = "query") -> SearchQuery:
        """Return the query, for callers that cannot show its problems in place.

        Raises ``Invalid({name: …})`` with every problem if it has any.
        """
        if self.problems:
            raise Invalid({name: "; ".join(_sentence(problem) for problem in self.problems)})
        return self

    def _with(self, put: Filter) -> SearchQuery:
        """Put one filter in the place of that of its field and sign; one without choices is dropped."""
        kept = [put if (old.field, old.negated) == (put.field, put.negated) else old for old in self.filters]
        if put not in kept:
            kept.append(put)
        return replace(self, filters=tuple(one for one in kept if one.choices), problems=())


@lru_cache(maxsize=8_192)
def field_key(name: str) -> str:
    """Return the field that a query means by ``name``: case, accents and blanks do not matter, aliases are resolved."""
    key = name_key(name)
    key = _ALIASES.get(key, key)
    bare = key.removeprefix(ATTRIBUTE_PREFIX)
    return bare if bare not in FIXED_FIELDS and bare != "sort" else key


@lru_cache(maxsize=8_192)
def attribute_key(name: str) -> str:
    """Return the field for the attribute called ``name``, whatever fixed field has that name too."""
    key = name_key(name)
    return ATTRIBUTE_PREFIX + key if key in FIXED_FIELDS or key in _ALIASES or key == "sort" else key


def read_range(text: str) -> Between | None:
    """Return the range that ``text`` spells (``5..10``, ``5..``, ``..10``, ``>5``, ``<=10``, ``>5<10``), or ``None``.

    The range may be empty (``10..5``); see ``Between.is_empty``.
    """
    if match := _DOTS.fullmatch(text):
        low, high = match.groups()
        return Between(_bound(low), _bound(high)) if low or high else None
    if match := _SIGNS.fullmatch(text):
        more, low, less, high = match.groups()
        if low or high:
            return Between(_bound(low), _bound(high), more == ">", less == "<")
    return None


def _bound(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def _exactly(text: str) -> Between | None:
    return Between(Decimal(text), Decimal(text)) if _NUMBER.fullmatch(text) else None


def as_choice(key: str, value: str) -> Choice:
    """Return the facet value ``value`` of the field ``key`` as a choice: of a numeric field it is a range."""
    return (read_range(value) or _exactly(value) or value) if key in NUMERIC_FIELDS else value


def _find(key: str, choices: Iterable[Choice], wanted: Choice) -> Choice | None:
    return next((choice for choice in choices if same_choice(key, choice, wanted)), None)


def same_choice(key: str, left: Choice, right: Choice) -> bool:
    """Say whether two choices of the field ``key`` mean the same: values by ``analysis.value_key``.

    A category is the same by its path and by its name alone.
    """
    if not isinstance(left, str) or not isinstance(right, str):
        return left == right
    if value_key(left) == value_key(right):
        return True
    if key != "category" or (PATH_SEPARATOR in left) == (PATH_SEPARATOR in right):
        return False
    return value_key(left.rpartition(PATH_SEPARATOR)[2]) == value_key(right.rpartition(PATH_SEPARATOR)[2])


def _one_holds_the_other(left: str, right: str) -> bool:
    """Say whether one of two categories lies in the other; a name alone lies where the other's path has it."""
    ours, theirs = (value_key(path).split(PATH_SEPARATOR) for path in (left, right))
    shorter = min(len(ours), len(theirs))
    return ours[:shorter] == theirs[:shorter] or (len(ours) == 1 and ours[0] in theirs)


def _joined(standing: tuple[Choice, ...], added: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Return both sets of choices as one; ``>5`` joined by ``<10`` is the range between."""
    match standing, added:
        case (Between(low=low, high=None) as lower,), (Between(low=None, high=high) as upper,):
            return (Between(low, high, lower.low_open, upper.high_open),)
        case (Between(low=None),), (Between(high=None),):
            return _joined(added, standing)
    out = list(standing)
    out += (choice for choice in added if choice not in out and _find("", out, choice) is None)
    return tuple(out)


def _sentence(problem: QueryProblem) -> str:
    return problem.message + (f", did you mean {problem.suggestion}?" if problem.suggestion else "")
