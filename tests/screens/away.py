"""Taking a store away from one test alone, on engines that other tests use at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import msgspec
import psycopg

from data.settings import Settings

if TYPE_CHECKING:
    from data.shop import Shop


@contextmanager
def postgresql_away(shop: Shop) -> Iterator[None]:
    """The server refuses this test's database and ends the connections to it."""
    url = shop.settings.postgres_url or ""
    name = urlsplit(url).path.strip("/")
    with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as server:

        def allow(yes: bool) -> None:
            server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS {yes}')  # type: ignore[call-overload]

        allow(False)
        try:
            server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            allow(True)


class Link:
    """The analytics store of ``settings`` behind a link; without the link nobody reaches it."""

    def __init__(self, settings: Settings, folder: str) -> None:
        url = urlsplit(settings.clickhouse_url or "")
        self._target = unquote(url.netloc + url.path)
        self._link = Path(folder, "clickhouse.sock")
        self.back()
        self.settings = msgspec.structs.replace(settings, clickhouse_url=f"chdb://{quote(str(self._link))}?{url.query}")

    @contextmanager
    def away(self, shop: Shop) -> Iterator[None]:
        """Nobody answers where ``shop`` asks, until ``back``."""
        self._link.unlink()
        shop.stores.analytics.close()
        try:
            yield
        finally:
            self.back()

    def back(self) -> None:
        """The store answers again."""
        if not self._link.is_symlink():
            self._link.symlink_to(self._target)
