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

from tests.servers import processes, versions
from tests.servers.fetch import Missing, cache_folder


def main(command: Sequence[str]) -> int:
    """Return the exit code of ``command``, 1 where a server cannot be had."""
    if not command:
        print("usage: python -m tests.servers -- COMMAND …", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _leave)
    folder = Path(tempfile.mkdtemp(prefix="shop-servers-"))
    servers: list[processes.Server] = []
    known = (
        (processes.elasticsearch, versions.elasticsearch),
        (processes.clickhouse, versions.clickhouse),
        (processes.redis, versions.redis),
    )
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
    """Return the addresses as ``tests.servers`` reads them."""
    return {f"SHOP_TESTS_{server.name.upper()}": server.url for server in servers}


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]))
