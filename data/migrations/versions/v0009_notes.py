"""Notes on orders and the inbox of mentions."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE order_notes (
        note_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        author_id UUID,
        visibility VARCHAR(20) DEFAULT 'internal' NOT NULL,
        body TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT order_notes_pkey PRIMARY KEY (note_id),
        CONSTRAINT order_notes_visibility_check CHECK (visibility IN ('internal', 'public')),
        CONSTRAINT order_notes_body_check CHECK (char_length(body) BETWEEN 1 AND 4000),
        CONSTRAINT order_notes_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE,
        CONSTRAINT order_notes_author_id_fkey FOREIGN KEY (author_id) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_order_notes_order_id ON order_notes (order_id, created_at DESC, note_id DESC)",
    "CREATE INDEX idx_order_notes_author_id ON order_notes (author_id) WHERE author_id IS NOT NULL",
    """
    CREATE TABLE note_mentions (
        note_id UUID NOT NULL,
        user_id UUID NOT NULL,
        read_at TIMESTAMP WITH TIME ZONE,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT note_mentions_pkey PRIMARY KEY (note_id, user_id),
        CONSTRAINT note_mentions_note_id_fkey FOREIGN KEY (note_id) REFERENCES order_notes (note_id) ON DELETE CASCADE,
        CONSTRAINT note_mentions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX idx_note_mentions_user_id ON note_mentions (user_id, created_at DESC, note_id DESC)",
    """
    CREATE INDEX idx_note_mentions_unread ON note_mentions (user_id, created_at DESC, note_id DESC)
     WHERE read_at IS NULL
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, with every note."""
    op.execute("DROP TABLE note_mentions")
    op.execute("DROP TABLE order_notes")
