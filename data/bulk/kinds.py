"""What a bulk job can do: one kind for each thing, in a table of dotted names that any room may add a line to.

A kind checks its arguments, says what would become of records without writing (the dry run), and does it to a batch of
them inside one command's transaction. Permission, idempotency, results, progress and resuming are the jobs' own
(``data.bulk.commands``, ``data.bulk.runs``) and the same for every kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from data.errors import NotFound

if TYPE_CHECKING:
    from data.door import UnitOfWork
    from data.stores import Stores

__all__ = ["CHANGED", "KINDS", "REFUSED", "UNCHANGED", "Kind", "Outcome", "Target", "kind_called"]

CHANGED, UNCHANGED, REFUSED = "changed", "unchanged", "refused"


@dataclass(frozen=True)
class Target:
    """One record of a job: its id, what people call it, and what the job keeps for this record alone."""

    target_id: str
    label: str
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one record (or would): one of the three words above, and a sentence (``79.95 → 71.96``)."""

    outcome: str
    message: str = ""


class Kind(Protocol):
    """One thing a job can do."""

    #: what the actor must be allowed to do, checked for every batch
    permission: str

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the clean arguments, JSON-ready. Raises ``Invalid`` by argument."""
        ...

    def title(self, arguments: Mapping[str, Any]) -> str:
        """Return what the job does in a few words: ``price −10 %``."""
        ...

    def preview(self, stores: Stores, arguments: Mapping[str, Any], targets: Sequence[Target]) -> list[Outcome]:
        """Return what ``apply`` would do to each of ``targets`` now. Writes nothing."""
        ...

    def apply(self, arguments: Mapping[str, Any], targets: Sequence[Target], uow: UnitOfWork) -> list[Outcome]:
        """Do it to each of ``targets``; a record that cannot be changed is refused and stops no other.

        What is written beside PostgreSQL must find by ``uow.key`` what an earlier run wrote whose commit was lost.
        """
        ...


#: kind → ``module:object``
KINDS: Mapping[str, str] = {
    "products.change": "data.catalog.bulk:CHANGE",
    "products.values": "data.catalog.bulk:VALUES",
}


def kind_called(name: str) -> Kind:
    """Import and return the kind called ``name``. Raises ``NotFound``."""
    if name not in KINDS:
        raise NotFound("kind of bulk job", name)
    module, _, attribute = KINDS[name].partition(":")
    kind: Kind = getattr(import_module(module), attribute)
    return kind
