"""Completions while a query is typed: categories and brands by their names, then products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from data.search.analysis import atoms
from data.search.engine import Suggestion
from data.search.language import format_query
from data.search.plan import plan
from data.search.query import PATH_SEPARATOR, SearchQuery
from data.search.run import Snapshot, run_search
from data.search.tree import EVERYTHING

__all__ = ["suggestions"]

_MOST_OF_A_KIND = 2
_MOST_NAMES = 5_000


def suggestions(snapshot: Snapshot, text: str, *, limit: int) -> tuple[Suggestion, ...]:
    """Return at most ``limit`` completions of ``text``; nothing for a text without a letter or digit."""
    wanted = _pieces(text)
    if not wanted:
        return ()
    named = [*_named(snapshot, wanted, "category"), *_named(snapshot, wanted, "brand")]
    named = named[:limit]
    query = SearchQuery().with_text(text)
    found = run_search(snapshot, query, limit=max(limit - len(named), 1), after=None, before=None, facets=False)
    products = (
        Suggestion("product", hit.title, format_query(SearchQuery().toggle("sku", hit.sku)), 1, hit.product_id)
        for hit in found.hits
    )
    return (*named, *products)[:limit]


def _named(snapshot: Snapshot, wanted: list[str], kind: str) -> Iterator[Suggestion]:
    """Yield the commonest brands or categories of which every word of ``wanted`` begins a word.

    A category is called by its own name, wherever in the tree it stands.
    """
    everything = plan(SearchQuery(), snapshot).condition(EVERYTHING)
    counts: Counter[str] = Counter()
    for value, count in snapshot.values([(everything, (kind,))], limit=_MOST_NAMES)[0][kind]:
        counts[value.rpartition(PATH_SEPARATOR)[2] if kind == "category" else value] += count
    fitting = sorted(
        (-count, name)
        for name, count in counts.items()
        if all(any(piece.startswith(word) for piece in _pieces(name)) for word in wanted)
    )
    for count, name in fitting[:_MOST_OF_A_KIND]:
        yield Suggestion(kind, name, format_query(SearchQuery().toggle(kind, name)), -count)


def _pieces(text: str) -> list[str]:
    return [piece for word in atoms(text) for piece in word]
