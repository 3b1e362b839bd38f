"""The table of saved views, of every list alike.

One table for all lists, because a view is the same thing on each: a line of query with a name. Rejected: a table per
noun (the same four columns five times), and a file per person, which could neither be shared nor follow its owner to
another machine.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import Base, CreatedAt, Key, Str20, Str50, TextColumn, UpdatedAt, column

__all__ = ["SavedView"]


class SavedView(Base):
    """One view. Without an owner it is shared; without a name it is how its owner's list looks at first."""

    __tablename__ = "saved_views"
    __table_args__ = (
        CheckConstraint("noun IN ('products', 'orders', 'customers', 'stock')", name="noun"),
        CheckConstraint("key BETWEEN 1 AND 9", name="key"),
        CheckConstraint("name <> '' OR (owner_id IS NOT NULL AND key IS NULL)", name="list"),
        CheckConstraint("jsonb_typeof(columns) = 'array'", name="columns"),
    )

    view_id: ColumnClause[Key]
    owner_id: ColumnClause[UUID | None] = column(ForeignKey("users.user_id", ondelete="CASCADE"))
    noun: ColumnClause[Str20]
    name: ColumnClause[str] = column(String(60))
    query: ColumnClause[TextColumn] = column(server_default=text("''"))
    columns: ColumnClause[list[Any]] = column(JSONB(), server_default=text("'[]'::jsonb"))
    sort: ColumnClause[Str50] = column(server_default=text("''"))
    key: ColumnClause[int | None] = column(SmallInteger())
    version: ColumnClause[int] = column(server_default=text("1"))
    created_at: ColumnClause[CreatedAt]
    updated_at: ColumnClause[UpdatedAt]


# One view of a name for each owner and for what is shared; it leads with owner_id and so serves the foreign key, too.
Index(
    "idx_saved_views_name",
    SavedView.owner_id,
    SavedView.noun,
    func.lower(SavedView.name),
    unique=True,
    postgresql_nulls_not_distinct=True,
)
# The view that a digit opens, one for each owner and for what is shared.
Index(
    "idx_saved_views_key",
    SavedView.owner_id,
    SavedView.noun,
    SavedView.key,
    unique=True,
    postgresql_nulls_not_distinct=True,
    postgresql_where=SavedView.key.is_not(None),
)
