"""The catalog screen over many hits, in a pseudo terminal: letters to repainted results, memory while scrolling."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
from bson import ObjectId

from bench.support.products import mongo_document
from bench.support.terminal import Terminal
from data.batches import batches
from data.search.engine import SearchDocument
from data.settings import Settings
from data.shop import open_shop

__all__ = ["measure"]

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from tui.main import run; run()"]
TYPED = ("corsair veng", "gaming monitor", "rtx 4070 ti", "mechanical keyb", "noctua nf-a12")
PAGE_DOWN, F7 = "\x1b[6~", "\x1b[18~"
#: Shows every product, from the list.
CLEAR = "\x15"
#: How long nothing has to come until what a letter led to is over (seconds).
STILL = 0.4
#: Pages down from the top, then as many up from the end, where there are so many.
PAGES = 1_500


def measure(settings: Settings, products: Iterator[SearchDocument], count: int) -> dict[str, Any]:
    """Return the figures of the program on an index that holds ``products``; they are put into the catalog first."""
    with closing(open_shop(settings)) as shop:
        for batch in batches(products, 5_000):
            shop.stores.mongo.products.insert_many(map(_stored, batch), ordered=False)
    environ = settings.to_environ() | {"STOREKEEPER_CONFIG": os.devnull}
    with Terminal(COMMAND, cwd=str(ROOT), environ=environ) as terminal:
        if not terminal.until_text("Storekeeper", 60):
            raise SystemExit(f"the program painted nothing:\n{terminal.text}")
        terminal.send(F7)
        if not terminal.until_text(f"{count:,} found", 60):
            raise SystemExit(f"the catalog does not show {count:,} products:\n{terminal.text}")
        return _typing(terminal) | _scrolling(terminal, count)


def _stored(one: SearchDocument) -> dict[str, Any]:
    return mongo_document(one) | {"_id": ObjectId(one.product_id), "revision": 1, "version": 1}


def _typing(terminal: Terminal) -> dict[str, Any]:
    """Type words letter by letter, each when the results of the one before stand."""
    taken: list[float] = []
    for words in TYPED:
        terminal.react(CLEAR, still=STILL)
        terminal.react("/", still=STILL)
        taken += (terminal.react(letter, still=STILL).last_ms for letter in words)
        terminal.send("\r")
    terminal.quiet(STILL)
    p95 = statistics.quantiles(taken, n=20)[-1]
    print(f"letter to repainted results, 80x24: p50 {statistics.median(taken):.0f} ms, p95 {p95:.0f} ms")
    return {"letter_p50_ms": round(statistics.median(taken), 1), "letter_p95_ms": round(p95, 1)}


def _scrolling(terminal: Terminal, count: int) -> dict[str, Any]:
    """Page through all hits from both ends; return the most memory the program held."""
    terminal.send(CLEAR)
    if not terminal.until_text(f"{count:,} found", 60):
        raise SystemExit(f"the catalog does not show {count:,} products:\n{terminal.text}")
    terminal.quiet(STILL)
    before = most = _memory_mb(terminal)
    started, pages = time.perf_counter(), 0
    for end, key in (("g", PAGE_DOWN), ("G", "\x1b[5~")):
        terminal.send(end)
        terminal.quiet(STILL)
        for page in range(PAGES):
            if not terminal.react(key, still=0.005).size:
                break
            pages += 1
            if page % 50 == 0:
                most = _more(most, _memory_mb(terminal))
        terminal.quiet(STILL)
        most = _more(most, _memory_mb(terminal))
    seconds = time.perf_counter() - started
    told = ", ".join(f"{kind} {size:.0f} MB (at first {before[kind]:.0f})" for kind, size in most.items())
    print(f"{pages:,} pages scrolled through {count:,} hits in {seconds:.0f} s: {told}")
    return {f"scrolling_{kind}_mb": round(size, 1) for kind, size in most.items()}


def _memory_mb(terminal: Terminal) -> Mapping[str, float]:
    """Return what the program holds: resident, its fair share of what is shared, and its own.

    Resident counts every page of the index that is mapped and was looked at, which is the system's cache, not memory
    that anybody else lacks; ``own`` is what the machine would have more of without the program.
    """
    used = psutil.Process(terminal.process.pid).memory_full_info()
    return {"rss": used.rss / 1e6, "pss": used.pss / 1e6, "own": used.uss / 1e6}


def _more(left: Mapping[str, float], right: Mapping[str, float]) -> Mapping[str, float]:
    return {kind: max(left[kind], right[kind]) for kind in left}
