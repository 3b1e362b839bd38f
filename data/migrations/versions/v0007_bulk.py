"""Jobs over many records, and what became of each of them."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE bulk_jobs (
        job_id UUID DEFAULT uuidv7() NOT NULL,
        kind VARCHAR(50) NOT NULL,
        title VARCHAR(255) NOT NULL,
        arguments JSONB NOT NULL,
        actor_id UUID NOT NULL,
        actor_email VARCHAR(255) NOT NULL,
        state VARCHAR(20) DEFAULT 'open' NOT NULL,
        total INTEGER DEFAULT 0 NOT NULL,
        changed INTEGER DEFAULT 0 NOT NULL,
        unchanged INTEGER DEFAULT 0 NOT NULL,
        refused INTEGER DEFAULT 0 NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT bulk_jobs_pkey PRIMARY KEY (job_id),
        CONSTRAINT bulk_jobs_state_check CHECK (state IN ('open', 'running', 'done', 'stopped')),
        CONSTRAINT bulk_jobs_counts_check CHECK (changed + unchanged + refused <= total)
    )
    """,
    "CREATE INDEX idx_bulk_jobs_actor_id ON bulk_jobs (actor_id, created_at DESC)",
    """
    CREATE TABLE bulk_rows (
        job_id UUID NOT NULL,
        number INTEGER NOT NULL,
        target_id TEXT NOT NULL,
        label VARCHAR(255) NOT NULL,
        data JSONB,
        outcome VARCHAR(20),
        message TEXT,
        CONSTRAINT bulk_rows_pkey PRIMARY KEY (job_id, number),
        CONSTRAINT bulk_rows_job_id_fkey FOREIGN KEY (job_id) REFERENCES bulk_jobs (job_id) ON DELETE CASCADE,
        CONSTRAINT bulk_rows_outcome_check CHECK (outcome IN ('changed', 'unchanged', 'refused'))
    )
    """,
    "CREATE INDEX idx_bulk_rows_open ON bulk_rows (job_id, number) WHERE outcome IS NULL",
    "CREATE INDEX idx_bulk_rows_outcome ON bulk_rows (job_id, outcome, number)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, with every job's results."""
    op.execute("DROP TABLE bulk_rows")
    op.execute("DROP TABLE bulk_jobs")
