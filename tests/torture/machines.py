"""Running a state machine under seeds that are told: a number gives the same steps again, on every machine.

Small, the seeds are always the same few, so that what passed here passes there. Full size is ``SEEDS`` seeds of
``RUNS`` runs of 50 steps, 2,000 runs; ``SHOP_TESTS_SEEDS=40-59`` picks some of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
SEEDS, RUNS, STEPS = 100, 20, 50
SMALL_STEPS = 25


def run_machine(machine: Callable[[], RuleBasedStateMachine], *, small_runs: int) -> None:
    """Run the machine under each seed; a failure says which, beside the shortened steps that hypothesis prints."""
    began = time.monotonic()
    for number in _seeds():
        # A function of its own for each seed: hypothesis keeps the seed on what it is given.
        factory: Any = seed(number)(lambda: machine())
        try:
            run_state_machine_as_test(
                factory,
                settings=settings(
                    max_examples=RUNS if FULL else small_runs,
                    stateful_step_count=STEPS if FULL else SMALL_STEPS,
                    database=None,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    print_blob=True,
                ),
            )
        except BaseException as error:
            error.add_note(f"seed {number}: SHOP_TESTS_SEEDS={number}-{number} repeats it")
            raise
        if FULL:
            print(f"seed {number}: {RUNS} runs of {STEPS} steps held, {time.monotonic() - began:,.0f} s", flush=True)


def _seeds() -> range:
    if not FULL:
        return range(1)
    first, _, last = os.environ.get("SHOP_TESTS_SEEDS", f"0-{SEEDS - 1}").partition("-")
    return range(int(first), int(last or first) + 1)
