"""Health monitor: asks the five stores and the relay every two seconds, and speaks only when something changed.

Shape: one thread with its own clock, so a store that hangs for its two seconds delays nothing on the event loop; an
unchanged answer sends no byte to the terminal.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.errors import StorekeeperError
from data.types import Health

if TYPE_CHECKING:
    from data.shop import Shop

EVERY = 2.0
LETTERS = (("postgresql", "P"), ("mongodb", "M"), ("search", "S"), ("redis", "R"), ("clickhouse", "C"))


@dataclass(frozen=True)
class Pulse:
    """One look at the whole: the stores that are down, the relay's lag (seconds, rounded as shown), dead letters.

    ``inconsistent`` of the products the relay sampled last have other versions in search or cache than in the catalog.
    """

    down: tuple[str, ...]
    lag: float | None
    dead_letters: int
    inconsistent: int = 0


class HealthMonitor:
    """Watches ``shop`` in a thread of its own and calls ``changed`` (from that thread) with each new pulse."""

    def __init__(self, shop: Shop, changed: Callable[[Pulse], None]) -> None:
        self._shop = shop
        self._changed = changed
        self._stop = threading.Event()
        self._look_now = threading.Event()
        self._report = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="health", daemon=True)

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the look in progress; does not wait for it."""
        self._stop.set()
        self._look_now.set()

    def poke(self) -> None:
        """Look at once, and report even if nothing changed: somebody saw something else."""
        self._report.set()
        self._look_now.set()

    def _watch(self) -> None:
        last: Pulse | None = None
        with ThreadPoolExecutor(len(LETTERS), thread_name_prefix="health") as pool:
            while not self._stop.is_set():
                self._look_now.clear()
                asked = self._report.is_set()
                self._report.clear()
                try:
                    pulse = self._look(pool)
                except Exception:
                    logging.getLogger(__name__).exception("a look at the stores failed")
                    pulse = Pulse((), None, 0) if last is None else last
                if (asked or pulse != last) and not self._stop.is_set():
                    last = pulse
                    self._changed(pulse)
                self._look_now.wait(EVERY)

    def _look(self, pool: ThreadPoolExecutor) -> Pulse:
        answers: list[Health] = list(pool.map(self._shop.stores.health, [store for store, _ in LETTERS]))
        down = tuple(answer.store for answer in answers if not answer.ok)
        if "postgresql" in down:
            return Pulse(down, None, 0)
        from data.events.reads import relay_status

        try:
            status = relay_status(self._shop.stores.postgres)
        except StorekeeperError:
            return Pulse(down, None, 0)
        wrong = status.consistency.wrong if status.consistency else 0
        return Pulse(down, round(status.lag_seconds, 1), status.dead_letters, wrong)
