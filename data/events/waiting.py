"""Waiting until the relay has done what was asked of it; where no relay runs, whoever waits does its work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID

from data.errors import Unavailable
from data.events import state
from data.events.rebuild import PROGRESS, REBUILD
from data.events.relay import run_once
from data.events.topics import PRODUCTS
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["await_rebuild"]

_LOOK_SECONDS = 0.2


def await_rebuild(shop: Shop, rebuild_id: UUID, timeout: float, *, report: ReportProgress | None = None) -> bool:
    """Wait until the relay has done what ``rebuild_id`` asks, at most ``timeout`` seconds; say whether it has.

    Does the relay's work itself where no relay runs. Raises ``Unavailable`` when a store is away, or with the relay's
    own reason where the work failed and the index stays as it was.
    """
    deadline = time.monotonic() + timeout
    while True:
        run_once(shop)
        with shop.stores.postgres.reading() as connection:
            done, progress = state.load(connection, PRODUCTS), state.load(connection, PROGRESS)
        if done.get(REBUILD) == str(rebuild_id):
            if why := done.get("rebuild_error"):
                raise Unavailable("search", str(why))
            return True
        if report is not None and progress.get("id") == str(rebuild_id):
            report(Progress(progress["done"], progress["total"], progress["what"]))
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
