"""Which failures of PostgreSQL are nobody's fault, and how often a unit of work is tried again."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import tenacity
from sqlalchemy.exc import DBAPIError

__all__ = ["is_retryable", "retrying"]

MAX_TRIES = 8
MAX_SECONDS = 5.0
FIRST_WAIT = 0.002
LONGEST_WAIT = 0.2

#: serialization_failure, deadlock_detected, lock_not_available, statement_completion_unknown,
#: transaction_resolution_unknown, admin_shutdown, crash_shutdown, cannot_connect_now
RETRIED_STATES = frozenset({"40001", "40P01", "55P03", "40003", "08007", "57P01", "57P02", "57P03"})
_CONNECTION_CLASS = "08"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and what it was raised from: adapters translate, the cause keeps the driver's own words."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__


def is_retryable(error: BaseException) -> bool:
    """Say whether the whole unit may be run again: a conflict between transactions, or a lost connection."""
    for link in _chain(error):
        if isinstance(link, DBAPIError) and link.connection_invalidated:
            return True
        if isinstance(link, psycopg.Error):
            state = link.sqlstate
            if state is None:  # psycopg's own word that the connection is gone or could not be made
                return isinstance(link, psycopg.OperationalError)
            return state in RETRIED_STATES or state.startswith(_CONNECTION_CLASS)
    return False


def retrying() -> tenacity.Retrying:
    """Return the bound within which a unit is repeated: ≤ 8 tries in 5 s, full jitter from 2 ms doubling to 200 ms.

    Call it with the unit's function; the last error is raised as it came. Only ever outside any transaction.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_retryable),
        stop=tenacity.stop_after_attempt(MAX_TRIES) | tenacity.stop_after_delay(MAX_SECONDS),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
        reraise=True,
    )
