"""Starting and stopping the servers: loopback only, a folder and ports of their own, never as root, gone in the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.servers import fetch

__all__ = ["Server", "clickhouse", "elasticsearch", "free_port", "redis"]

#: Seconds a server may take until it answers, and until it is gone.
_START, _STOP = 120.0, 20.0
#: Elasticsearch refuses to run as root. In a user namespace it is this user, and reads what root may read.
_USER = 1000


class Server:
    """One server's process and its address. ``launch`` starts the process, also a second time."""

    def __init__(self, name: str, url: str, launch: Callable[[], subprocess.Popen[bytes]], log: Path) -> None:
        self.name, self.url, self._log = name, url, log
        self._launch = launch
        self._process = launch()

    @property
    def pid(self) -> int:
        """The process, which leads a group of its own."""
        return self._process.pid

    def await_version(self, ask: Callable[[str], str]) -> str:
        """Wait until ``ask`` has an answer from the address, and return it; with the end of the log, ``Missing``."""
        deadline = time.monotonic() + _START
        while not (version := ask(self.url)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                end = "\n    ".join(self._log.read_text("utf-8", "replace").splitlines()[-12:])
                raise fetch.Missing(f"{self.name} does not come up:\n    {end}")
            time.sleep(0.1)
        return version

    def freeze(self) -> None:
        """Stop it where it stands: it takes connections and answers nobody."""
        self._tell(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._tell(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it as it is, and whatever it started."""
        self._tell(signal.SIGKILL)
        self._process.wait()

    def start_again(self) -> None:
        """Start it on what it left behind, at the same address."""
        self._process = self._launch()

    def stop(self) -> None:
        """End it, and whatever it started."""
        for number in (signal.SIGCONT, signal.SIGTERM):
            self._tell(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP)
        self.kill()

    def _tell(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(name: str, url: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Server:
    """Start ``command`` as nobody's root, with a death signal for the case that this process is killed."""
    namespace = ["unshare", "--user", f"--map-user={_USER}", f"--map-group={_USER}", "--"] if os.getuid() == 0 else []
    wrapped = [*namespace, "setpriv", "--pdeathsig", "TERM", "--", *command]
    if missing := [tool for tool in ("unshare", "setpriv") if shutil.which(tool) is None]:
        raise fetch.Missing(f"there is no {missing[0]} on this machine; install the package util-linux")
    log = folder / f"{name}.log"

    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                wrapped,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **environment},
                start_new_session=True,
            )

    return Server(name, url, launch, log)


def elasticsearch(folder: Path) -> Server:
    """Start one node of Elasticsearch with 512 MB below ``folder``."""
    home, java = fetch.elasticsearch(), fetch.java()
    folder.mkdir()
    config = folder / "config"
    shutil.copytree(home / "config", config)
    options = config / "jvm.options"
    # The wheel's Java comes without the incubating module that this asks for.
    kept = [line for line in options.read_text("utf-8").splitlines() if "jdk.incubator.vector" not in line]
    options.write_text("\n".join(kept) + "\n", "utf-8")
    (folder / "tmp").mkdir()
    port = free_port()
    lines = {
        "cluster.name": "storekeeper-tests",
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": free_port(),
        "path.data": folder / "data",
        "path.logs": folder / "logs",
        # A machine of CI may have a full disk, and that is another test's subject.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }
    (config / "elasticsearch.yml").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()), "utf-8")
    environment = {
        "ES_PATH_CONF": str(config),
        "ES_JAVA_HOME": str(java),
        "ES_JAVA_OPTS": "-Xms512m -Xmx512m",
        "ES_TMPDIR": str(folder / "tmp"),
    }
    command = ["bash", str(home / "bin" / "elasticsearch")]
    return _start("elasticsearch", f"http://127.0.0.1:{port}", command, folder, environment)


def redis(folder: Path) -> Server:
    """Start Debian's Redis, its append-only file on, below ``folder``."""
    root = fetch.debian()
    folder.mkdir()
    port = free_port()
    options = {"bind": "127.0.0.1", "port": port, "dir": folder, "appendonly": "yes", "maxmemory-policy": "noeviction"}
    command = [
        str(root / "usr/bin/redis-server"),
        *(part for key, value in options.items() for part in (f"--{key}", str(value))),
    ]
    return _start("redis", f"redis://127.0.0.1:{port}", command, folder, _libraries(root))


def clickhouse(folder: Path) -> Server:
    """Start Debian's ClickHouse below ``folder``, user ``default`` without a password, no HTTP to the outside."""
    root = fetch.debian()
    folder.mkdir()
    port = free_port()
    (folder / "config.xml").write_text(_CLICKHOUSE.format(port=port, http=free_port(), folder=folder), "utf-8")
    (folder / "users.xml").write_text(_CLICKHOUSE_USERS, "utf-8")
    command = [str(root / "usr/sbin/clickhouse-server"), f"--config-file={folder / 'config.xml'}"]
    return _start("clickhouse", f"clickhouse://default@127.0.0.1:{port}", command, folder, _libraries(root))


def _libraries(root: Path) -> dict[str, str]:
    """Return where the libraries lie that came along with the packages."""
    folders = {str(found.parent) for below in ("lib", "usr/lib") for found in (root / below).rglob("*.so*")}
    return {"LD_LIBRARY_PATH": ":".join(sorted(folders))}


_CLICKHOUSE = """<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>{port}</tcp_port>
  <http_port>{http}</http_port>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
  <timezone>UTC</timezone>
</yandex>
"""
_CLICKHOUSE_USERS = """<yandex>
  <profiles><default><max_memory_usage>1000000000</max_memory_usage></default></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
  </default></users>
</yandex>
"""
