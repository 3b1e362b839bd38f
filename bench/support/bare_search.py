"""The bare calls behind a search: what the same hits, total and counts cost without any layer of ours.

They know beforehand which facets there are and ask for all of them at once, and they make nothing of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from tantivy import Order, Query

from data.search.elasticsearch.client import connect, read_url
from data.search.elasticsearch.index import agg_terms, facet_field, field_name, to_query
from data.search.elasticsearch.reader import Reader as Index
from data.search.engine import SearchResult
from data.search.facets import ALWAYS, PRICE_BOUNDS, pick_attributes
from data.search.language import Between, Choice, SearchQuery
from data.search.layout import LAYOUT
from data.search.match import read_words
from data.search.page import search_page
from data.search.plan import order_of, plan
from data.search.run import MOST_COUNTED
from data.search.tantivy.index import agg_terms as tantivy_terms
from data.search.tantivy.index import facet_path, live, order_field
from data.search.tantivy.index import to_query as to_tantivy
from data.search.tantivy.reader import Reader
from data.search.tree import ATTRIBUTE, COLUMN_BOUNDS, Node

__all__ = ["cluster_afresh", "elastic_call", "mongo_call", "raw_call", "search_afresh"]

_MOST_NAMES = 1_000
_CENTS = [bound * 100 for bound in PRICE_BOUNDS]


def raw_call(folder: Path, query: SearchQuery, *, reopen: bool = False) -> Callable[[], object]:
    """Return the bare tantivy calls behind ``query``: hits with total, then the same facets at once, in one thread.

    With ``reopen`` they load what was committed meanwhile first, as every search of ours does where there is any.
    """
    snapshot = Reader(folder).snapshot()
    filters = plan(query, snapshot)
    match = next(read_words(query.text, query.excluded, snapshot).matches(snapshot))
    node, chosen = filters.condition(match.node), filters.chosen()
    names = _facet_names(snapshot.names(node, limit=_MOST_NAMES), chosen)
    index, column = snapshot.index, order_of(query).column
    sort = (
        {"weight_by_field": "weight"} if column is None else {"order_by_field": order_field(column), "order": Order.Asc}
    )
    ends = list(zip(_CENTS, [*_CENTS[1:], COLUMN_BOUNDS[1]], strict=True))
    prices = {"prices": {"range": {"field": "column_price", "ranges": [{"from": low, "to": up} for low, up in ends]}}}
    counted: dict[str, Any] = {name: tantivy_terms(f"facet.{facet_path(name)}", MOST_COUNTED) for name in names}
    counted |= {"names": tantivy_terms(ATTRIBUTE, _MOST_NAMES)} | ({} if "price" in chosen else prices)
    others = {name: filters.condition(match.node, apart_from=name) for name in chosen}
    theirs = {name: {name: tantivy_terms(f"facet.{facet_path(name)}", MOST_COUNTED)} for name in others}
    theirs["price"] = prices

    def unscored(condition: Node) -> Query:
        return Query.const_score_query(live(to_tantivy(condition)), 0.0)

    def ask() -> None:
        if reopen:
            index.reload()
        searcher = index.searcher() if reopen else snapshot.searcher
        everything = live(to_tantivy(node))
        for _, address in searcher.search(everything, limit=50, count=True, **sort).hits:
            searcher.doc(address)
        searcher.aggregate(Query.const_score_query(everything, 0.0), counted)
        for name, other in others.items():
            searcher.aggregate(unscored(other), theirs[name])

    return ask


def search_afresh(folder: Path) -> Callable[[SearchQuery], SearchResult]:
    """Return our own search of a local index, as ``SearchEngine.search`` with nothing kept from searches before."""
    snapshot = Reader(folder).snapshot()
    snapshot.counts.most_bytes = 0

    def search(query: SearchQuery) -> SearchResult:
        snapshot.asked.clear()
        return search_page(snapshot, query, limit=50, after=None, before=None, facets=True)

    return search


def cluster_afresh(url: str) -> Callable[[SearchQuery], SearchResult]:
    """Return our own search of a cluster, with nothing kept from searches before."""
    cluster = read_url(url)
    client, alias = connect(cluster), f"{cluster.name}-layout{LAYOUT}"
    # The cluster's own memory of answers: asking the same of the same state again and again is no measure of counting.
    client.indices.put_settings(index=alias, settings={"index.requests.cache.enable": False})
    reader = Index(client, cluster, alias)
    reader.counts.most_bytes = 0

    def search(query: SearchQuery) -> SearchResult:
        with reader.snapshot() as snapshot:
            return search_page(snapshot, query, limit=50, after=None, before=None, facets=True)

    return search


def elastic_call(url: str, query: SearchQuery) -> Callable[[], object]:
    """Return the bare request behind ``query``, with hits, total and facets, and one more for each chosen facet."""
    cluster = read_url(url)
    client = connect(cluster)
    alias = f"{cluster.name}-layout{LAYOUT}"
    with Index(client, cluster, alias).snapshot() as snapshot:
        filters = plan(query, snapshot)
        match = next(read_words(query.text, query.excluded, snapshot).matches(snapshot))
        node, chosen = filters.condition(match.node), filters.chosen()
        names = _facet_names(snapshot.names(node, limit=_MOST_NAMES), chosen)
    prices = {"prices": {"range": {"field": "pricing.cents", "ranges": [{"from": cents} for cents in _CENTS]}}}
    counted = {
        **{name: agg_terms(facet_field(name), MOST_COUNTED) for name in names},
        "names": agg_terms(field_name(ATTRIBUTE), _MOST_NAMES),
        **({} if "price" in chosen else prices),
    }
    others = {name: filters.condition(match.node, apart_from=name) for name in chosen}
    theirs = {name: {name: agg_terms(facet_field(name), MOST_COUNTED)} for name in others} | {"price": prices}

    def ask() -> None:
        hits = {"size": 50, "source": ["hit"], "track_total_hits": True}
        client.search(index=alias, query=to_query(node), aggs=counted, **hits)
        for name, other in others.items():
            client.search(index=alias, query=to_query(other), size=0, aggs=theirs[name])

    return ask


def _facet_names(covered: Sequence[tuple[str, int]], chosen: Collection[str]) -> list[str]:
    """Return the facets that a search counts, apart from prices and from what has a choice of its own."""
    names = [*ALWAYS, *pick_attributes(covered, ())]
    return [name for name in names if name != "price" and name not in chosen]


def mongo_call(products: Any, query: SearchQuery) -> Callable[[], object]:
    """Return the same search as MongoDB does it: text index, filters, hits, total and the same counts by ``$facet``.

    A field's own choice does not shrink its counts here either, so each chosen field is counted by one more pipeline.
    """
    words = " ".join(f'"{word}"' for word in query.text.split())
    base: dict[str, Any] = {"status": {"$ne": "archived"}} | ({"$text": {"$search": words}} if words else {})
    filters = {_PATHS.get(one.field, f"attributes.{one.field}"): _mongo_condition(one.choices) for one in query.filters}
    pairs = [{"$project": {"a": {"$objectToArray": "$attributes"}}}, {"$unwind": "$a"}]
    grouped = [
        {"$group": {"_id": {"k": "$a.k", "v": "$a.v"}, "n": {"$sum": 1}}},
        {"$sort": {"n": -1}},
        {"$limit": 1000},
    ]
    facets: dict[str, Any] = {name.replace(".", "_"): [{"$sortByCount": f"${name}"}] for name in _MONGO_FACETS}
    facets["price"] = [{"$bucket": {"groupBy": "$pricing.final_price", "boundaries": PRICE_BOUNDS, "default": "none"}}]
    facets |= {"attributes": [*pairs, *grouped], "total": [{"$count": "n"}]}
    order = [{"$sort": {"pricing.final_price": 1}}] if query.sort == "price" else []
    score = [{"$sort": {"s": {"$meta": "textScore"}}}] if words and not order else order

    def ask() -> None:
        list(products.aggregate([{"$match": base | filters}, {"$facet": facets}], allowDiskUse=True))
        list(products.aggregate([{"$match": base | filters}, *score, {"$limit": 50}], allowDiskUse=True))
        for name in filters:
            others = {other: wanted for other, wanted in filters.items() if other != name}
            list(products.aggregate([{"$match": base | others}, {"$sortByCount": f"${name}"}], allowDiskUse=True))

    return ask


_PATHS = {"brand": "brand", "price": "pricing.final_price", "stock": "inventory.available_stock"}
_MONGO_FACETS = ("brand", "category.primary", "category.secondary", "category.tertiary", "status")


def _mongo_condition(choices: Sequence[Choice]) -> dict[str, Any]:
    between = next((choice for choice in choices if isinstance(choice, Between)), None)
    if between is None:
        return {"$in": list(choices)}
    bounds = {"$gt" if between.low_open else "$gte": between.low, "$lt" if between.high_open else "$lte": between.high}
    return {sign: float(bound) for sign, bound in bounds.items() if bound is not None}
