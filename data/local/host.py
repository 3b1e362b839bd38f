"""``python -m data.local.host``: the process that owns the engines below one home.

It takes ``host.lock``, binds its control socket, and only then leaves the terminal that started it; so whoever started
it finds the socket ready when the command returns. A second one finds the lock taken and leaves. Each connection brings
one line of JSON and gets one back (:class:`~data.local.status.Request`, :class:`~data.local.status.Reply`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import sys
from importlib.metadata import version
from typing import IO

import msgspec

from data.errors import StorekeeperError
from data.local.engine import Engine
from data.local.mongo_engine import MongoEngine
from data.local.paths import Layout, local_url
from data.local.postgres_engine import PostgresEngine
from data.local.processes import end_leftovers
from data.local.python_engines import ClickHouseEngine, RelayProcess
from data.local.redis_engine import RedisEngine
from data.local.status import RELAY, EngineStatus, Reply, Request, StackStatus
from data.local.supervisor import Supervisor
from data.settings import Settings, load_settings
from data.stores import NAMES
from data.structs import decode

_ENGINES: dict[str, type[Engine]] = {
    engine.name: engine for engine in (PostgresEngine, MongoEngine, RedisEngine, ClickHouseEngine)
}
_IN_PROCESS = "search"
#: how often the host looks whether its folder is still there, in seconds
_LOOK_SECONDS = 5.0


class Host:
    """The engines and the control socket. Lives in one event loop."""

    def __init__(self, settings: Settings, owner: int | None) -> None:
        self._settings = settings
        self._layout = Layout(settings.home)
        self._owner = owner
        self._supervisors: dict[str, Supervisor] = {}
        self._wanted: set[str] = set()
        self._leave = asyncio.Event()
        self._left = asyncio.Event()

    async def run(self, control: socket.socket) -> None:
        """Serve until somebody asks to leave; then stop the relay, the engines, and go."""
        loop = asyncio.get_running_loop()
        for signalled in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signalled, self._leave.set)
        await asyncio.to_thread(end_leftovers, self._layout.run)
        server = await asyncio.start_unix_server(self._serve, sock=control)
        watches = [asyncio.create_task(self._watch_folder())]
        if self._owner is not None:
            self._watch_owner(self._owner)
        await self._leave.wait()
        for watch in watches:
            watch.cancel()
        await self._stop()
        self._left.set()
        server.close()
        await asyncio.sleep(0)  # lets the last answers out

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):  # cancelled: the host leaves
            try:
                request = decode(await reader.readline(), Request)
            except msgspec.DecodeError as error:
                print(f"refused a request: {error}", flush=True)
            else:
                writer.write(msgspec.json.encode(await self._answer(request)) + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, request: Request) -> Reply:
        await asyncio.gather(*(supervisor.settle() for supervisor in self._supervisors.values()))
        if request.do == "up" and not self._leave.is_set():
            self._up(request)
        if request.do == "down":
            self._leave.set()
            await self._left.wait()
        return Reply(status=self._status(), leaving=self._leave.is_set())

    def _up(self, request: Request) -> None:
        self._wanted |= set(request.wanted)
        for name in request.wanted:
            supervisor = self._supervisors.get(name)
            if supervisor is not None:
                if request.revive:
                    supervisor.revive()
            elif name in _ENGINES or name == RELAY:
                self._supervisors[name] = supervisor = Supervisor(self._make(name))
                supervisor.start()

    def _make(self, name: str) -> Engine:
        return RelayProcess(self._layout, self._settings) if name == RELAY else _ENGINES[name](self._layout)

    def _status(self) -> StackStatus:
        states = {name: supervisor.status for name, supervisor in self._supervisors.items()}
        if _IN_PROCESS in self._wanted:
            states[_IN_PROCESS] = EngineStatus(
                name=_IN_PROCESS,
                version=version("tantivy"),
                state="stopped" if self._leave.is_set() else "up",
                url=local_url(self._layout, _IN_PROCESS),
                detail="in process",
            )
        engines = tuple(states[name] for name in NAMES if name in states)
        return StackStatus(host_pid=os.getpid(), engines=engines, relay=states.get(RELAY))

    async def _stop(self) -> None:
        relay = self._supervisors.get(RELAY)
        if relay is not None:
            await relay.stop()
        await asyncio.gather(*(supervisor.stop() for name, supervisor in self._supervisors.items() if name != RELAY))

    def _watch_owner(self, owner: int) -> None:
        """Leave when ``owner`` ends: a run of tests that was killed leaves nothing behind."""
        try:
            asyncio.get_running_loop().add_reader(os.pidfd_open(owner), self._leave.set)
        except ProcessLookupError:
            self._leave.set()

    async def _watch_folder(self) -> None:
        """Leave when somebody removed the folder we work in; nobody could reach us any more."""
        while self._layout.lock.exists() and self._layout.control.exists():
            await asyncio.sleep(_LOOK_SECONDS)
        print("the home is gone", flush=True)
        self._leave.set()


def main() -> int:
    """Become the host of ``STOREKEEPER_HOME``. Returns 0 where one is already there, 8 where none can be."""
    parser = argparse.ArgumentParser(prog="data.local.host")
    parser.add_argument("--owner", type=int, default=None, help="leave when this process ends")
    owner: int | None = parser.parse_args().owner
    os.umask(0o077)
    try:
        settings = load_settings()
        layout = Layout(settings.home)
        layout.make()
        lock = _take_lock(layout)
        if lock is None:
            return 0
        control = _bind(layout)
    except (StorekeeperError, OSError) as error:
        print(error, file=sys.stderr)
        return 8
    if os.fork():
        os._exit(0)  # without flushing or closing anything that the child now owns
    _detach(layout)
    with lock:
        asyncio.run(Host(settings, owner).run(control))
        shutil.rmtree(layout.run, ignore_errors=True)
    return 0


def _take_lock(layout: Layout) -> IO[bytes] | None:
    """Return the lock file, locked for as long as it stays open, or ``None`` where another host holds it."""
    lock = layout.lock.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _bind(layout: Layout) -> socket.socket:
    layout.control.unlink(missing_ok=True)  # left by a killed host; we hold the lock
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.bind(str(layout.control))
    layout.control.chmod(0o600)
    control.listen(64)
    return control


def _detach(layout: Layout) -> None:
    os.setsid()
    os.chdir("/")
    log = os.open(layout.logs / "host.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)


if __name__ == "__main__":
    sys.exit(main())
