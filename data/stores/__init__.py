"""How to connect: one adapter per store, its pool, timeouts, health and the translation of its driver's errors.

Cheap to import and cheap to make: a store's driver is imported, and its connection made, when the store is first used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from data.errors import StorekeeperError
from data.settings import Settings
from data.types import Health

if TYPE_CHECKING:
    from data.search.engine import SearchEngine
    from data.stores.clickhouse import Analytics
    from data.stores.mongo import Mongo
    from data.stores.postgres import Postgres
    from data.stores.redis import Redis

__all__ = ["LETTERS", "NAMES", "Stores"]

NAMES = ("postgresql", "mongodb", "search", "redis", "clickhouse")
#: the sign of each store where there is room for one character
LETTERS = dict(zip(NAMES, "PMSRC", strict=True))
#: how long :meth:`Stores.health` waits for a store, in seconds
HEALTH_SECONDS = 2.0
_ATTRIBUTE = {"postgresql": "postgres", "mongodb": "mongo", "clickhouse": "analytics"}

Adapter = TypeVar("Adapter")


class Stores:
    """The five stores behind one settings object; usable from any thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._adapters: dict[str, Any] = {}
        self._locks = {name: threading.Lock() for name in NAMES}
        self._probes: dict[str, threading.Thread] = {}

    @property
    def postgres(self) -> Postgres:
        """PostgreSQL: customers, orders, payments, stock."""

        def make(url: str) -> Postgres:
            from data.stores.postgres import Postgres

            return Postgres(url)

        return self._adapter("postgresql", make)

    @property
    def mongo(self) -> Mongo:
        """MongoDB: the catalog."""

        def make(url: str) -> Mongo:
            from data.stores.mongo import Mongo

            return Mongo(url)

        return self._adapter("mongodb", make)

    @property
    def redis(self) -> Redis:
        """Redis: carts and sessions (durable), caches (not)."""

        def make(url: str) -> Redis:
            from data.stores.redis import Redis

            return Redis(url, self.settings.redis_cache_url)

        return self._adapter("redis", make)

    @property
    def analytics(self) -> Analytics:
        """ClickHouse or chdb, whichever the URL names."""

        def make(url: str) -> Analytics:
            from data.stores.clickhouse_urls import open_analytics

            return open_analytics(url)

        return self._adapter("clickhouse", make)

    @property
    def search(self) -> SearchEngine:
        """Elasticsearch or tantivy, whichever the URL names."""

        def make(url: str) -> SearchEngine:
            from data.search.urls import open_engine

            return open_engine(url)

        return self._adapter("search", make)

    def health(self, store: str) -> Health:
        """Say how ``store`` (a name in ``NAMES``) is. Never raises, and waits for the store about two seconds.

        Asked in a thread of its own, because a stopped process (SIGSTOP) holds a unix socket open and no driver's
        timeout covers that; while an earlier question still hangs, no second one is asked. The driver is imported
        before the clock starts: on a busy machine that alone may take longer, and is not the store's fault.
        """
        started = time.monotonic()
        try:
            ask = getattr(self, _ATTRIBUTE.get(store, store)).health
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a store must not take the status bar down
            return _failed(store, started, error)
        hanging = self._probes.get(store)
        if hanging is not None and hanging.is_alive():
            return _silent(store, started)
        answers: list[Health] = []
        probe = threading.Thread(target=lambda: answers.append(_asked(store, ask)), name=f"health-{store}", daemon=True)
        self._probes[store] = probe
        probe.start()
        probe.join(HEALTH_SECONDS)
        return answers[0] if answers else _silent(store, started)

    def close(self) -> None:
        """Close every connection. The object can be used again, it connects anew."""
        with ExitStack() as closing:  # all of them, also where one refuses
            for name in reversed(NAMES):
                with self._locks[name]:
                    adapter = self._adapters.pop(name, None)
                if adapter is not None:
                    closing.callback(adapter.close)

    def _adapter(self, store: str, make: Callable[[str], Adapter]) -> Adapter:
        adapter: Adapter | None = self._adapters.get(store)  # first without the lock: asked several times per command
        if adapter is not None:
            return adapter
        from data.local.paths import store_url

        with self._locks[store]:
            adapter = self._adapters.get(store)
            if adapter is None:
                adapter = self._adapters[store] = make(store_url(self.settings, store))
            return adapter


def _asked(store: str, ask: Callable[[], Health]) -> Health:
    started = time.monotonic()
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - as above
        return _failed(store, started, error)


def _failed(store: str, started: float, error: Exception) -> Health:
    detail = str(error) if isinstance(error, StorekeeperError) else f"{type(error).__name__}: {error}"
    return Health(store, store, "", False, _milliseconds(started), detail)


def _silent(store: str, started: float) -> Health:
    return Health(store, store, "", False, _milliseconds(started), f"no answer within {HEALTH_SECONDS:g} s")


def _milliseconds(started: float) -> float:
    return (time.monotonic() - started) * 1000
