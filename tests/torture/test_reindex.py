"""The index built anew, and taken back, while products are edited, made and deleted and people search.

Always at about a tenth; ``STOREKEEPER_TORTURE=1`` runs the full size: 66,778 products (the PC parts, or made ones where
those are not here), 100 edits and 20 searches a second. With real servers started (``make test-servers``) the same runs
on Elasticsearch.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from statistics import quantiles
from typing import Any

import msgspec
import pytest
from bson import ObjectId

from bench.support.products import MAPPING, sample_files
from data.batches import batches
from data.catalog.changes import new_document
from data.catalog.imports.files import find_sources, read_rows
from data.catalog.imports.mapping import load_mapping
from data.catalog.imports.rows import RowMapper
from data.events.rebuild import RebuildSearch, RollBackSearch
from data.events.reconcile import differences
from data.events.relay import drain
from data.events.waiting import await_rebuild
from data.search.language import parse_query
from data.shop import Shop
from tests.relay_world import RelayProcess, foreign_edit, put_product, until

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
PRODUCTS, EDITS, SEARCHES = (66_778, 100, 20) if FULL else (1_000, 10, 4)
#: As many people search, each one thing after the other; together they search as often as that.
PEOPLE = 4
#: Seconds one piece of work may take, on a machine that has others to do.
PATIENCE = 900 if FULL else 300


class Traffic:
    """Edits and searches at a steady pace, and what must be true of them in the end."""

    def __init__(self, shop: Shop, product_ids: list[str]) -> None:
        self._stores, self._ids = shop.stores, product_ids
        self.failures: list[BaseException] = []
        self.edits = 0
        #: how long each search took, in seconds
        self.searches: list[float] = []
        self.titles: dict[str, str] = {}
        self.gone: set[str] = set()
        self._stop = threading.Event()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Let it flow until the end of the block."""
        work = ((self._edit, EDITS), *[(self._search, SEARCHES / PEOPLE)] * PEOPLE)
        threads = [threading.Thread(target=self._pace, args=(*one, seed)) for seed, one in enumerate(work)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _pace(self, step: Callable[[int, random.Random], None], per_second: float, seed: int) -> None:
        chance, begun, done = random.Random(seed), time.monotonic(), 0
        while not self._stop.wait(max(0.0, begun + done / per_second - time.monotonic())):
            try:
                step(done, chance)
            except BaseException as error:  # noqa: BLE001 - told by the assertion on ``failures``
                self.failures.append(error)
            done += 1

    def _edit(self, number: int, chance: random.Random) -> None:
        product_id = chance.choice(self._ids)
        self.edits += 1
        if number % 10 == 3:
            self._stores.mongo.products.delete_one({"_id": ObjectId(product_id)})
            self._ids.remove(product_id)
            self.titles.pop(product_id, None)
            self.gone.add(product_id)
        elif number % 10 == 7:
            made = put_product(self._stores, f"NEW-{number}", title=f"Newcomer {number}")
            self._ids.append(made)
            self.titles[made] = f"Newcomer {number}"
        else:
            foreign_edit(self._stores, product_id, title=f"Edited {number}")
            self.titles[product_id] = f"Edited {number}"

    def _search(self, number: int, chance: random.Random) -> None:
        line = chance.choice(["kettle", "kettle brand:Brand3,Corsair", "edited", "status:any sort:-price", ""])
        began = time.monotonic()
        assert self._stores.search.search(parse_query(line), limit=10).total > 0 or line == "edited"
        self.searches.append(time.monotonic() - began)


def made_products(count: int) -> Iterator[Mapping[str, Any]]:
    """Yield products as patches."""
    for n in range(count):
        yield {
            "sku": f"K-{n:06}", "title": f"Kettle {n}", "brand": f"Brand{n % 9}",
            "attributes.colour": f"c{n % 30}", "pricing.base_price": Decimal(n % 500),
        }  # fmt: skip


def real_products() -> Iterator[Mapping[str, Any]]:
    """Yield the PC parts as patches, called kettles too, because that is what is searched for."""
    mapper = RowMapper(load_mapping(MAPPING))
    for source in find_sources(sample_files()):
        for raw in read_rows(source):
            patch = mapper.map(raw).patch
            yield patch | {"title": f"{patch['title']} kettle"}


def stock_up(shop: Shop, products: Iterable[Mapping[str, Any]]) -> list[str]:
    """Put products into the catalog at once; return their ids."""
    now, ids = datetime.now(UTC), []
    for some in batches(products, 2_000):
        made = [new_document(patch, now=now, created_by="test") for patch in some]
        ids += map(str, shop.stores.mongo.products.insert_many(made).inserted_ids)
    return ids


@pytest.mark.torture
@pytest.mark.serial
@pytest.mark.timeout(4 * PATIENCE if FULL else 900)
def test_reindexing_under_traffic_fails_no_search_and_loses_no_edit(shop: Shop) -> None:
    stores = shop.stores
    traffic = Traffic(shop, stock_up(shop, real_products() if FULL and sample_files() else made_products(PRODUCTS)))
    relay = RelayProcess(msgspec.structs.replace(shop.settings, log_level="error"))
    reports = []
    try:
        began = time.monotonic()
        until(lambda: stores.search.count() == PRODUCTS, PATIENCE)
        print(f"{PRODUCTS} products indexed by the relay in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        with traffic.flowing():
            for asked in (RebuildSearch(), RollBackSearch(), RebuildSearch()):
                before = stores.search.versions_kept()[0].name
                done = shop.door.run(asked, shop.actor)
                assert await_rebuild(shop, done.result.rebuild_id, PATIENCE, report=reports.append)
                assert stores.search.versions_kept()[0].name != before
                told = f"{traffic.edits} edits, {len(traffic.searches)} searches"
                print(f"{type(asked).__name__} done at {time.monotonic() - began:.0f} s, {told}", flush=True)
        seconds = time.monotonic() - began
        assert drain(shop, 60).quiet
    finally:
        with suppress(Exception):
            relay.stop()
    print(f"{traffic.edits / seconds:.0f} edits/s and {len(traffic.searches) / seconds:.0f} searches/s")
    assert traffic.failures == []
    assert min(traffic.edits / EDITS, len(traffic.searches) / SEARCHES) > 2
    taken = quantiles(traffic.searches, n=20)
    print(f"a search took p50 {taken[9] * 1000:.0f} ms, p95 {taken[18] * 1000:.0f} ms")
    assert any(0 < report.done < report.total for report in reports) or not FULL
    found = differences(stores)
    assert (found.product_ids, found.index_too_large) == ((), False)
    assert stores.search.count() == stores.mongo.products.count_documents({})
    assert stores.search.versions(traffic.gone) == {}
    for product_id, title in random.sample(sorted(traffic.titles.items()), 20):
        hits = stores.search.search(parse_query(title), limit=500, facets=False).hits
        assert (product_id, title) in {(hit.product_id, hit.title) for hit in hits}
