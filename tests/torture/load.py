"""Many hands: carts thrown at the shop from several processes with several threads each, every outcome told.

A process opens the shop by settings alone, as a terminal does, so nothing is shared but the engines.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from data.access.rules import Actor
from data.door import Door
from data.errors import OutOfStock, Unavailable
from data.orders.messages import PlaceOrder
from data.settings import Settings
from data.stores import Stores
from tests.orders_world import ADDRESS, Line, cart

PROCESSES = 2
THREADS = 16
#: A try whose outcome stays unknown for longer than this, whatever is killed, is a failure.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Try:
    """One cart under its key."""

    key: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a try: ``placed`` with the order's id, or ``short``; ``replayed`` where the key found its order.

    ``lost`` counts the times the door gave up and the try was sent again with its key.
    """

    key: str
    what: str
    order_id: UUID | None = None
    replayed: bool = False
    lost: int = 0


@dataclass(frozen=True)
class Shift:
    """What one process has to do."""

    settings: Settings
    actor: Actor
    user_id: UUID
    tries: tuple[Try, ...]
    threads: int


def throw(settings: Settings, actor: Actor, user_id: UUID, tries: Sequence[Try]) -> list[Outcome]:
    """Place all ``tries`` from ``PROCESSES`` × ``THREADS`` hands and return every outcome. What breaks is raised."""
    shifts = [Shift(settings, actor, user_id, tuple(tries[number::PROCESSES]), THREADS) for number in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as processes:
        return [outcome for outcomes in processes.map(_work, shifts) for outcome in outcomes]


def _work(shift: Shift) -> list[Outcome]:
    stores = Stores(shift.settings)
    door = Door(stores)
    try:
        return in_threads(lambda one: _place(door, shift, one), shift.tries, shift.threads)
    finally:
        stores.close()


def in_threads(act: Callable[[Any], Any], items: Sequence[Any], threads: int) -> list[Any]:
    """Return what ``act`` says of each item, asked by ``threads`` threads that start together."""
    waiting, done, broken = iter(items), [], []
    start, turn = threading.Barrier(threads), threading.Lock()

    def hand() -> None:
        start.wait()
        while not broken:
            with turn:
                item = next(waiting, None)
            if item is None:
                return
            try:
                done.append(act(item))
            except BaseException as error:  # noqa: BLE001 - told to the test, which fails on it
                broken.append(error)

    hands = [threading.Thread(target=hand) for _ in range(threads)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    if broken:
        raise broken[0]
    return done


def _place(door: Door, shift: Shift, one: Try) -> Outcome:
    """Send the try until its outcome is known: the same key every time, so blind repetition is safe."""
    command = PlaceOrder(user_id=shift.user_id, lines=cart(one.lines), shipping_address=ADDRESS, channel="torture")
    deadline = time.monotonic() + PATIENCE_SECONDS
    lost = 0
    while True:
        try:
            done = door.run(command, shift.actor, key=one.key)
        except OutOfStock:
            return Outcome(one.key, "short", lost=lost)
        except Unavailable:
            lost += 1
            if time.monotonic() > deadline:
                raise
        else:
            return Outcome(one.key, "placed", done.result.order_id, done.replayed, lost)


def deadlocks(stores: Stores) -> int:
    """Return how many deadlocks PostgreSQL has counted in this database."""
    with stores.postgres.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        count: int = connection.execute(
            text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        ).scalar_one()
        return count


class NaiveShop:
    """The control: the same sale as read, decide, write, in one READ COMMITTED transaction and without a lock."""

    def __init__(self, stores: Stores, stock: int) -> None:
        self._stores = stores
        with stores.postgres.writing() as connection:
            connection.execute(text("CREATE TABLE naive_stock (available integer CHECK (available >= 0))"))
            connection.execute(text("CREATE TABLE naive_orders (quantity integer)"))
            connection.execute(text("INSERT INTO naive_stock VALUES (:stock)"), {"stock": stock})

    def sell(self, _: object) -> bool:
        """Sell one unit where the stock says there is one."""
        with self._stores.postgres.writing() as connection:
            available = connection.execute(text("SELECT available FROM naive_stock")).scalar_one()
            if available < 1:
                return False
            connection.execute(text("INSERT INTO naive_orders VALUES (1)"))
            connection.execute(text("UPDATE naive_stock SET available = :left"), {"left": available - 1})
        return True


class Killer:
    """Kills a server process of PostgreSQL with SIGKILL every so often, ``most`` times at most; ``killed`` counts."""

    def __init__(
        self, backends: Callable[[], Sequence[int]], kill: Callable[[int], None], *, every: float, most: int
    ) -> None:
        self.killed = 0
        self._backends, self._kill, self._every, self._most = backends, kill, every, most
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while self.killed < self._most and not self._stop.wait(self._every):
            with suppress(Unavailable, ProcessLookupError):  # just killed, not yet back: next time
                for pid in self._victims():
                    self._kill(pid)
                    self.killed += 1

    def _victims(self) -> Iterator[int]:
        backends = self._backends()
        if backends:
            yield backends[len(backends) // 2]
