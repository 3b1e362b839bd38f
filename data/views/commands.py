"""Every command of views with its handler."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from data.door import UnitOfWork, handles
from data.errors import Denied, Invalid, NotFound
from data.ids import new_id
from data.orders.query import parse_order_query
from data.views.messages import RemoveView, SaveView, ViewRemoved, ViewSaved
from data.views.rules import NOUNS, built_in, check_view
from data.views.schema import SavedView

__all__ = ["RemoveView", "SaveView", "ViewRemoved", "ViewSaved"]

SHARE = "views.share"


@handles(SaveView)
def save_view(command: SaveView, uow: UnitOfWork) -> ViewSaved:
    """Insert the view or replace the one of that owner, list and name."""
    wrong = check_view(command.noun, command.called, command.query, command.columns, command.key, shared=command.shared)
    if wrong:
        raise Invalid(wrong)
    if command.noun == "orders":  # a line of the catalog can always be read; this one may be refused
        _check_order_line(command.query)
    owner = _owner(uow, shared=command.shared)
    _key_is_free(command, uow, owner)
    kept = {"query": command.query, "columns": list(command.columns), "sort": command.sort, "key": command.key}
    before = _named(command, uow, owner)
    statement = insert(SavedView).values(
        view_id=new_id(), owner_id=owner, noun=command.noun, name=command.called, updated_at=uow.now, **kept
    )
    row = uow.connection.execute(
        statement.on_conflict_do_update(
            index_elements=[SavedView.owner_id, SavedView.noun, text("lower(name)")],
            set_={**kept, "name": command.called, "updated_at": uow.now, "version": SavedView.version + 1},
        ).returning(SavedView.view_id, SavedView.version)
    ).one()
    uow.record("view", row.view_id, before, {"noun": command.noun, "name": command.called, **kept})
    return ViewSaved(
        view_id=row.view_id,
        noun=command.noun,
        name=command.called,
        shared=command.shared,
        key=command.key,
        created=row.version == 1,
        version=row.version,
    )


@handles(RemoveView)
def remove_view(command: RemoveView, uow: UnitOfWork) -> ViewRemoved:
    """Delete the view; another person's own is not found, one that is built in stays."""
    if any(command.view_id == view.view_id for noun in NOUNS for view in built_in(noun)):
        raise Invalid({"view": "is built in; a view saved on its key stands in its place"})
    found = uow.connection.execute(
        select(SavedView.owner_id, SavedView.noun, SavedView.name, SavedView.query)
        .where(SavedView.view_id == command.view_id)
        .with_for_update()
    ).one_or_none()
    if found is None or found.owner_id not in (None, uow.actor.user_id):
        raise NotFound("view", str(command.view_id))
    _owner(uow, shared=found.owner_id is None)
    uow.connection.execute(delete(SavedView).where(SavedView.view_id == command.view_id))
    uow.record("view", command.view_id, {"noun": found.noun, "name": found.name, "query": found.query}, None)
    return ViewRemoved(view_id=command.view_id, noun=found.noun, name=found.name)


def _check_order_line(query: str) -> None:
    """Raise ``Invalid`` on ``query`` where it cannot be read: a view that finds nothing to show is no view."""
    try:
        parse_order_query(query)
    except Invalid as refused:
        token, why = next(iter(refused.fields.items()))
        raise Invalid({"query": f"{token} {why}"}) from None


def _owner(uow: UnitOfWork, *, shared: bool) -> UUID | None:
    """Return whose the view is. Raises ``Denied`` where somebody may not share."""
    if shared and not uow.actor.may(SHARE):
        raise Denied(uow.actor.email, SHARE)
    return None if shared else uow.actor.user_id


def _key_is_free(command: SaveView, uow: UnitOfWork, owner: UUID | None) -> None:
    if command.key is None:
        return
    bearer = uow.connection.execute(
        select(SavedView.name).where(
            SavedView.owner_id.is_not_distinct_from(owner),
            SavedView.noun == command.noun,
            SavedView.key == command.key,
            func.lower(SavedView.name) != func.lower(command.called),
        )
    ).scalar_one_or_none()
    if bearer is not None:
        raise Invalid({"key": f"{command.key} is the key of {bearer!r}"})


def _named(command: SaveView, uow: UnitOfWork, owner: UUID | None) -> dict[str, Any] | None:
    row = uow.connection.execute(
        select(SavedView.query, SavedView.columns, SavedView.sort, SavedView.key).where(
            SavedView.owner_id.is_not_distinct_from(owner),
            SavedView.noun == command.noun,
            func.lower(SavedView.name) == func.lower(command.called),
        )
    ).one_or_none()
    return None if row is None else {"noun": command.noun, "name": command.called, **row._asdict()}
