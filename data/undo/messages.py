"""What may be asked of undoing: light, so that a screen needs no driver."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from data.command import Command

__all__ = ["Undo", "Undone"]


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken back: the command's name, the key it ran under, and one sentence for the person."""

    command: str
    key: str
    sentence: str


class Undo(Command, frozen=True, kw_only=True):
    """Take back the actor's last reversible change, or the one that ran under ``change_key``.

    ``area`` narrows to the commands of one room (``catalog``, ``orders``), ``target_id`` to what was done to one thing.
    Nothing is taken back that somebody has changed since: that is a ``Conflict`` naming it. Raises ``NotFound`` where
    there is nothing to take back, ``Denied`` where the actor may no longer make the change, and ``Conflict``.
    """

    name: ClassVar[str] = "changes.undo"
    permission: ClassVar[str] = "changes.undo"
    result: ClassVar[type] = Undone
    handled_in: ClassVar[str] = "data.undo.commands"

    change_key: str = ""
    area: str = ""
    target_id: str = ""
