"""An order's lines carry the moment of their order, and the index by product keeps them in the list's order.

So the orders of one SKU are walked newest first and the walk ends with the page, however many or few were sold. That a
line's moment is its order's is a foreign key, over the index that the list walks: no writer can break it, it is checked
where the key to the order was checked anyway, and it tells the planner that the two columns are not independent.
Both indexes ascend and are walked backwards: what grows at its end stays dense.

Rejected: a trigger (each line placed would pay a look-up), and an index more (each line placed would pay its entry).
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UPGRADE = (
    # Lines that an edit added were of the moment of the edit; the history of the order tells that.
    """
    UPDATE order_items i SET created_at = o.created_at FROM orders o
     WHERE o.order_id = i.order_id AND o.created_at <> i.created_at
    """,
    "DROP INDEX idx_orders_created_at",
    "CREATE UNIQUE INDEX idx_orders_created_at ON orders (created_at, order_id)",
    """
    ALTER TABLE order_items
        DROP CONSTRAINT order_items_order_id_fkey,
        ADD CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id, created_at)
            REFERENCES orders (order_id, created_at) ON UPDATE CASCADE ON DELETE CASCADE
    """,
    "DROP INDEX idx_order_items_product_id",
    "CREATE INDEX idx_order_items_product_id ON order_items (product_id, created_at, order_id)",
)
DOWNGRADE = (
    "DROP INDEX idx_order_items_product_id",
    "CREATE INDEX idx_order_items_product_id ON order_items (product_id)",
    """
    ALTER TABLE order_items
        DROP CONSTRAINT order_items_order_id_fkey,
        ADD CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE
    """,
    "DROP INDEX idx_orders_created_at",
    "CREATE INDEX idx_orders_created_at ON orders (created_at DESC, order_id DESC)",
)


def upgrade() -> None:
    """Give the lines their order's moment, tie it to the order, and sort the index by it."""
    for statement in UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    """Let go of both; the moments stay."""
    for statement in DOWNGRADE:
        op.execute(statement)
