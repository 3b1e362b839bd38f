"""Ctrl-C in long work: the first one asks it to stop at the next good place, the second interrupts as ever."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["INTERRUPTED", "asked_to_stop"]

INTERRUPTED = 130


@contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into an event that the work asks for."""
    stop = threading.Event()

    def first(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
