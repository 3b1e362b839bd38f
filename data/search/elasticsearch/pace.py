"""How fast an index is built beside one that is searched: a rebuild is never urgent, and whoever searches is waiting.

After each request the build rests for as long as searches of the index in use took the cluster meanwhile, at most
twice as long as the request. Nobody searches, and it does not rest at all; on a small cluster that many search it takes
three times as long. Rejected: a fixed pause, which is wrong for every cluster but one; and resting by how slow the
build's own requests have become, because that depends on the products in them as much.
"""

from __future__ import annotations

import time

from elasticsearch import ApiError, Elasticsearch, TransportError

__all__ = ["Pace"]

#: The longest rest: so many times the work before it, and never more seconds.
_MOST, _LONGEST = 2.0, 5.0


class Pace:
    """The rests of one build. ``searched`` is what is searched meanwhile, an index or an alias."""

    def __init__(self, client: Elasticsearch, searched: str) -> None:
        self._client, self._searched = client, searched
        self._known = self._spent()

    def rest(self, worked: float) -> float:
        """Rest after ``worked`` seconds of work; return for how many seconds."""
        spent = self._spent()
        seconds = min(max(spent - self._known, 0.0), worked * _MOST, _LONGEST)
        self._known = spent
        time.sleep(seconds)
        return seconds

    def _spent(self) -> float:
        """Return for how many seconds searches have run since the cluster began to count."""
        try:
            told = self._client.indices.stats(index=self._searched, metric="search", filter_path="_all.total.search")
        except (ApiError, TransportError):
            return 0.0  # Whether the cluster is there is for the next write to find out.
        search = told.get("_all", {}).get("total", {}).get("search", {})
        return sum(float(search.get(f"{part}_time_in_millis", 0)) for part in ("query", "fetch")) / 1000
