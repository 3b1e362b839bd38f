"""What the host says of itself and of its engines."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["RELAY", "TITLES", "EngineStatus", "StackStatus", "State"]

State = Literal["starting", "up", "down", "stopped"]
#: the one child of the host that is no engine: it carries events from PostgreSQL and MongoDB to the other stores
RELAY = "relay"
#: how a person calls them
TITLES = {
    "postgresql": "PostgreSQL",
    "mongodb": "MongoDB",
    "search": "tantivy",
    "redis": "Redis",
    "clickhouse": "ClickHouse",
    RELAY: "the relay",
}


class EngineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One engine: ``name`` as in ``data.stores.NAMES`` (or ``relay``).

    ``pid`` is ``None`` where no process of its own runs: not started, or in process as tantivy is. ``url`` leads any
    client of this user to it. ``detail`` says why it is ``down``, or what it is busy with.
    """

    name: str
    version: str = ""
    pid: int | None = None
    state: State = "stopped"
    url: str = ""
    detail: str = ""


class StackStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The host (``None`` where none runs) and its engines."""

    host_pid: int | None = None
    engines: tuple[EngineStatus, ...] = ()
    relay: EngineStatus | None = None

    def engine(self, name: str) -> EngineStatus | None:
        """Return the engine called ``name``, or ``None`` where it is not a local one."""
        return next((engine for engine in self.engines if engine.name == name), None)

    @property
    def ok(self) -> bool:
        """Whether every local engine is up."""
        return all(engine.state == "up" for engine in self.engines)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line to the host. ``wanted`` names what ``up`` starts; ``revive`` whether it restarts what is down now."""

    do: Literal["status", "up", "down"]
    wanted: tuple[str, ...] = ()
    revive: bool = True


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The host's answer. ``leaving``: it is on its way out and takes no more requests."""

    status: StackStatus
    leaving: bool = False
