"""2,000 product edits at 100 a second while the relay is killed -9 every second; a tenth without STOREKEEPER_TORTURE=1.

Within five seconds of quiet every product's version is the same in catalog, search and cache (or it is not cached), and
what was deleted is in neither. The same with Elasticsearch away for a minute: tests/servers/test_search_outage.py.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from data.shop import Shop
from tests.torture.edits import Editing, assert_last_words, settle, torn

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
EDITS = 2_000 if FULL else 200
PRODUCTS = 200 if FULL else 50
#: The promise; at the small size, which runs on every machine however busy, only that it does not take for ever.
QUIET_SECONDS = 5.0 if FULL else 30.0
pytestmark = [pytest.mark.torture, pytest.mark.serial, pytest.mark.timeout(600 if FULL else 180)]


def test_search_and_cache_follow_every_edit_while_relays_are_killed(shop: Shop) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    editing = Editing(shop, PRODUCTS, seed)
    with torn(shop, editing.there) as (relays, watcher):
        began = time.monotonic()
        editing.begin(EDITS)
        editing.finish()
        seconds = time.monotonic() - began
        relays.end_killing()
        left, settled = settle(shop, editing, QUIET_SECONDS)
    print(f"{EDITS} edits in {seconds:.1f} s, {relays.kills} kills, {watcher.looks} looks, same after {settled:.2f} s")
    assert editing.done() == EDITS
    assert relays.kills >= max(1, seconds / 3), "the relay was hardly killed: the test proves nothing"
    assert watcher.looks > 10
    assert (left, watcher.inversions) == ([], 0)
    assert editing.gone() or not FULL
    assert_last_words(shop, editing.there())
