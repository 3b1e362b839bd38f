"""The catalog screen over many hits, in a pseudo terminal: letters to repainted results, memory while scrolling."""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

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
PAGE_UP, PAGE_DOWN, F7 = "\x1b[5~", "\x1b[6~", "\x1b[18~"
#: A notch of the wheel towards the end and the start, over the list (SGR mouse report).
WHEEL_UP, WHEEL_DOWN = "\x1b[<64;30;12M", "\x1b[<65;30;12M"
#: Shows every product, from the list.
CLEAR = "\x15"
_FOUND = re.compile(r"([\d,]+) found")
#: How long nothing has to come until what a letter led to is over (seconds).
STILL = 0.4
#: Pages down from the top, then as many up from the end, where there are so many; the wheel turns on from there.
PAGES, NOTCHES = 1_500, 300


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
        _until_found(terminal, count)
        return _typing(terminal) | _scrolling(terminal, count)


def _until_found(terminal: Terminal, count: int) -> None:
    """Read until the list is that of all products; edits that were measured before may have added some to ``count``."""

    def there() -> bool:
        found = _FOUND.search(terminal.text)
        return found is not None and int(found[1].replace(",", "")) >= count

    if not terminal.until(there, 60):
        raise SystemExit(f"the catalog does not show {count:,} products:\n{terminal.text}")


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
    _until_found(terminal, count)
    terminal.quiet(STILL)
    before = most = _memory_mb(terminal)
    started, pages = time.perf_counter(), 0
    for end, page_key, notch in (("g", PAGE_DOWN, WHEEL_DOWN), ("G", PAGE_UP, WHEEL_UP)):
        terminal.send(end)
        terminal.quiet(STILL)
        for step, key in enumerate((page_key,) * PAGES + (notch,) * NOTCHES):
            if not terminal.react(key, still=0.005).size:
                break
            pages += key == page_key
            if step % 50 == 0:
                most = _more(most, _memory_mb(terminal))
        terminal.quiet(STILL)
        most = _more(most, _memory_mb(terminal))
    seconds = time.perf_counter() - started
    told = ", ".join(f"{kind} {size:.0f} MB (at first {before[kind]:.0f})" for kind, size in most.items())
    print(f"{pages:,} pages and the wheel, scrolled through {count:,} hits in {seconds:.0f} s: {told}")
    return {f"scrolling_{kind}_mb": round(size, 1) for kind, size in most.items()}


def _memory_mb(terminal: Terminal) -> Mapping[str, float]:
    """Return what the program holds: all that is resident, and its fair share of it (``pss``) in two parts.

    ``anonymous`` is what the program allocated, which nobody else could use meanwhile. ``mapped`` are pages of files,
    of the index above all: the system's cache, which it drops when memory is short. What other processes map too (the
    relay reads the same index) counts by share, so alone on a machine the program is charged for the whole of it.
    """
    lines = Path(f"/proc/{terminal.process.pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(size.split()[0]) * 1024 / 1e6 for name, _, size in (line.partition(":") for line in lines)}
    return {"rss": sizes["Rss"], "pss": sizes["Pss"], "anonymous": sizes["Pss_Anon"], "mapped": sizes["Pss_File"]}


def _more(left: Mapping[str, float], right: Mapping[str, float]) -> Mapping[str, float]:
    return {kind: max(left[kind], right[kind]) for kind in left}
