"""How much of each product was sold lately, for ranking search results; known roughly and never waited for."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from data.analytics.reads import units_sold
from data.errors import Unavailable
from data.stores.clickhouse import QueryRefused

if TYPE_CHECKING:
    from data.stores import Stores

__all__ = ["Popularity"]

log = logging.getLogger(__name__)

DAYS = 90
_FRESH_SECONDS = 600.0


class Popularity:
    """Units sold by product id, asked for at most every ten minutes."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._units: Mapping[str, int] = {}
        self._asked = float("-inf")

    def units_sold(self) -> Mapping[str, int]:
        """Return units sold in the last 90 days by product id, what was known before where analytics is away."""
        if time.monotonic() - self._asked >= _FRESH_SECONDS:
            self._asked = time.monotonic()
            try:
                self._units = units_sold(self._stores.analytics, DAYS)
            except (Unavailable, QueryRefused) as error:
                log.info("popularity is not known: %s", error)
        return self._units
