"""Search: how fast the index fills, how fast it answers with facets, and whether it finds what is meant.

    .venv/bin/python -m bench.search [--products N] [--queries N] [--without-mongo] [--url https://…]

Products are the real PC parts below ``STOREKEEPER_SAMPLE_DATA`` (a folder or file), or ``../shared/data`` beside the
repository; without either, the demo's. More than there are is made of them again, under other model names. In the same
run, on the same products: the same conditions and counts asked of the engine directly (what our own layer costs), and
MongoDB's text index with ``$facet`` (what one would do without a search engine).

``--url`` takes an Elasticsearch cluster instead of the local engine, ``--servers`` the one that ``python -m
tests.servers -- python -m bench.search --servers`` starts. The index it makes there is removed in the end. A cluster is
compared by the clock, because its work is not ours; the local engine by this thread's work.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import UNSET

from data.catalog.imports.files import find_sources, read_rows
from data.catalog.imports.mapping import load_mapping
from data.catalog.imports.rows import RowMapper
from data.catalog.messages import ProductInput
from data.demo.products import make_products
from data.search.batches import batches
from data.search.elasticsearch_client import connect, read_url
from data.search.elasticsearch_index import agg_terms, facet_field, to_query
from data.search.elasticsearch_reader import Reader as Index
from data.search.engine import SearchDocument, SearchEngine, open_engine
from data.search.facets import ALWAYS, PRICE_BOUNDS
from data.search.language import Between, Choice, SearchQuery, parse_query
from data.search.layout import LAYOUT
from data.search.match import read_words
from data.search.plan import plan
from data.search.run import MOST_COUNTED
from data.search.tantivy_reader import Reader
from tests import servers

ROOT = Path(__file__).parents[1]
LINES = (
    "corsair vengeance color:White",
    "corsair",
    "rtx 4070 ti",
    "gaming monitor price:200..400",
    "samsung 990 pro",
    "white case stock:>0 sort:price",
    "noctua nf-a12",
    "asus brand:Asus,MSI",
    "mechanical keyb",
    "",
)


def sample_documents() -> tuple[str, list[SearchDocument]]:
    """Return where the products come from, and the products."""
    named = os.environ.get("STOREKEEPER_SAMPLE_DATA")
    found = next(
        (path for path in (Path(named) if named else None, ROOT.parent / "shared" / "data") if path and path.exists()),
        None,
    )
    if found is None:
        return "demo", [_document(n, made.product) for n, made in enumerate(make_products(5_000, 7))]
    mapper = RowMapper(load_mapping(ROOT / "docs" / "pc-parts.toml"))
    files = [found] if found.is_file() else sorted(found.glob("*.zip"))
    rows = (mapper.map(raw).product for source in find_sources(files) for raw in read_rows(source))
    return found.name, [_document(number, product) for number, product in enumerate(rows)]


def _document(number: int, product: ProductInput) -> SearchDocument:
    price = None if product.base_price is UNSET else product.base_price
    attributes: dict[str, Any] = {
        name: [item for item in value if item is not None] if isinstance(value, list) else value
        for name, value in product.attributes.items()
        if value is not None
    }
    return SearchDocument(
        product_id=f"{number:024x}",
        revision=1,
        sku=product.sku,
        title=str(product.title),
        brand="" if product.brand is UNSET else str(product.brand),
        category=() if product.category is UNSET else tuple(product.category),
        attributes=attributes,
        price=None if price is None else Decimal(str(price)),
        available_stock=number * 7919 % 60,
        reorder_level=5,
        popularity=float(number * 104_729 % 97),
    )


def enough(documents: Sequence[SearchDocument], count: int) -> Iterator[SearchDocument]:
    """Yield ``count`` products: the given ones, then their later models."""
    for number in range(count):
        model, place = divmod(number, len(documents))
        one = documents[place]
        if model:
            one = replace(one, product_id=f"{number:024x}", sku=f"{one.sku}-M{model}", title=f"{one.title} Mk{model}")
        yield one


# -- speed


@dataclass
class Times:
    """How long calls took, in ms: by the clock, and of this thread's own work, which neighbours disturb less."""

    clock: list[float]
    work: list[float]

    def __iadd__(self, other: Times) -> Times:
        self.clock += other.clock
        self.work += other.work
        return self


