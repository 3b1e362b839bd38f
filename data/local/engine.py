"""What the supervisor needs to know of an engine: how to get ready, start, ask and stop it."""

from __future__ import annotations

import importlib.util
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from data.local.paths import Layout, local_url
from data.local.processes import clean_environ

__all__ = ["Engine", "EngineFault", "in_wheel"]


class EngineFault(Exception):
    """The engine cannot run; the message says why and, where a person has to act, what to do."""


class Engine(ABC):
    """One engine below one layout. Methods block and are called in threads; only the supervisor starts processes."""

    name: ClassVar[str]
    #: asks for a clean end
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    #: how long it may take over that before it is killed, in seconds
    stop_seconds: ClassVar[float] = 30.0
    #: what the kernel sends when the host dies: at once, because the next start is already waiting
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.folder = layout.data(self.name)

    @property
    def url(self) -> str:
        """The URL for clients."""
        return local_url(self.layout, self.name)

    def prepare(self) -> None:
        """Bring the data folder into a state in which the engine can start. Raises ``EngineFault``."""
        self.folder.mkdir(mode=0o700, exist_ok=True)

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs the engine in the foreground."""

    def privileges(self) -> list[str]:
        """Return setpriv's arguments under which the command runs."""
        return []

    def environ(self) -> dict[str, str]:
        """Return the environment of the command."""
        return clean_environ()

    @abstractmethod
    def ready(self) -> str | None:
        """Return the engine's version once it serves and is set up, ``None`` while it is not there yet."""

    def failed(self, log: str) -> str:
        """Return the reason for an early end that ``log``, the end of the engine's log, tells."""
        lines = [line.strip() for line in log.splitlines() if line.strip()]
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror:", "ERROR"))]
        return (telling or lines or [""])[-1][:300]


def in_wheel(package: str, *below: str) -> Path | None:
    """Return a file inside an installed ``package`` without importing it, ``None`` where it is not there."""
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        found = Path(folder, *below)
        if found.exists():
            return found
    return None
