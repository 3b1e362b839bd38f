"""Writing an Elasticsearch index: versioned, patient with a cluster that is full or busy.

A product's external version is twice its revision, and one more for a tombstone. So the server itself keeps an older
state from replacing a newer one, a deletion at the revision that is indexed wins, and several writers do no harm.
Tombstones are documents: the server's own memory of a deletion lasts a minute.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from data.errors import Unavailable
from data.search.elasticsearch import index as ix
from data.search.elasticsearch.client import Cluster, SearchRefused, reason, translate_errors
from data.search.elasticsearch.reader import GENERATION
from data.search.engine import STORE, SearchDocument
from data.search.layout import LAYOUT
from data.search.terms import index_fields

__all__ = ["Catalog", "Target", "Version"]

#: Seconds a write waits for a cluster that says "not now", and between two tries: doubling from the first to the last.
PATIENCE = 20.0
_PAUSES = (0.1, 5.0)
_NOT_NOW = frozenset({429, 503})
_MOST_BYTES = 8_000_000
#: A tombstone that old is left behind by a rebuild: no event is that late.
_TOMBSTONE_S = 7 * 24 * 3600
_encode = msgspec.json.Encoder().encode

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Write:
    """One line of a bulk request: where it goes, with which version, and the document."""

    product_id: str
    version: int
    body: bytes

    def lines(self) -> tuple[bytes, bytes]:
        action = {"_id": self.product_id, "version": self.version, "version_type": "external"}
        return _encode({"index": action}), self.body


class Target:
    """One index being written to, called by an alias: a missing one is an error, never made up from what is sent."""

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        *,
        patience: float = PATIENCE,
        on_pause: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.alias = alias
        self._client, self._patience, self._on_pause = client, patience, on_pause
        self.dirty = False

    def put(self, documents: Sequence[SearchDocument]) -> int:
        """Write the documents that are newer than what is known; return how many."""
        return self._bulk([_put(document) for document in documents])

    def delete(self, deleted: Iterable[tuple[str, int]], *, since: int | None = None) -> int:
        """Put tombstones; return how many were news. A deletion at the revision that is indexed wins."""
        body = _encode(ix.tombstone(int(time.time()) if since is None else since))
        return self._bulk([_Write(product_id, 2 * revision + 1, body) for product_id, revision in deleted])

    def adopt_tombstones(self, old: Iterable[tuple[str, int, int]]) -> None:
        """Take over the deletions that another index remembers, so that a slow rebuild brings no product back."""
        youngest = time.time() - _TOMBSTONE_S
        kept = [
            _Write(product_id, 2 * revision + 1, _encode(ix.tombstone(since)))
            for product_id, revision, since in old
            if since >= youngest
        ]
        for first in range(0, len(kept), 1_000):
            self._bulk(kept[first : first + 1_000])

    def refresh(self) -> None:
        """Show everything written so far to searches. It is durable since it was written."""
        with translate_errors():
            self._client.indices.refresh(index=self.alias)
        self.dirty = False

    def versions(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the shown revision of each of ``ids`` that is there and not deleted."""
        if not ids:
            return {}
        with translate_errors():
            try:
                found = self._client.mget(index=self.alias, ids=list(ids), realtime=False, source=False)["docs"]
            except NotFoundError:
                return {}
        live = (one for one in found if one.get("found") and one["_version"] % 2 == 0)
        return {one["_id"]: one["_version"] // 2 for one in live}

    def _bulk(self, writes: Sequence[_Write]) -> int:
        """Send ``writes`` and return how many were news. What the cluster cannot take now is sent again."""
        written, patient = 0, _Patience(self._patience, self._on_pause)
        while writes:
            later: list[_Write] = []
            for part in _parts(writes):
                news, again = self._send(part, patient)
                written += news
                later += again
            writes = later
        return written

    def _send(self, writes: Sequence[_Write], patient: _Patience) -> tuple[int, list[_Write]]:
        lines = [line for write in writes for line in write.lines()]
        options = {"index": self.alias, "require_alias": True, "filter_path": "items.*.status,items.*.error"}
        with translate_errors():
            answer = patient.run(lambda: self._client.bulk(operations=lines, **options))  # type: ignore[arg-type]
        news, known, later, why, refused = 0, 0, [], "", ""
        for write, item in zip(writes, answer.get("items", ()), strict=True):
            status, error = item["index"]["status"], item["index"].get("error", {})
            if status < 300:
                news += 1
            elif _is_not_now(status, error):
                later.append(write)
                why = f"{error.get('type')}: {error.get('reason')}"
            elif status == 404:
                raise Unavailable(STORE, f"{status} {error.get('reason')}")
            elif status == 409:  # What is there is as new.
                known += 1
            else:
                refused = refused or f"{write.product_id}: {_explained(error)}"
        # Set at once, because what was taken has to be shown also where another document is refused. What was there
        # already counts: a writer that was killed, or whose answer was lost, may never have shown it.
        self.dirty = self.dirty or news + known > 0
        if refused:
            raise SearchRefused(refused[:500])
        if later:
            patient.pause(why)
        return news, later


def _put(document: SearchDocument) -> _Write:
    body = _encode(ix.to_document(document, index_fields(document)))
    return _Write(document.product_id, 2 * document.revision, body)


def _parts(writes: Sequence[_Write]) -> Iterable[Sequence[_Write]]:
    """Cut a request that would be too large for the server."""
    first = size = 0
    for place, write in enumerate(writes):
        if size and size + len(write.body) > _MOST_BYTES:
            yield writes[first:place]
            first, size = place, 0
        size += len(write.body)
    yield writes[first:]


def _is_not_now(status: int, error: Mapping[str, Any]) -> bool:
    """Say whether a write may go through later: a full queue, memory, or a disk so full that indexes are read-only."""
    return status in _NOT_NOW or error.get("type") == "cluster_block_exception"


def _explained(error: Mapping[str, Any]) -> str:
    cause = error.get("caused_by") or {}
    return f"{error.get('reason')} {cause.get('reason', '')}".strip()


class _Patience:
    """Waits for a cluster that says "not now", at most so long in all; ``on_pause`` is told why, and may raise."""

    def __init__(self, seconds: float, on_pause: Callable[[str], None] = lambda _: None) -> None:
        self._on_pause = on_pause
        self._deadline = time.monotonic() + seconds
        self._next, self._longest = _PAUSES

    def pause(self, why: str) -> None:
        """Wait a little longer than last time. Raises ``Unavailable`` where the time is up."""
        if time.monotonic() + self._next > self._deadline:
            raise Unavailable(STORE, f"Elasticsearch takes no writes now: {why}"[:300])
        self._on_pause(why)
        time.sleep(self._next)
        self._next = min(self._next * 2, self._longest)

    def run(self, ask: Callable[[], Answer]) -> Answer:
        """Return what ``ask`` returns, asked again while the cluster says "not now"."""
        while True:
            try:
                return ask()
            except ApiError as error:
                said = error.body.get("error", {}) if isinstance(error.body, dict) else {}
                if not _is_not_now(error.status_code, said if isinstance(said, dict) else {}):
                    raise
                self.pause(reason(error))


@dataclass(frozen=True, slots=True)
class Version:
    """One index below the name: ``name``, when it was made (seconds since 1970), and the aliases it bears."""

    name: str
    number: int
    made: float
    aliases: frozenset[str]


class Catalog:
    """The indexes below one name, which alias points where, and the generation."""

    def __init__(self, client: Elasticsearch, cluster: Cluster) -> None:
        self._client, self._cluster = client, cluster
        self._names = re.compile(rf"{re.escape(cluster.name)}-layout(\d+)-(\d{{6}})")
        self.alias = f"{cluster.name}-layout{LAYOUT}"
        self.previous, self.building = f"{self.alias}-previous", f"{self.alias}-building"
        self._state = f"{cluster.name}-state"

    def versions(self) -> list[Version]:
        """Return every index of this layout, newest first."""
        return [one for one in self._all() if one.name.startswith(f"{self.alias}-")]

    def _all(self) -> list[Version]:
        with translate_errors():
            found = self._client.indices.get(
                index=f"{self._cluster.name}-layout*",
                allow_no_indices=True,
                filter_path="*.aliases,*.settings.index.creation_date",
            )
        versions = []
        for name, about in found.items():
            if match := self._names.fullmatch(name):
                made = int(about["settings"]["index"]["creation_date"]) / 1000
                versions.append(Version(name, int(match[2]), made, frozenset(about.get("aliases", ()))))
        return sorted(versions, key=lambda one: one.made, reverse=True)

    def bearing(self, alias: str) -> Version | None:
        """Return the index that ``alias`` points to."""
        return next((one for one in self.versions() if alias in one.aliases), None)

    def create(self, alias: str) -> None:
        """Make an empty index and call it ``alias`` when it can be read and written."""
        numbers = [one.number for one in self.versions()]
        name = f"{self.alias}-{max(numbers, default=0) + 1:06}"
        self._make(name, alias, ix.mappings(), ix.settings(self._cluster))

    def _make(self, name: str, alias: str, mappings: dict[str, Any], settings: dict[str, Any]) -> None:
        """Make the index ``name``. One that another program made at the same moment is taken as it is."""
        with translate_errors():
            self._client.options(ignore_status=400).indices.create(index=name, mappings=mappings, settings=settings)
            # Not before: whoever finds it by its alias may ask it at once.
            self._client.cluster.health(index=name, wait_for_status="yellow", timeout="30s")
            self._client.indices.put_alias(index=name, name=alias)

    def ensure_current(self) -> None:
        """Make the first index where there is none."""
        if self.bearing(self.alias) is None:
            self.create(self.alias)

    def swap(self, new: str) -> None:
        """Make ``new`` the index in use and the one so far the previous, in one step; remove what is neither."""
        actions: list[dict[str, Any]] = [{"add": {"index": new, "alias": self.alias}}]
        for one in self.versions():
            leaves = one.aliases & {self.building, self.previous} if one.name == new else one.aliases
            actions += ({"remove": {"index": one.name, "alias": alias}} for alias in leaves)
            if self.alias in one.aliases and one.name != new:
                actions.append({"add": {"index": one.name, "alias": self.previous}})
        with translate_errors():
            self._client.indices.update_aliases(actions=actions)
        self.remove_unused()

    def remove_unused(self) -> None:
        """Delete every index that is neither in use nor the previous one: killed rebuilds, other layouts."""
        kept = {self.alias, self.previous}
        for one in self._all():
            if not one.aliases & kept:
                with translate_errors():
                    self._client.options(ignore_status=404).indices.delete(index=one.name)

    def next_generation(self, patience: float = PATIENCE) -> int:
        """Say to every process that something new can be seen; return the number of that state."""
        with translate_errors():
            try:
                written = self._write_generation(patience)
            except NotFoundError:
                self._begin_generations()
                written = self._write_generation(patience)
        return int(written)

    def _write_generation(self, patience: float) -> int:
        moment = {"committed_at": int(time.time() * 1000)}
        answer = _Patience(patience).run(
            lambda: self._client.index(index=self._state, id=GENERATION, document=moment, require_alias=True)
        )
        return int(answer["_version"])

    def _begin_generations(self) -> None:
        """Make the index of the state. Numbers begin at the clock's, so that they grow even if it was deleted once."""
        properties = {"committed_at": {"type": "date", "format": "epoch_millis"}}
        mappings = {"dynamic": "strict", "properties": properties}
        settings = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
        self._make(f"{self._state}-index", self._state, mappings, settings)
        now = int(time.time())
        self._client.options(ignore_status=409).index(
            index=self._state,
            id=GENERATION,
            document={"committed_at": now * 1000},
            version=now,
            version_type="external",
        )
