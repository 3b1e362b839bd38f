"""Values of a filter that no product has, with the nearest that some have: why a search found nothing.

Asked only where a search finds nothing, so a search that does pays nothing for it. Rejected: looking every value up
while the line is read, which would need all values of all attributes at every letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

from data.search.analysis import value_key
from data.search.engine import Unheard
from data.search.plan import ANY_STATUS
from data.search.query import ATTRIBUTE_PREFIX, FIXED_FIELDS, NUMERIC_FIELDS, PATH_SEPARATOR, SearchQuery
from data.search.slips import meant_range
from data.search.tree import ATTRIBUTE, VALUE, pair
from data.search.words import Vocabulary

__all__ = ["sentence", "unheard_values"]

_LIKENESS = 0.65


def unheard_values(
    vocabulary: Vocabulary, query: SearchQuery, values_of: Callable[[str], Sequence[str]]
) -> tuple[Unheard, ...]:
    """Return the values ``query`` asks for that no product has. ``values_of`` a facet are those there are."""
    return tuple(
        Unheard(asked, value, _meant(value, name, vocabulary, values_of))
        for asked, name, value in _asked(vocabulary, query)
        if not vocabulary.frequency(VALUE, pair(name, value_key(value)))
    )


def sentence(one: Unheard) -> str:
    """Return what to tell a person of it."""
    meant = f", did you mean {one.meant}?" if one.meant else ""
    return f'no product has {one.field} "{one.value}"{meant}'


def _asked(vocabulary: Vocabulary, query: SearchQuery) -> Iterator[tuple[str, str, str]]:
    """Yield each value in words: the field as it was called, the facet it is a value of, and the value."""
    for one in query.filters:
        if one.negated or one.field in NUMERIC_FIELDS or one.field == "sku":
            continue
        name = one.field if one.field in FIXED_FIELDS else _attribute(vocabulary, one.field)
        for choice in one.choices:
            # A number may stand in somebody's list, and "any" is every status.
            if name and isinstance(choice, str) and not _is_number(choice) and choice != ANY_STATUS:
                yield one.field, name, choice


def _attribute(vocabulary: Vocabulary, name: str) -> str:
    """Return the attribute that the field ``name`` means, ``""`` where no product has it, which is told elsewhere."""
    tail = name.removeprefix(ATTRIBUTE_PREFIX).partition(".")[2]
    return next((one for one in (name, tail) if one and vocabulary.frequency(ATTRIBUTE, one)), "")


def _is_number(text: str) -> bool:
    return value_key(text).removeprefix("-").replace(".", "", 1).isdigit()


def _meant(value: str, name: str, vocabulary: Vocabulary, values_of: Callable[[str], Sequence[str]]) -> str:
    """Return the nearest value of the facet, or the number alone where ``value`` has a unit (``65W``)."""
    bare = meant_range(value)
    if bare and vocabulary.frequency(VALUE, pair(name, bare)):
        return bare
    known = {value_key(_said(one, name)): _said(one, name) for one in values_of(name)}
    return next((known[key] for key in get_close_matches(value_key(value), known, n=1, cutoff=_LIKENESS)), "")


def _said(value: str, name: str) -> str:
    """Return a category by its own name, which is how it is typed, and any other value as it is."""
    return value.rpartition(PATH_SEPARATOR)[2] if name == "category" else value
