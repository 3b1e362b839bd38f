"""Callers that wait at the same time are served together: one of them acts for all, and a lone one pays nothing.

A write that ends with a flush to disk costs nearly the same for one as for many, and holds its locks until the flush
is over. So what asks for the same kind of write while another is under way is collected and written next, as one
statement and one commit. Shape: flat combining. There is no thread and no timer of its own: the first caller to come
leads, takes what waits behind it, acts for all of them, hands the lead to whoever came meanwhile, and only then, the
commit being done, tells the others their answers. Those who wait hold no connection.

Promises:

- An answer is given after ``act`` has returned, so after the commit.
- Where acting for several fails, for whatever reason (a broken connection, a serialization failure, one caller's own
  mistake, an interrupt in the leader), nobody is told another's error: each acts again alone, in its own thread. So
  ``act`` must be safe to repeat, which an idempotency key makes it, and must leave nothing behind when it raises,
  unless it is known by that key.
- Who has not been taken up within ``PATIENCE_SECONDS`` leads those who wait with it, beside the batch under way: one
  that waits for a lock holds up those it began with, not the whole process, and where commits are slow several are
  under way at a time. Who was taken up and hears nothing for ``LOST_SECONDS``, longer than any statement may take,
  acts alone.

Rejected: several stock rows per product, taken with SKIP LOCKED (another table for the level, and every reader adds
up); asynchronous commit (loses acknowledged orders); waiting a moment for company (adds to every lone caller's time).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Generic, TypeVar

__all__ = ["PATIENCE_SECONDS", "Combiner"]

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

#: Several times what a batch takes where the disk is quick; shorter, and batches come out smaller and cost more.
PATIENCE_SECONDS = 0.05
LOST_SECONDS = 30.0


class _State(Enum):
    WAITS = auto()
    LEADS = auto()
    ANSWERED = auto()
    ALONE = auto()


class _Turn(Generic[Asked, Answer]):
    """One caller's place in the queue. ``woken`` is released when another than itself has changed ``state``."""

    __slots__ = ("answer", "asked", "state", "weight", "woken")
    answer: Answer

    def __init__(self, asked: Asked, weight: int) -> None:
        self.asked = asked
        self.weight = weight
        self.state = _State.WAITS
        self.woken = threading.Lock()
        self.woken.acquire()

    def wake(self, state: _State) -> None:
        self.state = state
        self.woken.release()


class Combiner(Generic[Asked, Answer]):
    """Collects what is asked at the same time by the threads of this process; at once goes what weighs ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[_Turn[Asked, Answer]] = deque()
        self._leaders = 0
        self._crowd = False
        self._lock = threading.Lock()

    def ask(self, asked: Asked, weight: int, act: Callable[[Sequence[Asked]], Sequence[Answer]]) -> Answer:
        """Return ``act``'s answer to ``asked``, given together with those to others, or alone.

        ``act`` gets one or more of what was asked and returns as many answers in the same order; which caller's it is
        must not matter. Raises what ``act([asked])`` raises.
        """
        turn: _Turn[Asked, Answer] = _Turn(asked, weight)
        try:
            with self._lock:
                self._waiting.append(turn)
                if not self._leaders:
                    self._leaders = 1
                    turn.state = _State.LEADS
            if turn.state is not _State.LEADS:
                self._wait(turn)
            if turn.state is _State.LEADS:
                return self._lead(turn, act)
        except BaseException:  # interrupted while it waited, or what acting alone raised
            self._leave(turn)
            raise
        if turn.state is _State.ANSWERED:
            return turn.answer
        return act([asked])[0]

    def _wait(self, turn: _Turn[Asked, Answer]) -> None:
        if turn.woken.acquire(timeout=PATIENCE_SECONDS):
            return
        with self._lock:
            if turn in self._waiting:
                if turn.state is _State.WAITS:
                    turn.state = _State.LEADS
                    self._leaders += 1
                return
        if not turn.woken.acquire(timeout=LOST_SECONDS):  # taken up at last, so the outcome is waited for
            turn.state = _State.ALONE

    def _lead(self, turn: _Turn[Asked, Answer], act: Callable[[Sequence[Asked]], Sequence[Answer]]) -> Answer:
        batch: list[_Turn[Asked, Answer]] = []
        answers: Sequence[Answer] | None = None
        try:
            self._take(turn, batch)
            answers = act([one.asked for one in batch])
        except Exception:
            if len(batch) == 1:
                raise
        finally:
            self._retire(turn)
            for number, one in enumerate(batch[1:], 1):
                if answers is None:
                    one.wake(_State.ALONE)
                else:
                    one.answer = answers[number]
                    one.wake(_State.ANSWERED)
        return act([turn.asked])[0] if answers is None else answers[0]

    def _take(self, turn: _Turn[Asked, Answer], batch: list[_Turn[Asked, Answer]]) -> None:
        """Move from the queue into ``batch`` the leader and as many as may go along, longest waiting first."""
        if self._crowd:  # those who were told their answers just now are about to come again, as soon as they may run
            time.sleep(0)
        with self._lock:
            self._waiting.remove(turn)
            batch.append(turn)
            weight = turn.weight
            for one in [one for one in self._waiting if one.state is _State.WAITS]:  # not who is about to lead itself
                weight += one.weight
                if weight > self._most:
                    break
                self._waiting.remove(one)
                batch.append(one)
            self._crowd = len(batch) > 1

    def _retire(self, turn: _Turn[Asked, Answer]) -> None:
        """End the lead of ``turn``; the last leader hands it to the one that has waited longest."""
        with self._lock:
            turn.state = _State.ANSWERED
            if self._leaders == 1 and self._waiting:
                self._waiting[0].wake(_State.LEADS)
            else:
                self._leaders -= 1

    def _leave(self, turn: _Turn[Asked, Answer]) -> None:
        """Leave the queue for good; the lead is not taken along."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
        if turn.state is _State.LEADS:
            self._retire(turn)
