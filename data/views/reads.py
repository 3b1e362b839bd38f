"""Reads of views: which ones somebody has for a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, or_, select

from data.views.rules import LIST
from data.views.schema import SavedView

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["View", "Views", "list_views"]

_MOST = 500


@dataclass(frozen=True)
class View:
    """One saved view. ``columns`` is empty for the list's own."""

    view_id: UUID
    noun: str
    name: str
    query: str
    columns: tuple[str, ...]
    sort: str
    key: int | None
    shared: bool


@dataclass(frozen=True)
class Views:
    """The views somebody has for a list, those on keys first; ``columns`` are the person's own for the list."""

    views: tuple[View, ...] = ()
    columns: tuple[str, ...] = ()

    def on_key(self, key: int) -> View | None:
        """Return the view that the digit opens: one's own before a shared one."""
        return min((view for view in self.views if view.key == key), key=lambda view: view.shared, default=None)

    def named(self, name: str) -> View | None:
        """Return the view of that name in any letter case: one's own before a shared one."""
        wanted = name.strip().casefold()
        fitting = (view for view in self.views if view.name.casefold() == wanted)
        return min(fitting, key=lambda view: view.shared, default=None)


def list_views(postgres: Postgres, noun: str, user_id: UUID) -> Views:
    """Return the views of the list ``noun`` that are the person's own or shared. Raises ``Unavailable``."""
    columns = (SavedView.view_id, SavedView.owner_id, SavedView.name, SavedView.query, SavedView.columns)
    statement = (
        select(*columns, SavedView.sort, SavedView.key)
        .where(SavedView.noun == noun, or_(SavedView.owner_id == user_id, SavedView.owner_id.is_(None)))
        .order_by(SavedView.key.asc().nulls_last(), func.lower(SavedView.name), SavedView.owner_id.asc().nulls_last())
        .limit(_MOST)
    )
    with postgres.reading() as connection:
        rows = connection.execute(statement).all()
    views = tuple(
        View(row.view_id, noun, row.name, row.query, tuple(row.columns), row.sort, row.key, row.owner_id is None)
        for row in rows
        if row.name != LIST
    )
    return Views(views, next((tuple(row.columns) for row in rows if row.name == LIST), ()))
