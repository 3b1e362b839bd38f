"""What the catalog's line being typed may become, and what is wrong with it. Runs in a thread or is pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from widgets.offers import Offer

if TYPE_CHECKING:
    from data.search.engine import Suggestion
    from data.search.query import QueryProblem, SearchQuery
    from data.shop import Shop

MOST_OFFERS = 6
_MOST_FILTERS = 2
#: The filter at the end of the line, as far as it is typed: sign, name, values before, the value itself.
_LAST_FILTER = re.compile(r"(?:^|\s)(-?)([^\W\d][\w.-]*):((?:[^\s\",]+,)*)([^\s\",]*)$")
_LAST_WORD = re.compile(r"(?:^|\s)(-?)([^\W\d][\w.]+)$")
_SHORTEST = 2


@dataclass(frozen=True)
class Names:
    """What the catalog calls things: the query names of all attributes, and every category's path."""

    attributes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def read_names(shop: Shop) -> Names:
    """Return the names; those of a store that is away are left out."""
    from data.catalog.reads import category_tree
    from screens.catalog.related_data import part

    attributes = part(lambda: shop.stores.search.attribute_names())
    tree = part(lambda: category_tree(shop.stores.mongo))
    return Names(attributes or (), tuple(category.path for category in tree or ()))


def serious(problems: Sequence[QueryProblem], cursor: int) -> tuple[QueryProblem, ...]:
    """Return the problems worth showing: not of what is still being typed at ``cursor``, unless it is known better."""
    return tuple(one for one in problems if one.suggestion or one.end != cursor)


def mended(line: str, problem: QueryProblem) -> str:
    """Return ``line`` with what was meant in the place of ``problem``; the sign and the colon around it stay."""
    wrong, meant = line[problem.start : problem.end], problem.suggestion
    if wrong.endswith(":") and not meant.endswith(":"):
        meant += ":"
    if wrong.startswith("-") and wrong.endswith(":"):
        meant = f"-{meant}"
    return line[: problem.start] + meant + line[problem.end :]


def read_offers(shop: Shop, line: str, names: Names) -> tuple[Offer, ...]:
    """Return what ``line`` may become, the likeliest first: values of the filter being typed, else what words mean."""
    found = _LAST_FILTER.search(line)
    if found is not None:
        return tuple(_value_offers(shop, line, found))[:MOST_OFFERS]
    from data.search.language import parse_query

    query = parse_query(line)
    if len(query.text) < _SHORTEST or line != line.rstrip():
        return ()
    filters = list(_filter_offers(line, names.attributes))[:_MOST_FILTERS]
    suggested = shop.stores.search.suggest(query.text, limit=MOST_OFFERS - len(filters))
    named = [_offer(one, query) for one in suggested]
    # What is offered is looked for by the words alone: under filters it would be what the list leaves out.
    products = [offer for offer in named if offer.ref and not query.filters]
    return (*(offer for offer in named if not offer.ref), *filters, *products)


def _offer(one: Suggestion, query: SearchQuery) -> Offer:
    from data.search.language import format_query, parse_query

    if one.kind == "product":
        return Offer("product", one.text, "Enter opens", ref=one.product_id)
    meant = replace(query, text="", problems=())
    for added in parse_query(one.query).filters:
        meant = meant.with_filter(added)
    return Offer(one.kind, one.text, f"{one.count:,}", line=format_query(meant) + " ")


def _filter_offers(line: str, attributes: Collection[str]) -> Iterator[Offer]:
    """Yield the filters whose names begin with the word being typed."""
    from data.search.query import FIXED_FIELDS

    found = _LAST_WORD.search(line)
    if found is None:
        return
    beginning = found[2].casefold()
    for name in (*FIXED_FIELDS, *attributes):
        if name.startswith(beginning):
            yield Offer("filter", f"{name}:", line=f"{line[: found.start(2)]}{name}:")


def _value_offers(shop: Shop, line: str, found: re.Match[str]) -> Iterator[Offer]:
    from data.search.language import parse_query
    from data.search.query import SORTS, STOCK_STATES, field_key

    name, typed = field_key(found[2]), found[4].casefold()
    before = line[: found.start(4)]
    if name == "sort":
        yield from (Offer("sort", one, SORTS[one], line=f"{before}{one} ") for one in SORTS if one.startswith(typed))
    elif name == "stock":
        yield from (Offer("stock", one, line=f"{before}{one} ") for one in STOCK_STATES if one.startswith(typed))
    elif name not in ("price", "sku"):
        facet = shop.stores.search.facet(parse_query(line[: found.start(1)]), name, contains=typed, limit=MOST_OFFERS)
        for value in facet.values:
            yield Offer(facet.label, value.value, f"{value.count:,}", line=f"{before}{_value_text(value.value)} ")


def _value_text(value: str) -> str:
    """Return ``value`` as the line holds it, in quotes where it needs them."""
    from data.search.language import format_filter
    from data.search.query import Filter

    return format_filter(Filter("x", (value,))).removeprefix("x:")
