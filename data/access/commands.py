"""Every command of access with its handler, and the one write that comes before any actor exists.

That write is ``ensure_local_actor``: on a fresh database nobody may do anything, so the user of the operating system
becomes its first administrator, with an audit row that says so. It happens where this machine's own engine is used
(whoever can open its socket owns the folder it lies in), and on a configured server only as long as nobody there may
manage access; afterwards only ``SaveStaff`` through the door makes staff.
"""

from __future__ import annotations

import getpass
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from data.access.messages import SaveStaff, StaffSaved
from data.access.reads import actor_by_email, find_actor
from data.access.rules import NO_PASSWORD, ROLES, Actor
from data.access.schema import AuditEntry, UserRole
from data.customers import rules
from data.customers.schema import User
from data.door import Claim, UnitOfWork, audit_row, handles
from data.errors import Conflict, Invalid, NotFound
from data.ids import new_id

if TYPE_CHECKING:
    import sqlalchemy

    from data.settings import Settings
    from data.stores.postgres import Postgres

__all__ = ["SaveStaff", "StaffSaved", "ensure_local_actor"]

_MANAGERS = tuple(role for role, permissions in ROLES.items() if "access.manage" in permissions)


@handles(SaveStaff)
def save_staff(command: SaveStaff, uow: UnitOfWork) -> StaffSaved:
    """Insert or update the person, then set the roles to exactly those asked for."""
    values = rules.cleaned(
        {
            "email": (rules.email, command.email),
            "first_name": (rules.text(100), command.first_name),
            "last_name": (rules.text(100), command.last_name),
        }
    )
    unknown = sorted(set(command.roles) - set(ROLES))
    if unknown:
        raise Invalid({"roles": f"{', '.join(unknown)}: no such role; there are {', '.join(ROLES)}"})
    values |= {"is_staff": True, "is_active": command.is_active, "updated_at": uow.now}
    # Two who take away each other's last manager must not both succeed: changes of staff run one after another.
    uow.connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('storekeeper staff'))"))
    before = _staff_state(uow.connection, values["email"])
    user_id, created = _save_person(uow.connection, values)
    _set_roles(uow.connection, user_id, command.roles)
    if not _anyone_manages(uow.connection):
        raise Conflict("Nobody would be left who may manage access.")
    uow.record("staff", user_id, before, _staff_state(uow.connection, values["email"]))
    return StaffSaved(user_id=user_id, email=values["email"], created=created, roles=tuple(sorted(set(command.roles))))


def ensure_local_actor(postgres: Postgres, settings: Settings) -> Actor:
    """Return who acts: ``settings.actor``, else the user of the operating system as ``<login>@localhost``.

    Makes the latter an administrator where the module's page says so. Raises ``NotFound`` for anybody who is not staff.
    """
    if settings.actor:
        return actor_by_email(postgres, settings.actor)
    login = re.sub(r"[^\w.-]", "_", getpass.getuser())
    email = f"{login}@localhost"
    with postgres.reading() as connection:
        actor = find_actor(connection, email)
    if actor is not None:
        return actor
    with postgres.writing() as connection:
        if settings.is_local("postgresql") or not _anyone_manages(connection):
            _bootstrap(connection, email, login)
    return actor_by_email(postgres, email)


def _bootstrap(connection: sqlalchemy.Connection, email: str, login: str) -> None:
    """Insert the first administrator and the audit row; of two terminals at once, the second does nothing."""
    now = datetime.now(UTC)
    inserted = connection.execute(
        upsert(User)
        .values(user_id=new_id(), email=email, first_name=login, password_hash=NO_PASSWORD, is_staff=True)
        .on_conflict_do_nothing()
        .returning(User.user_id)
    ).scalar_one_or_none()
    if inserted is None:
        return
    connection.execute(insert(UserRole).values(user_id=inserted, role="admin"))
    actor = Actor(inserted, email, login, frozenset({"admin"}))
    claim = Claim(inserted, str(new_id()), "access.bootstrap", b"")
    after = {"email": email, "roles": ["admin"]}
    connection.execute(insert(AuditEntry).values(audit_row(claim, actor, now, "staff", str(inserted), None, after)))


def _staff_state(connection: sqlalchemy.Connection, email: str) -> dict[str, object] | None:
    """Return what the audit keeps of a person, or ``None`` where there is nobody."""
    row = connection.execute(
        select(User.user_id, User.email, User.first_name, User.last_name, User.is_staff, User.is_active).where(
            func.lower(User.email) == func.lower(email)
        )
    ).one_or_none()
    if row is None:
        return None
    roles = connection.execute(select(UserRole.role).where(UserRole.user_id == row.user_id).order_by(UserRole.role))
    return {**row._asdict(), "roles": list(roles.scalars())}


def _save_person(connection: sqlalchemy.Connection, values: dict[str, object]) -> tuple[UUID, bool]:
    """Insert or update by e-mail; return the id and whether the row is new."""
    inserted = connection.execute(
        upsert(User)
        .values(user_id=new_id(), password_hash=NO_PASSWORD, **values)
        .on_conflict_do_nothing()
        .returning(User.user_id)
    ).scalar_one_or_none()
    if inserted is not None:
        return inserted, True
    updated = connection.execute(
        update(User)
        .where(func.lower(User.email) == func.lower(values["email"]))
        .values(version=User.version + 1, **values)
        .returning(User.user_id)
    ).scalar_one_or_none()
    if updated is None:
        raise NotFound("member of staff", str(values["email"]))
    return updated, False


def _set_roles(connection: sqlalchemy.Connection, user_id: UUID, roles: tuple[str, ...]) -> None:
    connection.execute(delete(UserRole).where(UserRole.user_id == user_id, UserRole.role.not_in(roles)))
    if roles:
        rows = [{"user_id": user_id, "role": role} for role in sorted(set(roles))]
        connection.execute(upsert(UserRole).values(rows).on_conflict_do_nothing())


def _anyone_manages(connection: sqlalchemy.Connection) -> bool:
    """Say whether an active member of staff holds a role that may manage access."""
    found = connection.execute(
        select(User.user_id)
        .join(UserRole, UserRole.user_id == User.user_id)
        .where(User.is_staff, User.is_active, UserRole.role.in_(_MANAGERS))
        .limit(1)
    )
    return found.first() is not None
