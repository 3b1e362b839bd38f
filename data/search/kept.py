"""What of an index outlives one search: words and labels, a little stale at times, and counts, which never are."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from data.search.tree import Node

__all__ = ["Keeper", "Kept", "KeptCounts"]

_OLDEST_S = 30.0
#: Words and labels may be this many times older than they take to read: cheap ones are always fresh.
_PATIENCE = 200

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """One thing read from the index."""

    def __init__(self) -> None:
        self._value: tuple[int, float, Value] | None = None

    def get(self, generation: int, read: Callable[[], Value]) -> Value:
        """Return the thing as of ``generation``, or a little older; ``read`` reads it."""
        now = time.monotonic()
        if self._value is not None and (self._value[0] == generation or now < self._value[1]):
            return self._value[2]
        value = read()
        spent = time.monotonic() - now
        self._value = generation, now + min(spent * _PATIENCE, _OLDEST_S), value
        return value


Counts = list[tuple[str, int]]
#: What a condition with its entry, and one value with its count, take about.
_NODE_BYTES, _VALUE_BYTES = 4_096, 200


class KeptCounts:
    """Counts by condition and facet in one state of an index; those asked for longest ago go when they are too many."""

    def __init__(self, most_bytes: int = 8_000_000) -> None:
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._generation = -1
        self._counts: OrderedDict[Node, dict[str, Counts]] = OrderedDict()
        self._bytes = 0

    def known(self, generation: int, node: Node) -> Mapping[str, Counts]:
        """Return what is known of ``node``, by facet."""
        with self._lock:
            if generation != self._generation or node not in self._counts:
                return {}
            self._counts.move_to_end(node)
            return self._counts[node].copy()

    def keep(self, generation: int, node: Node, counts: Mapping[str, Counts]) -> None:
        """Keep what was counted in the state ``generation``; what is known of an earlier state is dropped."""
        with self._lock:
            if generation > self._generation:
                self._generation, self._bytes = generation, 0
                self._counts.clear()
            if generation < self._generation:
                return
            known = self._counts.setdefault(node, {})
            self._bytes += _size(counts) - _size({name: known[name] for name in counts if name in known})
            self._bytes += 0 if known else _NODE_BYTES
            known |= counts
            self._counts.move_to_end(node)
            while self._bytes > self.most_bytes:
                _, dropped = self._counts.popitem(last=False)
                self._bytes -= _size(dropped) + _NODE_BYTES


def _size(counts: Mapping[str, Counts]) -> int:
    return _VALUE_BYTES * sum(map(len, counts.values()))


class Keeper:
    """What outlives a snapshot."""

    def __init__(self) -> None:
        self.spellings: Kept[Sequence[tuple[str, int]]] = Kept()
        self.labels: Kept[Mapping[str, str]] = Kept()
        self.counts = KeptCounts()
