"""What of an index outlives one search: words and labels, a little stale at times, and counts with their state."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from data.search.requests import Listed
from data.search.tree import Node

__all__ = ["Counted", "Keeper", "Kept", "KeptCounts"]

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


#: What a condition with its entry, and one value with its count, take about.
_NODE_BYTES, _VALUE_BYTES = 4_096, 200
#: Counts of no more states than these are kept: each holds files of the index that may be no others' any more.
_MOST_STATES = 4


class State(Protocol):
    """One state of an index."""

    @property
    def generation(self) -> int:
        """The number of this state."""
        ...


class Counted(NamedTuple):
    """What was asked of a facet, as the engine is asked, and its answer."""

    request: Mapping[str, Any]
    counts: Listed


StateT = TypeVar("StateT", bound=State)


class KeptCounts(Generic[StateT]):
    """Counts by condition and facet, each with the state of the index that they are the counts of.

    Those asked for longest ago go when they are too many, or of too many states.
    """

    def __init__(self, most_bytes: int = 8_000_000, most_states: int = _MOST_STATES) -> None:
        self.most_bytes, self.most_states = most_bytes, most_states
        self._lock = threading.Lock()
        self._entries: OrderedDict[Node, tuple[StateT, Mapping[str, Counted]]] = OrderedDict()
        self._bytes = 0

    def known(self, node: Node) -> tuple[StateT, Mapping[str, Counted]] | None:
        """Return what is known of ``node``, by facet, and in which state; ``None`` if nothing is."""
        with self._lock:
            if node not in self._entries:
                return None
            self._entries.move_to_end(node)
            return self._entries[node]

    def keep(self, state: StateT, node: Node, counted: Mapping[str, Counted]) -> None:
        """Keep what was counted in ``state``; what is known of an earlier state of ``node`` is dropped."""
        with self._lock:
            before, known = self._entries.get(node, (state, {}))
            if before.generation > state.generation:
                return
            if node in self._entries:
                self._drop(node)
            entry = {**(known if before.generation == state.generation else {}), **counted}
            self._entries[node] = state, entry
            self._bytes += _size(entry)
            while self._bytes > self.most_bytes or self._states() > self.most_states:
                self._drop(next(iter(self._entries)))

    def holds(self, state: StateT) -> bool:
        """Say whether any counts of ``state`` are kept: it has to stay open as long."""
        with self._lock:
            return any(one is state for one, _ in self._entries.values())

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _drop(self, node: Node) -> None:
        _, counted = self._entries.pop(node)
        self._bytes -= _size(counted)

    def _states(self) -> int:
        return len({state.generation for state, _ in self._entries.values()})


def _size(counted: Mapping[str, Counted]) -> int:
    return _NODE_BYTES + _VALUE_BYTES * sum(len(one.counts) for one in counted.values())


class Keeper:
    """Which words there are, and how attributes are written."""

    def __init__(self) -> None:
        self.spellings: Kept[Sequence[tuple[str, int]]] = Kept()
        self.labels: Kept[Mapping[str, str]] = Kept()
