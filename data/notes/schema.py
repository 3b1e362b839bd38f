"""Notes and who they mention. A note is never changed: a correction is another note, and the timeline shows both.

Who has read a mention stands with the mention, not with the note: two people read at different times. Rejected: notes
as rows of the audit log, which nobody may read one by one by kind and author, and which holds no reading.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, text

from data.schema_base import Base, CreatedAt, Key, Str20, TextColumn, column

__all__ = ["NoteMention", "OrderNote"]


class OrderNote(Base):
    """One note on an order. A ``public`` one may be shown to the customer and stands on papers, an internal never."""

    __tablename__ = "order_notes"

    note_id: ColumnClause[Key]
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id", ondelete="CASCADE"))
    author_id: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    visibility: ColumnClause[Str20] = column(server_default=text("'internal'"))
    body: ColumnClause[TextColumn]
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint("visibility IN ('internal', 'public')", name="visibility"),
        CheckConstraint("char_length(body) BETWEEN 1 AND 4000", name="body"),
        # timeline and notes_of an order, newest first; the foreign key's index
        Index("idx_order_notes_order_id", "order_id", text("created_at DESC"), text("note_id DESC")),
        # what one member of staff wrote (and the foreign key's index)
        Index("idx_order_notes_author_id", "author_id", postgresql_where=text("author_id IS NOT NULL")),
    )


class NoteMention(Base):
    """One person whom a note mentions; ``read_at`` is when they said they had seen it."""

    __tablename__ = "note_mentions"

    note_id: ColumnClause[UUID] = column(ForeignKey("order_notes.note_id", ondelete="CASCADE"), primary_key=True)
    user_id: ColumnClause[UUID] = column(ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True)
    read_at: ColumnClause[datetime | None]
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        # somebody's inbox, newest first; the foreign key's index
        Index("idx_note_mentions_user_id", "user_id", text("created_at DESC"), text("note_id DESC")),
        # what of it is unread; small, however long somebody has worked here
        Index(
            "idx_note_mentions_unread",
            "user_id",
            text("created_at DESC"),
            text("note_id DESC"),
            postgresql_where=text("read_at IS NULL"),
        ),
    )
