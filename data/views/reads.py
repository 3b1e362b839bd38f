"""Reads of views: which ones somebody has for a list."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, or_, select

from data.views.rules import LIST, View, Views, with_built_in
from data.views.schema import SavedView

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["View", "Views", "list_views"]

_MOST = 500


def list_views(postgres: Postgres, noun: str, user_id: UUID) -> Views:
    """Return the views of the list ``noun`` that are the person's own, shared or built in. Raises ``Unavailable``."""
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
    return Views(with_built_in(noun, views), next((tuple(row.columns) for row in rows if row.name == LIST), ()))
