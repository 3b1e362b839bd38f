"""Programs in a real pseudo terminal; no store is needed, the rows are made (bench.support)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.support.terminal import Terminal

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "bench.support.terminal_app"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A screen at rest is told by silence, so these tests want the machine to themselves."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.serial)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """The shell over made rows, at 80×24, painted and at rest."""
    with Terminal(COMMAND, cwd=str(ROOT)) as program:
        assert program.until_text("0000003", 30), program.text
        program.quiet()
        yield program
