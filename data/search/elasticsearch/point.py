"""Asking one state of an Elasticsearch index: a point in time, however often the index is written to meanwhile.

Whatever is refreshed, merged or swapped, all that one search asks is answered from one state, so hits, total and counts
belong together. Rejected: asking the alias each time (a commit between two questions of one search would show).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from data.errors import Unavailable
from data.search.elasticsearch.client import reason, translate_errors
from data.search.engine import STORE

__all__ = ["KEEP_ALIVE", "Answer", "Point", "PointLost"]

#: How long the server keeps a point in time that nobody asks.
KEEP_ALIVE = "60s"
#: What the server may spend on one search. One that did not end is an error, never half an answer.
SEARCH_TIMEOUT = "5s"

Answer = Mapping[str, Any]

_EMPTY: Answer = {"hits": {"total": {"value": 0}, "hits": []}, "aggregations": {}}


class PointLost(Unavailable):
    """The cluster no longer knows the point in time: a node was restarted, or nobody asked for long."""


class Point:
    """One state of an index. Without an ``id`` it is that of an empty one."""

    def __init__(self, client: Elasticsearch, id: str) -> None:
        self.id, self._client = id, client

    def ask(self, size: int, **request: Any) -> Answer:
        """Ask for ``size`` hits. What the cluster knows too little of to answer whole is an error."""
        if not self.id:
            return _EMPTY
        request = {"track_total_hits": False, "source": ["hit"] if size else False} | request
        with _answers_whole():
            found: Answer = self._client.search(
                size=size, pit=self._pit, timeout=SEARCH_TIMEOUT, allow_partial_search_results=False, **request
            ).body
        return _in_time(found)

    def counting(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``request`` for counts as one of those ``ask_all`` takes."""
        return {"size": 0, "track_total_hits": False, "pit": self._pit, "timeout": SEARCH_TIMEOUT, **request}

    def ask_all(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Ask, all at once, what ``counting`` made of each: of this state, or of others too."""
        if not self.id or not requests:
            return [_EMPTY for _ in requests]
        lines = [line for one in requests for line in ({"allow_partial_search_results": False}, one)]
        with _answers_whole():
            found = self._client.msearch(searches=lines)["responses"]
        for one in found:
            if one["status"] == 404:
                raise PointLost(STORE, "the point in time is lost")
            if one["status"] >= 300:
                raise Unavailable(STORE, f"{one['status']} {one['error'].get('reason', '')}"[:300])
        return [_in_time(one) for one in found]

    @property
    def _pit(self) -> dict[str, str]:
        return {"id": self.id, "keep_alive": KEEP_ALIVE}


@contextmanager
def _answers_whole() -> Iterator[None]:
    with translate_errors():
        try:
            yield
        except NotFoundError as error:
            raise PointLost(STORE, reason(error)) from error


def _in_time(found: Answer) -> Answer:
    if found["timed_out"]:
        raise Unavailable(STORE, f"the search took longer than {SEARCH_TIMEOUT}")
    return found
