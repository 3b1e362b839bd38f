"""Importing products, from the file to where a search finds them, against raw writes of the same documents.

    .venv/bin/python -m bench.imports

Ours is the whole of ``storekeeper products import`` on the real PC parts (``bench.support.products``): reading,
mapping, checks, comparing with what is stored, the door with its audit and idempotency keys, then the relay's work
until the index holds all of them. The baseline writes the documents that came of it, ready made, with the same drivers
into the same engines: ``insert_many`` into a bare collection, then tantivy's ``add_document`` and one commit. It knows
no row, no mistake, no permission and no second time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.report import print_report
from bench.support.engines import own_engines
from bench.support.products import MAPPING, sample_files
from data.catalog.imports.mapping import load_mapping
from data.catalog.imports.pipeline import import_products
from data.events.relay import drain
from data.search import tantivy_index
from data.search.batches import batches
from data.search.documents import from_mongo
from data.search.terms import index_fields
from data.shop import Shop, open_shop

BATCH = 1_000


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports")
    parser.add_argument("--rounds", type=int, default=3, help="how often the baseline runs (its median counts)")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="storekeeper-bench-") as folder,
        own_engines(Path(folder, "home")) as settings,
        closing(open_shop(settings)) as shop,
    ):
        written, indexed, again, count = ours(shop)
        raw = [bare(shop, Path(folder, f"bare{number}")) for number in range(options.rounds)]
    inserted, added = (statistics.median(part) for part in zip(*raw, strict=True))
    rows = [
        ("into the catalog", written, inserted, written / inserted),
        ("into the index", indexed, added, indexed / added),
        ("both", written + indexed, inserted + added, (written + indexed) / (inserted + added)),
    ]
    rates = {"products_per_s": round(count / (written + indexed)), "raw_per_s": round(count / (inserted + added))}
    figures: dict[str, Any] = {"bench": "imports", "products": count, **rates, "over_raw": round(rows[-1][-1], 2)}
    figures |= {"catalog_over_raw": round(rows[0][-1], 2), "index_over_raw": round(rows[1][-1], 2)}
    figures["second_import_s"] = round(again, 2)
    heads = ("Import", "ours, s", "raw, s", "ratio")
    print_report(f"{count:,} products; the same file once more: {again:.1f} s", heads, rows, figures)


def ours(shop: Shop) -> tuple[float, float, float, int]:
    """Import; return the seconds until the catalog has all, until the index has, of a second import, and how many."""
    files, mapping = sample_files(), load_mapping(MAPPING)
    if not files:
        raise SystemExit("there are no real products here: name them with STOREKEEPER_SAMPLE_DATA")
    drain(shop)  # what opening the shop led to
    started = time.perf_counter()
    report = import_products(shop, files, mapping)
    imported = time.perf_counter()
    drain(shop, 900)
    indexed = time.perf_counter()
    if shop.stores.search.count() != report.created:
        raise SystemExit(f"{report.created:,} products were imported, and {shop.stores.search.count():,} are indexed")
    import_products(shop, files, mapping)
    return imported - started, indexed - imported, time.perf_counter() - indexed, report.created


def bare(shop: Shop, folder: Path) -> tuple[float, float]:
    """Write the same documents raw; return the seconds for the collection and for the index."""
    stored = list(shop.stores.mongo.products.find({}))
    collection = shop.stores.mongo.db[f"bench_{os.getpid()}"]
    started = time.perf_counter()
    for batch in batches(stored, BATCH):
        collection.insert_many(batch, ordered=False)
    inserted = time.perf_counter() - started
    collection.drop()
    ready = [tantivy_index.to_document(index_fields(from_mongo(one))) for one in stored]
    folder.mkdir()
    index = tantivy_index.create_or_open(str(folder), create=True)
    started = time.perf_counter()
    writer = index.writer(50_000_000, num_threads=1)
    for document in ready:
        writer.add_document(document)
    writer.commit()
    return inserted, time.perf_counter() - started


if __name__ == "__main__":
    main()
