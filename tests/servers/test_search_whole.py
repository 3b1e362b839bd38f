"""Both engines side by side, their hits and counts against MongoDB's own: all PC parts, and the demo's products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.support.known_items import WAYS, title_fits
from bench.support.products import demo_documents, mongo_document, sample_documents
from data.batches import batches
from data.search.analysis import value_key
from data.search.engine import SearchDocument, SearchEngine
from data.search.language import SearchQuery, parse_query
from data.settings import Settings
from data.stores import Stores
from data.types import Facet
from tests import servers
from tests.conftest import databases
from tests.contract.search_oracle import price_range, shown_values
from tests.contract.test_search import all_ids, opened

KNOWN_ITEMS = 120
SHELF = 6_000
DEMO = 2_000


@pytest.fixture(scope="module")
def documents() -> list[SearchDocument]:
    return sample_documents()[1]


@dataclass(frozen=True)
class Sold:
    """The same products in MongoDB and in both engines."""

    catalog: Any
    engines: tuple[SearchEngine, ...]


@contextmanager
def sold(stack: Settings, folder: Path, documents: Sequence[SearchDocument]) -> Iterator[Sold]:
    with ExitStack() as closing:
        stores = Stores(closing.enter_context(databases(stack, folder / "mongo")))
        closing.callback(stores.close)
        urls = (servers.fresh_index(), f"tantivy://{folder}/search")
        engines = tuple(closing.enter_context(opened(url)) for url in urls)
        for batch in batches(documents, 5_000):
            stores.mongo.products.insert_many([mongo_document(one) for one in batch], ordered=False)
            for engine in engines:
                assert engine.put_many(batch) == len(batch)
        for engine in engines:
            engine.commit()
        yield Sold(stores.mongo.products, engines)


@pytest.fixture(scope="module")
def parts(stack: Settings, documents: list[SearchDocument], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sold]:
    with sold(stack, tmp_path_factory.mktemp("parts"), documents) as everything:
        yield everything


@pytest.fixture(scope="module")
def demo(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sold]:
    with sold(stack, tmp_path_factory.mktemp("demo"), demo_documents(DEMO)) as everything:
        yield everything


#: A line, and what MongoDB is asked for it by the facet whose choice each condition is; under "" is what is no choice.
Case = tuple[str, Mapping[str, Mapping[str, Any]]]
_STOCK, _PRICE = "inventory.available_stock", "pricing.final_price"
_KIND = "category.tertiary"
CASES: Sequence[Case] = (
    ("", {}),
    ("brand:Corsair", {"brand": {"brand": "Corsair"}}),
    ("category:Memory", {"category": {_KIND: "Memory"}}),
    ('category:"Computers > Components" price:..50', {"price": {_PRICE: {"$lte": 50}}} | {
        "category": {"category.primary": "Computers", "category.secondary": "Components"}}),
    ("category:Memory -brand:Corsair,G.Skill", {
        "category": {_KIND: "Memory"}, "": {"brand": {"$nin": ["Corsair", "G.Skill"]}}}),
    ("price:50..150", {"price": {_PRICE: {"$gte": 50, "$lte": 150}}}),
    ("price:>1000 stock:>0", {"price": {_PRICE: {"$gt": 1000}}, "stock": {_STOCK: {"$gt": 0}}}),
    ("stock:0..3", {"stock": {_STOCK: {"$gte": 0, "$lte": 3}}}),
    ("stock:low,out price:<20", {"stock": {_STOCK: {"$lte": 5}}, "price": {_PRICE: {"$lt": 20}}}),
    ("category:Memory speed:5000..6400", {
        "category": {_KIND: "Memory"}, "speed": {"attributes.speed": {"$elemMatch": {"$gte": 5000, "$lte": 6400}}}}),
    ("brand:MSI,Asus price:..99.99", {
        "brand": {"brand": {"$in": ["MSI", "Asus", "ASUS"]}}, "price": {_PRICE: {"$lte": 99.99}}}),
    ("modules:2×16,2x8 -stock:out", {
        "modules": {"attributes.modules": {"$in": [[2, 16], [2, 8]]}}, "": {_STOCK: {"$gt": 0}}}),
    ("tenkeyless:yes -color:Black", {
        "tenkeyless": {"attributes.tenkeyless": True}, "": {"attributes.color": {"$ne": "Black"}}}),
    ("screen_size:27..32 -panel_type:IPS", {
        "screen_size": {"attributes.screen_size": {"$gte": 27, "$lte": 32}},
        "": {"attributes.panel_type": {"$ne": "IPS"}}}),
    ("sku:RAM-* -price:50..100", {"": {"sku": {"$regex": "^RAM-"}, _PRICE: {"$not": {"$gte": 50, "$lte": 100}}}}),
    ("brand:Corsair price:50..200 stock:>0 memory.speed:5,6000 -color:White sort:-price", {
        "brand": {"brand": "Corsair"}, "price": {_PRICE: {"$gte": 50, "$lte": 200}}, "stock": {_STOCK: {"$gt": 0}},
        "speed": {_KIND: "Memory", "attributes.speed": [5, 6000]}, "": {"attributes.color": {"$ne": "White"}}}),
    ("status:archived", {"status": {"status": "archived"}}),
)  # fmt: skip
DEMO_CASES: Sequence[Case] = (
    ("", {}),
    ("status:any", {"status": {}}),
    ("status:draft,archived", {"status": {"status": {"$in": ["draft", "archived"]}}}),
    ("wireless:no", {"wireless": {"attributes.wireless": False}}),
    ("color:White,Black -brand:Northbit", {
        "color": {"attributes.color": {"$in": ["White", "Black"]}}, "": {"brand": {"$ne": "Northbit"}}}),
    ("category:Cables length:0.5..2", {
        "category": {_KIND: "Cables"}, "length": {"attributes.length": {"$gte": 0.5, "$lte": 2}}}),
    ("category:Electronics price:>50<100 stock:>0", {
        "category": {"category.primary": "Electronics"}, "price": {_PRICE: {"$gt": 50, "$lt": 100}},
        "stock": {_STOCK: {"$gt": 0}}}),
    ("modules:2x16", {"modules": {"attributes.modules": [2, 16]}}),
    ("stove:gas", {"stove": {"attributes.stove": "gas"}}),
    ("comfort:..0", {"comfort": {"attributes.comfort": {"$lte": 0}}}),
    ("seat_height:42–52", {"seat_height": {"attributes.seat_height": "42–52"}}),
)  # fmt: skip


def _named(cases: Sequence[Case]) -> list[str]:
    return [line or "everything" for line, _ in cases]


@pytest.mark.parametrize("case", CASES, ids=_named(CASES))
def test_both_engines_find_and_count_what_mongodb_does(parts: Sold, case: Case) -> None:
    check_against_mongodb(parts, case)


@pytest.mark.parametrize("case", DEMO_CASES, ids=_named(DEMO_CASES))
def test_so_they_do_of_the_demos_products(demo: Sold, case: Case) -> None:
    check_against_mongodb(demo, case)
    assert all(engine.count() == DEMO for engine in demo.engines)


def check_against_mongodb(sold: Sold, case: Case) -> None:
    """Hits, total and every facet of both engines are what MongoDB finds and counts, one document after the other."""
    line, asked = case
    wanted = {"status": {"status": {"$ne": "archived"}}} | dict(asked)
    conditions = {"$and": [*wanted.values(), {}]}
    total = sold.catalog.count_documents(conditions)
    found = {str(one["_id"]) for one in sold.catalog.find(conditions, {"_id": 1})} if total <= 5_000 else None
    counted: dict[str, Counter[str]] = {}
    for engine in sold.engines:
        query = parse_query(line, attributes=engine.attribute_names())
        assert query.problems == ()
        result = engine.search(query)
        assert result.total == total
        assert found is None or set(all_ids(engine, query, limit=500)) == found
        for facet in result.facets:
            if facet.name not in counted:
                # What is chosen in a facet does not shrink its own counts.
                others = [one for name, one in wanted.items() if name != facet.name]
                counted[facet.name] = counts_of(sold.catalog, facet.name, {"$and": [*others, {}]})
            check_counts(facet, counted[facet.name])
        assert len(result.facets) >= 5 or not total


def counts_of(catalog: Any, name: str, conditions: Mapping[str, Any]) -> Counter[str]:
    """Return how many documents MongoDB counts of each value of a facet, by the value's key."""
    path = _PATHS.get(name, f"attributes.{name.removeprefix('attributes.')}")
    counts: Counter[str] = Counter()
    for group in catalog.aggregate([{"$match": conditions}, {"$group": {"_id": f"${path}", "n": {"$sum": 1}}}]):
        held = group["_id"]
        for key in {value_key(text) for text in _texts(name, held)} if held not in (None, "") else ():
            counts[key] += group["n"]
    return counts


_PATHS = {"brand": "brand", "status": "status", "category": "category", "price": _PRICE, "stock": _STOCK}


def _texts(name: str, held: Any) -> list[str]:
    match name:
        case "price":
            return [price_range(Decimal(str(held)))]
        case "stock":
            return ["out" if held <= 0 else "low" if held <= 5 else "in"]
        case "category":
            levels = [held[level] for level in ("primary", "secondary", "tertiary") if level in held]
            return [" > ".join(levels[: depth + 1]) for depth in range(len(levels))]
    return shown_values(held)


def check_counts(facet: Facet, expected: Counter[str]) -> None:
    """Every count shown is right, and ``more`` tells how many values are not shown."""
    shown = {value_key(value.value): value.count for value in facet.values}
    assert shown == {key: expected.get(key, 0) for key in shown}, facet.name
    assert facet.more == len(set(expected) - set(shown)), facet.name


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
