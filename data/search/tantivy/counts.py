"""Counting over many products of the local index: on all cores, and as seldom as can be.

tantivy counts about 100 million values a second on one core. A broad search (the empty one above all) counts some 20
values of each product, so at a million products its cost is the counting; it lets go of the interpreter meanwhile,
so threads do it side by side. What was counted is kept and brought forward over commits (``tantivy.changes``).
Rejected: estimates from a sample, because a count on the screen is exact; and counts kept up to date by the writer,
which every edit would have to pay for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

__all__ = ["BROAD", "shares", "together"]

#: From this many products on it pays to count side by side, and to keep what was counted.
BROAD = 20_000
_MOST_THREADS = 4

Answer = TypeVar("Answer")
Request = Mapping[str, Any]


@lru_cache(maxsize=1)
def _threads() -> int:
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(_threads() - 1, 1), thread_name_prefix="counting")


def together(tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Return what each of ``tasks`` returns; all run at once, one of them in this thread."""
    others = [_pool().submit(task) for task in tasks[1:]]
    return [*(task() for task in tasks[:1]), *(other.result() for other in others)]


def shares(requests: Mapping[str, Request], work: Mapping[str, int]) -> list[dict[str, Request]]:
    """Cut ``requests`` into as many parts as there are threads, of like ``work`` (1 where nothing is said)."""
    parts: list[dict[str, Request]] = [{} for _ in range(_threads())]
    loads = [0] * len(parts)
    for name in sorted(requests, key=lambda name: -work.get(name, 1)):
        least = loads.index(min(loads))
        parts[least][name] = requests[name]
        loads[least] += work.get(name, 1)
    return [part for part in parts if part]
