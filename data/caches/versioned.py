"""The one way in and out of every cache: versioned entries, one filler per key, a breaker in front of Redis.

**Never stale.** ``put.lua`` refuses a version older than the one held, and a change leaves at least its version behind
(a tombstone) where no entry is, so a reader that read its source before the change and writes after it is refused.
A tombstone outlives every honest reader: one that took longer than ``FILL_SECONDS`` does not write at all.

**No stampede.** On a miss one reader takes a short lock and fills; the others wait for its value, and one of them takes
over when the lock expires. After ``WAIT_SECONDS`` a reader helps itself. Before an entry expires single readers refresh
it early, by chance and the sooner the dearer it is (XFetch), while all others still get the value.

**Redis away.** Readers go to the source, at most ``DIRECT_READS`` at a time in a process; for ``BREAK_SECONDS`` after a
failure nobody asks Redis, so that a hanging server costs one time-out and not one per read. No reader sees an error.

Rejected: DEL on write (a slow reader puts the old value back, for an hour; tests/contract/test_cache_stale.py shows
it), and redis-py's ``Lock``, whose waiting readers poll the lock and not the value.
"""

from __future__ import annotations

import logging
import math
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

import redis

from data.batches import batches
from data.caches.keys import TOMBSTONE_SECONDS, jittered_ms
from data.errors import Unavailable
from data.stores.redis import translate_errors

__all__ = ["Entry", "Put", "VersionedCache"]

log = logging.getLogger(__name__)

FILL_SECONDS = 10.0
LOCK_SECONDS = 5.0
WAIT_SECONDS = 6.0
BREAK_SECONDS = 1.0
DIRECT_READS = 8
#: Threads of a process that talk to Redis at once. More would only fill the server's queue of new connections.
CONNECTIONS = 32

#: Keys that one script goes through: Redis serves nobody else for the millisecond that takes.
SCRIPT_KEYS = 500

_PUT, _FOLLOW, _HELD = (
    (files("data.caches") / f"{name}.lua").read_text(encoding="utf-8") for name in ("put", "follow", "held")
)
#: Frees a lock only for who holds it.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands under a key. ``value`` ``""`` is a tombstone; ``expires_ms`` and ``cost_ms`` steer early refresh."""

    version: int
    value: str
    expires_ms: int
    cost_ms: float

    def is_due(self) -> bool:
        """Say, by chance, whether this reader should refresh the entry now (XFetch with β = 1)."""
        return self.expires_ms <= -self.cost_ms * math.log(1.0 - random.random())


@dataclass(frozen=True, slots=True)
class Put:
    """One value to store. ``seconds`` is its time to live before jitter.

    ``value`` ``""`` stores a tombstone, which lives ``TOMBSTONE_SECONDS`` whatever ``seconds`` says.
    """

    key: str
    version: int
    value: str
    seconds: float
    cost_ms: float = 1.0


