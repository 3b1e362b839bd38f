"""What ``u`` would take back, for who asks before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from data.undo.commands import reversible
from data.undo.finding import Found, newest_change

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["next_undo"]


def next_undo(postgres: Postgres, actor_id: UUID, *, area: str = "", target_id: str = "") -> Found | None:
    """Return the change that ``Undo`` with the same ``area`` and ``target_id`` would take back, ``None`` for none.

    Raises ``Conflict`` where the actor's last change is taken back elsewhere (a bulk job).
    """
    with postgres.reading() as connection:
        return newest_change(connection, actor_id, reversible, area=area, target_id=target_id)
