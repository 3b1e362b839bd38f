"""The local host: starts, watches and stops this machine's own engines under one folder.

The functions below are all that the rest of the program needs. Behind them: one host process per folder
(``host.py``, an asyncio loop), which holds ``host.lock``, answers on a control socket and keeps one
:class:`~data.local.supervisor.Supervisor` per engine. Engines are its children and die with it; the next start
recovers whatever a killed one left. Rejected: systemd units, because a container or a bare user has no systemd, and
daemons known by their pid files alone, because those cannot tell a dead engine from a recycled number.
"""

from __future__ import annotations

from data.local.client import bring_down, ensure_up, stack_status, start_relay
from data.local.status import EngineStatus, StackStatus

__all__ = ["EngineStatus", "StackStatus", "bring_down", "ensure_up", "stack_status", "start_relay"]
