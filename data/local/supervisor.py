"""Keeps one engine running: start, wait until it serves, watch, and after a while start it again.

Processes are started from the event loop's thread only: the kernel's parent-death signal goes off when the *thread*
that started the child ends. What blocks (preparing a folder, asking an engine) runs in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import traceback
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from data.errors import Unavailable
from data.local.engine import Engine, EngineFault
from data.local.processes import bound_to_host, forget, remember, runs
from data.local.status import EngineStatus, State

__all__ = ["RESTART_SECONDS", "Supervisor"]

#: A dead engine is started again after this long: time for a person, and for ``doctor``, to see that it died and why.
#: ``stack up`` does not wait for it.
RESTART_SECONDS = 30.0
#: how long an engine may take to serve; replaying a long log is slow
START_SECONDS = 120.0
_LOG_LIMIT = 10 * 1024 * 1024
_LOG_TAIL = 64 * 1024


class Supervisor:
    """One engine's life. ``start`` it once, ``revive`` and ``stop`` it from the same event loop."""

    def __init__(self, engine: Engine, *, restart_seconds: float = RESTART_SECONDS) -> None:
        self.engine = engine
        self._restart_seconds = restart_seconds
        self._state: State = "stopped"
        self._detail = ""
        self._version = ""
        self._process: Process | None = None
        self._wake = asyncio.Event()
        self._stopping = False
        self._log_start = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> EngineStatus:
        """What the engine is doing."""
        return EngineStatus(
            name=self.engine.name,
            version=self._version,
            pid=self._process.pid if self._process and self._process.returncode is None else None,
            state=self._state,
            url=self.engine.url,
            detail=self._detail,
        )

    def start(self) -> None:
        """Begin."""
        self._become("starting")
        self._task = asyncio.create_task(self._run(), name=self.engine.name)

    def revive(self) -> None:
        """Do not wait any longer to start a dead engine."""
        if self._state == "down":
            self._become("starting")
            self._wake.set()

    async def settle(self) -> None:
        """Wait until a process that is dead already is also known to be: whoever killed it may ask at once."""
        while self._state == "up" and self._process is not None and not runs(self._process.pid):
            await asyncio.sleep(0.002)

    async def stop(self) -> None:
        """End the engine, cleanly if it can, and wait until its process is gone."""
        self._stopping = True
        self._wake.set()
        if self._process is not None:
            await self._end(self._process)
        if self._task is not None:
            await self._task
        self._become("stopped")

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                await self._live()
            except (EngineFault, Unavailable) as fault:
                self._become("down", str(fault))
            except Exception as fault:  # noqa: BLE001 - one engine's trouble must not end the host of the others
                traceback.print_exc()
                self._become("down", f"{type(fault).__name__}: {fault}")
            if not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._restart_seconds)

    async def _live(self) -> None:
        """Start the engine once and stay until its process ends."""
        self._become("starting")
        await asyncio.to_thread(self.engine.prepare)
        if self._stopping:
            return
        process = await self._spawn()
        try:
            await self._until_ready(process)
            code = await process.wait()
        finally:
            if process.returncode is None:
                await self._end(process)
            forget(self._pid_file)
        if not self._stopping:
            self._become("down", await asyncio.to_thread(self._reason, code))

    async def _spawn(self) -> Process:
        engine = self.engine
        command = bound_to_host(await asyncio.to_thread(engine.command), engine.death_signal, *engine.privileges())
        _rotate(self._log)
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=log, stderr=log, cwd="/", env=engine.environ(), start_new_session=True
            )
        remember(self._pid_file, self._process.pid)
        if self._stopping:
            await self._end(self._process)
        return self._process

    async def _until_ready(self, process: Process) -> None:
        """Ask the engine until it serves; give up when its process ends, end it when it takes too long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + START_SECONDS
        while process.returncode is None and not self._stopping:
            version = await asyncio.to_thread(self.engine.ready)
            if version is not None:
                self._version = version
                self._become("up")
                return
            if loop.time() > until:
                raise EngineFault(f"did not serve within {START_SECONDS:g} s; its log is {self._log}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.wait()), 0.02)

    async def _end(self, process: Process) -> None:
        for sent, patience in ((self.engine.stop_signal, self.engine.stop_seconds), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sent)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.wait()), patience)
                return

    def _become(self, state: State, detail: str = "") -> None:
        if state != self._state:
            print(f"{self.engine.name}: {state}{': ' if detail else ''}{detail}", flush=True)
        self._state, self._detail = state, detail

    def _reason(self, code: int) -> str:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        if code == -signal.SIGKILL:
            return how  # it had no time to say anything
        with self._log.open("rb") as log:
            log.seek(max(self._log_start, self._log.stat().st_size - _LOG_TAIL))
            said = self.engine.failed(log.read().decode(errors="replace"))
        return f"{how}: {said}" if said else how

    @property
    def _log(self) -> Path:
        return self.engine.layout.logs / f"{self.engine.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.engine.layout.run / f"{self.engine.name}.pid"


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.rename(log.with_suffix(".log.1"))
