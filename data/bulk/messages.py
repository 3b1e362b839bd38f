"""What may be asked of bulk jobs: light, so that a screen needs no driver."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import msgspec

from data.command import INT8_MAX, Command

__all__ = [
    "AddTargets",
    "BatchDone",
    "JobOpened",
    "NoteRows",
    "OpenJob",
    "RowDone",
    "RunBatch",
    "StopJob",
    "TargetInput",
    "TargetsAdded",
]

_HANDLERS = "data.bulk.commands"


class JobOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The job, empty, and what it is called."""

    job_id: UUID
    title: str


class OpenJob(Command, frozen=True, kw_only=True):
    """Begin a job of ``kind`` (``data.bulk.kinds.KINDS``) with the kind's ``arguments``. Nothing is changed yet.

    Raises ``NotFound`` (the kind), ``Denied`` (the kind's permission) and ``Invalid`` (its arguments).
    """

    name: ClassVar[str] = "bulk.open"
    permission: ClassVar[str] = "bulk.run"
    result: ClassVar[type] = JobOpened
    handled_in: ClassVar[str] = _HANDLERS
    integer_limit: ClassVar[int] = INT8_MAX

    kind: str
    arguments: dict[str, Any]


class TargetInput(msgspec.Struct, frozen=True, kw_only=True):
    """One record to change: its id, what people call it, what the kind keeps for it alone."""

    target_id: str
    label: str
    data: dict[str, Any] | None = None


class TargetsAdded(msgspec.Struct, frozen=True, kw_only=True):
    """How many records the job has now."""

    total: int


class AddTargets(Command, frozen=True, kw_only=True):
    """Add up to 1,000 records to a job that has not begun. ``first`` is how many it has: a gap is a ``Conflict``."""

    name: ClassVar[str] = "bulk.add"
    permission: ClassVar[str] = "bulk.run"
    result: ClassVar[type] = TargetsAdded
    handled_in: ClassVar[str] = _HANDLERS
    integer_limit: ClassVar[int] = INT8_MAX

    job_id: UUID
    first: int
    targets: tuple[TargetInput, ...]


class BatchDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one batch, in rows, and how many rows of the job are left."""

    changed: int
    unchanged: int
    refused: int
    left: int


class RunBatch(Command, frozen=True, kw_only=True):
    """Do the rows of a job from number ``first`` on, ``count`` of them, that have no outcome yet.

    Raises ``NotFound``, ``Denied`` (the kind's permission) and ``Invalid`` for a batch of more than 500, or a job that
    is done row by row (``data.bulk.kinds.RowKind``).
    """

    name: ClassVar[str] = "bulk.batch"
    permission: ClassVar[str] = "bulk.run"
    result: ClassVar[type] = BatchDone
    handled_in: ClassVar[str] = _HANDLERS

    job_id: UUID
    first: int
    count: int


class RowDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the row ``number``."""

    number: int
    outcome: str
    message: str = ""


class NoteRows(Command, frozen=True, kw_only=True):
    """Note what became of rows that were done one by one, each by its own command. One that is noted stays as it is.

    Raises ``NotFound``, ``Denied`` (the kind's permission) and ``Invalid`` for more than 500, or an unknown outcome.
    """

    name: ClassVar[str] = "bulk.note"
    permission: ClassVar[str] = "bulk.run"
    result: ClassVar[type] = BatchDone
    handled_in: ClassVar[str] = _HANDLERS

    job_id: UUID
    rows: tuple[RowDone, ...]


class StopJob(Command, frozen=True, kw_only=True):
    """Note that somebody stopped the job; what is done stays, running a batch goes on with the rest."""

    name: ClassVar[str] = "bulk.stop"
    permission: ClassVar[str] = "bulk.run"
    result: ClassVar[type] = TargetsAdded
    handled_in: ClassVar[str] = _HANDLERS

    job_id: UUID
