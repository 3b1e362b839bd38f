"""What a process does about its memory: when the collector walks through it, and how freed pages go back.

Python's collector looks at every object there is again and again while thousands of documents are made, and finds
nothing, because documents hold no cycles: a third of an import's time, and tens of milliseconds in a terminal between
a key and its answer. Rejected: turning it off, because what does hold cycles (widgets, tracebacks) would stay.

The C library (glibc) gives every few threads a heap of their own, so that they need not wait for each other, and each
heap keeps what was freed in it. Our threads wait for stores and for the interpreter, not for memory.
"""

from __future__ import annotations

import gc
import sys

__all__ = ["calm_collector", "few_heaps", "give_back"]

#: New objects until the collector looks at the young ones; Python's own 700 is less than one page of a list makes.
_YOUNG = 20_000
#: glibc's M_ARENA_MAX (malloc.h).
_MOST_HEAPS = -8


def calm_collector() -> None:
    """Leave what is loaded by now out of every later collection, and collect less often. For a program's entry.

    May be called again when more was loaded. Not for a library or a test: what is garbage by then stays for good.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)


def few_heaps(count: int) -> None:
    """Let all threads share ``count`` heaps; for a program's entry, before its first thread. Where glibc is used."""
    _call("mallopt", _MOST_HEAPS, count)


def give_back() -> None:
    """Return what was freed to the system. Takes milliseconds; where glibc is used."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    if sys.platform.startswith("linux"):
        import ctypes  # not before it is wanted: it costs a headless verb milliseconds

        function = getattr(ctypes.CDLL(None), name, None)  # another C library (musl) has none of it
        if function is not None:
            function(*arguments)
