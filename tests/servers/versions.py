"""Asking each server which version it is: the sign that it answers."""

from __future__ import annotations

from clickhouse_driver import Client
from clickhouse_driver.errors import Error as ClickHouseError
from elasticsearch import ApiError, Elasticsearch, TransportError
from redis import Redis, RedisError

__all__ = ["clickhouse", "elasticsearch", "redis"]


def elasticsearch(url: str) -> str:
    """Return the version of the server, empty while it does not answer."""
    with Elasticsearch(url, request_timeout=5, max_retries=0) as client:
        try:
            client.cluster.health(wait_for_status="yellow", timeout="1s")
            return str(next(iter(client.nodes.info()["nodes"].values()))["version"])
        except (ApiError, TransportError):
            return ""


def clickhouse(url: str) -> str:
    """Return the version of the server, empty while it does not answer."""
    client = Client.from_url(url)
    try:
        return str(client.execute("SELECT version()")[0][0])
    except (ClickHouseError, OSError, EOFError):
        return ""
    finally:
        client.disconnect()


def redis(url: str) -> str:
    """Return the version of the server, empty while it does not answer."""
    with Redis.from_url(url) as client:
        try:
            return str(client.info("server")["redis_version"])
        except RedisError:
            return ""
