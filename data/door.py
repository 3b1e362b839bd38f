"""The one door for writes: permission, one transaction, idempotency key first, handler, audit, outbox, commit.

Every write of the terminal, the headless twin, the import and the demo data is a command that ``Door.run`` takes to
its handler. A handler raises an error of ``data.errors`` to refuse, and then nothing at all is left behind, the
idempotency key included, so the same key may be tried again once the reason is gone.

**Idempotency.** The key's row is inserted before anything else, in the transaction that does the work. A second call
with the key waits at that insert for the first one's end, then answers from the stored result (``replayed=True``);
with other content it is refused. No locks, leases or recovery points: the key and the effect commit together.

**Handlers that write MongoDB** (the catalog). There is no transaction over both stores, so the order is: PostgreSQL
transaction opened, key inserted, document changed by compare-and-set on its version *with the key pushed to the
document's short list* ``edit_keys`` *in the same update*, PostgreSQL committed. Killed between the two commits, the
caller retries with the same key: the key's row is not there, the handler runs again, finds the key in ``edit_keys``,
and reports the effect it finds instead of making it twice. Writing the document last was rejected: a stored result
without its effect cannot be told from one with it.

**One-statement handlers** (placement) open no transaction: they insert the key's row and the audit row themselves,
inside their statement, from the ``Claim`` they are given, and may share its round trip and commit with others.

Retries: a serialization failure, deadlock, lock timeout or lost connection repeats the whole unit with the same key,
never inside an open transaction: ≤ 8 tries within 5 s, full jitter from 2 ms doubling to 200 ms.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

import tenacity
from sqlalchemy import insert

from data.access.rules import PERMISSIONS, Actor
from data.access.schema import AuditEntry
from data.command import Command, checked, content_hash, parse_command
from data.errors import Conflict, Denied, StorekeeperError
from data.events.schema import OutboxEvent
from data.idempotency import Claim, checked_key, claim_key, plain, store_result, stored_result
from data.ids import new_id
from data.stores.postgres import retryable

if TYPE_CHECKING:
    import sqlalchemy

    from data.stores import Stores

__all__ = ["Claim", "Command", "Done", "Door", "OneStatement", "UnitOfWork", "audit_row", "handles", "parse_command"]

C = TypeVar("C", bound=Command)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A command's outcome. ``replayed`` means an earlier call with ``key`` had done it and this is its result."""

    result: Result
    replayed: bool
    key: str


class UnitOfWork:
    """One command's transaction, as its handler sees it. Lives for one attempt; a handler keeps nothing of it."""

    def __init__(
        self, connection: sqlalchemy.Connection, stores: Stores, actor: Actor, claim: Claim, now: datetime
    ) -> None:
        self.connection = connection
        self.stores = stores
        self.actor = actor
        self.key = claim.key
        self.now = now
        self._claim = claim
        self._events: list[dict[str, Any]] = []
        self._audit: list[dict[str, Any]] = []

    def emit(self, topic: str, key: str, kind: str, payload: object) -> None:
        """Add an event to the outbox, written with this transaction.

        ``key`` names what the event is about; the handler must hold that row's lock, which is what makes the order of
        events per key the order of commits. ``payload`` is JSON-ready or a struct or dataclass of such.
        """
        self._events.append(
            {"topic": topic, "key": key, "kind": kind, "payload": plain(payload), "created_at": self.now}
        )

    def record(self, target_type: str, target_id: object, before: object, after: object) -> None:
        """Add an audit row: what ``target_type`` ``target_id`` was and became (``None`` where there was nothing).

        ``before`` and ``after`` hold only what changed or matters, never a secret.
        """
        self._audit.append(audit_row(self._claim, self.actor, self.now, target_type, str(target_id), before, after))

    def _flush(self, result: object) -> None:
        """Write audit, outbox and the stored result; a handler that recorded nothing still leaves one audit row."""
        if not self._audit:
            self.record(self._claim.command.partition(".")[0], "", None, None)
        self.connection.execute(insert(AuditEntry), self._audit)
        if self._events:
            self.connection.execute(insert(OutboxEvent), self._events)
        store_result(self.connection, self._claim, result)


class OneStatement:
    """What a one-statement handler gets: the stores, no connection yet, and the claim its statement must insert.

    The statement inserts ``idempotency_keys(actor_id, key, command, content_hash, result)`` with ``ON CONFLICT DO
    NOTHING``, makes everything else depend on that row having been inserted, and writes its own audit row. Where the
    key was taken, or the statement refuses, the handler first returns ``stored_result()`` if there is one: a replay
    must get its old answer even when the same command would be refused today.
    """

    def __init__(self, stores: Stores, actor: Actor, claim: Claim, now: datetime, kind: Any) -> None:
        self.stores = stores
        self.actor = actor
        self.claim = claim
        self.now = now
        self.replayed = False
        self._kind = kind

    def stored_result(self) -> Any | None:
        """Return what an earlier call stored under this claim, or ``None``; raises ``Conflict`` for other content."""
        with self.stores.postgres.reading() as connection:
            stored = stored_result(connection, self.claim, self._kind)
        self.replayed = stored is not None
        return stored


