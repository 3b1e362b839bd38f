"""Who moves money: one interface, told what to do with a key that makes a repeat the same operation.

A provider is never called inside a transaction. Which there are: ``data.payments.providers``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

__all__ = ["ByHand", "Operation", "Outcome", "Provider"]


@dataclass(frozen=True)
class Operation:
    """One step of money as a provider is told it. ``key`` names it for ever; ``parent`` is the provider's own reference
    of the authorisation or capture it belongs to; ``order`` is the order's number, for the statement."""

    key: str
    kind: str
    amount: Decimal
    currency: str
    order: str
    parent: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Outcome:
    """How an operation ended. ``reference`` is the provider's own id, ``reason`` why it was declined."""

    accepted: bool
    reference: str = ""
    reason: str = ""


class Provider(Protocol):
    """Somebody who moves money."""

    def carry_out(self, operation: Operation) -> Outcome:
        """Do ``operation`` once, however often its key comes. Raises ``Unavailable`` where no answer came: then nobody
        knows whether it was done, and it is to be asked for (``look_up``) or sent again with the same key."""
        ...

    def look_up(self, key: str) -> Outcome | None:
        """Return how the operation ended, ``None`` where the provider never heard of it. Raises ``Unavailable``."""
        ...


class ByHand:
    """Money that people moved: what is told has happened."""

    def carry_out(self, operation: Operation) -> Outcome:
        """Believe it."""
        return Outcome(True, operation.reference)

    def look_up(self, key: str) -> Outcome | None:
        """Nobody keeps a second book."""
        return None
