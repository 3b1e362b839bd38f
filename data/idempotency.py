"""Idempotency keys: claiming one, and answering a repeated call from what the first one stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from data.access.schema import IdempotencyKey
from data.errors import Conflict, Invalid
from data.ids import new_id_text
from data.structs import convert

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["Claim", "checked_key", "claim_key", "plain", "results_under", "store_result", "stored_result"]

MAX_KEY = 200


@dataclass(frozen=True)
class Claim:
    """What makes one call of a command itself: who, under which key, which command, with which content."""

    actor_id: UUID
    key: str
    command: str
    content_hash: bytes


def plain(value: object) -> Any:
    """Return ``value`` as JSON knows it: amounts, ids and instants as text, structs and dataclasses as objects."""
    return msgspec.to_builtins(value, str_keys=True)


def checked_key(key: str | None) -> str:
    """Return ``key``, or a fresh one for ``None``. Raises ``Invalid`` for an empty, too long or unprintable one."""
    if key is None:
        return new_id_text()
    if not key.strip() or len(key) > MAX_KEY or not key.isprintable():
        raise Invalid({"key": f"must be 1 to {MAX_KEY} printable characters"})
    return key


def claim_key(connection: sqlalchemy.Connection, claim: Claim, now: datetime) -> bool:
    """Insert the key's row; ``False`` where it was there. Waits for a transaction that is just inserting it."""
    statement = (
        insert(IdempotencyKey)
        .values(
            actor_id=claim.actor_id,
            key=claim.key,
            command=claim.command,
            content_hash=claim.content_hash,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    return connection.execute(statement).first() is not None


def store_result(connection: sqlalchemy.Connection, claim: Claim, result: object) -> None:
    """Keep what the command returned with its key, in the command's own transaction."""
    connection.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.actor_id == claim.actor_id, IdempotencyKey.key == claim.key)
        .values(result=plain(result))
    )


def stored_result(connection: sqlalchemy.Connection, claim: Claim, kind: Any) -> Any | None:
    """Return the result stored under the claim's key as a ``kind``, or ``None`` where the key is not in use.

    Raises ``Conflict`` where the key was used for another command or other content.
    """
    row = connection.execute(
        select(IdempotencyKey.command, IdempotencyKey.content_hash, IdempotencyKey.result).where(
            IdempotencyKey.actor_id == claim.actor_id, IdempotencyKey.key == claim.key
        )
    ).one_or_none()
    if row is None:
        return None
    if (row.command, bytes(row.content_hash)) != (claim.command, claim.content_hash):
        raise Conflict(
            f"The key {claim.key!r} was used for {row.command} with other content; a new intention needs a new key.",
            current={"command": row.command, "key": claim.key},
        )
    try:
        return convert(row.result, kind)
    except msgspec.ValidationError:
        raise Conflict(f"The key {claim.key!r} was used before; only an older Storekeeper reads its result.") from None


def results_under(connection: sqlalchemy.Connection, actor_id: UUID, keys: Iterable[str]) -> dict[str, Any]:
    """Return, by key, what the commands that ``actor_id`` ran under some of ``keys`` answered, as stored (JSON)."""
    rows = connection.execute(
        select(IdempotencyKey.key, IdempotencyKey.result).where(
            IdempotencyKey.actor_id == actor_id, IdempotencyKey.key.in_(list(keys))
        )
    )
    return {row.key: row.result for row in rows}
