"""Engines of a benchmark's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.local import bring_down, ensure_up
from data.settings import Settings

__all__ = ["own_engines"]


@contextmanager
def own_engines(home: Path, *, search_url: str = "", relay: bool = False) -> Iterator[Settings]:
    """Engines below ``home``, and on request their relay; they go with this process. Exits where they do not start."""
    settings = Settings(home=home, search_url=search_url, relay=relay)
    status = ensure_up(settings, owner=os.getpid())
    try:
        if not status.ok:
            sys.exit(f"the local engines did not start: {status}")
        yield settings
    finally:
        bring_down(settings)
