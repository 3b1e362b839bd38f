"""Completions while a query is typed: categories and brands by their names, then products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from data.search.analysis import atoms
from data.search.engine import Suggestion
from data.search.language import format_query
from data.search.page import PagedSnapshot, search_page
from data.search.plan import plan
from data.search.query import PATH_SEPARATOR, SearchQuery
from data.search.tree import EVERYTHING

__all__ = ["suggestions"]

_MOST_OF_A_KIND = 2
_MOST_NAMES = 5_000


def suggestions(snapshot: PagedSnapshot, text: str, *, limit: int) -> tuple[Suggestion, ...]:
    """Return at most ``limit`` completions of ``text``; nothing for a text without a letter or digit."""
    wanted = _pieces(text)
    if not wanted:
        return ()
    everything = plan(SearchQuery(), snapshot).condition(EVERYTHING)
    (counts,) = snapshot.values([(everything, ("category", "brand"))], limit=_MOST_NAMES)
    named = [*_named("category", _by_name(counts["category"]), wanted), *_named("brand", dict(counts["brand"]), wanted)]
    named = named[:limit]
    query, room = SearchQuery().with_text(text), max(limit - len(named), 1)
    found = search_page(snapshot, query, limit=room, after=None, before=None, facets=False)
    products = (
        Suggestion("product", hit.title, format_query(SearchQuery().toggle("sku", hit.sku)), 1, hit.product_id)
        for hit in found.hits
    )
    return (*named, *products)[:limit]


def _by_name(paths: Sequence[tuple[str, int]]) -> Counter[str]:
    """Return the counts of categories by their own names, wherever in the tree they stand."""
    counts: Counter[str] = Counter()
    for path, count in paths:
        counts[path.rpartition(PATH_SEPARATOR)[2]] += count
    return counts


def _named(kind: str, counts: Mapping[str, int], wanted: Sequence[str]) -> Iterator[Suggestion]:
    """Yield the commonest brands or categories of which every word of ``wanted`` begins a word."""
    fitting = sorted(
        (-count, name)
        for name, count in counts.items()
        if all(any(piece.startswith(word) for piece in _pieces(name)) for word in wanted)
    )
    for count, name in fitting[:_MOST_OF_A_KIND]:
        yield Suggestion(kind, name, format_query(SearchQuery().toggle(kind, name)), -count)


@lru_cache(maxsize=2 * _MOST_NAMES)
def _pieces(text: str) -> tuple[str, ...]:
    # Every letter that is typed is compared with the same names.
    return tuple(piece for word in atoms(text) for piece in word)