def milliseconds(ask: Callable[[], object], times: int) -> Times:
    """Return how long each of ``times`` calls took."""
    taken = Times([], [])
    for _ in range(times):
        started, worked = time.perf_counter(), time.thread_time()
        ask()
        taken.clock.append((time.perf_counter() - started) * 1000)
        taken.work.append((time.thread_time() - worked) * 1000)
    return taken


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def raw_call(folder: Path, query: SearchQuery) -> Callable[[], object]:
    """Return the bare tantivy calls behind ``query``: hits, total and the same facets, nothing made of them."""
    snapshot = Reader(folder).snapshot()
    filters = plan(query, snapshot)
    match = next(read_words(query.text, query.excluded, snapshot).matches(snapshot))
    node = filters.condition(match.node)
    names = [name for name in ALWAYS if name != "price"]
    names += [name for name, _ in snapshot.names(node, limit=1_000)[:12]]
    chosen = filters.chosen()

    def ask() -> None:
        snapshot.by_score(node, limit=50, offset=0)
        snapshot.count(node)
        snapshot.names(node, limit=1_000)
        snapshot.values(node, [name for name in names if name not in chosen], limit=MOST_COUNTED)
        snapshot.prices(node, [bound * 100 for bound in PRICE_BOUNDS])
        for name in chosen - {"price"}:
            snapshot.values(filters.condition(match.node, apart_from=name), [name], limit=MOST_COUNTED)

    return ask


def elastic_call(url: str, query: SearchQuery) -> Callable[[], object]:
    """Return the bare requests behind ``query``: one with hits, total and facets, and one for each chosen facet."""
    cluster = read_url(url)
    client = connect(cluster)
    alias = f"{cluster.name}-layout{LAYOUT}"
    with Index(client, cluster, alias).snapshot() as snapshot:
        filters = plan(query, snapshot)
        match = next(read_words(query.text, query.excluded, snapshot).matches(snapshot))
        node = filters.condition(match.node)
        names = [name for name in ALWAYS if name != "price"] + [
            name for name, _ in snapshot.names(node, limit=1_000)[:6]
        ]
    chosen = filters.chosen()
    counted = {name: agg_terms(facet_field(name), MOST_COUNTED) for name in names if name not in chosen}
    others = {name: filters.condition(match.node, apart_from=name) for name in chosen - {"price"}}

    def ask() -> None:
        client.search(
            index=alias, query=to_query(node), size=50, source=["hit"], track_total_hits=True, aggs=dict(counted)
        )
        for name, other in others.items():
            client.search(
                index=alias, query=to_query(other), size=0, aggs={name: agg_terms(facet_field(name), MOST_COUNTED)}
            )

    return ask


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


# -- known items


def _typo(word: str, dice: random.Random) -> str:
    place = dice.randrange(1, len(word) - 1)
    match dice.randrange(4):
        case 0:
            return word[:place] + word[place + 1 :]
        case 1:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case 2:
            return word[:place] + dice.choice("abcdefghijklmnopqrstuvwxyz") + word[place:]
    return word[:place] + dice.choice("abcdefghijklmnopqrstuvwxyz") + word[place + 1 :]


def _mistyped(words: list[str], dice: random.Random) -> list[str]:
    long = [place for place, word in enumerate(words) if word.isalpha() and len(word) >= 4]
    place = dice.choice(long)
    return [_typo(word, dice) if at == place else word for at, word in enumerate(words)]


def _without(words: list[str], place: int) -> list[str]:
    return words[:place] + words[place + 1 :]


