"""Products like one product: of its category, with the most telling values in common.

A value that few products have says more than one that all have, so each common value counts by how rare it is; a price
near by counts too. It is one tree of conditions over the same terms that filters use, so every engine can answer it and
it follows every edit. Rejected: each engine's own "more like this", which works on words and differs between engines.
"""

from __future__ import annotations

import math

from data.search.analysis import value_key
from data.search.engine import Hit, SearchDocument
from data.search.plan import plan
from data.search.query import SearchQuery
from data.search.run import Snapshot
from data.search.terms import category_paths, index_fields
from data.search.tree import ATTRIBUTE, VALUE, All, AnyOf, ColumnIn, Node, Scored, Term, pair

__all__ = ["find_alike"]

#: Not what a product is like, but how it stands now.
_PASSING = frozenset({"stock", "status", "category", "category.primary", "category.secondary", "category.tertiary"})
_MOST_VALUES = 24
#: A price this near, as a part of the product's own.
_NEAR = 0.25
_PRICE_SCORE = 2.0


def find_alike(snapshot: Snapshot, document: SearchDocument, *, limit: int) -> tuple[Hit, ...]:
    """Return at most ``limit`` products like ``document``, the likest first; without itself and without archived ones.

    Of a product without a category whatever shares a value with it is considered.
    """
    telling = _telling(snapshot, document)
    near = (*telling, *_near_price(document))
    paths = category_paths(document.category)
    kin: Node = Term(VALUE, pair("category", value_key(paths[-1]))) if paths else AnyOf(telling)
    if not near or not (paths or telling):
        return ()
    node = plan(SearchQuery(), snapshot).condition(All((kin,), near))
    found = snapshot.by_score(node, limit=limit + 1, offset=0)
    return tuple(hit for hit in found.hits if hit.product_id != document.product_id and hit.score > 0)[:limit]


def _telling(snapshot: Snapshot, document: SearchDocument) -> tuple[Node, ...]:
    """Return the product's values that others have too, the rarest first, each with its worth."""
    weighed: list[tuple[float, str]] = []
    for name, values in index_fields(document).facets.items():
        bearers = 0 if name in _PASSING else max(snapshot.frequency(ATTRIBUTE, name), 1_000)
        for value in values if bearers else ():
            term = pair(name, value_key(value))
            count = snapshot.frequency(VALUE, term)
            if count > 1:
                weighed.append((math.log(1 + bearers / count), term))
    weighed.sort(key=lambda one: (-one[0], one[1]))
    return tuple(Scored(Term(VALUE, term), round(worth, 3)) for worth, term in weighed[:_MOST_VALUES])


def _near_price(document: SearchDocument) -> tuple[Node, ...]:
    if not document.price:
        return ()
    cents = float(document.price) * 100
    low, high = math.floor(cents * (1 - _NEAR)), math.ceil(cents * (1 + _NEAR))
    return (Scored(ColumnIn("price", low, high), _PRICE_SCORE),)
