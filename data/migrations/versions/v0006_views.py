"""Saved views of lists, personal and shared."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE saved_views (
        view_id UUID DEFAULT uuidv7() NOT NULL,
        owner_id UUID,
        noun VARCHAR(20) NOT NULL,
        name VARCHAR(60) NOT NULL,
        query TEXT DEFAULT '' NOT NULL,
        columns JSONB DEFAULT '[]'::jsonb NOT NULL,
        sort VARCHAR(50) DEFAULT '' NOT NULL,
        key SMALLINT,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT saved_views_pkey PRIMARY KEY (view_id),
        CONSTRAINT saved_views_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (user_id) ON DELETE CASCADE,
        CONSTRAINT saved_views_noun_check CHECK (noun IN ('products', 'orders', 'customers', 'stock')),
        CONSTRAINT saved_views_key_check CHECK (key BETWEEN 1 AND 9),
        CONSTRAINT saved_views_list_check CHECK (name <> '' OR (owner_id IS NOT NULL AND key IS NULL)),
        CONSTRAINT saved_views_columns_check CHECK (jsonb_typeof(columns) = 'array')
    )
    """,
    "CREATE UNIQUE INDEX idx_saved_views_name ON saved_views (owner_id, noun, lower(name)) NULLS NOT DISTINCT",
    """
    CREATE UNIQUE INDEX idx_saved_views_key ON saved_views (owner_id, noun, key) NULLS NOT DISTINCT
     WHERE key IS NOT NULL
    """,
)


def upgrade() -> None:
    """Make the table."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop it, with every saved view."""
    op.execute("DROP TABLE saved_views")
