"""Search: how fast the index fills, how fast it answers with facets, and whether it finds what is meant.

    .venv/bin/python -m bench.search [--products N] [--queries N] [--screen] [--without-mongo] [--url https://…]

Products are the real PC parts or made of them (``bench.support.products``). In the same run, on the same products: the
same conditions and counts asked of the engine directly (what our own layer costs), and MongoDB's text index with
``$facet`` (what one would do without a search engine). Both engines keep the counts of broad searches and bring them
forward over commits, so each line is asked in three ways: ``cold``, with no counts kept, as by a process that has
just started; ``after a commit`` of ten edits by another process, to one that was asked the line before, which is what a
person meets who works while others do; and ``again``, with nothing committed since. ``bare`` is the engine asked of an
index that is open; after a commit it has to see the commit too, so there it opens the index anew (``bare, renewed``).
``--screen`` opens the program itself on the local index: letter to repainted results, and its memory while somebody
scrolls through the hits (``bench.support.catalog_screen``).

``--url`` takes an Elasticsearch cluster instead of the local engine, ``--servers`` the one that ``python -m
tests.servers -- python -m bench.search --servers`` starts. The index it makes there is removed in the end. A cluster is
compared by the clock, because its work is not ours; the local engine by this process's work, that of all its threads.
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
from bench.support.bare_search import cluster_afresh, elastic_call, mongo_call, raw_call, search_afresh
from bench.support.edits import Editor, editor
from bench.support.engines import own_engines
from bench.support.known_items import known_items
from bench.support.products import enough, mongo_document, sample_documents
from data.batches import batches
from data.search.engine import SearchDocument, SearchEngine
from data.search.language import parse_query
from data.search.urls import open_engine
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
#: How a line is asked, see above.
WAYS = ("cold", "again", "bare", "after a commit", "bare, renewed")


@dataclass
class Times:
    """How long calls took, in ms: by the clock, and of this process's own work, which neighbours disturb less."""

    clock: list[float]
    work: list[float]

    def __iadd__(self, other: Times) -> Times:
        self.clock += other.clock
        self.work += other.work
        return self


def milliseconds(ask: Callable[[], object], times: int, *, before: Callable[[], object] | None = None) -> Times:
    """Return how long each of ``times`` calls took, without what is done ``before`` each."""
    taken = Times([], [])
    for _ in range(times):
        if before is not None:
            before()
        started, worked = time.perf_counter(), time.process_time()
        ask()
        taken.clock.append((time.perf_counter() - started) * 1000)
        taken.work.append((time.process_time() - worked) * 1000)
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
    # They stand for a database: what they are is not the index's memory to look after.
    gc.freeze()
    count = options.products or len(documents)
    # Fewer than there are: of every kind some, because the files are sorted by kind.
    documents = documents[:: max(len(documents) // count, 1)]
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
        # Merges that are under way would be measured too.
        engine.close()
        figures |= speed(engine, None if url.startswith("http") else folder, url, options.queries)
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
        ours = figures["cold_p50_ms"]
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


def speed(engine: SearchEngine, folder: Path | None, url: str, times: int) -> dict[str, Any]:
    """Return the times of our searches with all facets, and of the bare calls behind them.

    ``folder`` is where a local index lies. The engine may not be writing: another process will.
    """
    gc.collect()
    taken = {way: Times([], []) for way in WAYS}
    print(f"ms by the clock (of work):      {''.join(f'{way:>17}' for way in WAYS)}")
    with editor(url) as edits:
        for line in LINES:
            total, told = engine.search(parse_query(line), facets=False).total, ""
            for way, one in _one_line(engine, folder, url, line, times, edits).items():
                taken[way] += one
                told += f"{statistics.median(one.clock):9.1f} ({statistics.median(one.work):5.1f})"
            print(f"{line!r:<32}{told}  {total:>9,} hits", flush=True)
        named = statistics.median(milliseconds(lambda: engine.search(parse_query(LINES[0])), times).clock)
    figures: dict[str, Any] = {"corsair_vengeance_white_ms": round(named, 2)}
    bare, renewed = taken.pop("bare"), taken.pop("bare, renewed")
    for way, all_times in taken.items():
        # A cluster's work is not this process's.
        beside = renewed if way == "after a commit" else bare
        mine, theirs = (one.clock if folder is None else one.work for one in (all_times, beside))
        ratio = sum(mine) / sum(theirs)
        median, slow = statistics.median(all_times.clock), p95(all_times.clock)
        print(f"with facets, {way}: p50 {median:.1f} ms, p95 {slow:.1f} ms, over the bare calls {ratio:.2f} times")
        name = way.replace(" ", "_")
        figures |= {
            f"{name}_p50_ms": round(median, 2),
            f"{name}_p95_ms": round(slow, 2),
            f"{name}_work_p50_ms": round(statistics.median(all_times.work), 2),
            f"{name}_work_p95_ms": round(p95(all_times.work), 2),
            f"{name}_over_bare": round(ratio, 2),
        }
    return figures


def _one_line(
    engine: SearchEngine, folder: Path | None, url: str, line: str, times: int, edits: Editor
) -> dict[str, Times]:
    """Return the times of one line by way."""
    query = parse_query(line)
    cold = partial(cluster_afresh(url) if folder is None else search_afresh(folder), query)
    bare = elastic_call(url, query) if folder is None else raw_call(folder, query)
    renewed = bare if folder is None else raw_call(folder, query, reopen=True)
    mine = partial(engine.search, query)
    for ask in (cold, mine, bare):
        ask()
    return {
        "cold": milliseconds(cold, times),
        "again": milliseconds(mine, times),
        "bare": milliseconds(bare, times),
        "after a commit": milliseconds(mine, times, before=edits.commit),
        "bare, renewed": milliseconds(renewed, times, before=edits.commit),
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
