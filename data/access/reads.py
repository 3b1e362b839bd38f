"""Reads of access: who acts, and with which roles."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from data.access.rules import Actor
from data.access.schema import UserRole
from data.customers.schema import User
from data.errors import NotFound

if TYPE_CHECKING:
    import sqlalchemy

    from data.stores.postgres import Postgres

__all__ = ["actor_by_email", "find_actor"]


def actor_by_email(postgres: Postgres, email: str) -> Actor:
    """Return the active member of staff with this e-mail, in any letter case, with the roles held now.

    Raises ``NotFound`` also for a customer's e-mail and for staff who left.
    """
    with postgres.reading() as connection:
        actor = find_actor(connection, email)
    if actor is None:
        raise NotFound("member of staff", email)
    return actor


def find_actor(connection: sqlalchemy.Connection, email: str) -> Actor | None:
    """Return what ``actor_by_email`` returns, or ``None``, by the caller's own connection."""
    rows = connection.execute(
        select(User.user_id, User.email, User.first_name, User.last_name, UserRole.role)
        .outerjoin(UserRole, UserRole.user_id == User.user_id)
        .where(func.lower(User.email) == func.lower(email), User.is_staff, User.is_active)
    ).all()
    if not rows:
        return None
    first = rows[0]
    user_id: UUID = first.user_id
    name = f"{first.first_name or ''} {first.last_name or ''}".strip() or first.email
    return Actor(user_id, first.email, name, frozenset(row.role for row in rows if row.role))
