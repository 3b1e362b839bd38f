"""What became of one thing: the audit log's rows of a product, an order, a customer, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from data.access.schema import AuditEntry

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["Change", "history_of"]


@dataclass(frozen=True)
class Change:
    """One change by one person: by which command, and what it was from and to (``None``: there was nothing)."""

    at: datetime
    who: str
    command: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def history_of(postgres: Postgres, target_type: str, target_id: str, *, limit: int = 20) -> tuple[Change, ...]:
    """Return the newest ``limit`` changes of ``target_id``. Raises ``Unavailable``."""
    log = AuditEntry
    statement = (
        select(log.at, log.actor_email, log.command, log.before, log.after)
        .where(log.target_type == target_type, log.target_id == target_id)
        .order_by(log.at.desc(), log.audit_id.desc())
        .limit(limit)
    )
    with postgres.reading() as connection:
        return tuple(Change(*row) for row in connection.execute(statement))