WAYS: dict[str, Callable[[list[str], random.Random], list[str]]] = {
    "exact": lambda words, _: words,
    "dropped": lambda words, dice: _without(words, dice.randrange(len(words))),
    "reordered": lambda words, dice: dice.sample(words, len(words)),
    "typo": _mistyped,
    "prefix": lambda words, _: [*words[:-1], words[-1][: max(2, len(words[-1]) // 2)]],
}


def known_items(engine: SearchEngine, documents: Sequence[SearchDocument], count: int) -> dict[str, dict[str, float]]:
    """Return success@1 and success@10: is a product of that title first, or among the first ten?

    Items are titles that stand for at most three products, of three words or more, with one that can be mistyped.
    """
    titles: dict[str, int] = {}
    for one in documents:
        titles[one.title] = titles.get(one.title, 0) + 1
    fit = [title for title, times in titles.items() if times <= 3 and _is_fit(title.split())]
    dice = random.Random(7)
    chosen = dice.sample(sorted(fit), min(count, len(fit)))
    outcome: dict[str, dict[str, float]] = {}
    for way, change in WAYS.items():
        ranks = []
        for title in chosen:
            found = engine.search(SearchQuery(" ".join(change(title.split(), dice))), limit=10, facets=False).hits
            ranks.append(next((rank for rank, hit in enumerate(found, 1) if hit.title == title), 0))
        outcome[way] = {
            "at_1": round(sum(rank == 1 for rank in ranks) / len(ranks), 3),
            "at_10": round(sum(rank > 0 for rank in ranks) / len(ranks), 3),
        }
    return outcome


def _is_fit(words: list[str]) -> bool:
    return len(words) >= 3 and any(word.isalpha() and len(word) >= 4 for word in words)


# -- the run


def main() -> None:
    """Run everything and print the figures, last as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.search")
    parser.add_argument("--products", type=int, default=0, help="how many products (default: as many as there are)")
    parser.add_argument("--queries", type=int, default=20, help="how often each query is asked")
    parser.add_argument("--items", type=int, default=300, help="how many known items are looked for")
    parser.add_argument("--url", default="", help="an Elasticsearch cluster; its index bench-… is made and removed")
    parser.add_argument("--servers", action="store_true", help="the cluster of python -m tests.servers")
    parser.add_argument("--without-mongo", action="store_true", help="leave the comparison with MongoDB out")
    options = parser.parse_args()
    source, documents = sample_documents()
    count = options.products or len(documents)
    home = Path(tempfile.mkdtemp(prefix="bench-search-"))
    try:
        figures = run(home, documents, count, options)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps({"bench": "search", "source": source, "products": count, **figures}))


def run(home: Path, documents: Sequence[SearchDocument], count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return all figures."""
    folder = home / "search"
    url = f"tantivy://{folder}"
    if options.servers or options.url:
        url = f"{options.url or servers.ELASTICSEARCH}/bench-{os.getpid()}"
    with closing(open_engine(url)) as engine, closing(_Removed(url)):
        started = time.perf_counter()
        for batch in batches(enough(documents, count), 5_000):
            engine.put_many(batch)
        engine.commit()
        seconds = time.perf_counter() - started
        print(f"indexed {count:,} products in {seconds:.1f} s: {count / seconds:,.0f}/s")
        figures: dict[str, Any] = {"documents_per_s": round(count / seconds)}
        bare = partial(elastic_call, url) if url.startswith("http") else partial(raw_call, folder)
        figures |= speed(engine, bare, options.queries, by_clock=url.startswith("http"))
        items = known_items(engine, documents[:count], options.items)
        for way, rates in items.items():
            print(f"known item, {way:<9}  @1 {rates['at_1']:.3f}   @10 {rates['at_10']:.3f}")
        figures["known_items"] = items
        figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if not options.without_mongo:
        ours = figures["p50_ms"]
        theirs = mongo_speed(home, enough(documents, count), options.queries)
        print(f"MongoDB $text + $facet: p50 {theirs:.1f} ms, {theirs / ours:.1f} times ours")
        figures |= {"mongodb_p50_ms": round(theirs, 2), "mongodb_over_ours": round(theirs / ours, 2)}
    return figures


class _Removed:
    """Removes the index of this run from a cluster in the end."""

    def __init__(self, url: str) -> None:
        self._url = url

    def close(self) -> None:
        servers.drop_index(self._url)


def speed(
    engine: SearchEngine, bare_call: Callable[[SearchQuery], Callable[[], object]], times: int, *, by_clock: bool
) -> dict[str, Any]:
    """Return the times of our searches with all facets, and of the bare calls behind them."""
    gc.collect()
    ours, bare = Times([], []), Times([], [])
    for line in LINES:
        query = parse_query(line)
        ask = bare_call(query)
        engine.search(query)
        ask()
        mine = milliseconds(lambda query=query: engine.search(query), times)
        theirs = milliseconds(ask, times)
        ours += mine
        bare += theirs
        total = engine.search(query, facets=False).total
        clock, work, bare_clock, bare_work = map(statistics.median, (mine.clock, mine.work, theirs.clock, theirs.work))
        spent = f"{clock:7.1f} ms ({work:5.1f} of work), bare {bare_clock:5.1f} ms ({bare_work:5.1f})"
        print(f"{spent}  {total:>9,} hits  {line!r}")
    ratio = sum(ours.clock) / sum(bare.clock) if by_clock else sum(ours.work) / sum(bare.work)
    named = statistics.median(milliseconds(lambda: engine.search(parse_query(LINES[0])), times).clock)
    clock = ours.clock
    print(
        f"with facets: p50 {statistics.median(clock):.1f} ms, p95 {p95(clock):.1f} ms; {ratio:.2f} times the bare calls"
    )
    return {
        "p50_ms": round(statistics.median(clock), 2),
        "p95_ms": round(p95(clock), 2),
        "work_p50_ms": round(statistics.median(ours.work), 2),
        "work_p95_ms": round(p95(ours.work), 2),
        "corsair_vengeance_white_ms": round(named, 2),
        "over_bare_engine": round(ratio, 2),
    }


def mongo_speed(home: Path, documents: Iterator[SearchDocument], times: int) -> float:
    """Return the median time of the same searches in MongoDB, on engines of this run's own."""
    from data.local import bring_down, ensure_up
    from data.settings import Settings
    from data.stores import Stores

    settings = Settings(home=home / "stack", relay=False)
    status = ensure_up(settings, owner=os.getpid())
    if not status.ok:
        sys.exit(f"the local engines did not start: {status}")
    try:
        with closing(Stores(settings)) as stores:
            products = stores.mongo.db["bench_search"]
            for batch in batches(documents, 5_000):
                products.insert_many([mongo_document(one) for one in batch], ordered=False)
            products.create_index([("title", "text"), ("brand", "text"), ("category.tertiary", "text")])
            taken: list[float] = []
            for line in LINES:
                ask = mongo_call(products, parse_query(line))
                ask()
                taken += milliseconds(ask, max(times // 4, 3)).clock
            return statistics.median(taken)
    finally:
        bring_down(settings)


def mongo_document(one: SearchDocument) -> dict[str, Any]:
    """Return one product as a document of MongoDB with the fields that are searched and counted here."""
    levels = dict(zip(("primary", "secondary", "tertiary"), one.category, strict=False))
    price = None if one.price is None else float(one.price)
    return {
        "_id": one.product_id,
        "sku": one.sku,
        "title": one.title,
        "brand": one.brand,
        "category": levels,
        "attributes": dict(one.attributes),
        "pricing": {"final_price": price},
        "inventory": {"available_stock": one.available_stock},
        "status": one.status,
    }


if __name__ == "__main__":
    main()
