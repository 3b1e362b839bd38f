"""The number of what an index holds, the same for every engine."""

from __future__ import annotations

__all__ = ["LAYOUT"]

#: Raised with every change of a schema or of what is written into it: an index of another layout is built anew.
LAYOUT = 4
