"""What a load of the demo came to. Apart from the load, so that who only reads it imports no driver."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DemoReport"]


@dataclass(frozen=True)
class DemoReport:
    """What the demo holds, and whether this load changed anything (a second one does not). ``seconds`` is how long."""

    products: int
    customers: int
    orders: int
    changed: bool
    seconds: float
