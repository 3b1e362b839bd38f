"""``python -m data.analytics.server SOCKET FOLDER``: the one process that opens the chdb folder, and serves it.

chdb is ClickHouse as a library, and one process at a time may open its folder; every terminal, the relay and the
headless twin reach it through this process's unix socket (mode 0600). Each client connection has a thread and a chdb
session of its own, so sessions do not see each other's ``USE`` and statements run side by side (measured: chdb
releases the interpreter while it works, a session costs 0.3 ms). Rows live in MergeTree parts, which are written
whole and renamed, so ``kill -9`` loses nothing that was acknowledged.

The host (``data/local``) starts and watches the process. The socket file appears when the folder is open: a client
that can connect will be answered.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib.util
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from data.stores.chdb_wire import Reply, Request, receive_frame, send_frame

#: Server-side limit on any statement, in seconds. Clients wait a little longer, so that they hear ClickHouse's reason.
MAX_EXECUTION_TIME = 10
#: Bytes one statement may take; the process lives beside four other engines on a small machine.
MAX_MEMORY = 1024**3

_DATABASE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_ERROR_CODE = re.compile(r"Code: (\d+)")
_FORMAT = "JSONCompactEachRowWithNamesAndTypes"
_SESSION_SETTINGS = {
    "max_execution_time": MAX_EXECUTION_TIME,
    "max_memory_usage": MAX_MEMORY,
    "session_timezone": "'UTC'",
    "date_time_input_format": "'best_effort'",
    # Exact on the way out: decimals as text, never through a float.
    "output_format_json_quote_decimals": 1,
    "output_format_decimal_trailing_zeros": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 1,
    "output_format_json_validate_utf8": 1,
}


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0 after a clean end, 1 where the folder is taken."""
    words = sys.argv[1:] if arguments is None else arguments
    if len(words) != 2:
        print("usage: python -m data.analytics.server SOCKET FOLDER", file=sys.stderr)
        return 2
    path, folder = Path(words[0]), Path(words[1])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _lock(folder)
    if lock is None:
        print(f"another server has {folder} open", file=sys.stderr)
        return 1
    # Blocked before any thread exists, so that every thread, chdb's too, leaves them to ``sigwait`` below: a handler
    # of Python's runs in the main thread only, and one that another thread was interrupted for can wait there for ever.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server = Server(folder / "chdb")
    listener = _listen(path)
    threading.Thread(target=server.accept, args=(listener,), name="accept", daemon=True).start()
    signal.sigwait(ends)
    path.unlink(missing_ok=True)
    listener.close()
    server.close()
    lock.close()
    return 0


def _load_chdb() -> Any:
    """Return chdb's compiled module (170 MB mapped; only this process may pay for it). Raises ``ImportError``.

    It is loaded past its package, whose ``__init__`` imports pyarrow and pandas: with numpy 270 MB that nothing here
    uses and the locks leave out.
    """
    package = importlib.util.find_spec("chdb")
    if package is None or not package.submodule_search_locations:
        raise ImportError("chdb-core-lite is not installed")
    path = str(Path(package.submodule_search_locations[0]) / "_chdb.abi3.so")
    # As the package itself does: chdb's allocator must not be mixed with one that is loaded already.
    ctypes.CDLL(path, mode=sys.getdlopenflags() | os.RTLD_DEEPBIND)
    spec = importlib.util.spec_from_file_location("_chdb", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no extension module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Closing(Exception):
    """The server takes nothing new."""


class Server:
    """The open folder and the connections served from it."""

    def __init__(self, folder: Path) -> None:
        """Open ``folder``. Raises ``RuntimeError`` with ClickHouse's reason where it cannot be opened."""
        self._connect: Callable[[str], Any] = _load_chdb().connect
        self._folder = str(folder)
        # A first session, kept: with none left chdb would shut the engine down and start it again for the next client.
        self._first = self._connect(self._folder)
        self._sessions = threading.Semaphore(64)
        self._busy = threading.Lock()
        self._running = 0
        self._quiet = threading.Condition(self._busy)
        self._closing = False

    def accept(self, listener: socket.socket) -> None:
        """Give every client that connects a thread, until ``listener`` is closed."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Refuse new statements, wait for the running ones (bounded by their own time limit), close the folder."""
        with self._quiet:
            self._closing = True
            self._quiet.wait_for(lambda: self._running == 0, timeout=MAX_EXECUTION_TIME + 1)
        self._first.close()

    def _serve(self, client: socket.socket) -> None:
        with client, self._sessions:
            # Opening a session counts as running: the folder must not be closed in the middle of it.
            try:
                with self._turn():
                    session = self._connect(self._folder)
                    for name, value in _SESSION_SETTINGS.items():
                        session.query(f"SET {name} = {value}")
            except _Closing:
                return
            try:
                while (request := receive_frame(client, Request)) is not None:
                    send_frame(client, self._answer(session, request))
            except (OSError, ValueError):
                pass  # The client is gone, or speaks another language: hanging up says both.
            finally:
                with contextlib.suppress(RuntimeError, _Closing), self._turn():
                    session.close()

    def _answer(self, session: Any, request: Request) -> Reply:
        try:
            with self._turn():
                return _run(session, request)
        except _Closing:
            return Reply(error="the server is closing", code=_CLOSING)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold off the end while chdb is at work. Raises ``_Closing`` once the end has begun."""
        with self._quiet:
            if self._closing:
                raise _Closing
            self._running += 1
        try:
            yield
        finally:
            with self._quiet:
                self._running -= 1
                self._quiet.notify_all()


#: ClickHouse's own code for a statement cut off by a shutdown, ABORTED.
_CLOSING = 236


def _run(session: Any, request: Request) -> Reply:
    try:
        match request.op:
            case "ping":
                return Reply(session.query("SELECT version()", "TabSeparated").bytes().strip())
            case "open":
                return _open_database(session, request.sql)
            case "run":
                return Reply(session.query(request.sql, _FORMAT, params=request.parameters).bytes())
            case _:
                return Reply(error=f"no operation {request.op!r}")
    except RuntimeError as error:  # The one class chdb raises; its text starts with ClickHouse's code.
        text = str(error)
        found = _ERROR_CODE.search(text)
        return Reply(error=text, code=int(found[1]) if found else 0)


def _open_database(session: Any, name: str) -> Reply:
    if not _DATABASE_NAME.fullmatch(name):
        return Reply(error=f"{name!r} is no name for a database")
    session.query(f"CREATE DATABASE IF NOT EXISTS `{name}`")
    session.query(f"USE `{name}`")
    return Reply()


def _lock(folder: Path) -> IO[str] | None:
    """Return the held lock of ``folder``, ``None`` where another process holds it. The kernel frees it on any death."""
    handle = (folder / "server.lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def _listen(path: Path) -> socket.socket:
    """Return a listening socket at ``path``, mode 0600 from its first moment."""
    path.unlink(missing_ok=True)  # Left by a kill -9; the lock says that nobody serves it.
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(64)
    return listener


if __name__ == "__main__":
    code = main()
    # Client threads may sit in a read; the folder is closed, so there is nothing left to unwind.
    os._exit(code)
