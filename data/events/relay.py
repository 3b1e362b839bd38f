"""The relay: carries what happened to the stores that are told of it, one leader at a time, one thread per topic.

Order of things for every event: read, effect, deletion (or the stored place in the change stream). A kill at any point
repeats an effect and never loses one; effects are versioned, so repeating one changes nothing.

Waking up is a poll every 200 ms, one index probe per topic (0.1 ms). Rejected: LISTEN/NOTIFY, because NOTIFY takes a
lock that all committing transactions of the server share, on the path of every order, to save what nobody notices.

**Why not pgmq**, which the design names first choice: it keeps order per key only in ``read_grouped``, and that looks
through the whole queue for every group at each read. ``bench/relay.py``, pgmq 1.1.4 and this outbox in one run on one
server, 2 busy cores: a backlog of 20,000 events over 100 keys drains at 4,000 events/s against 91,000 here; over
20,000 keys, which is what orders are, a single read does not end within the server's 10 seconds. Its plain ``read`` is
fast (59,000/s) but lets a later event of a key overtake one that failed. Sending is 1,180 transactions/s against 1,560
(2,190 without any event). So the queue is ours: one table, three statements (``outbox.py``).
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from data.caches.warm import warm
from data.errors import StorekeeperError, Unavailable
from data.events import outbox, state
from data.events.changes import cluster_time
from data.events.consistency import SAMPLE_SECONDS, note_sample
from data.events.delivery import TopicDelivery
from data.events.leader import Leadership, leadership
from data.events.products import ProductFeed
from data.events.routes import ROUTES
from data.events.topics import PRODUCTS, TOPICS
from data.memory import calm_collector, few_heaps
from data.settings import Settings, load_settings
from data.stores import Stores

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["Drained", "Relay", "drain", "run", "run_once"]

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
#: Pauses while a store is away: doubling from the first to the last.
PAUSE_SECONDS = (0.2, 5.0)
#: How long a relay that is not the leader waits before it asks again.
STANDBY_SECONDS = 1.0
#: How often the leader looks whether it still is, and whether an unknown topic lies in the outbox.
CONFIRM_SECONDS = 1.0
#: How often the leader warms the product cache; the first time when it begins.
WARM_SECONDS = 600.0

_HAS_TABLES = text("SELECT to_regclass('outbox') IS NOT NULL AND to_regclass('relay_state') IS NOT NULL")


@dataclass(frozen=True)
class Drained:
    """What waiting for quiet came to. ``quiet``: nothing waited any more; ``handled`` events by this process."""

    quiet: bool
    handled: int


def run(settings: Settings, stop: threading.Event) -> None:
    """Be the relay until ``stop`` is set: lead when no other does, else stand by. Survives stores that are away."""
    stores = Stores(settings)
    try:
        while not stop.is_set():
            try:
                _lead_or_stand_by(stores, stop)
            except StorekeeperError as error:
                log.warning("the relay waits: %s", error)
            stop.wait(STANDBY_SECONDS)
    finally:
        stores.close()


def run_once(shop: Shop) -> int:
    """Handle what waits now, as the leader, and return how many events that were; 0 where another relay leads.

    Events in a pause after a failure are not waited for. Raises ``Unavailable`` when a store is away.
    """
    with leadership(shop.stores.postgres) as lead:
        return Relay(shop.stores).handle_all() if lead else 0


def drain(shop: Shop, timeout: float = 30.0) -> Drained:
    """Wait until everything written before has reached its store, at most ``timeout`` seconds; then say whether it has.

    Does the relay's work itself where no relay runs. Raises ``Unavailable`` when a store stays away to the end.
    """
    deadline = time.monotonic() + timeout
    handled, moment = 0, None
    while True:
        try:
            with leadership(shop.stores.postgres) as lead:
                if lead:
                    handled += Relay(shop.stores).handle_all()
            if not _waiting(shop.stores):
                # Stock summaries are changes of products: the moment to wait for is the first without any left to make.
                moment = moment or cluster_time(shop.stores.mongo)
                if lead or _feed_place(shop.stores) >= moment:
                    return Drained(True, handled)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            return Drained(False, handled)
        time.sleep(POLL_SECONDS / 4)


class Relay:
    """The work of one leader."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._topics = [TopicDelivery(stores, route) for route in ROUTES]
        self._products = ProductFeed(stores)

    def serve(self, lead: Leadership, stop: threading.Event) -> None:
        """Work until ``stop`` is set or the lead is lost, which raises ``Unavailable``."""
        halt = threading.Event()
        threads = [_Loop(topic.topic, topic.step, POLL_SECONDS, halt) for topic in self._topics]
        threads.append(_Loop("change stream", self._products.step, 0.0, halt))
        threads.append(_Loop("consistency", partial(note_sample, self._stores, halt), SAMPLE_SECONDS, halt))
        threads.append(_Loop("warming", self._warm, WARM_SECONDS, halt))
        for thread in threads:
            thread.start()
        try:
            while not stop.wait(CONFIRM_SECONDS):
                lead.confirm()
                self._bury_unknown()
        finally:
            halt.set()
            for thread in threads:
                thread.join()
            self._products.close()

    def handle_all(self) -> int:
        """Handle everything that waits at this moment; return how many events that were. Raises ``Unavailable``."""
        handled = 0
        try:
            self._bury_unknown()
            for topic in self._topics:
                topic.hurry()
                while count := topic.step():
                    topic.hurry()
                    handled += count
            # After the topics, because stock summaries are changes of products.
            moment = cluster_time(self._stores.mongo)
            while True:
                handled += self._products.step(0.2)
                if self._products.has_reached(moment):
                    return handled
        finally:
            self._products.close()

    def _warm(self) -> int:
        """Put what sells into the cache; 0, because there is nothing more to do then."""
        warm(self._stores)
        return 0

    def _bury_unknown(self) -> None:
        with self._stores.postgres.writing() as connection:
            outbox.bury_unknown(connection, TOPICS)


