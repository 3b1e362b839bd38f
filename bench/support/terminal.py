"""A program in a real pseudo terminal: keys in, bytes and their times out, a screen to look at.

Used by ``bench.terminal`` and by tests/pty. It answers the question whether the terminal knows synchronized output
(``CSI ? 2026 $ p``) with yes, as current terminals do, and reads the screen with pyte.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pyte

#: sequences pyte would print instead of ignoring: kitty keyboard protocol, xterm modifiers, DEC mode questions
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;:]*[A-Za-z]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9;]*\$p")
_ASKS_SYNC = b"\x1b[?2026$p"
_HAS_SYNC = b"\x1b[?2026;2$y"


@dataclass(frozen=True)
class Reaction:
    """What a program sent after some keys: milliseconds to its first and last byte, and how many bytes."""

    first_ms: float
    last_ms: float
    size: int
    data: bytes


class Terminal:
    """One program in a pseudo terminal of ``columns`` × ``lines``."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        lines: int = 24,
        environ: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.received = bytearray()
        self._master, slave = pty.openpty()
        self.resize(columns, lines, tell=False)
        # COLUMNS and LINES (test runners set them) would override the terminal's own size.
        hidden = ("SSH_", "TEXTUAL", "COLUMNS", "LINES")
        base = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        base |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **(environ or {})}
        self.started = perf_counter()
        self.process = subprocess.Popen(
            list(command), stdin=slave, stdout=slave, stderr=slave, env=base, cwd=cwd, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)

    # -- in ---------------------------------------------------------------------------------------------------------

    def send(self, keys: bytes | str) -> None:
        """Write ``keys`` in one write."""
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, lines: int, *, tell: bool = True) -> None:
        """Make the terminal ``columns`` × ``lines``."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if tell:
            self._screen.resize(lines, columns)
            os.killpg(self.process.pid, signal.SIGWINCH)

    # -- out --------------------------------------------------------------------------------------------------------

    def read(self, seconds: float) -> bytes:
        """Return the next bytes, waiting at most ``seconds``; ``b""`` if none came, or the program is gone."""
        ready, _, _ = select.select([self._master], [], [], max(seconds, 0))
        if not ready:
            return b""
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            return b""
        self.received += data
        if _ASKS_SYNC in data:
            os.write(self._master, _HAS_SYNC)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        return data

    def until(self, there: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Read until ``there()`` is true; return whether it became so within ``seconds``."""
        end = perf_counter() + seconds
        while not there():
            if perf_counter() > end:
                return False
            self.read(0.02)
        return True

    def until_text(self, text: str, seconds: float = 10.0) -> bool:
        """Read until ``text`` stands on the screen."""
        return self.until(lambda: text in self.text, seconds)

    def quiet(self, still: float = 0.15, seconds: float = 10.0) -> None:
        """Read until nothing came for ``still`` seconds."""
        end = perf_counter() + seconds
        while perf_counter() < end and self.read(still):
            pass

    def react(self, keys: bytes | str, *, still: float = 0.12) -> Reaction:
        """Send ``keys`` and measure what comes until nothing came for ``still`` seconds."""
        start = perf_counter()
        self.send(keys)
        first = last = 0.0
        data = bytearray()
        while chunk := self.read(still if data else 2.0):
            last = perf_counter()
            first = first or last
            data += chunk
        return Reaction((first - start) * 1000, (last - start) * 1000, len(data), bytes(data))

    @property
    def rows(self) -> list[str]:
        """The screen's lines (pyte's own ``display`` fails where two opinions on a width met in one line)."""
        columns = range(self._screen.columns)
        return ["".join(self._screen.buffer[y][x].data for x in columns).rstrip() for y in range(self._screen.lines)]

    @property
    def cells(self) -> list[list[tuple[str, str, str, bool, bool, bool]]]:
        """Every cell: (character, foreground, background, bold, underscore, reverse)."""
        return [
            [
                (cell.data, cell.fg, cell.bg, cell.bold, cell.underscore, cell.reverse)
                for cell in (line[x] for x in range(self._screen.columns))
            ]
            for line in (self._screen.buffer[y] for y in range(self._screen.lines))
        ]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.rows)

    # -- end --------------------------------------------------------------------------------------------------------

    def cpu_ms(self) -> float:
        """The processor time the program has used, milliseconds; steadier than a clock on a busy machine."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int(Path(task, "schedstat").read_text().split()[0])
        return total / 1e6

    def memory_mb(self) -> float:
        """The program's resident memory."""
        import psutil

        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def close(self) -> None:
        """End the program and the terminal."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
