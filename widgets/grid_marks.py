"""The marked rows of a grid: a set of keys, and the range being drawn."""

from __future__ import annotations

from collections.abc import Sequence


class Marks:
    """Marked keys. Keys, not positions, so marks survive paging and reloading."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._anchor: str | None = None
        self._before: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """How many rows are marked."""
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        """Whether the row with ``key`` is marked."""
        return key in self._keys

    @property
    def keys(self) -> frozenset[str]:
        """The marked keys, also of rows that are no longer held."""
        return frozenset(self._keys)

    @property
    def drawing(self) -> bool:
        """Whether a range is being drawn."""
        return self._anchor is not None

    def toggle(self, key: str) -> None:
        """Mark or unmark one row."""
        self._keys ^= {key}

    def toggle_range(self, key: str) -> None:
        """Begin a range at ``key``, or end the one being drawn."""
        if self._anchor is None:
            self._anchor, self._before = key, frozenset(self._keys)
            self._keys.add(key)
        else:
            self._anchor = None

    def stretch(self, keys: Sequence[str], cursor: int) -> bool:
        """Draw the range from its anchor to row ``cursor`` of ``keys``. Return whether marks changed."""
        if self._anchor is None or not keys:
            return False
        try:
            anchor = keys.index(self._anchor)
        except ValueError:
            anchor = cursor
        low, high = sorted((anchor, cursor))
        marked = set(self._before) | set(keys[low : high + 1])
        changed = marked != self._keys
        self._keys = marked
        return changed

    def toggle_all(self, keys: Sequence[str]) -> None:
        """Mark all ``keys``, or none if all are."""
        self._anchor = None
        self._keys = set() if self._keys >= set(keys) else self._keys | set(keys)

    def clear(self) -> bool:
        """Unmark everything. Return whether anything was marked or being drawn."""
        had = bool(self._keys) or self.drawing
        self._keys, self._anchor = set(), None
        return had
