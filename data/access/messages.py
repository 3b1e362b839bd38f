"""What may be asked of access: save a member of staff with roles. Handlers: ``data.access.commands``."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = ["SaveStaff", "StaffSaved"]


class StaffSaved(msgspec.Struct, frozen=True, kw_only=True):
    """The member of staff after saving, with the roles held now."""

    user_id: UUID
    email: str
    created: bool
    roles: tuple[str, ...]


class SaveStaff(Command, frozen=True, kw_only=True):
    """Make the person with this e-mail a member of staff with exactly these roles, or change who is one already.

    Raises ``Invalid`` (unknown role, bad e-mail) and ``Conflict`` where nobody would be left who may manage access.
    """

    name: ClassVar[str] = "access.staff"
    permission: ClassVar[str] = "access.manage"
    result: ClassVar[type] = StaffSaved
    handled_in: ClassVar[str] = "data.access.commands"

    email: str
    first_name: str = ""
    last_name: str = ""
    roles: tuple[str, ...]
    is_active: bool = True
