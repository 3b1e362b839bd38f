"""Talking to the host: start it where none runs, ask it, wait for what it does."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec

from data.errors import Unavailable
from data.local.paths import HOST, Layout, local_url
from data.local.status import RELAY, TITLES, EngineStatus, Reply, Request, StackStatus
from data.settings import Settings
from data.stores import NAMES
from data.structs import decode
from data.types import Progress, ReportProgress

__all__ = ["bring_down", "ensure_up", "stack_status", "start_relay"]

#: how long ``ensure_up`` waits for engines, and ``bring_down`` for a host to leave, in seconds
UP_SECONDS, DOWN_SECONDS = 60.0, 60.0
#: how long an outdated relay may take to end; one that takes longer is left to the next start
RELAY_SECONDS = 15.0
_POLL_SECONDS = 0.03


def ensure_up(
    settings: Settings,
    *,
    report: ReportProgress | None = None,
    revive: bool = True,
    relay: bool | None = None,
    owner: int | None = None,
) -> StackStatus:
    """Start the host and every engine that ``settings`` leave to this machine, and wait until each is up or down.

    A second call finds them running and does nothing. ``revive``: restart engines that died, at once (``False`` leaves
    them to the host, which does it after a while; ``doctor`` wants to see them as they are). ``relay`` overrides
    ``settings.relay``. A host that is started here leaves when the process ``owner`` ends. ``report`` gets the number
    of engines that are settled. An engine that cannot start is ``down`` in the result, with its reason; raises
    ``Unavailable`` only where there is no host.
    """
    local = _local(settings)
    if not local:
        return StackStatus()
    wanted = (*local, RELAY) if (settings.relay if relay is None else relay) else local
    until = time.monotonic() + UP_SECONDS
    reply = _ask_to_start(settings, Request(do="up", wanted=wanted, revive=revive), owner, until)
    told: Progress | None = None
    while True:
        progress = _progress(reply.status)
        if report is not None and progress != told:
            report(progress)
            told = progress
        if progress.done == progress.total or time.monotonic() > until:
            return _of(settings, reply.status)
        time.sleep(_POLL_SECONDS)
        again = _ask(Layout(settings.home), Request(do="status"))
        if again is None or again.leaving:
            raise Unavailable(HOST, f"it left while the engines were starting; see {Layout(settings.home).logs}")
        reply = again


def start_relay(settings: Settings, *, instead_of: int | None = None) -> None:
    """Have the living host start the relay, at once if it died. Does nothing without a host or without local engines.

    Apart from ``ensure_up``, because the relay reads tables that are made only after the engines are up.
    ``instead_of``: if the host's relay is that process it is ended first. Asked of the process and not of the host,
    because a host that was started before an update knows no new requests.
    """
    if not (settings.relay and _local(settings)):
        return
    if instead_of is not None:
        _end_relay(settings, instead_of)
    _ask(Layout(settings.home), Request(do="up", wanted=(RELAY,)))


def _end_relay(settings: Settings, pid: int) -> None:
    """End the host's relay if it is process ``pid``, and wait until the host knows."""

    def lives() -> bool:
        relay = stack_status(settings).relay
        return relay is not None and relay.pid == pid

    if not lives():
        return  # not a relay of this host's, whoever has that number now
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + RELAY_SECONDS
    while lives() and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)


def stack_status(settings: Settings) -> StackStatus:
    """Return what the host and the local engines of ``settings`` are doing; starts nothing."""
    reply = _ask(Layout(settings.home), Request(do="status"))
    return _of(settings, reply.status) if reply else _stopped(settings)


def bring_down(settings: Settings) -> StackStatus:
    """End the engines and the host, and wait until no process of theirs is left. Fine where none runs.

    Raises ``Unavailable`` where the host does not leave in time.
    """
    layout = Layout(settings.home)
    if not layout.lock.exists():
        return _stopped(settings)  # there never was a host
    until = time.monotonic() + DOWN_SECONDS
    while True:
        with _lock(layout) as free:
            if free:
                from data.local.processes import end_leftovers  # psutil, which only this needs

                end_leftovers(layout.run)
                return _stopped(settings)
        if time.monotonic() > until:
            raise Unavailable(HOST, f"it does not leave; see {layout.logs / 'host.log'}")
        _ask(layout, Request(do="down"), seconds=DOWN_SECONDS)
        time.sleep(_POLL_SECONDS)


def _local(settings: Settings) -> tuple[str, ...]:
    return tuple(name for name in NAMES if settings.is_local(name))


def _of(settings: Settings, status: StackStatus) -> StackStatus:
    """Return ``status`` with exactly the engines that ``settings`` leave to this machine."""
    local = _local(settings)
    known = {engine.name: engine for engine in status.engines}
    layout = Layout(settings.home)
    engines = tuple(known.get(name) or EngineStatus(name=name, url=local_url(layout, name)) for name in local)
    return msgspec.structs.replace(status, engines=engines)


def _stopped(settings: Settings) -> StackStatus:
    return _of(settings, StackStatus(relay=EngineStatus(name=RELAY) if settings.relay else None))


def _progress(status: StackStatus) -> Progress:
    states = (*status.engines, *((status.relay,) if status.relay else ()))
    starting = [TITLES[engine.name] for engine in states if engine.state == "starting"]
    what = f"starting {', '.join(starting)}" if starting else "the local engines are running"
    return Progress(len(states) - len(starting), len(states), what)


def _ask_to_start(settings: Settings, request: Request, owner: int | None, until: float) -> Reply:
    """Return the host's answer to ``request``; start a host where there is none, wait for one that is leaving."""
    layout = Layout(settings.home)
    while True:
        reply = _ask(layout, request)
        if reply is not None and not reply.leaving:
            return reply
        if time.monotonic() > until:
            raise Unavailable(HOST, f"there is one, but it does not answer; see {layout.logs / 'host.log'}")
        if reply is None:
            _start_host(settings, owner)
        time.sleep(_POLL_SECONDS)


def _start_host(settings: Settings, owner: int | None) -> None:
    layout = Layout(settings.home)
    layout.make()
    with _lock(layout) as free:
        if not free:
            return  # somebody else's host is on its way, or leaving
    command = [sys.executable, "-P", "-m", "data.local.host"]
    if owner is not None:
        command += ["--owner", str(owner)]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("STOREKEEPER_")}
    ran = subprocess.run(
        command,
        cwd="/",
        env=environ | settings.to_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable(HOST, said[-1] if said else f"it ended with exit code {ran.returncode}")


@contextlib.contextmanager
def _lock(layout: Layout) -> Iterator[bool]:
    """Hold the host's lock for the block if it is free, and say whether it was."""
    with layout.lock.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _ask(layout: Layout, request: Request, *, seconds: float = 10.0) -> Reply | None:
    """Return the host's answer, ``None`` where no host gives one."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.settimeout(seconds)
            control.connect(str(layout.control))
            control.sendall(msgspec.json.encode(request) + b"\n")
            with control.makefile("rb") as answers:
                return decode(answers.readline(), Reply)
    except (OSError, msgspec.DecodeError):
        return None
