"""Products that the search index refused: tried again with growing pauses, until it takes them or they are given up.

Kept by name in the feed's own counters, so that a relay that takes over goes on counting. Rejected: sending them
through the outbox, whose handlers run beside the feed, which is the index's one writer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from data.events import delivery
from data.events.outbox import MAX_ATTEMPTS

__all__ = ["RETRIES", "Retries"]

#: The name in the counters.
RETRIES = "retries"
#: More than this fail for one common reason, which trying each of them again does not mend.
_MOST = 1000


class Retries:
    """The refused products of one feed. ``counters`` are the feed's, which it stores after every batch."""

    def __init__(self, counters: dict[str, Any]) -> None:
        #: by product id: how often it was refused, and when it is tried again (seconds since 1970)
        self._kept: dict[str, list[float]] = counters.setdefault(RETRIES, {})

    def refused(self, product_id: str) -> int:
        """Count a refusal; return how many there were where the product is given up with this one, else 0."""
        attempts = int(self._kept.pop(product_id, (0, 0.0))[0]) + 1
        if attempts >= MAX_ATTEMPTS or len(self._kept) >= _MOST:
            return attempts
        self._kept[product_id] = [attempts, time.time() + delivery.backoff(attempts - 1)]
        return 0

    def taken(self, product_ids: Iterable[str]) -> None:
        """Forget products that the index took."""
        if self._kept:
            for product_id in product_ids:
                self._kept.pop(product_id, None)

    def due(self) -> list[str]:
        """Return the products whose pause is over."""
        now = time.time()
        return [product_id for product_id, (_, at) in self._kept.items() if at <= now]
