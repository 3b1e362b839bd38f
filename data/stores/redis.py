"""Redis: ``durable`` for carts and sessions, ``cache`` for what can be lost; both may be databases of one server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from data.errors import Conflict, Unavailable
from data.types import Health

__all__ = ["Redis", "translate_errors"]

STORE = "redis"
_SOCKET_SECONDS = 1.0


class Redis:
    """Both clients; replies are ``str``. ``cache_url`` empty: the next database number of the durable one's server."""

    def __init__(self, url: str, cache_url: str = "") -> None:
        self.durable = _client(url)
        self.cache = _client(cache_url) if cache_url else _client(url, next_database=True)

    def health(self) -> Health:
        """Say which server answers; the cache's server has to answer too."""
        started = time.monotonic()
        version, engine, detail = "", "Redis", ""
        try:
            about = self.durable.info("server")
            version = str(about["redis_version"])
            engine = "Valkey" if about.get("server_name") == "valkey" else "Redis"
            self.cache.ping()
        except exceptions.RedisError as error:
            detail = str(error)
        return Health(STORE, engine, version, not detail, (time.monotonic() - started) * 1000, detail)

    def close(self) -> None:
        """Close every connection."""
        self.durable.close()
        self.cache.close()


def _client(url: str, *, next_database: bool = False) -> redis.Redis:
    # One retry, at once, and only where the connection broke: it is the pooled connection to a server that restarted.
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_timeout": _SOCKET_SECONDS,
        "retry": Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,)),
        "client_name": "storekeeper",
    }
    if not url.startswith("unix:"):
        options |= {"socket_connect_timeout": _SOCKET_SECONDS, "socket_keepalive": True}
    pool = redis.ConnectionPool.from_url(url, **options)
    if next_database:
        pool.connection_kwargs["db"] = int(pool.connection_kwargs.get("db") or 0) + 1
    return redis.Redis.from_pool(pool)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn driver exceptions into ``Unavailable``, or ``Conflict`` where a watched key changed.

    What remains, such as a wrong command or a script's fault, is a bug and passes.
    """
    try:
        yield
    except exceptions.WatchError as error:
        raise Conflict("somebody else changed it first") from error
    except (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.OutOfMemoryError) as error:
        raise Unavailable(STORE, str(error)) from error
    except exceptions.ResponseError as error:
        if str(error).startswith(("MISCONF", "READONLY", "CLUSTERDOWN", "NOREPLICAS")):
            raise Unavailable(STORE, str(error)) from error
        raise
