"""``python -m tests.servers -- COMMAND``: run a command beside the servers of production."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import redis
from clickhouse_driver import Client
from clickhouse_driver.errors import Error as ClickHouseError
from elasticsearch import ApiError, Elasticsearch, TransportError

from tests.servers import processes
from tests.servers.fetch import Missing, cache_folder


def main(command: Sequence[str]) -> int:
    """Return the exit code of ``command``, 1 where a server cannot be had."""
    if not command:
        print("usage: python -m tests.servers -- COMMAND …", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _leave)
    folder = Path(tempfile.mkdtemp(prefix="shop-servers-"))
    servers: list[processes.Server] = []
    known = ((processes.elasticsearch, _elasticsearch), (processes.clickhouse, _clickhouse), (processes.redis, _redis))
    try:
        begun = time.monotonic()
        print(f"The servers of production, fetched into {cache_folder()} the first time:", flush=True)
        for start, _ in known:
            servers.append(start(folder / start.__name__))
        for server, (_, version) in zip(servers, known, strict=True):
            print(f"  {server.name} {server.await_version(version)} at {server.url}", flush=True)
        print(f"  up after {time.monotonic() - begun:.0f} s", flush=True)
        return subprocess.run(command, env={**os.environ, **_environment(servers)}).returncode
    except Missing as missing:
        print(f"make test-servers cannot run here. {missing}", file=sys.stderr)
        return 1
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _environment(servers: Sequence[processes.Server]) -> dict[str, str]:
    """Return the addresses as ``tests.servers`` reads them; the process too, for tests that stop a server."""
    found = {f"SHOP_TESTS_{server.name.upper()}": server.url for server in servers}
    return found | {f"SHOP_TESTS_{server.name.upper()}_PID": str(server.pid) for server in servers}


def _elasticsearch(url: str) -> str:
    """Return the version of the server, empty while it does not answer."""
    with Elasticsearch(url, request_timeout=5, max_retries=0) as client:
        try:
            client.cluster.health(wait_for_status="yellow", timeout="1s")
            return str(next(iter(client.nodes.info()["nodes"].values()))["version"])
        except (ApiError, TransportError):
            return ""


def _clickhouse(url: str) -> str:
    client = Client.from_url(url)
    try:
        return str(client.execute("SELECT version()")[0][0])
    except (ClickHouseError, OSError, EOFError):
        return ""
    finally:
        client.disconnect()


def _redis(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        try:
            return str(client.info("server")["redis_version"])
        except redis.RedisError:
            return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]))
