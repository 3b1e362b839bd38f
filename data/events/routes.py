"""Which topic is handled by whom. A topic has exactly one reader; a row in the outbox without a row here is a fault.

A handler gets events of one topic, oldest first, and brings the store it feeds to the state PostgreSQL holds *now* for
their keys. It reloads that state instead of trusting the payload, and writes it with its version, so handling an event
twice, late, or out of order changes nothing. It returns how many of the events changed nothing.

A handler raises ``Unavailable`` when a store is away (the topic waits) and anything else when an event cannot be
handled (the event is retried, then buried).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.events.adoption import adopt_again
from data.events.facts import OrderFacts
from data.events.outbox import Event
from data.events.stock_summary import StockSummaries
from data.events.topics import MAIL, ORDERS, PRODUCTS, STOCK
from data.mail.sending import send_mail
from data.stores import Stores

__all__ = ["BATCH", "ROUTES", "Handler", "Route"]

#: Events of one batch. Measured in bench/relay.py: larger ones gain little and repeat more after a kill.
BATCH = 500

Handler = Callable[[Stores, Sequence[Event]], int]


@dataclass(frozen=True)
class Route:
    """``make`` gives the topic's handler; ``pace`` is the least time between two small batches, in seconds,
    ``batch`` how many events are handled at once."""

    topic: str
    make: Callable[[], Handler]
    pace: float = 0.0
    batch: int = BATCH


ROUTES = (
    # Each insert is a part on ClickHouse's disk: at most about one a second, or a full batch.
    Route(ORDERS, OrderFacts, pace=1.0),
    Route(STOCK, StockSummaries),
    # Written by nobody but the replay of a dead letter: products reach search by MongoDB's change stream.
    Route(PRODUCTS, lambda: adopt_again),
    # One by one: what was sent cannot be sent again, as it would be where another of its batch fails.
    Route(MAIL, lambda: send_mail, batch=1),
)
