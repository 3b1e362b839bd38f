"""Sparkline as text: a row of bars that needs no widget and no library. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

BARS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[int | float | Decimal]) -> str:
    """Return one bar per value, the largest full height; nothing sold is the lowest bar, not a gap."""
    largest = max(values, default=0)
    if largest <= 0:
        return BARS[0] * len(values)
    return "".join(BARS[min(int(float(value) / float(largest) * len(BARS)), len(BARS) - 1)] for value in values)
