"""The servers of production, real ones, for the tests of ``make test-servers``: fetched once, started beside the tests.

``python -m tests.servers -- COMMAND`` brings them up, runs the command with their addresses in its environment, takes
them down, and ends with the command's exit code. Without those addresses nothing of this is collected: `make test` is
about the local engines. What cannot be fetched or started ends the target with its reason; nothing is skipped.
"""

from __future__ import annotations

import os
import uuid
from urllib.parse import urlsplit

__all__ = ["CLICKHOUSE", "ELASTICSEARCH", "REDIS", "drop_index", "fresh_index"]

#: The addresses of the servers of this run, empty where none were started.
ELASTICSEARCH = os.environ.get("SHOP_TESTS_ELASTICSEARCH", "")
CLICKHOUSE = os.environ.get("SHOP_TESTS_CLICKHOUSE", "")
REDIS = os.environ.get("SHOP_TESTS_REDIS", "")


def fresh_index() -> str:
    """Return the URL of an index that is not there yet."""
    return f"{ELASTICSEARCH}/test-{uuid.uuid4().hex[:12]}"


def drop_index(url: str) -> None:
    """Remove everything below the index that ``url`` names; nothing where it is no server's."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return
    from elasticsearch import Elasticsearch

    with Elasticsearch(f"{parts.scheme}://{parts.netloc}") as client:
        names = client.indices.get(index=f"{parts.path.strip('/')}*", filter_path="*.settings.index.uuid")
        if names:
            client.indices.delete(index=list(names))
