"""One order and its edit in a pseudo terminal: from the key to the last byte of what it leads to; processor time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.support.terminal import Terminal
from data.settings import Settings

__all__ = ["OPENED", "TYPED", "Reactions", "measure"]

OPENED, TYPED = "an order opened from the list", "a key in its edit"

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from tui.main import run; run()"]
F3, ENTER, ESC, DOWN = "\x1bOR", "\r", "\x1b", "\x1b[B"
#: How long nothing has to come until what a key led to is over (seconds).
STILL = 0.4


@dataclass(frozen=True)
class Reactions:
    """Milliseconds from each key to the last byte, and the mean processor time of the program per key."""

    last_ms: tuple[float, ...]
    cpu_ms: float


def measure(settings: Settings, rounds: int) -> Mapping[str, Reactions]:
    """Return the reactions of the real program at 80×24: opening orders one by one, and typing in an edit."""
    environ = settings.to_environ() | {"STOREKEEPER_CONFIG": os.devnull}
    with Terminal(COMMAND, cwd=str(ROOT), environ=environ) as terminal:
        _see(terminal, "P M S R C")
        terminal.send(F3)
        _see(terminal, "› Orders")
        terminal.quiet(STILL)
        opened = _opened(terminal, rounds)
        terminal.react("1", still=STILL)  # the view of open orders: they can be edited
        _open(terminal)
        terminal.react("e", still=STILL)
        _see(terminal, "› Edit")
        return {OPENED: opened, TYPED: _typed(terminal, rounds)}


def _opened(terminal: Terminal, rounds: int) -> Reactions:
    """Open the order under the bar, go back, go one down, and so on."""
    _open(terminal)  # the first makes the page

    def back() -> None:
        terminal.react(ESC, still=STILL)
        _see(terminal, "› Orders")
        terminal.react(DOWN, still=STILL)

    back()
    return _reactions(terminal, [ENTER] * rounds, back)


def _typed(terminal: Terminal, rounds: int) -> Reactions:
    """Put units on the line under the bar and take them off: the totals are drawn anew at each key."""
    terminal.react("+", still=STILL)
    return _reactions(terminal, ["+-"[at % 2] for at in range(rounds)], lambda: None)


def _reactions(terminal: Terminal, keys: list[str], after: Callable[[], None]) -> Reactions:
    taken, cpu = [], 0.0
    for key in keys:
        before = terminal.cpu_ms()
        reaction = terminal.react(key, still=STILL)
        cpu += terminal.cpu_ms() - before
        if not reaction.size:
            raise SystemExit(f"no reaction to {key!r}:\n{terminal.text}")
        taken.append(reaction.last_ms)
        after()
    return Reactions(tuple(taken), cpu / len(keys))


def _open(terminal: Terminal) -> None:
    terminal.react(ENTER, still=STILL)
    _see(terminal, "e edit")


def _see(terminal: Terminal, words: str) -> None:
    if not terminal.until_text(words, 60):
        raise SystemExit(f"the program does not show {words!r}:\n{terminal.text}")
