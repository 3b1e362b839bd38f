"""Loading the demo in a process of its own, so that a program that goes on meanwhile stays quick.

The load keeps a Python process busy: in a thread it took the interpreter from the terminal and from the health
monitor, which then said that stores were away. The child is told the settings by its environment, tells its progress
as lines of JSON on its standard output, and leaves at the end of its standard input: so it is interrupted by closing
that, and does not outlive its parent however that ends. Rejected: ``multiprocessing``, which starts a tracker process
over the terminal's own descriptors.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from data.demo.report import DemoReport
from data.errors import StorekeeperError, Unavailable
from data.local.paths import Layout
from data.structs import decoder
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.settings import Settings

__all__ = ["DemoChild"]

#: The load makes way for the engines and the terminal.
_NICENESS = 10


class _Loads(msgspec.Struct, frozen=True, tag="loads"):
    """How far it is."""

    progress: Progress


class _Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The end; no report where there was nothing to load."""

    report: DemoReport | None


class _Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The end, by an error; ``store`` where that is away."""

    reason: str
    store: str = ""


_decode = decoder(_Loads | _Loaded | _Failed).decode
_encode = msgspec.json.Encoder().encode


class DemoChild:
    """One load in a child process. ``load`` is called once; ``interrupt`` from any thread, at any time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._interrupted = False

    def load(
        self, *, sizes: tuple[int, int, int] = (2_000, 500, 1_000), report: ReportProgress | None = None
    ) -> DemoReport | None:
        """Load ``sizes`` (products, customers, orders) as ``DemoOffer.load`` does, and return what it returns.

        ``None`` also where it was interrupted. Raises ``Unavailable``, and ``StorekeeperError`` for anything else that
        went wrong; details stand in ``<home>/log/demo.log``.
        """
        with Layout(self._settings.home).logs.joinpath("demo.log").open("ab") as log:
            child = self._begin(log.fileno(), [str(size) for size in sizes])
        if child is None:
            return None
        try:
            return self._listen(child, report)
        finally:
            self._close(child)
            child.wait()
            if child.stdout is not None:
                child.stdout.close()

    def interrupt(self) -> None:
        """End the load where it is; the next one goes on there."""
        with self._lock:
            self._interrupted = True
            if self._child is not None:
                self._close(self._child)

    def _begin(self, log: int, sizes: list[str]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._interrupted:
                return None
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "data.demo.child", *sizes],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | self._settings.to_environ(),
                start_new_session=True,  # The terminal's signals are for the terminal's program.
            )
            return self._child

    def _listen(self, child: subprocess.Popen[bytes], report: ReportProgress | None) -> DemoReport | None:
        for line in child.stdout or ():
            match _decode(line):
                case _Loads(progress):
                    if report is not None:
                        report(progress)
                case _Loaded(loaded):
                    return loaded
                case _Failed(reason, store):
                    raise Unavailable(store, reason) if store else StorekeeperError(reason)
        if self._interrupted:
            return None
        raise StorekeeperError(f"the load ended with code {child.wait()}; see demo.log")

    @staticmethod
    def _close(child: subprocess.Popen[bytes]) -> None:
        if child.stdin is not None:
            with suppress(BrokenPipeError):
                child.stdin.close()


def main() -> None:
    """Be the child: load, and tell of it."""
    from data.demo.offer import DemoOffer
    from data.settings import load_settings
    from data.shop import open_shop

    threading.Thread(target=_leave_with_parent, name="parent", daemon=True).start()
    os.nice(_NICENESS)
    settings = load_settings()
    products, customers, orders = (int(size) for size in sys.argv[1:])
    try:
        shop = open_shop(settings)
        loaded = DemoOffer(settings).load(
            shop, products=products, customers=customers, orders=orders, report=lambda progress: _tell(_Loads(progress))
        )
    except Unavailable as error:
        _tell(_Failed(error.reason, error.store))
    except StorekeeperError as error:
        _tell(_Failed(str(error)))
    else:
        _tell(_Loaded(loaded))


def _tell(what: _Loads | _Loaded | _Failed) -> None:
    sys.stdout.buffer.write(_encode(what) + b"\n")
    sys.stdout.buffer.flush()


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # At any point: every step of the load is whole or not there, and repeatable.


if __name__ == "__main__":
    main()
