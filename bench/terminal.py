"""What a key costs, through a real pseudo terminal: milliseconds to the first and last byte, and bytes.

Ours: the shell over a list of 1,000,000 rows made on the fly. Baseline: Textual's own DataTable (1,000 rows), Input,
Footer and modal in their defaults, in the same harness, alternating with ours in one run. The gates are those of the
design (anchors, terminal): a miss is said, and the last line is one of JSON.

    python -m bench.terminal [--size 80x24] [--repeat 15] [--theme dark]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.support.terminal import Reaction, Terminal

ROOT = Path(__file__).parents[1]
DOWN, PAGE_DOWN, F2, F7, ESC = "\x1b[B", "\x1b[6~", "\x1bOQ", "\x1b[18~", "\x1b"
#: stores that answer nobody: the real program paints its first screen and starts no engine
_NOWHERE = {
    "STOREKEEPER_CONFIG": os.devnull,
    "STOREKEEPER_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
    "STOREKEEPER_MONGODB_URL": "mongodb://127.0.0.1:1/none",
    "STOREKEEPER_SEARCH_URL": "http://127.0.0.1:1",
    "STOREKEEPER_REDIS_URL": "redis://127.0.0.1:1/0",
    "STOREKEEPER_CLICKHOUSE_URL": "clickhouse://127.0.0.1:1/none",
}


@dataclass(frozen=True)
class Figures:
    """One case: milliseconds to the first and last byte (median, 95th percentile of the last), processor time, bytes.

    ``cpu_ms`` is the mean processor time of the whole program per key; unlike the clock it does not suffer from what
    else the machine does.
    """

    first_ms: float
    last_ms: float
    last_p95_ms: float
    cpu_ms: float
    size: int


@dataclass(frozen=True)
class Gate:
    """What a case may cost: median and 95th percentile of the last byte in milliseconds, bytes."""

    last_ms: float
    last_p95_ms: float
    size: int


GATES = {
    "cursor key": Gate(5, 10, 400),
    "typed character": Gate(6, 12, 300),
    "page": Gate(12, 20, 6_000),
    "screen switch": Gate(30, 60, 30_000),
    "overlay": Gate(60, 60, 8_000),
}


def summed(reactions: Sequence[Reaction], cpu_ms: float) -> Figures:
    """Return the figures of one case."""
    lasts = sorted(reaction.last_ms for reaction in reactions)
    return Figures(
        round(median(reaction.first_ms for reaction in reactions), 2),
        round(median(lasts), 2),
        round(lasts[min(len(lasts) - 1, int(len(lasts) * 0.95))], 2),
        round(cpu_ms / len(reactions), 2),
        int(median(reaction.size for reaction in reactions)),
    )


def measure(terminal: Terminal, repeat: int) -> dict[str, Figures]:
    """Return the figures of every case; the program shows its list, at rest."""

    def each(keys: Sequence[str], after: Callable[[], object] = lambda: None, still: float = 0.12) -> Figures:
        reactions = []
        cpu = 0.0
        for key in keys:
            before = terminal.cpu_ms()
            reactions.append(terminal.react(key, still=still))
            if not reactions[-1].size:
                raise SystemExit(f"no reaction to {key!r}:\n{terminal.text}")
            cpu += terminal.cpu_ms() - before
            after()
        return summed(reactions, cpu)

    figures = {"cursor key": each([DOWN] * repeat), "page": each([PAGE_DOWN] * repeat)}
    figures["overlay"] = each(["a"] * max(repeat // 3, 3), lambda: terminal.react(ESC, still=0.5), still=0.5)
    terminal.react("/")
    figures["typed character"] = each([chr(97 + at % 26) for at in range(repeat)])
    terminal.react(F7, still=1.0)
    figures["screen switch"] = each([F2, F7] * max(repeat // 2, 2), still=0.5)
    return figures


def start(command: Sequence[str], there: str, size: tuple[int, int]) -> tuple[Terminal, float, float]:
    """Start a program; return it with the milliseconds to its first painted text and until ``there`` stands in it."""
    terminal = Terminal(command, columns=size[0], lines=size[1], cwd=str(ROOT))
    if not terminal.until(lambda: bool(terminal.text.strip()), 60):
        raise SystemExit(f"{command} painted nothing")
    painted = perf_counter() - terminal.started
    if not terminal.until_text(there, 60):
        raise SystemExit(f"{command} never showed {there!r}:\n{terminal.text}")
    ready = perf_counter() - terminal.started
    terminal.quiet(0.5)
    return terminal, painted * 1000, ready * 1000


def first_paint(size: tuple[int, int], repeat: int) -> float:
    """Return the median milliseconds until the real program shows its first screen, no store being there."""
    times = []
    for _ in range(repeat):
        command = [sys.executable, "-c", "from tui.main import run; run()"]
        with Terminal(command, columns=size[0], lines=size[1], cwd=str(ROOT), environ=_NOWHERE) as terminal:
            if not terminal.until_text("Storekeeper", 60):
                raise SystemExit(f"the program painted nothing:\n{terminal.text}")
            times.append((perf_counter() - terminal.started) * 1000)
    return round(median(times), 1)


def show(name: str, ours: Figures, theirs: Figures) -> None:
    """Print one case with its ratio and whether it is within its gate."""
    gate = GATES[name]
    missed = [
        what
        for what, value, limit in (
            ("median", ours.last_ms, gate.last_ms),
            ("p95", ours.last_p95_ms, gate.last_p95_ms),
            ("bytes", ours.size, gate.size),
        )
        if value > limit
    ]
    print(
        f"{name:<16}{_columns(ours)}   {_columns(theirs)}   "
        f"×{theirs.last_ms / max(ours.last_ms, 0.01):>5.1f} time ×{theirs.size / max(ours.size, 1):>5.1f} bytes   "
        + ("within its gate" if not missed else f"over its gate: {', '.join(missed)}")
    )


def _columns(figures: Figures) -> str:
    times = (figures.first_ms, figures.last_ms, figures.last_p95_ms, figures.cpu_ms)
    return "".join(f"{value:>7.1f}" for value in times) + f"{figures.size:>8,}"


def main() -> None:
    """Measure both programs and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="80x24")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--theme", default="dark")
    chosen = parser.parse_args()
    columns, _, lines = chosen.size.partition("x")
    size = (int(columns), int(lines))
    python = sys.executable
    report: dict[str, object] = {"bench": "terminal", "size": chosen.size, "theme": chosen.theme}

    paint = first_paint(size, 5)
    ours, ours_painted, ours_ready = start([python, "-m", "bench.support.terminal_app", chosen.theme], "0000003", size)
    theirs, theirs_painted, theirs_ready = start([python, "-m", "bench.support.baseline_app"], "0000003", size)
    with ours, theirs:
        our_figures, their_figures = measure(ours, chosen.repeat), measure(theirs, chosen.repeat)
        ours.quiet(0.5)
        idle_start = perf_counter()
        idle = 0
        while perf_counter() - idle_start < 4:
            idle += len(ours.read(0.5))
        heads = "  first   last    p95    cpu   bytes"
        print(f"{'':<16}{'ours, 1,000,000 rows':>36}   {'Textual defaults, 1,000 rows':>36}")
        print(f"{'milliseconds':<16}{heads:>36}   {heads:>36}")
        for name in GATES:
            show(name, our_figures[name], their_figures[name])
        print(f"real program, first paint without any store: {paint:.0f} ms (gate 400)")
        print(f"list on screen after start: ours {ours_ready:.0f} ms, theirs {theirs_ready:.0f} ms")
        print(f"idle: {idle} bytes in 4 s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        print(f"resident: ours {ours.memory_mb():.0f} MB, theirs {theirs.memory_mb():.0f} MB")
        report |= {
            "first_paint_ms": paint,
            "ours": {name: asdict(figures) for name, figures in our_figures.items()},
            "baseline": {name: asdict(figures) for name, figures in their_figures.items()},
            "ready_ms": {"ours": round(ours_ready), "baseline": round(theirs_ready)},
            "painted_ms": {"ours": round(ours_painted), "baseline": round(theirs_painted)},
            "memory_mb": {"ours": round(ours.memory_mb()), "baseline": round(theirs.memory_mb())},
            "idle_bytes": idle,
            "load": os.getloadavg()[0],
            "ratio_bytes": {
                name: round(their_figures[name].size / max(our_figures[name].size, 1), 2) for name in GATES
            },
            "ratio_time": {
                name: round(their_figures[name].last_ms / max(our_figures[name].last_ms, 0.01), 2) for name in GATES
            },
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
