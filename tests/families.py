"""Processes and their children, looked at while they come and go.

PostgreSQL starts and ends workers as it likes, so a child that was listed may be gone a moment later. What is asked of
a family here is asked of those that live.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")


def family(pid: int | None) -> list[psutil.Process]:
    """Return the process ``pid``, first, and all its descendants.

    Raises:
        psutil.NoSuchProcess: ``pid`` itself does not live.
    """
    assert pid is not None
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def asked(processes: list[psutil.Process], question: Callable[[psutil.Process], T]) -> list[T]:
    """Return the answers of those that live to ``question``; who is gone by then has none."""
    answers: list[T] = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            answers.append(question(process))
    return answers


def lives(process: psutil.Process) -> bool:
    """Whether it runs, or at least has not been seen to end; a zombie does not."""
    return asked([process], lambda one: one.is_running() and one.status() != psutil.STATUS_ZOMBIE) == [True]


def stands_still(process: psutil.Process) -> bool:
    """Whether every thread of it is stopped by a signal, or it is gone."""

    def stopped(one: psutil.Process) -> bool:
        tasks = Path(f"/proc/{one.pid}/task").iterdir()
        return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)

    return all(asked([process], stopped))