class VersionedCache:
    """A cache in the Redis ``client``. Cheap to make; instances of one client share their breaker and limits."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client
        self._shared = _shared_of(client)
        self._put = client.register_script(_PUT)
        self._follow = client.register_script(_FOLLOW)
        self._held = client.register_script(_HELD)
        self._unlock = client.register_script(_UNLOCK)

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """Return what stands under each key, in one round trip; all ``None`` when Redis is away."""
        if not keys or self._shared.is_open():
            return [None] * len(keys)
        try:
            with self._shared.watching():
                pipe = self._client.pipeline(transaction=False)
                for key in keys:
                    pipe.hmget(key, "ver", "val", "cost")
                    pipe.pttl(key)
                answers = pipe.execute()
        except Unavailable:
            return [None] * len(keys)
        return [_entry(*pair) for pair in zip(answers[::2], answers[1::2], strict=True)]

    def versions(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the version under each key that holds a value; none at all when Redis is away."""
        found: dict[str, int] = {}
        if self._shared.is_open():
            return found
        try:
            for some in batches(keys, SCRIPT_KEYS):
                with self._shared.watching():
                    answer = self._held(keys=some)
                found |= {some[int(at) - 1]: int(held) for at, held in zip(answer[::2], answer[1::2], strict=True)}
        except Unavailable:
            return {}
        return found

    def put_many(self, puts: Iterable[Put]) -> int:
        """Store the values that are not older than what is held, in one round trip; return how many were stored.

        Raises ``Unavailable``.
        """
        wanted = list(puts)
        if not wanted:
            return 0
        with self._shared.watching():
            pipe = self._client.pipeline(transaction=False)
            for put in wanted:
                self._put(keys=[put.key], args=_arguments(put), client=pipe)
            return sum(pipe.execute())

    def follow(self, versions: Mapping[str, int], make: Callable[[str], Put]) -> None:
        """Bring keys to new versions: one that holds a value gets the value ``make`` returns, any other a tombstone.

        Where nothing is cached the version alone is enough to keep a slow reader's older value out, and an import of
        thousands of products does not fill the cache with what nobody has asked for. Raises ``Unavailable``.
        """
        for keys in batches(versions, SCRIPT_KEYS):
            with self._shared.watching():
                arguments = [jittered_ms(TOMBSTONE_SECONDS), *(versions[key] for key in keys)]
                valued = self._follow(keys=keys, args=arguments)
            self.put_many(make(keys[place - 1]) for place in valued)

    def fetch(self, key: str, seconds: float, load: Callable[[], tuple[int, str]]) -> str:
        """Return the value under ``key``, from the cache or from ``load``, which gives version and value.

        Whatever ``load`` raises is the caller's; nothing is raised for the cache's own troubles.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        pause = 0.005
        while True:
            entry = self.get_many([key])[0]
            if entry and entry.value and not entry.is_due():
                return entry.value
            token = self._try_lock(key)
            if token:
                return self._fill(key, seconds, load, token, refresh=bool(entry and entry.value))
            if entry and entry.value:
                return entry.value  # Somebody else is refreshing it.
            if self._shared.is_open() or time.monotonic() > deadline:
                with self.direct():
                    return load()[1]
            self._shared.filled(pause * random.uniform(0.5, 1.5))
            pause = min(0.2, pause * 2)

    def fill_many(self, puts: Iterable[Put], *, started: float) -> None:
        """Store what a reader read from the source since ``started`` (``time.monotonic()``); never raises."""
        if time.monotonic() - started < FILL_SECONDS and not self._shared.is_open():
            try:
                self.put_many(puts)
            except Unavailable as error:
                log.info("cache not filled: %s", error)

    @contextmanager
    def direct(self) -> Iterator[None]:
        """Hold one of the places for reading past the cache; a place is only needed while Redis is away."""
        if not self._shared.is_open():
            yield
            return
        with self._shared.places:
            yield

    def _fill(self, key: str, seconds: float, load: Callable[[], tuple[int, str]], token: str, *, refresh: bool) -> str:
        """Read the source and store what it says, holding the lock ``token``."""
        try:
            if not refresh:
                # Between the look and the lock another reader may have filled and gone.
                entry = self.get_many([key])[0]
                if entry and entry.value:
                    return entry.value
            started = time.monotonic()
            version, value = load()
            cost = (time.monotonic() - started) * 1000
            self.fill_many([Put(key, version, value, seconds, cost)], started=started)
            return value
        finally:
            self._free(key, token)
            self._shared.tell_filled()

    def _try_lock(self, key: str) -> str:
        """Return the token of the fill lock, ``""`` where another reader holds it or nobody can be asked."""
        if self._shared.is_open():
            return ""
        token = secrets.token_hex(8)
        try:
            with self._shared.watching():
                taken = self._client.set(f"lock:{key}", token, nx=True, px=int(LOCK_SECONDS * 1000))
        except Unavailable:
            return ""
        return token if taken else ""

    def _free(self, key: str, token: str) -> None:
        try:
            with self._shared.watching():
                self._unlock(keys=[f"lock:{key}"], args=[token])
        except Unavailable:
            log.info("the lock of %s is left to expire", key)


class _Shared:
    """What all threads of a process share towards one Redis: a breaker, two limits, and news of filled entries."""

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(DIRECT_READS)
        self._connections = threading.BoundedSemaphore(CONNECTIONS)
        self._news = threading.Condition()
        self._until = float("-inf")

    def is_open(self) -> bool:
        """Say whether Redis failed a moment ago and is not to be asked now."""
        return time.monotonic() < self._until

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hold one of the connections; open the breaker when what is done with it fails for Redis's sake."""
        try:
            with self._connections, translate_errors():
                yield
        except Unavailable:
            self._until = time.monotonic() + BREAK_SECONDS
            raise

    def filled(self, seconds: float) -> None:
        """Wait until some reader of this process has filled an entry, at most ``seconds``."""
        with self._news:
            self._news.wait(seconds)

    def tell_filled(self) -> None:
        """Wake the waiting readers of this process."""
        with self._news:
            self._news.notify_all()


_all_shared: WeakKeyDictionary[Any, _Shared] = WeakKeyDictionary()
_all_shared_lock = threading.Lock()


def _shared_of(client: Any) -> _Shared:
    with _all_shared_lock:
        return _all_shared.setdefault(client.connection_pool, _Shared())


def _arguments(put: Put) -> list[int | str | float]:
    lifetime = put.seconds if put.value else TOMBSTONE_SECONDS
    return [put.version, put.value, jittered_ms(lifetime), round(put.cost_ms, 1)]


def _entry(fields: Sequence[str | None], expires_ms: int) -> Entry | None:
    version, value, cost = fields
    if version is None or value is None:
        return None
    return Entry(int(version), value, expires_ms, float(cost or 1))
