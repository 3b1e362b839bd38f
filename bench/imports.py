"""Importing products, from the file to where a search finds them, against raw writes of the same documents.

    .venv/bin/python -m bench.imports

Ours is the whole of ``storekeeper products import`` on the real PC parts (``bench.support.products``), with the relay
as a process beside it, as it is wherever the program runs: reading, mapping, checks, comparing with what is stored, the
door with its audit and idempotency keys, the change stream, and the index until it holds all of them; the clock stops
then. The baseline writes the documents that came of it, ready made, with the same drivers into the same engines:
``insert_many`` into a bare collection, then tantivy's ``add_document`` and one commit. It knows no row, no mistake, no
permission and no second time.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import tantivy

from bench.report import print_report
from bench.support.engines import own_engines
from bench.support.products import MAPPING, sample_files
from data.batches import batches
from data.catalog.documents import Document
from data.catalog.imports.mapping import load_mapping
from data.catalog.imports.pipeline import import_products
from data.events.relay import drain
from data.local import stack_status
from data.memory import calm_collector
from data.search.documents import from_mongo
from data.search.tantivy import index as tantivy_index
from data.search.terms import index_fields
from data.shop import Shop, open_shop
from data.structs import decode

BATCH = 1_000


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports")
    parser.add_argument("--rounds", type=int, default=3, help="how often the baseline runs (its median counts)")
    options = parser.parse_args()
    calm_collector()  # as cli.main does
    with (
        tempfile.TemporaryDirectory(prefix="storekeeper-bench-") as folder,
        own_engines(Path(folder, "home"), relay=True) as settings,
        closing(open_shop(settings)) as shop,
    ):
        ours = our_import(shop)
        raw = [bare(shop, Path(folder, f"bare{number}")) for number in range(options.rounds)]
    inserted, added = (statistics.median(part) for part in zip(*raw, strict=True))
    rows = [
        ("into the catalog", ours.written, inserted, ours.written / inserted),
        ("until it is found", ours.found, inserted + added, ours.found / (inserted + added)),
    ]
    rates = {"products_per_s": round(ours.count / ours.found), "raw_per_s": round(ours.count / (inserted + added))}
    figures: dict[str, Any] = {"bench": "imports", "products": ours.count, **rates, "over_raw": round(rows[-1][-1], 2)}
    figures |= {"catalog_over_raw": round(rows[0][-1], 2), "second_import_s": round(ours.again, 2)}
    figures |= {"relay_most_mb": round(ours.relay_most_mb), "relay_mb": round(ours.relay_mb)}
    heads = ("Import", "ours, s", "raw, s", "ratio")
    told = f"the relay held up to {ours.relay_most_mb:.0f} MB, {ours.relay_mb:.0f} MB in the end"
    print_report(f"{ours.count:,} products; the same file once more: {ours.again:.1f} s; {told}", heads, rows, figures)


@dataclass(frozen=True)
class OurImport:
    """Seconds until the catalog had all, until a search found all, and of a second import; the relay's own memory."""

    written: float
    found: float
    again: float
    count: int
    relay_most_mb: float
    relay_mb: float


def our_import(shop: Shop) -> OurImport:
    """Import the real products twice. Exits where there are none, where the second run changed any, or one is lost."""
    files, mapping = sample_files(), load_mapping(MAPPING)
    if not files:
        raise SystemExit("there are no real products here: name them with STOREKEEPER_SAMPLE_DATA")
    drain(shop, 60)  # what opening the shop led to
    relay = stack_status(shop.settings).relay
    if relay is None or relay.pid is None:
        raise SystemExit(f"the relay does not run: {relay}")
    started = time.perf_counter()
    report = import_products(shop, files, mapping)
    imported = time.perf_counter()
    drain(shop, 900)
    found = time.perf_counter()
    used = psutil.Process(relay.pid).memory_full_info().uss / 1e6
    most = _most_resident_mb(relay.pid)
    if report.errors or shop.stores.search.count() != report.created:
        raise SystemExit(f"of {report}, {shop.stores.search.count():,} are indexed")
    again = import_products(shop, files, mapping)
    if again.unchanged != report.rows:
        raise SystemExit(f"the second import changed something: {again}")
    return OurImport(imported - started, found - started, again.seconds, report.created, most, used)


def _most_resident_mb(pid: int) -> float:
    """Return the most memory that a process ever held resident (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def bare(shop: Shop, folder: Path) -> tuple[float, float]:
    """Write the same documents raw; return the seconds for the collection and for the index."""
    stored = list(shop.stores.mongo.products.find({}))
    collection = shop.stores.mongo.db[f"bench_{os.getpid()}"]
    started = time.perf_counter()
    for batch in batches(stored, BATCH):
        collection.insert_many(batch, ordered=False)
    inserted = time.perf_counter() - started
    collection.drop()
    ready = [_ready(one) for one in stored]
    folder.mkdir()
    index = tantivy_index.create_or_open(str(folder), create=True)
    started = time.perf_counter()
    writer = index.writer(50_000_000, num_threads=1)
    for document in ready:
        writer.add_document(document)
    writer.commit()
    return inserted, time.perf_counter() - started


def _ready(stored: Document) -> tantivy.Document:
    """Return the document of the index as tantivy takes it fastest."""
    fields = decode(tantivy_index.to_json(index_fields(from_mongo(stored)), 0), dict[str, Any])
    fields["source"] = base64.b64decode(fields["source"])
    return tantivy.Document.from_dict(fields, tantivy_index.schema())


if __name__ == "__main__":
    main()