def audit_row(
    claim: Claim, actor: Actor, now: datetime, target_type: str, target_id: str, before: object, after: object
) -> dict[str, Any]:
    """Return the values of one ``audit_log`` row, for those who insert it themselves."""
    return {
        "audit_id": new_id(),
        "at": now,
        "actor_id": actor.user_id,
        "actor_email": actor.email,
        "command": claim.command,
        "target_type": target_type,
        "target_id": target_id,
        "idempotency_key": claim.key,
        "before": plain(before),
        "after": plain(after),
        "host": socket.gethostname(),
    }


@dataclass(frozen=True)
class _Registered:
    handler: Callable[[Any, Any], Any]
    one_statement: bool


_HANDLERS: dict[type[Command], _Registered] = {}


@overload
def handles(
    kind: type[C], *, one_statement: Literal[False] = False
) -> Callable[[Callable[[C, UnitOfWork], Result]], Callable[[C, UnitOfWork], Result]]: ...
@overload
def handles(
    kind: type[C], *, one_statement: Literal[True]
) -> Callable[[Callable[[C, OneStatement], Result]], Callable[[C, OneStatement], Result]]: ...
def handles(kind: type[Command], *, one_statement: bool = False) -> Callable[[Any], Any]:
    """Register the decorated function as the handler of ``kind``.

    A handler stands beside its command or in the module the command names in ``handled_in``. Raises ``ValueError``
    for a permission nobody can hold or a second handler.
    """
    if kind.permission not in PERMISSIONS:
        raise ValueError(f"{kind.__name__}: no permission {kind.permission!r} in data.access.rules")
    if kind in _HANDLERS:
        raise ValueError(f"{kind.__name__} has a handler already")

    def register(handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        _HANDLERS[kind] = _Registered(handler, one_statement)
        return handler

    return register


def _registered(kind: type[Command]) -> _Registered:
    if kind not in _HANDLERS and kind.handled_in:
        importlib.import_module(kind.handled_in)
    if kind not in _HANDLERS:
        raise LookupError(f"{kind.__name__} has no handler; does its handled_in name the module that registers one?")
    return _HANDLERS[kind]


def _retrying() -> tenacity.Retrying:
    """Return the bound on repeating a unit after its first try: 7 more in 5 s, full jitter, 2 ms doubling to 200 ms."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(retryable),
        stop=tenacity.stop_after_attempt(7) | tenacity.stop_after_delay(5),
        wait=tenacity.wait_random_exponential(multiplier=0.002, max=0.2),
        reraise=True,
    )


class Door:
    """Takes commands to their handlers. Cheap to make, safe to share between threads."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def run(self, command: Command, actor: Actor, *, key: str | None = None) -> Done[Any]:
        """Carry out ``command`` for ``actor`` once, however often it is called with the same ``key``.

        ``key`` is any text of 1 to 200 characters that names this one intention (made when the form opens, stored with
        the draft); ``None`` makes a fresh one, returned in ``Done``. Raises ``Denied``, ``Invalid``, ``Conflict`` (the
        key was used for other content, or what the handler finds), ``Unavailable``, and what the handler raises.
        """
        if not actor.may(command.permission):
            raise Denied(actor.email, command.permission)
        registered = _registered(type(command))
        command = checked(command)
        claim = Claim(actor.user_id, checked_key(key), command.name, content_hash(command))
        attempt = self._one_statement if registered.one_statement else self._transaction
        try:  # nearly always the only try; the machinery of the others costs as much as a round trip
            return attempt(registered.handler, command, actor, claim)
        except StorekeeperError as error:
            if not retryable(error):
                raise
        return _retrying()(attempt, registered.handler, command, actor, claim)

    def preview(self, command: Command, actor: Actor) -> Any:
        """Return what ``command`` would answer now: its handler runs for real, and all of it is rolled back.

        No key is taken and nothing recorded; locks are held only while it runs. For commands with ``can_preview``.
        Raises what ``run`` would, and ``ValueError`` for any other command.
        """
        if not command.can_preview:
            raise ValueError(f"{command.name} can't be previewed")
        if not actor.may(command.permission):
            raise Denied(actor.email, command.permission)
        handler = _registered(type(command)).handler
        command = checked(command)
        claim = Claim(actor.user_id, checked_key(None), command.name, content_hash(command))
        with self._stores.postgres.writing() as connection:
            trial = connection.begin_nested()
            result = handler(command, UnitOfWork(connection, self._stores, actor, claim, datetime.now(UTC)))
            trial.rollback()
        return result

    def _transaction(
        self, handler: Callable[[Any, UnitOfWork], Any], command: Command, actor: Actor, claim: Claim
    ) -> Done[Any]:
        with self._stores.postgres.writing() as connection:
            now = datetime.now(UTC)
            if not claim_key(connection, claim, now):
                stored = stored_result(connection, claim, command.result)
                if stored is None:  # the key's row is there, so only a hand-made deletion in between gets here
                    raise Conflict(f"The key {claim.key!r} was removed while it was looked at; try again.")
                return Done(stored, True, claim.key)
            unit = UnitOfWork(connection, self._stores, actor, claim, now)
            result = handler(command, unit)
            unit._flush(result)
        return Done(result, False, claim.key)

    def _one_statement(
        self, handler: Callable[[Any, OneStatement], Any], command: Command, actor: Actor, claim: Claim
    ) -> Done[Any]:
        unit = OneStatement(self._stores, actor, claim, datetime.now(UTC), command.result)
        result = handler(command, unit)
        return Done(result, unit.replayed, claim.key)
