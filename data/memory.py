"""What a process does about its memory: when the collector walks through it, and when freed pages go back.

Python's collector looks at every object there is again and again while thousands of documents are made, and finds
nothing, because documents hold no cycles: a third of an import's time, and tens of milliseconds in a terminal between
a key and its answer. Rejected: turning it off, because what does hold cycles (widgets, tracebacks) would stay.
"""

from __future__ import annotations

import gc
import sys

__all__ = ["calm_collector", "give_back"]

#: New objects until the collector looks at the young ones; Python's own 700 is less than one page of a list makes.
_YOUNG = 20_000


def calm_collector() -> None:
    """Leave what is loaded by now out of every later collection, and collect less often. For a program's entry.

    May be called again when more was loaded. Not for a library or a test: what is garbage by then stays for good.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)


def give_back() -> None:
    """Return what was freed to the system, where the C library (glibc) would keep it for the next burst."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
