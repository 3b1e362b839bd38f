"""Rows of ``order_items`` that an edit took out: kept as they were, so that analytics and history know of them."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = (
    """
    CREATE TABLE removed_order_items (
        order_item_id UUID NOT NULL,
        order_id UUID NOT NULL,
        order_version INTEGER NOT NULL,
        line_no INTEGER NOT NULL,
        product_id VARCHAR(100) NOT NULL,
        sku VARCHAR(100) NOT NULL,
        product_name VARCHAR(255) NOT NULL,
        unit_price NUMERIC(10, 2) NOT NULL,
        quantity INTEGER NOT NULL,
        warehouse_id VARCHAR(50),
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT removed_order_items_pkey PRIMARY KEY (order_item_id),
        CONSTRAINT removed_order_items_order_id_fkey FOREIGN KEY (order_id)
            REFERENCES orders (order_id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX idx_removed_order_items_order_id ON removed_order_items (order_id, order_version)",
)


def upgrade() -> None:
    """Make the table."""
    for statement in TABLE:
        op.execute(statement)


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE removed_order_items")
