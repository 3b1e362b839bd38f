"""Running a state machine under seeds that are told: a seed is one run, the same steps again on every machine.

Small, the seeds are always the same few, so that what passed here passes there. Full size is 2,000 seeds of 50 steps;
``SHOP_TESTS_SEEDS=400-599`` takes some of them, so that it can go in pieces and in several processes at once, and
``SHOP_TESTS_SEEDS=417`` one. A failure says which seed it was. At the end stands how often each rule was reached, and
in what share of the runs it had its effect: a rule that is hardly ever reached proves nothing.
"""

from __future__ import annotations

import functools
import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, reject, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
SEEDS, STEPS = 2_000, 50
SMALL_STEPS = 25


class Tally:
    """What the runs reached: ``steps`` by rule and end (``done`` or ``refused``), ``runs`` by rule that was done."""

    def __init__(self) -> None:
        self.steps, self.runs, self.of = Counter[tuple[str, str]](), Counter[str](), 0

    def add(self, run: Counter[tuple[str, str]]) -> None:
        """Add what one run reached."""
        self.of += 1
        self.steps += run
        self.runs.update({name for name, end in run if end == "done"})

    def told(self) -> str:
        """Return a line for each rule."""
        lines = [f"{self.of:,} runs, {self.steps.total():,} steps"]
        for name in sorted({name for name, _ in self.steps}):
            done, refused = self.steps[name, "done"], self.steps[name, "refused"]
            share = self.runs[name] / self.of
            lines.append(f"  {name:28} done {done:6,}  refused {refused:6,}  done in {share:4.0%} of the runs")
        return "\n".join(lines)


class Machine(RuleBasedStateMachine):
    """A machine whose steps are counted. A step that is refused says so by ``self.was_refused``."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self.was_refused = False
        self.reached = Counter[tuple[str, str]]()
        self._tally = tally

    def teardown(self) -> None:
        if self.reached:
            self._tally.add(self.reached)


#: What a machine's first step draws, so that ``spare_the_plainest`` can tell the plainest run.
dice = st.integers(0, 2**32)


def spare_the_plainest(drawn: int) -> None:
    """End the run with which hypothesis begins under every seed: the plainest there is, always the same."""
    if not drawn:
        reject()


def step(**strategies: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a rule of a method that is counted as done or refused; the arguments are those of ``rule``."""

    def decorate(method: Callable[..., None]) -> Any:
        @functools.wraps(method)
        def taken(machine: Machine, **drawn: Any) -> None:
            machine.was_refused = False
            method(machine, **drawn)
            machine.reached[method.__name__, "refused" if machine.was_refused else "done"] += 1

        return rule(**strategies)(taken)

    return decorate


def run_machine(machine: Callable[[Tally], RuleBasedStateMachine], *, small_seeds: int) -> Tally:
    """Run the machine once under each seed and return what was reached; a failure says the seed."""
    began, tally, seeds, held = time.monotonic(), Tally(), _seeds(small_seeds), 0
    try:
        for number in seeds:
            _run_under(number, lambda: machine(tally))
            held += 1
            if FULL and held % 25 == 0:
                print(f"up to seed {number}: held, {time.monotonic() - began:,.0f} s", flush=True)
    finally:
        if FULL:
            print(f"{held:,} seeds from {seeds[0]} on held; {tally.told()}", flush=True)
    assert tally.of >= len(seeds)
    return tally


def _run_under(number: int, machine: Callable[[], RuleBasedStateMachine]) -> None:
    # A function of its own for each seed: hypothesis keeps the seed on what it is given.
    factory: Any = seed(number)(lambda: machine())
    try:
        run_state_machine_as_test(
            factory,
            settings=settings(
                max_examples=1,
                phases=[Phase.generate, Phase.shrink],
                stateful_step_count=1 + (STEPS if FULL else SMALL_STEPS),  # the first furnishes the run
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    except BaseException as error:
        error.add_note(f"seed {number}: STOREKEEPER_TORTURE=1 SHOP_TESTS_SEEDS={number} repeats it")
        raise


def _seeds(small: int) -> range:
    if not FULL:
        return range(small)
    first, _, last = os.environ.get("SHOP_TESTS_SEEDS", f"0-{SEEDS - 1}").partition("-")
    return range(int(first), int(last or first) + 1)
