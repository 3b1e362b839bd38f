"""Who did what, under which key; and what is still to be told to the other stores."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$body$
"""

TABLES = (
    """
    CREATE TABLE idempotency_keys (
        actor_id UUID NOT NULL,
        key VARCHAR(200) NOT NULL,
        command VARCHAR(50) NOT NULL,
        content_hash BYTEA NOT NULL,
        result JSONB,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, key),
        CONSTRAINT idempotency_keys_content_hash_check CHECK (octet_length(content_hash) = 32)
    )
    """,
    """
    CREATE TABLE audit_log (
        audit_id UUID DEFAULT uuidv7() NOT NULL,
        at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        actor_id UUID NOT NULL,
        actor_email VARCHAR(255) NOT NULL,
        command VARCHAR(50) NOT NULL,
        target_type VARCHAR(50) NOT NULL,
        target_id TEXT NOT NULL,
        idempotency_key VARCHAR(200) NOT NULL,
        before JSONB,
        after JSONB,
        host VARCHAR(100) NOT NULL,
        CONSTRAINT audit_log_pkey PRIMARY KEY (audit_id)
    )
    """,
    "CREATE INDEX idx_audit_log_actor_id ON audit_log (actor_id, at DESC)",
    "CREATE INDEX idx_audit_log_target ON audit_log (target_type, target_id, at DESC)",
    """
    CREATE TABLE outbox (
        event_id BIGINT GENERATED ALWAYS AS IDENTITY,
        topic VARCHAR(50) NOT NULL,
        key VARCHAR(100) NOT NULL,
        kind VARCHAR(50) NOT NULL,
        payload JSONB NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        attempts INTEGER DEFAULT 0 NOT NULL,
        next_attempt_at TIMESTAMP WITH TIME ZONE,
        last_error TEXT,
        CONSTRAINT outbox_pkey PRIMARY KEY (event_id)
    )
    """,
    "CREATE INDEX idx_outbox_retry ON outbox (topic, next_attempt_at) WHERE next_attempt_at IS NOT NULL",
    "CREATE INDEX idx_outbox_topic_event_id ON outbox (topic, event_id)",
    """
    CREATE TABLE dead_letters (
        event_id BIGINT NOT NULL,
        topic VARCHAR(50) NOT NULL,
        key VARCHAR(100) NOT NULL,
        kind VARCHAR(50) NOT NULL,
        payload JSONB NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        attempts INTEGER NOT NULL,
        reason TEXT NOT NULL,
        died_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        resolved_at TIMESTAMP WITH TIME ZONE,
        resolution VARCHAR(20),
        CONSTRAINT dead_letters_pkey PRIMARY KEY (event_id)
    )
    """,
    "CREATE INDEX idx_dead_letters_open ON dead_letters (died_at) WHERE resolved_at IS NULL",
    """
    CREATE TABLE relay_state (
        name VARCHAR(100) NOT NULL,
        value JSONB NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT relay_state_pkey PRIMARY KEY (name)
    )
    """,
)


def upgrade() -> None:
    """Make the tables and close the audit log to everything but new rows."""
    op.execute(REFUSE_CHANGE)
    for statement in TABLES:
        op.execute(statement)
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Drop the tables, then the function."""
    for table in ("relay_state", "dead_letters", "outbox", "audit_log", "idempotency_keys"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_change()")
