"""What a verb says while it works: on standard error, so that standard output stays the answer's alone."""

from __future__ import annotations

import sys
import time

from data.text import visible
from data.types import Progress

__all__ = ["Narrator", "say"]

#: Seconds between two drawings of a progress line; more often is only bytes over SSH.
_REDRAW = 0.1
#: Seconds between two lines where there is no terminal to draw on, as in a log.
_REPEAT = 2.0
#: Below this many units a person wants to know the number, above it the share.
_FEW = 100


def say(sentence: str) -> None:
    """Tell the person one thing, on a line of its own. Text from a store is made inert."""
    print(visible(sentence), file=sys.stderr, flush=True)


class Narrator:
    """Shows the progress of a long job: on a terminal as one line drawn over itself, else a line now and then.

    Give it where a ``ReportProgress`` is wanted, and use it as a context manager so that the line is ended.
    """

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._what = ""
        self._total = 0
        self._began = self._told = float("-inf")
        self._open = False

    def __call__(self, progress: Progress) -> None:
        """Show ``progress``: ten times a second at most on a terminal, every other second elsewhere."""
        now = time.monotonic()
        finished = 0 < progress.total <= progress.done
        if finished and not self._what:
            return  # It was done before anybody asked: no news.
        news = progress.what != self._what
        if progress.total != self._total or not self._what:
            self._began = now
        self._what, self._total = progress.what, progress.total
        if not (news and finished) and now - self._told < (_REDRAW if self._tty else _REPEAT):
            return
        self._told = now
        line = visible(_line(progress, now - self._began))
        if self._tty:
            # \r and "erase to the end" are ours; what comes from the job was made inert.
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            say(line)

    def __enter__(self) -> Narrator:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            print(file=sys.stderr, flush=True)
            self._open = False


def _line(progress: Progress, seconds: float) -> str:
    if not progress.total:
        return f"{progress.what} {progress.done:,}" if progress.done else progress.what
    if progress.total < _FEW:
        line = f"{progress.what} ({progress.done} of {progress.total})"
    else:
        line = f"{progress.what} ({progress.done / progress.total:.0%})"
    if 0 < progress.done < progress.total and seconds > 1:
        left = seconds / progress.done * (progress.total - progress.done)
        line += f", about {_duration(left)} left"
    return line


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
