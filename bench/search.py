"""Search: how fast the index fills, how fast it answers with facets, and whether it finds what is meant.

    .venv/bin/python -m bench.search [--products N] [--queries N] [--screen] [--without-mongo] [--url https://…]

Products are the real PC parts or made of them (``bench.support.products``). In the same run, on the same products: the
same conditions and counts asked of the engine directly (what our own layer costs), and MongoDB's text index with
``$facet`` (what one would do without a search engine). ``--screen`` opens the program itself on the local index: letter
to repainted results, and its memory while somebody scrolls through the hits (``bench.support.catalog_screen``).

``--url`` takes an Elasticsearch cluster instead of the local engine, ``--servers`` the one that ``python -m
tests.servers -- python -m bench.search --servers`` starts. The index it makes there is removed in the end. A cluster is
compared by the clock, because its work is not ours; the local engine by this thread's work.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.support import catalog_screen
from bench.support.bare_search import elastic_call, mongo_call, raw_call
from bench.support.engines import own_engines
from bench.support.known_items import known_items
from bench.support.products import enough, mongo_document, sample_documents
from data.search.batches import batches
from data.search.engine import SearchDocument, SearchEngine, open_engine
from data.search.language import SearchQuery, parse_query
from data.settings import Settings
from data.stores import Stores
from tests import servers

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


def main() -> None:
    """Run everything and print the figures, last as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.search")
    parser.add_argument("--products", type=int, default=0, help="how many products (default: as many as there are)")
    parser.add_argument("--queries", type=int, default=20, help="how often each query is asked")
    parser.add_argument("--items", type=int, default=300, help="how many known items are looked for")
    parser.add_argument("--url", default="", help="an Elasticsearch cluster; its index bench-… is made and removed")
    parser.add_argument("--servers", action="store_true", help="the cluster of python -m tests.servers")
    parser.add_argument("--screen", action="store_true", help="measure the program on this index too")
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
        figures = indexing(engine, enough(documents, count), count)
        bare = partial(elastic_call, url) if url.startswith("http") else partial(raw_call, folder)
        figures |= speed(engine, bare, options.queries, by_clock=url.startswith("http"))
        items = known_items(engine, documents[:count], options.items)
        for way, rates in items.items():
            print(f"known item, {way:<9}  @1 {rates['at_1']:.3f}   @10 {rates['at_10']:.3f}")
        figures["known_items"] = items
        figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if options.screen:
            engine.close()
            with own_engines(home / "shop", search_url=url) as settings:
                figures |= catalog_screen.measure(settings, enough(documents, count), count)
    if not options.without_mongo:
        ours = figures["p50_ms"]
        with own_engines(home / "stack") as settings:
            theirs = mongo_speed(settings, enough(documents, count), options.queries)
        print(f"MongoDB $text + $facet: p50 {theirs:.1f} ms, {theirs / ours:.1f} times ours")
        figures |= {"mongodb_p50_ms": round(theirs, 2), "mongodb_over_ours": round(theirs / ours, 2)}
    return figures


def indexing(engine: SearchEngine, documents: Iterator[SearchDocument], count: int) -> dict[str, Any]:
    """Write ``documents`` into the empty index, and return how fast that was."""
    started = time.perf_counter()
    for batch in batches(documents, 5_000):
        engine.put_many(batch)
    engine.commit()
    seconds = time.perf_counter() - started
    print(f"indexed {count:,} products in {seconds:.1f} s: {count / seconds:,.0f}/s", flush=True)
    return {"documents_per_s": round(count / seconds)}


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


def mongo_speed(settings: Settings, documents: Iterator[SearchDocument], times: int) -> float:
    """Return the median time of the same searches in MongoDB."""
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


if __name__ == "__main__":
    main()
