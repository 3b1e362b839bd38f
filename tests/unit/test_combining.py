"""Callers served together: one acts for all, each gets its own answer, and nobody gets another's error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from data.stores import combining
from data.stores.combining import Combiner

PATIENT = 30.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody acts alone for lack of patience, however slow the machine."""
    monkeypatch.setattr(combining, "PATIENCE_SECONDS", PATIENT)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


class Held:
    """Doubles numbers, and keeps what it was given each time. The first call waits until it is let go."""

    def __init__(self, fails: Callable[[Sequence[int]], BaseException | None] = lambda _: None) -> None:
        self.calls: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self._fails = fails

    def __call__(self, asked: Sequence[int]) -> list[int]:
        self.calls.append(list(asked))
        if not self.begun.is_set():
            self.begun.set()
            assert self.go.wait(PATIENT)
        failure = self._fails(asked)
        if failure is not None:
            raise failure
        return [2 * one for one in asked]


def queue_up(
    threads: ThreadPoolExecutor,
    combiner: Combiner[int, int],
    act: Held,
    numbers: Sequence[int],
    until: Callable[..., object],
) -> list[Future[int]]:
    """Let the first number be acted for and the others wait in line behind it, in their order."""
    futures = []
    for place, number in enumerate(numbers):
        futures.append(threads.submit(combiner.ask, number, 1, act))
        if place == 0:
            assert act.begun.wait(PATIENT)
        else:
            until(lambda place=place: len(combiner._waiting) == place)
    return futures


def test_a_lone_caller_is_served_alone_and_at_once() -> None:
    act = Held()
    act.begun.set()
    combiner: Combiner[int, int] = Combiner(8)
    assert [combiner.ask(number, 1, act) for number in (1, 2, 3)] == [2, 4, 6]
    assert act.calls == [[1], [2], [3]]


def test_who_waits_at_the_same_time_is_served_together(
    threads: ThreadPoolExecutor, until: Callable[..., object]
) -> None:
    act, combiner = Held(), Combiner[int, int](8)
    futures = queue_up(threads, combiner, act, range(7), until)
    assert not any(future.done() for future in futures)
    act.go.set()
    assert [future.result(PATIENT) for future in futures] == [0, 2, 4, 6, 8, 10, 12]
    assert act.calls == [[0], [1, 2, 3, 4, 5, 6]]


def test_no_more_than_the_most_go_together_and_the_heaviest_goes_nevertheless(
    threads: ThreadPoolExecutor, until: Callable[..., object]
) -> None:
    act, combiner = Held(), Combiner[int, int](3)
    futures = queue_up(threads, combiner, act, range(8), until)
    act.go.set()
    assert [future.result(PATIENT) for future in futures] == [2 * number for number in range(8)]
    assert act.calls == [[0], [1, 2, 3], [4, 5, 6], [7]]
    assert combiner.ask(9, 100, act) == 18


def test_where_all_together_fail_each_acts_alone(threads: ThreadPoolExecutor, until: Callable[..., object]) -> None:
    """And the one whose fault it is, if there is one, is the only one to hear of it."""
    act = Held(lambda asked: ValueError("no fours") if 4 in asked else None)
    combiner: Combiner[int, int] = Combiner(8)
    futures = queue_up(threads, combiner, act, range(6), until)
    act.go.set()
    assert [futures[number].result(PATIENT) for number in (0, 1, 2, 3, 5)] == [0, 2, 4, 6, 10]
    with pytest.raises(ValueError, match="no fours"):
        futures[4].result(PATIENT)
    assert act.calls[:2] == [[0], [1, 2, 3, 4, 5]]
    assert sorted(act.calls[2:]) == [[1], [2], [3], [4], [5]]


def test_a_leader_that_is_interrupted_leaves_the_others_to_themselves(
    threads: ThreadPoolExecutor, until: Callable[..., object]
) -> None:
    act = Held(lambda asked: KeyboardInterrupt() if len(asked) > 1 else None)
    combiner: Combiner[int, int] = Combiner(8)
    futures = queue_up(threads, combiner, act, range(5), until)
    act.go.set()
    assert futures[0].result(PATIENT) == 0
    with pytest.raises(KeyboardInterrupt):
        futures[1].result(PATIENT)
    assert [future.result(PATIENT) for future in futures[2:]] == [4, 6, 8]
    assert combiner.ask(7, 1, act) == 14  # and the lead was not lost with it


def test_one_that_is_interrupted_while_it_waits_leaves_the_queue(
    threads: ThreadPoolExecutor, until: Callable[..., object]
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background may ignore it
    act, combiner = Held(), Combiner[int, int](8)
    (first,) = queue_up(threads, combiner, act, [0], until)
    main = threading.get_ident()

    def interrupt() -> None:
        until(lambda: len(combiner._waiting) == 1)
        signal.pthread_kill(main, signal.SIGINT)

    threads.submit(interrupt)
    with pytest.raises(KeyboardInterrupt):
        combiner.ask(1, 1, act)  # in the main thread, the one that hears Ctrl-C
    second = threads.submit(combiner.ask, 2, 1, act)
    until(lambda: len(combiner._waiting) == 1)
    act.go.set()
    assert [first.result(PATIENT), second.result(PATIENT)] == [0, 4]
    assert act.calls == [[0], [2]]


def test_who_loses_patience_leads_those_who_wait_with_it(
    threads: ThreadPoolExecutor, until: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    act, combiner = Held(), Combiner[int, int](8)
    futures = queue_up(threads, combiner, act, range(4), until)
    monkeypatch.setattr(combining, "PATIENCE_SECONDS", 0.01)
    assert combiner.ask(9, 1, act) == 18
    assert not any(future.done() for future in futures[:1])
    act.go.set()
    assert [future.result(PATIENT) for future in futures] == [0, 2, 4, 6]
    assert act.calls == [[0], [9, 1, 2, 3]]
    assert combiner._leaders == 0


def test_many_hands(threads: ThreadPoolExecutor) -> None:
    act, combiner = Held(), Combiner[int, int](4)
    act.begun.set()
    assert list(threads.map(lambda number: combiner.ask(number, 1, act), range(5_000))) == list(range(0, 10_000, 2))
    assert sorted(number for call in act.calls for number in call) == list(range(5_000))
    assert combiner._leaders == 0


def test_many_impatient_hands(threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leads taken and handed on at the same moment: no answer is lost, none is another's, no lead is left over."""
    monkeypatch.setattr(combining, "PATIENCE_SECONDS", 0.0001)

    def act(asked: Sequence[int]) -> list[int]:
        threading.Event().wait(0.0005)
        if any(number % 97 == 0 for number in asked) and len(asked) > 1:
            raise ValueError("not in company")
        return [2 * one for one in asked]

    combiner = Combiner[int, int](4)
    assert list(threads.map(lambda number: combiner.ask(number, 1, act), range(3_000))) == list(range(0, 6_000, 2))
    assert combiner._leaders == 0
    assert not combiner._waiting
