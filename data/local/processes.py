"""Starting children that die with the host, and finding those that did not.

Every child starts through ``setpriv --pdeathsig`` (util-linux, essential on Debian): the kernel ends it when the host
dies, however it dies. The pid and start time of each child also stand in a file, so that a child that outlived its
host all the same is recognised, never mistaken for a stranger that got its number, and ended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path

import msgspec
import psutil

from data.errors import Unavailable
from data.local.paths import HOST
from data.structs import decode

__all__ = ["born", "bound_to_host", "clean_environ", "end", "end_leftovers", "forget", "remember", "runs"]


class _Born(msgspec.Struct, frozen=True):
    """A process, told apart from later ones with the same number by the boot and the clock tick it began in.

    Not by the time of day, which is computed from a boot time that moves when the clock is set.
    """

    pid: int
    boot: str
    tick: int


def _look_up(pid: int) -> _Born:
    """Return what makes the living process ``pid`` unlike any other. Raises ``OSError`` where there is none."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return _Born(pid, Path("/proc/sys/kernel/random/boot_id").read_text().strip(), int(after_name[19]))


def bound_to_host(command: list[str], death: signal.Signals, *privileges: str) -> list[str]:
    """Return ``command`` wrapped so that it gets ``death`` when its parent ends; ``privileges`` go to setpriv."""
    setpriv = shutil.which("setpriv", path=os.environ.get("PATH", "") + ":/usr/bin:/bin")
    if setpriv is None:
        raise Unavailable(HOST, "there is no setpriv on this machine; install the package util-linux")
    return [setpriv, "--pdeathsig", death.name.removeprefix("SIG"), *privileges, "--", *command]


def clean_environ() -> dict[str, str]:
    """Return this process's environment without settings (they may hold passwords) and without libpq's variables."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("STOREKEEPER_", "PG"))}
    return kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def runs(pid: int) -> bool:
    """Say whether ``pid`` is running: not gone, and not a zombie that waits for its parent to hear of its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def remember(file: Path, pid: int) -> None:
    """Write down that ``pid`` is the child that ``file`` stands for."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        part = file.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(_look_up(pid)))
        part.rename(file)


def forget(file: Path) -> None:
    """Take the child off the record."""
    file.unlink(missing_ok=True)


def born(file: Path) -> psutil.Process | None:
    """Return the living process that ``file`` stands for, or ``None``."""
    try:
        record = decode(file.read_bytes(), _Born)
        if _look_up(record.pid) != record:
            return None
        process = psutil.Process(record.pid)
        return process if process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, msgspec.DecodeError, psutil.Error):
        return None


def end(process: psutil.Process, *, ask: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
    """End ``process`` and its descendants: asked first, killed after ``patience`` seconds."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.send_signal(ask)
        _, left = psutil.wait_procs(family, timeout=patience)
        for survivor in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                survivor.kill()
        psutil.wait_procs(left, timeout=5)


def end_leftovers(folder: Path) -> None:
    """End every child that outlived an earlier host, as the files in ``folder`` tell. Only under the host's lock."""
    for file in sorted(folder.glob("*.pid")):
        process = born(file)
        if process is not None:
            # SIGINT is PostgreSQL's fast shutdown; under SIGTERM it would wait for its clients to leave.
            end(process, ask=signal.SIGINT if file.stem == "postgresql" else signal.SIGTERM)
        forget(file)
