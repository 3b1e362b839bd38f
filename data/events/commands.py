"""What a person may do about dead letters: have them handled again, or let them go."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from sqlalchemy import Connection, text

from data.command import INT8_MAX, Command
from data.door import UnitOfWork, handles
from data.errors import NotFound
from data.events.letters import open_letters
from data.events.outbox import send

__all__ = ["DeadLettersResolved", "DiscardDeadLetters", "ReplayDeadLetters"]

_RESOLVE = text("UPDATE dead_letters SET resolved_at = :now, resolution = :resolution WHERE event_id = ANY(:ids)")


class DeadLettersResolved(msgspec.Struct, frozen=True, kw_only=True):
    """The letters that were dealt with, and how: ``replayed`` or ``discarded``."""

    event_ids: tuple[int, ...]
    resolution: str


class ReplayDeadLetters(Command, frozen=True, kw_only=True):
    """Put dead letters back into the outbox, at its end, with all their tries. Raises ``NotFound`` for none open."""

    name: ClassVar[str] = "relay.replay"
    permission: ClassVar[str] = "relay.manage"
    result: ClassVar[type] = DeadLettersResolved
    integer_limit: ClassVar[int] = INT8_MAX

    event_ids: tuple[int, ...]


class DiscardDeadLetters(Command, frozen=True, kw_only=True):
    """Let dead letters go; they stay on record. Raises ``NotFound`` for none open."""

    name: ClassVar[str] = "relay.discard"
    permission: ClassVar[str] = "relay.manage"
    result: ClassVar[type] = DeadLettersResolved
    integer_limit: ClassVar[int] = INT8_MAX

    event_ids: tuple[int, ...]
    reason: str = ""


@handles(ReplayDeadLetters)
def replay(command: ReplayDeadLetters, unit: UnitOfWork) -> DeadLettersResolved:
    """Send every letter anew, oldest first, and close it, in one transaction."""
    letters = _letters(unit.connection, command.event_ids)
    for letter in letters:
        again = send(unit.connection, letter.topic, letter.key, letter.kind, letter.payload)
        unit.record("dead_letter", letter.event_id, None, {"resolution": "replayed", "as": again})
    return _resolve(unit, command.event_ids, "replayed")


@handles(DiscardDeadLetters)
def discard(command: DiscardDeadLetters, unit: UnitOfWork) -> DeadLettersResolved:
    """Close every letter without handling it."""
    for letter in _letters(unit.connection, command.event_ids):
        after = {"resolution": "discarded", "reason": command.reason}
        unit.record("dead_letter", letter.event_id, {"topic": letter.topic, "key": letter.key}, after)
    return _resolve(unit, command.event_ids, "discarded")


def _letters(connection: Connection, event_ids: tuple[int, ...]) -> list[Any]:
    letters = open_letters(connection, event_ids)
    missing = set(event_ids) - {letter.event_id for letter in letters}
    if missing:
        raise NotFound("open dead letter", str(min(missing)))
    return letters


def _resolve(unit: UnitOfWork, event_ids: tuple[int, ...], resolution: str) -> DeadLettersResolved:
    values = {"now": unit.now, "resolution": resolution, "ids": list(event_ids)}
    unit.connection.execute(_RESOLVE, values)
    return DeadLettersResolved(event_ids=event_ids, resolution=resolution)