class _Loop(threading.Thread):
    """Calls one step again and again; rests ``rest`` seconds when there was nothing to do, longer when it failed."""

    def __init__(self, name: str, step: Callable[[], int], rest: float, halt: threading.Event) -> None:
        super().__init__(name=f"relay {name}", daemon=True)
        self._step, self._rest, self._halt = step, rest, halt

    def run(self) -> None:
        """Go on until halted, whatever a step raises."""
        first, longest = PAUSE_SECONDS
        pause = 0.0
        while not self._halt.is_set():
            try:
                busy, pause = self._step(), 0.0
            except Exception as error:
                # Once a store is known to be away, saying so again helps nobody.
                if not pause:
                    log.warning("%s pauses: %s", self.name, error, exc_info=not isinstance(error, StorekeeperError))
                pause = min(longest, pause * 2) or first
                busy = 0
            self._halt.wait(0.0 if busy else pause or self._rest)


def _lead_or_stand_by(stores: Stores, stop: threading.Event) -> None:
    with stores.postgres.reading() as connection:
        if not connection.execute(_HAS_TABLES).scalar_one():
            return  # A shop that is just being set up.
    with leadership(stores.postgres) as lead:
        if lead:
            log.info("leading")
            Relay(stores).serve(lead, stop)


def _waiting(stores: Stores) -> bool:
    with stores.postgres.reading() as connection:
        return outbox.waiting(connection, TOPICS)


def _feed_place(stores: Stores) -> tuple[int, int]:
    """Return the cluster time up to which a relay, here or elsewhere, has handled the change stream."""
    with stores.postgres.reading() as connection:
        seconds, counter = state.load(connection, PRODUCTS).get("reached") or (0, 0)
        return seconds, counter


def main() -> int:
    """Run the relay as a process of its own, as the local host does, until SIGTERM or SIGINT. Returns the exit code."""
    few_heaps(2)  # the index has a thread that works beside ours
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    calm_collector()
    run(settings, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
