"""Who may do what and who did what: roles of staff, idempotency keys, the audit log.

Neither the keys nor the audit log refer to ``users`` by a foreign key: the audit outlives whom it names, and both stay
with the hub when users move to shards.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, ForeignKey, Index, LargeBinary, String, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from data.schema_base import NOW, Base, CreatedAt, Key, Str50, Str100, Str255, column

__all__ = ["AuditEntry", "IdempotencyKey", "UserRole"]


class UserRole(Base):
    """One role of one member of staff; the roles are those of ``data.access.rules.ROLES``."""

    __tablename__ = "user_roles"
    __table_args__ = (
        CheckConstraint("role IN ('admin', 'support', 'warehouse', 'catalogue', 'analyst')", name="role"),
    )

    # The primary key leads with user_id and so serves the foreign key, too.
    user_id: ColumnClause[UUID] = column(ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True)
    role: ColumnClause[str] = column(String(20), primary_key=True)
    created_at: ColumnClause[CreatedAt]


class IdempotencyKey(Base):
    """One intention carried out: the key it came under, the SHA-256 of its content, the result it had."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (CheckConstraint("octet_length(content_hash) = 32", name="content_hash"),)

    actor_id: ColumnClause[UUID] = column(Uuid(), primary_key=True)
    key: ColumnClause[str] = column(String(200), primary_key=True)
    command: ColumnClause[Str50]
    content_hash: ColumnClause[bytes] = column(LargeBinary())
    result: ColumnClause[Any | None] = column(JSONB())
    created_at: ColumnClause[CreatedAt]


class AuditEntry(Base):
    """One change: who, when, by which command, to what, from what to what. Append-only, held by the database."""

    __tablename__ = "audit_log"
    __table_args__ = (
        # The history of one order, customer, product: newest first.
        Index("idx_audit_log_target", "target_type", "target_id", text("at DESC")),
        # What one member of staff did lately.
        Index("idx_audit_log_actor_id", "actor_id", text("at DESC")),
    )

    audit_id: ColumnClause[Key]
    at: ColumnClause[datetime] = column(server_default=NOW)
    actor_id: ColumnClause[UUID]
    actor_email: ColumnClause[Str255]
    command: ColumnClause[Str50]
    target_type: ColumnClause[Str50]
    target_id: ColumnClause[str]
    idempotency_key: ColumnClause[str] = column(String(200))
    before: ColumnClause[dict[str, Any] | None] = column(JSONB(none_as_null=True))
    after: ColumnClause[dict[str, Any] | None] = column(JSONB(none_as_null=True))
    host: ColumnClause[Str100]
