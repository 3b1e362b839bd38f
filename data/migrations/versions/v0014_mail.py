"""Messages to customers, and each attempt to send one."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE order_messages (
        message_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        author_id UUID,
        template VARCHAR(20) DEFAULT '' NOT NULL,
        to_address VARCHAR(255) NOT NULL,
        to_name VARCHAR(255) DEFAULT '' NOT NULL,
        subject VARCHAR(255) NOT NULL,
        body TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT order_messages_pkey PRIMARY KEY (message_id),
        CONSTRAINT order_messages_subject_check CHECK (char_length(subject) >= 1),
        CONSTRAINT order_messages_body_check CHECK (char_length(body) BETWEEN 1 AND 10000),
        CONSTRAINT order_messages_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE,
        CONSTRAINT order_messages_author_id_fkey FOREIGN KEY (author_id) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_order_messages_order_id ON order_messages (order_id, created_at DESC, message_id DESC)",
    "CREATE INDEX idx_order_messages_author_id ON order_messages (author_id) WHERE author_id IS NOT NULL",
    (
        "CREATE TRIGGER order_messages_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_messages"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ),
    """
    CREATE TABLE order_message_attempts (
        attempt_id UUID DEFAULT uuidv7() NOT NULL,
        message_id UUID NOT NULL,
        outcome VARCHAR(20) NOT NULL,
        told TEXT DEFAULT '' NOT NULL,
        at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT order_message_attempts_pkey PRIMARY KEY (attempt_id),
        CONSTRAINT order_message_attempts_outcome_check CHECK (outcome IN ('sent', 'failed', 'kept')),
        CONSTRAINT order_message_attempts_message_id_fkey FOREIGN KEY (message_id)
            REFERENCES order_messages (message_id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX idx_order_message_attempts_message_id ON order_message_attempts (message_id, attempt_id DESC)",
    (
        "CREATE TRIGGER order_message_attempts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON order_message_attempts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ),
)


def upgrade() -> None:
    """Make the tables."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, with every message."""
    op.execute("DROP TABLE order_message_attempts")
    op.execute("DROP TABLE order_messages")
