"""What a verb says while it works: on standard error, so that standard output stays the answer's alone."""

from __future__ import annotations

import sys
import time

from data.text import visible
from data.types import Progress

__all__ = ["Narrator", "say"]

#: Seconds between two drawings of a progress line; more often is only bytes over SSH.
_REDRAW = 0.1


def say(sentence: str) -> None:
    """Tell the person one thing, on a line of its own. Text from a store is made inert."""
    print(visible(sentence), file=sys.stderr, flush=True)


class Narrator:
    """Shows the progress of a long job: on a terminal as one line drawn over itself, else one line per step.

    Give it where a ``ReportProgress`` is wanted, and use it as a context manager so that the line is ended.
    """

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._what = ""
        self._began = self._drawn = 0.0
        self._open = False

    def __call__(self, progress: Progress) -> None:
        """Show ``progress``, at most ten times a second on a terminal and once per step elsewhere."""
        now = time.monotonic()
        finished = 0 < progress.total <= progress.done
        if finished and not self._what:
            return  # It was done before anybody asked: no news.
        new_step = progress.what != self._what
        if new_step:
            self._what, self._began = progress.what, now
        if self._tty:
            if new_step or finished or now - self._drawn >= _REDRAW:
                self._drawn = now
                self._draw(progress, now - self._began)
        elif new_step and progress.what:
            say(progress.what)

    def __enter__(self) -> Narrator:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            print(file=sys.stderr, flush=True)
            self._open = False

    def _draw(self, progress: Progress, seconds: float) -> None:
        # \r and "erase to the end" are ours; what comes from the job is made inert first.
        print(f"\r{visible(_line(progress, seconds))}\x1b[K", end="", file=sys.stderr, flush=True)
        self._open = True


def _line(progress: Progress, seconds: float) -> str:
    if not progress.total:
        return f"{progress.what} {progress.done:,}" if progress.done else progress.what
    line = f"{progress.what} {progress.done:,} of {progress.total:,}"
    if 0 < progress.done < progress.total and seconds > 1:
        left = seconds / progress.done * (progress.total - progress.done)
        line += f", about {_duration(left)} left"
    return line


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
