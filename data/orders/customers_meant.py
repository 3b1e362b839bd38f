"""Whom the words of a query line mean: a handful of customers by their ids, few or many by their question.

What words that fit more than a handful mean is remembered for some minutes, for the next page and the next look for
news. Only time and the guess of how many there are depend on it: the orders are asked for with the question.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["FEW", "Meant", "meant_by"]

#: Up to here the customers are few: all of them are read sooner than a page of orders is asked for theirs.
FEW = 2_000
#: So many of the few stand for them all where only their number counts.
_SAMPLE = 50
_REMEMBERED, _REMEMBERED_SECONDS = 500, 300.0


@dataclass(frozen=True)
class Meant:
    """The customers whom words fit: their ``number``, where it is at most ``FEW``, else one more.

    ``question`` is the words as a ``tsquery``; ``ids`` are the customers, ``None`` where they are more than a handful;
    ``sample`` are some of them. All three are text, as nobody here reads them.
    """

    question: str
    number: int
    sample: str
    ids: str | None

    @property
    def many(self) -> bool:
        """Whether they are more than few."""
        return self.number > FEW

    @property
    def times(self) -> float:
        """How many times as many as the sample they are."""
        return max(self.number / _SAMPLE, 1.0)


def meant_by(connection: Connection, words: str, handful: int) -> Meant:
    """Return whom ``words`` fit; up to a ``handful`` (at most ``FEW``) of them by their ids, as they are now."""
    meant, until = _KNOWN.get(words, (None, 0.0))
    if meant is not None and until > time.monotonic() and meant.number > handful:
        return meant
    found = connection.execute(_FITTING, {"words": words, "handful": handful}).one()
    meant = Meant(found.question or "", found.number, found.sample, found.ids)
    if meant.ids is None:
        if len(_KNOWN) >= _REMEMBERED:
            _KNOWN.clear()
        _KNOWN[words] = meant, time.monotonic() + _REMEMBERED_SECONDS
    return meant


#: What words mean, and until when that is believed.
_KNOWN: dict[str, tuple[Meant, float]] = {}
#: ``user_query`` stands apart, as a statement that calls it twice folds and splits the words twice, and the LIMIT, too:
#: the planner would find it cheap to read the whole table where many seem to fit, and none may.
_FITTING = text(
    f"""
    WITH asked AS MATERIALIZED (SELECT user_query(:words) AS question),
    fitting AS MATERIALIZED (SELECT u.user_id FROM asked JOIN users u ON u.search_words @@ asked.question)
    SELECT (SELECT question::text FROM asked) AS question, count(*) AS number,
           coalesce((array_agg(user_id))[1:{_SAMPLE}], '{{}}')::text AS sample,
           CASE WHEN count(*) <= :handful THEN coalesce(array_agg(user_id), '{{}}')::text END AS ids
      FROM (SELECT user_id FROM fitting LIMIT {FEW + 1}) AS first
    """
)
