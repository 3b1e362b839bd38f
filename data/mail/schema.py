"""Messages to customers and what became of sending them, both append-only.

What was written never changes; each attempt to send it is a row of its own, so that the state is what the last one
says. Rejected: a state column, which forgets why it failed before and is one more thing that a sender may leave wrong.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, text

from data.schema_base import Base, CreatedAt, Key, Str20, Str255, TextColumn, column

__all__ = ["MessageAttempt", "OrderMessage"]


class OrderMessage(Base):
    """One message, to the address and name the customer had when it was written. ``template`` is ``""`` for none."""

    __tablename__ = "order_messages"

    message_id: ColumnClause[Key]
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id", ondelete="CASCADE"))
    author_id: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    template: ColumnClause[Str20] = column(server_default=text("''"))
    to_address: ColumnClause[Str255]
    to_name: ColumnClause[Str255] = column(server_default=text("''"))
    subject: ColumnClause[Str255]
    body: ColumnClause[TextColumn]
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        CheckConstraint("char_length(subject) >= 1", name="subject"),
        CheckConstraint("char_length(body) BETWEEN 1 AND 10000", name="body"),
        # the timeline of an order; the foreign key's index
        Index("idx_order_messages_order_id", "order_id", text("created_at DESC"), text("message_id DESC")),
        Index("idx_order_messages_author_id", "author_id", postgresql_where=text("author_id IS NOT NULL")),
    )


class MessageAttempt(Base):
    """One attempt: ``sent``, ``failed`` for the reason in ``told``, or ``kept`` because no command sends mail here."""

    __tablename__ = "order_message_attempts"

    attempt_id: ColumnClause[Key]
    message_id: ColumnClause[UUID] = column(ForeignKey("order_messages.message_id", ondelete="CASCADE"))
    outcome: ColumnClause[Str20]
    told: ColumnClause[TextColumn] = column(server_default=text("''"))
    at: ColumnClause[datetime] = column(server_default=text("CURRENT_TIMESTAMP"))

    __table_args__ = (
        CheckConstraint("outcome IN ('sent', 'failed', 'kept')", name="outcome"),
        # the newest attempt of a message; the foreign key's index
        Index("idx_order_message_attempts_message_id", "message_id", text("attempt_id DESC")),
    )
