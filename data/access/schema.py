"""Who may do what and who did what: roles of staff, idempotency keys, the audit log.

Neither the keys nor the audit log refer to ``users`` by a foreign key: the audit outlives whom it names, and both stay
with the hub when users move to shards.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.schema_base import NOW, Base, CreatedAt, Key, Str50, Str100, Str255

__all__ = ["AuditEntry", "IdempotencyKey", "UserRole"]


class UserRole(Base):
    """One role of one member of staff; the roles are those of ``data.access.rules.ROLES``."""

    __tablename__ = "user_roles"
    __table_args__ = (
        CheckConstraint("role IN ('admin', 'support', 'warehouse', 'catalogue', 'analyst')", name="role"),
    )

    # The primary key leads with user_id and so serves the foreign key, too.
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    created_at: Mapped[CreatedAt]


class IdempotencyKey(Base):
    """One intention carried out: the key it came under, the SHA-256 of its content, the result it had."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (CheckConstraint("octet_length(content_hash) = 32", name="content_hash"),)

    actor_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    command: Mapped[Str50]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary())
    result: Mapped[Any | None] = mapped_column(JSONB())
    created_at: Mapped[CreatedAt]


class AuditEntry(Base):
    """One change: who, when, by which command, to what, from what to what. Append-only, held by the database."""

    __tablename__ = "audit_log"
    __table_args__ = (
        # The history of one order, customer, product: newest first.
        Index("idx_audit_log_target", "target_type", "target_id", text("at DESC")),
        # What one member of staff did lately.
        Index("idx_audit_log_actor_id", "actor_id", text("at DESC")),
    )

    audit_id: Mapped[Key]
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    actor_id: Mapped[UUID]
    actor_email: Mapped[Str255]
    command: Mapped[Str50]
    target_type: Mapped[Str50]
    target_id: Mapped[str]
    idempotency_key: Mapped[str] = mapped_column(String(200))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    host: Mapped[Str100]
