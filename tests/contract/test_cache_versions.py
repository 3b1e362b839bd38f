"""What every cache promises: no older value over a newer one, no stampede, no error when Redis is away."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from data.caches import versioned
from data.caches.keys import TOMBSTONE_SECONDS
from data.caches.versioned import Put, VersionedCache
from data.errors import Unavailable
from data.local import ensure_up
from data.local.paths import Layout
from data.settings import Settings
from data.stores.redis import Redis


@pytest.fixture
def redis(settings: Settings) -> Redis:
    opened = Redis(settings.redis_url)
    yield opened
    opened.close()


@pytest.fixture
def cache(redis: Redis) -> VersionedCache:
    return VersionedCache(redis.cache)


def value(cache: VersionedCache, key: str = "k") -> tuple[int, str] | None:
    entry = cache.get_many([key])[0]
    return (entry.version, entry.value) if entry else None


def test_a_newer_version_replaces_and_an_older_one_is_refused(cache: VersionedCache) -> None:
    assert cache.put_many([Put("k", 5, "five", 60)]) == 1
    assert cache.put_many([Put("k", 4, "four", 60)]) == 0
    assert value(cache) == (5, "five")
    assert cache.put_many([Put("k", 10, "ten", 60)]) == 1  # not compared as text, where "10" < "5"
    assert value(cache) == (10, "ten")


def test_a_tombstone_keeps_an_older_value_out_and_lets_its_own_in(cache: VersionedCache, redis: Redis) -> None:
    cache.put_many([Put("k", 5, "", 3600)])
    assert value(cache) == (5, "")
    assert 0 < redis.cache.ttl("k") <= TOMBSTONE_SECONDS * 1.1
    assert cache.put_many([Put("k", 4, "four", 60)]) == 0
    assert cache.put_many([Put("k", 5, "five", 60)]) == 1
    assert value(cache) == (5, "five")


def test_a_change_leaves_only_its_version_where_nothing_is_cached(cache: VersionedCache) -> None:
    cache.put_many([Put("cached", 1, "one", 60)])
    cache.put_many([Put("tombstone", 1, "", 60)])
    made: list[str] = []

    def make(key: str) -> Put:
        made.append(key)
        return Put(key, 2, "two", 60)

    cache.follow({"cached": 2, "absent": 2, "tombstone": 2}, make)
    assert made == ["cached"]
    assert value(cache, "cached") == (2, "two")
    assert value(cache, "absent") == value(cache, "tombstone") == (2, "")


def test_times_to_live_differ_by_a_tenth(cache: VersionedCache, redis: Redis) -> None:
    cache.put_many(Put(f"k{number}", 1, "v", 1000) for number in range(200))
    lives = [redis.cache.pttl(f"k{number}") for number in range(200)]
    assert all(899_000 <= life <= 1_100_000 for life in lives)
    assert max(lives) - min(lives) > 100_000


def test_five_hundred_readers_of_a_missing_key_ask_the_source_once(cache: VersionedCache) -> None:
    loads: Counter[str] = Counter()
    guard = threading.Lock()
    found: list[str] = []

    def load() -> tuple[int, str]:
        with guard:
            loads["origin"] += 1
        time.sleep(0.3)  # a slow source: every reader arrives while it is being asked
        return 1, "value"

    threads = [threading.Thread(target=lambda: found.append(cache.fetch("hot", 60, load))) for _ in range(500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["value"] * 500
    assert loads["origin"] <= 2


def test_an_entry_about_to_expire_is_refreshed_by_one_reader_while_others_get_it(cache: VersionedCache) -> None:
    cache.put_many([Put("k", 1, "old", 60, cost_ms=1e9)])  # so dear that every reader finds a refresh due
    loading, go_on = threading.Event(), threading.Event()
    loads: list[int] = []

    def load() -> tuple[int, str]:
        loads.append(1)
        loading.set()
        assert go_on.wait(10)
        return 2, "new"

    refresher = threading.Thread(target=lambda: cache.fetch("k", 60, load))
    refresher.start()
    assert loading.wait(10)
    assert [cache.fetch("k", 60, load) for _ in range(20)] == ["old"] * 20
    go_on.set()
    refresher.join()
    assert value(cache) == (2, "new")
    assert loads == [1]


def test_a_reader_that_dies_holds_nobody_up_for_long(cache: VersionedCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versioned, "LOCK_SECONDS", 0.3)
    assert cache._try_lock("k")  # its holder is never heard of again
    started = time.monotonic()
    assert cache.fetch("k", 60, lambda: (1, "value")) == "value"
    assert time.monotonic() - started < 3


def test_what_the_source_raises_reaches_the_reader_and_frees_the_lock(cache: VersionedCache) -> None:
    def fail() -> tuple[int, str]:
        raise LookupError("no such product")

    with pytest.raises(LookupError):
        cache.fetch("k", 60, fail)
    assert cache.fetch("k", 60, lambda: (1, "value")) == "value"


def test_a_reader_slower_than_a_tombstone_does_not_write(cache: VersionedCache) -> None:
    cache.fill_many([Put("k", 1, "value", 60)], started=time.monotonic() - versioned.FILL_SECONDS - 1)
    assert value(cache) is None


def test_without_redis_readers_go_to_the_source_a_few_at_a_time(tmp_path: Path) -> None:
    redis = Redis(f"unix://{tmp_path}/nobody.sock?db=0")
    cache = VersionedCache(redis.cache)
    inside, most = 0, 0
    guard = threading.Lock()
    found: list[str] = []

    def load() -> tuple[int, str]:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with guard:
            inside -= 1
        return 1, "value"

    cache.fetch("first", 60, load)
    threads = [threading.Thread(target=lambda: found.append(cache.fetch("k", 60, load))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["value"] * 40
    assert most <= versioned.DIRECT_READS
    assert cache.get_many(["a", "b"]) == [None, None]
    with pytest.raises(Unavailable):
        VersionedCache(Redis(f"unix://{tmp_path}/nobody.sock?db=0").cache).put_many([Put("k", 1, "v", 60)])


@pytest.mark.serial
def test_a_redis_that_hangs_costs_one_timeout_and_heals_by_itself(home: Settings) -> None:
    ensure_up(Settings(home=home.home, relay=False, **_elsewhere()))
    socket = Layout(home.home).socket("redis")
    redis = Redis(f"unix://{quote(str(socket))}?db=0")
    cache = VersionedCache(redis.cache)
    cache.put_many([Put("k", 1, "cached", 60)])
    server = psutil.Process(int(redis.durable.info("server")["process_id"]))
    server.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert [cache.fetch("k", 60, lambda: (1, "read")) for _ in range(50)] == ["read"] * 50
        assert time.monotonic() - started < 20  # fifty waits would be over that
    finally:
        server.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + 10
    while cache.fetch("k", 60, lambda: (1, "read")) != "cached":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    redis.close()


def _elsewhere() -> dict[str, str]:
    """URLs that keep every engine but Redis from being started."""
    nobody = "127.0.0.1:1"
    return {
        "postgres_url": f"postgresql://{nobody}/x",
        "mongodb_url": f"mongodb://{nobody}/x",
        "search_url": f"http://{nobody}",
        "clickhouse_url": f"clickhouse://{nobody}",
    }
