"""Delivers one topic of the outbox: batches in order per key, retries per key, dead letters, no loss and no halt.

The effect comes first, the deletion of its events after it, in one transaction with the topic's counters: a kill in
between means the effect is made again, and every effect is repeatable (``data.events.routes``). A store that is away
holds the topic up and costs no event an attempt. Any other failure is an event's own: the batch is halved until the
failing key is alone, that key waits (0.2 s doubling), all others go on.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from data.errors import StorekeeperError, Unavailable
from data.events import outbox, state
from data.events.outbox import Event
from data.events.routes import Handler, Route
from data.stores import Stores
from data.stores.postgres import retryable

__all__ = ["TopicDelivery", "backoff"]

log = logging.getLogger(__name__)


def backoff(attempts: int) -> float:
    """Return how many seconds to wait after ``attempts`` earlier failures: 0.2 doubling, at most 60, ±10 %."""
    return min(60.0, 0.2 * 2.0**attempts) * random.uniform(0.9, 1.1)


class TopicDelivery:
    """One topic. Not for two threads at once; the leader gives each topic its own."""

    def __init__(self, stores: Stores, route: Route) -> None:
        self.topic = route.topic
        self._stores = stores
        self._handler: Handler = route.make()
        self._pace = route.pace
        self._batch = route.batch
        self._last_batch = float("-inf")
        self._counters: dict[str, Any] | None = None

    def step(self) -> int:
        """Deliver one batch; return how many events it had, 0 when there is nothing to do (yet).

        Raises ``Unavailable`` when a store is away; nothing was lost and no attempt was counted.
        """
        with self._stores.postgres.reading() as connection:
            events = outbox.read_batch(connection, self.topic, self._batch)
        # A store that dislikes small writes gets its batches paced, unless a full one is waiting.
        if not events or (len(events) < self._batch and time.monotonic() - self._last_batch < self._pace):
            return 0
        failed_before = {event.key for event in events if event.attempts}
        self._deliver([event for event in events if event.key not in failed_before])
        for key in failed_before:
            self._deliver([event for event in events if event.key == key])
        self._last_batch = time.monotonic()
        return len(events)

    def hurry(self) -> None:
        """Forget the pace once: somebody waits for this topic to be empty."""
        self._last_batch = float("-inf")

    def _deliver(self, events: Sequence[Event]) -> None:
        """Handle events and delete them, or find the key whose fault it is and put that off."""
        if not events:
            return
        try:
            skipped = self._handler(self._stores, events)
        except Exception as error:
            if _passing(error):
                raise
            self._divide(events, error)
            return
        self._done(events, skipped)

    def _divide(self, events: Sequence[Event], error: Exception) -> None:
        keys = list(dict.fromkeys(event.key for event in events))
        if len(keys) > 1:
            half = set(keys[: len(keys) // 2])
            self._deliver([event for event in events if event.key in half])
            self._deliver([event for event in events if event.key not in half])
        elif len(events) > 1:
            self._one_by_one(events)
        else:
            self._put_off(events[0], error)

    def _one_by_one(self, events: Sequence[Event]) -> None:
        """Handle one key's events in order up to the first that fails."""
        for event in events:
            try:
                skipped = self._handler(self._stores, [event])
            except Exception as error:
                if _passing(error):
                    raise
                self._put_off(event, error)
                return
            self._done([event], skipped)

    def _done(self, events: Sequence[Event], skipped: int) -> None:
        with self._stores.postgres.writing() as connection:
            outbox.delete_handled(connection, events)
            counters = self._load(connection)
            counters["handled"] = counters.get("handled", 0) + len(events)
            counters["skipped"] = counters.get("skipped", 0) + skipped
            state.save(connection, state.topic(self.topic), counters)

    def _put_off(self, event: Event, error: Exception) -> None:
        reason = _reason(error)
        with self._stores.postgres.writing() as connection:
            dead = outbox.put_off(connection, event, reason, delay=backoff(event.attempts))
            counters = self._load(connection)
            counters["failed"] = counters.get("failed", 0) + 1
            counters["last_error"] = reason[:300]
            counters["last_error_at"] = datetime.now(UTC).isoformat()
            state.save(connection, state.topic(self.topic), counters)
        what = "is a dead letter" if dead else "will be tried again"
        log.warning("event %d (%s %s) %s: %s", event.event_id, event.topic, event.key, what, reason)

    def _load(self, connection: Any) -> dict[str, Any]:
        if self._counters is None:
            self._counters = state.load(connection, state.topic(self.topic))
        return self._counters


def _passing(error: Exception) -> bool:
    """Say whether ``error`` is about the state of a store, not about an event: it holds the topic up, uncounted."""
    return isinstance(error, Unavailable) or retryable(error)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, StorekeeperError) else f"{type(error).__name__}: {error}"
