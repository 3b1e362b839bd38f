"""The handlers of notes: the note and its mentions in one transaction, so that nobody is mentioned by nothing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update

from data.customers.schema import User
from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.ids import new_id
from data.notes.messages import AddNote, MarkMentionsRead, MentionsRead, NoteAdded
from data.notes.rules import MAX_BODY, MAX_MENTIONS, VISIBILITIES, mentions_in
from data.notes.schema import NoteMention, OrderNote
from data.orders.schema import Order

__all__ = ["add_note", "mark_mentions_read"]


@handles(AddNote)
def add_note(command: AddNote, uow: UnitOfWork) -> NoteAdded:
    """Write the note; see ``AddNote`` for what is raised."""
    body, names = _checked(command)
    number = uow.connection.execute(
        select(Order.order_number).where(Order.order_id == command.order_id)
    ).scalar_one_or_none()
    if number is None:
        raise NotFound("order", str(command.order_id))
    staff = _staff(uow, names)
    note_id = new_id()
    uow.connection.execute(
        insert(OrderNote).values(
            note_id=note_id,
            order_id=command.order_id,
            author_id=uow.actor.user_id,
            visibility=command.visibility,
            body=body,
            created_at=uow.now,
        )
    )
    if staff:
        uow.connection.execute(
            insert(NoteMention),
            [{"note_id": note_id, "user_id": user_id, "created_at": uow.now} for user_id in staff],
        )
    emails = tuple(sorted(staff.values()))
    uow.record(
        "order", command.order_id, None, {"note_id": note_id, "visibility": command.visibility, "mentioned": emails}
    )
    return NoteAdded(
        note_id=note_id,
        order_id=command.order_id,
        order_number=number,
        visibility=command.visibility,
        mentioned=emails,
        unknown=tuple(name for name in names if not any(_is(name, email) for email in emails)),
    )


def _checked(command: AddNote) -> tuple[str, tuple[str, ...]]:
    body = command.body.strip()
    names = mentions_in(body)
    wrong: dict[str, str] = {}
    if not body:
        wrong["body"] = "is empty"
    elif len(body) > MAX_BODY:
        wrong["body"] = f"is {len(body):,} characters long, at most {MAX_BODY:,} are kept"
    elif len(names) > MAX_MENTIONS:
        wrong["body"] = f"mentions {len(names)} people, at most {MAX_MENTIONS} are told at once"
    if command.visibility not in VISIBILITIES:
        wrong["visibility"] = f"{command.visibility!r} is not one of {', '.join(VISIBILITIES)}"
    if wrong:
        raise Invalid(wrong)
    return body, names


def _staff(uow: UnitOfWork, names: Sequence[str]) -> dict[UUID, str]:
    """Return active staff whom ``names`` mean, with their e-mails; two with one name are both meant."""
    if not names:
        return {}
    email = func.lower(User.email)
    found = uow.connection.execute(
        select(User.user_id, email).where(
            User.is_staff, User.is_active, or_(email.in_(names), func.split_part(email, "@", 1).in_(names))
        )
    )
    return {row[0]: row[1] for row in found}


def _is(name: str, email: str) -> bool:
    return name in (email, email.partition("@")[0])


@handles(MarkMentionsRead)
def mark_mentions_read(command: MarkMentionsRead, uow: UnitOfWork) -> MentionsRead:
    """Set the time of reading where there is none."""
    statement = (
        update(NoteMention)
        .where(NoteMention.user_id == uow.actor.user_id, NoteMention.read_at.is_(None))
        .values(read_at=uow.now)
    )
    if command.note_ids:
        statement = statement.where(NoteMention.note_id.in_(command.note_ids))
    read = uow.connection.execute(statement).rowcount
    uow.record("inbox", uow.actor.user_id, None, {"read": read})
    return MentionsRead(read=read)
