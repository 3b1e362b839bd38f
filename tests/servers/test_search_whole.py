"""Both engines side by side, and every count against MongoDB's own, on all the real PC parts, else the demo's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bench.support.known_items import WAYS, title_fits
from bench.support.products import mongo_document, sample_documents
from data.batches import batches
from data.search.analysis import value_key
from data.search.engine import SearchDocument, SearchEngine
from data.search.language import SearchQuery, parse_query
from data.settings import Settings
from data.stores import Stores
from tests import servers
from tests.conftest import databases
from tests.contract.search_oracle import shown_values
from tests.contract.test_search import all_ids, opened

KNOWN_ITEMS = 120
SHELF = 6_000


@pytest.fixture(scope="module")
def documents() -> list[SearchDocument]:
    return sample_documents()[1]


@pytest.fixture(scope="module")
def whole(documents: list[SearchDocument]) -> Iterator[SearchEngine]:
    """Elasticsearch with every product."""
    with opened(servers.fresh_index()) as engine:
        for batch in batches(documents, 2_000):
            assert engine.put_many(batch) == len(batch)
        engine.commit()
        yield engine


@pytest.fixture(scope="module")
def catalog(
    stack: Settings, documents: list[SearchDocument], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The same products in MongoDB."""
    with databases(stack, tmp_path_factory.mktemp("mongo")) as settings:
        stores = Stores(settings)
        for batch in batches(documents, 5_000):
            stores.mongo.products.insert_many([mongo_document(one) for one in batch], ordered=False)
        yield stores.mongo.products
        stores.close()


CASES: Sequence[tuple[str, dict[str, Any]]] = (
    ("", {}),
    ("brand:Corsair", {"brand": "Corsair"}),
    ("category:Memory", {"category": "Memory"}),
    ("category:Memory -brand:Corsair,G.Skill", {"category": "Memory", "brand": {"$nin": ["Corsair", "G.Skill"]}}),
    ("price:50..150", {"pricing.final_price": {"$gte": 50, "$lte": 150}}),
    ("price:>1000 stock:>0", {"pricing.final_price": {"$gt": 1000}, "inventory.available_stock": {"$gt": 0}}),
    ("stock:0..3", {"inventory.available_stock": {"$gte": 0, "$lte": 3}}),
    (
        "category:Memory speed:5000..6400",
        {"category": "Memory", "attributes.speed": {"$elemMatch": {"$gte": 5000, "$lte": 6400}}},
    ),
    (
        "brand:MSI,Asus price:..99.99",
        {"brand": {"$in": ["MSI", "Asus", "ASUS"]}, "pricing.final_price": {"$lte": 99.99}},
    ),
    ("status:archived", {"status": "archived"}),
)


@pytest.mark.parametrize(("line", "match"), CASES, ids=[line or "everything" for line, _ in CASES])
def test_hits_and_counts_are_mongodbs(whole: SearchEngine, catalog: Any, line: str, match: dict[str, Any]) -> None:
    query = parse_query(line, attributes=whole.attribute_names())
    assert query.problems == ()
    wanted = {"status": {"$ne": "archived"}} | {_PATHS.get(name, name): value for name, value in match.items()}
    result = whole.search(query)
    assert result.total == catalog.count_documents(wanted)
    if result.total <= 5_000:
        found = {str(one["_id"]) for one in catalog.find(wanted, {"_id": 1})}
        assert set(all_ids(whole, query, limit=500)) == found
    compared = 0
    for facet in result.facets:
        if facet.name in {"price", "stock", "status", "category"} or query.choices(facet.name):
            continue
        path = "brand" if facet.name == "brand" else f"attributes.{facet.name}"
        expected: Counter[str] = Counter()
        for group in catalog.aggregate([{"$match": wanted}, {"$group": {"_id": f"${path}", "n": {"$sum": 1}}}]):
            for key in {value_key(text) for text in shown_values(group["_id"]) if group["_id"] not in (None, "")}:
                expected[key] += group["n"]
        if expected:
            assert {value_key(one.value): one.count for one in facet.values} == {
                value_key(one.value): expected[value_key(one.value)] for one in facet.values
            }, facet.name
            assert facet.more == len(expected) - len(facet.values), facet.name
            compared += 1
    assert compared or not result.total


_PATHS = {"category": "category.tertiary"}


@pytest.fixture(scope="module")
def shelves(documents: list[SearchDocument], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SearchEngine]]:
    """Some of the products in both engines: Elasticsearch first."""
    some = documents[:: max(1, len(documents) // SHELF)]
    with ExitStack() as stack:
        folder: Path = tmp_path_factory.mktemp("tantivy")
        both = [stack.enter_context(opened(url)) for url in (servers.fresh_index(), f"tantivy://{folder}/search")]
        for engine in both:
            engine.put_many(some)
            engine.commit()
        yield both


@pytest.mark.parametrize("way", WAYS)
def test_known_items_are_found_alike_by_both_engines(
    shelves: list[SearchEngine], documents: list[SearchDocument], way: str
) -> None:
    some = documents[:: max(1, len(documents) // SHELF)]
    lines = known_lines(some, way)
    different = []
    for line in lines:
        ours, theirs = (engine.search(SearchQuery(line), limit=500, facets=False) for engine in shelves)
        assert (ours.total, ours.notes, ours.terms) == (theirs.total, theirs.notes, theirs.terms), line
        if ours.total <= 500:
            assert {hit.product_id for hit in ours.hits} == {hit.product_id for hit in theirs.hits}, line
        if ours.hits[:1] and ours.hits[0].title != theirs.hits[0].title:
            different.append((line, ours.hits[0].title, theirs.hits[0].title))
    assert different == []


def test_both_engines_find_the_same_products_alike(
    shelves: list[SearchEngine], documents: list[SearchDocument]
) -> None:
    some = documents[:: max(1, len(documents) // SHELF)]
    found = 0
    for document in some[:: len(some) // 60]:
        ours, theirs = (engine.alike(document, limit=8) for engine in shelves)
        assert [hit.product_id for hit in ours] == [hit.product_id for hit in theirs], document.title
        found += len(ours)
    assert found > 60


@pytest.mark.parametrize("line", ["", "category:Memory", "category:Monitors price:100..500", "corsair"])
def test_both_engines_draw_the_same_facets(shelves: list[SearchEngine], line: str) -> None:
    """Names, values, counts and the bars of numbers: all that the panel shows."""
    ours, theirs = (engine.search(parse_query(line)).facets for engine in shelves)
    assert ours == theirs
    assert any(facet.histogram for facet in ours)


def known_lines(documents: Sequence[SearchDocument], way: str) -> list[str]:
    """Return known items as somebody might type them."""
    import random

    dice = random.Random(f"known {way}")
    titles = sorted({one.title for one in documents if title_fits(one.title.split())})
    return [" ".join(WAYS[way](title.split(), dice)) for title in dice.sample(titles, KNOWN_ITEMS)]
