"""What a bulk job can do: one kind for each thing, in a table of dotted names that any room may add a line to.

A kind checks its arguments, says what would become of records without writing (the dry run), and does it: to a batch of
them inside one command's transaction (``Kind``), or to each by a command of its own (``RowKind``). Permission,
idempotency, results, progress and resuming are the jobs' own (``data.bulk.commands``, ``data.bulk.runs``) and the same
for every kind.

Products go by the batch: one document is like the next, and a sheet of thousands must not take minutes. Orders go one
by one: each step of an order is a transaction with locks, an audit row and perhaps a provider of its own, and none may
wait for, or be lost with, two hundred others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from data.errors import NotFound

if TYPE_CHECKING:
    from data.door import UnitOfWork
    from data.shop import Shop
    from data.stores import Stores

__all__ = ["CHANGED", "KINDS", "REFUSED", "UNCHANGED", "Kind", "Outcome", "RowKind", "Target", "kind_called"]

CHANGED, UNCHANGED, REFUSED = "changed", "unchanged", "refused"


@dataclass(frozen=True)
class Target:
    """One record of a job: its id, what people call it, and what the job keeps for this record alone."""

    target_id: str
    label: str
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one record (or would): one of the three words above, and a sentence (``79.95 → 71.96``).

    ``reason`` says why it is refused in words that others share (``not paid``); by default the sentence does.
    """

    outcome: str
    message: str = ""
    reason: str = ""


class _Told(Protocol):
    """What every kind says of itself."""

    #: what the actor must be allowed to do, checked for every batch
    permission: str
    #: what a record is after it, in one word: ``changed``, ``shipped``
    done: str

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the clean arguments, JSON-ready. Raises ``Invalid`` by argument."""
        ...

    def title(self, arguments: Mapping[str, Any]) -> str:
        """Return what the job does in a few words: ``price −10 %``."""
        ...

    def preview(self, stores: Stores, arguments: Mapping[str, Any], targets: Sequence[Target]) -> list[Outcome]:
        """Return what would become of each of ``targets`` now. Writes nothing."""
        ...


class Kind(_Told, Protocol):
    """One thing a job can do to a batch of records at once."""

    def apply(self, arguments: Mapping[str, Any], targets: Sequence[Target], uow: UnitOfWork) -> list[Outcome]:
        """Do it to each of ``targets``; a record that cannot be changed is refused and stops no other.

        What is written beside PostgreSQL must find by ``uow.key`` what an earlier run wrote whose commit was lost.
        """
        ...


@runtime_checkable
class RowKind(_Told, Protocol):
    """One thing a job can do to one record after another, each in a transaction and with an audit row of its own."""

    def carry_out(
        self, shop: Shop, arguments: Mapping[str, Any], target: Target, *, key: str, before: Any | None
    ) -> Outcome:
        """Do it to ``target`` through the door, under ``key``.

        ``before`` is what an earlier run's command under this key answered, where one was cut off before its outcome
        was noted. The job may be gone on with elsewhere at this moment: a record that needs nothing any more may have
        got it under this ``key`` since. What is raised, but for ``Unavailable``, refuses the record and stops no other.
        """
        ...


#: What is done to orders, each a kind ``orders.…``.
_ORDER_ACTIONS = ("confirm", "hold", "release", "tag", "untag", "assign", "ship", "cancel")
#: kind → ``module:object``
KINDS: Mapping[str, str] = {
    "products.change": "data.catalog.bulk:CHANGE",
    "products.values": "data.catalog.bulk:VALUES",
    **{f"orders.{action}": f"data.orders.bulk.kinds:{action.upper()}" for action in _ORDER_ACTIONS},
    "orders.capture": "data.orders.bulk.capture:CAPTURE",
}


def kind_called(name: str) -> Kind | RowKind:
    """Import and return the kind called ``name``. Raises ``NotFound``."""
    if name not in KINDS:
        raise NotFound("kind of bulk job", name)
    module, _, attribute = KINDS[name].partition(":")
    kind: Kind | RowKind = getattr(import_module(module), attribute)
    return kind
