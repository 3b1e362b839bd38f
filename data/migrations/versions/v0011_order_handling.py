"""How the desk handles an order: its tags, whose it is, and whether it is held back from shipping."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE orders
        ADD COLUMN tags TEXT[] DEFAULT '{}'::text[] NOT NULL,
        ADD COLUMN assigned_to UUID,
        ADD COLUMN hold_reason TEXT,
        ADD COLUMN on_hold_until TIMESTAMP WITH TIME ZONE,
        ADD CONSTRAINT orders_assigned_to_fkey FOREIGN KEY (assigned_to) REFERENCES users (user_id),
        ADD CONSTRAINT orders_hold_check CHECK (hold_reason IS NOT NULL OR on_hold_until IS NULL)
    """,
    "CREATE INDEX idx_orders_tags ON orders USING gin (tags) WHERE tags <> '{}'::text[]",
    """
    CREATE INDEX idx_orders_assigned_to ON orders (assigned_to, created_at DESC, order_id DESC)
     WHERE assigned_to IS NOT NULL
    """,
    "CREATE INDEX idx_orders_held ON orders (created_at DESC, order_id DESC) WHERE hold_reason IS NOT NULL",
)


def upgrade() -> None:
    """Add the columns; no stored row is rewritten."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, with every tag, assignment and hold."""
    op.execute(
        "ALTER TABLE orders DROP COLUMN tags, DROP COLUMN assigned_to, DROP COLUMN hold_reason,"
        " DROP COLUMN on_hold_until"
    )
