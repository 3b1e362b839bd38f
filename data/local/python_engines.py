"""The two children of the host that are this program itself: the chdb server and the relay."""

from __future__ import annotations

import sys
from importlib.metadata import version

from data.local.engine import Engine
from data.local.paths import Layout
from data.local.status import RELAY
from data.settings import Settings

__all__ = ["ClickHouseEngine", "RelayProcess"]


class ClickHouseEngine(Engine):
    """The process that owns the chdb folder and serves the others over a socket."""

    name = "clickhouse"
    stop_seconds = 12.0  # it waits for running statements, which end within 10 s; parts are whole on disk at any time

    def command(self) -> list[str]:
        """Return the server's command."""
        return [
            *(sys.executable, "-P", "-m", "data.analytics.server"),
            *(str(self.layout.socket(self.name)), str(self.folder)),
        ]

    def ready(self) -> str | None:
        """Return chdb's ClickHouse version once the server answers."""
        from data.stores.clickhouse_urls import open_analytics

        if not self.layout.socket(self.name).exists():
            return None
        analytics = open_analytics(self.url)
        try:
            health = analytics.health()
        finally:
            analytics.close()
        return health.version if health.ok else None


class RelayProcess(Engine):
    """The relay. It keeps nothing of its own and needs no socket, so it is up as soon as it runs."""

    name = RELAY

    def __init__(self, layout: Layout, settings: Settings) -> None:
        super().__init__(layout)
        self._settings = settings

    @property
    def url(self) -> str:
        """Nobody connects to it."""
        return ""

    def prepare(self) -> None:
        """It keeps nothing on disk."""

    def command(self) -> list[str]:
        """Return the relay's command."""
        return [sys.executable, "-P", "-m", "data.events.relay"]

    def environ(self) -> dict[str, str]:
        """Return the environment with the settings of whoever started the host."""
        return super().environ() | self._settings.to_environ()

    def ready(self) -> str:
        """Return the program's version."""
        return version("storekeeper")
