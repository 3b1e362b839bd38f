"""Words and labels of an index: read once and kept while that is cheaper than they are stale."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

__all__ = ["Keeper", "Kept"]

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


class Keeper:
    """What outlives a snapshot: words and labels, which change little from commit to commit."""

    def __init__(self) -> None:
        self.spellings: Kept[Sequence[tuple[str, int]]] = Kept()
        self.labels: Kept[Mapping[str, str]] = Kept()
