"""What a person may do about dead letters: mend them, have them handled again, or let them go."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection, text

from data.command import INT8_MAX, Command
from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.events.letters import open_letters
from data.events.outbox import send
from data.events.topics import TOPICS

__all__ = ["DeadLetterEdited", "DeadLettersResolved", "DiscardDeadLetters", "EditDeadLetter", "ReplayDeadLetters"]

_RESOLVE = text("UPDATE dead_letters SET resolved_at = :now, resolution = :resolution WHERE event_id = ANY(:ids)")
_EDIT = text(
    "UPDATE dead_letters SET topic = :topic, key = :key, payload = CAST(:payload AS jsonb) WHERE event_id = :event_id"
)
#: As many characters as the column of the keys takes.
_KEY_LIMIT = 100


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


class DeadLetterEdited(msgspec.Struct, frozen=True, kw_only=True):
    """What the letter says now."""

    event_id: int
    topic: str
    key: str
    payload: dict[str, Any]


class EditDeadLetter(Command, frozen=True, kw_only=True):
    """Mend an open dead letter before it is replayed: its topic, what it is about (``key``), its ``payload``.

    What is left out stays. Raises ``NotFound``, and ``Invalid`` for a topic nobody reads or an empty key.
    """

    name: ClassVar[str] = "relay.edit"
    permission: ClassVar[str] = "relay.manage"
    result: ClassVar[type] = DeadLetterEdited
    integer_limit: ClassVar[int] = INT8_MAX

    event_id: int
    topic: str | UnsetType = UNSET
    key: str | UnsetType = UNSET
    payload: dict[str, Any] | UnsetType = UNSET


@handles(EditDeadLetter)
def edit(command: EditDeadLetter, unit: UnitOfWork) -> DeadLetterEdited:
    """Write what is new, and record what it was."""
    (letter,) = _letters(unit.connection, (command.event_id,))
    before = {"topic": letter.topic, "key": letter.key, "payload": letter.payload}
    asked = {"topic": command.topic, "key": command.key, "payload": command.payload}
    after: dict[str, Any] = before | {name: value for name, value in asked.items() if value is not UNSET}
    _check_edit(after)
    values = after | {"event_id": command.event_id, "payload": msgspec.json.encode(after["payload"]).decode()}
    unit.connection.execute(_EDIT, values)
    unit.record("dead_letter", command.event_id, before, after)
    return DeadLetterEdited(event_id=command.event_id, **after)


def _check_edit(letter: dict[str, Any]) -> None:
    wrong = {}
    if letter["topic"] not in TOPICS:
        wrong["topic"] = f"must be one of {', '.join(TOPICS)}"
    if not 0 < len(letter["key"].strip()) <= _KEY_LIMIT:
        wrong["key"] = f"must have 1 to {_KEY_LIMIT} characters"
    if wrong:
        raise Invalid(wrong)


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
