"""Warehouses, stock levels, and the ledger of movements that nothing may change."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


TABLES = (
    """
    CREATE TABLE warehouses (
        warehouse_id VARCHAR(50) NOT NULL,
        name VARCHAR(255) NOT NULL,
        address JSONB NOT NULL,
        is_active BOOLEAN DEFAULT true NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT warehouses_pkey PRIMARY KEY (warehouse_id)
    )
    """,
    """
    CREATE TABLE inventory (
        inventory_id UUID DEFAULT uuidv7() NOT NULL,
        product_id VARCHAR(100) NOT NULL,
        warehouse_id VARCHAR(50) NOT NULL,
        sku VARCHAR(100) NOT NULL,
        total_stock INTEGER DEFAULT 0 NOT NULL,
        available_stock INTEGER DEFAULT 0 NOT NULL,
        reserved_stock INTEGER DEFAULT 0 NOT NULL,
        damaged_stock INTEGER DEFAULT 0 NOT NULL,
        reorder_level INTEGER DEFAULT 0 NOT NULL,
        max_stock_level INTEGER,
        is_low BOOLEAN GENERATED ALWAYS AS (available_stock <= reorder_level) STORED NOT NULL,
        version BIGINT DEFAULT 0 NOT NULL,
        last_updated TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        last_restock_date TIMESTAMP WITH TIME ZONE,
        CONSTRAINT inventory_pkey PRIMARY KEY (inventory_id),
        CONSTRAINT check_stock_levels CHECK (total_stock = available_stock + reserved_stock + damaged_stock),
        CONSTRAINT inventory_not_negative_check CHECK (
            least(available_stock, reserved_stock, damaged_stock, reorder_level, max_stock_level) >= 0
        ),
        CONSTRAINT idx_inventory_product_warehouse UNIQUE (product_id, warehouse_id),
        CONSTRAINT inventory_warehouse_id_fkey FOREIGN KEY (warehouse_id) REFERENCES warehouses (warehouse_id)
    )
        WITH (fillfactor = 70)
    """,
    "CREATE INDEX idx_inventory_available_stock ON inventory (warehouse_id, sku, product_id) WHERE is_low",
    "CREATE INDEX idx_inventory_sku ON inventory (sku, product_id, warehouse_id)",
    "CREATE INDEX idx_inventory_warehouse_sku ON inventory (warehouse_id, sku, product_id)",
    """
    CREATE TABLE inventory_movements (
        movement_id UUID DEFAULT uuidv7() NOT NULL,
        sequence BIGINT GENERATED ALWAYS AS IDENTITY,
        product_id VARCHAR(100) NOT NULL,
        warehouse_id VARCHAR(50) NOT NULL,
        movement_type VARCHAR(20) NOT NULL,
        kind VARCHAR(20) NOT NULL,
        quantity INTEGER NOT NULL,
        available_delta INTEGER DEFAULT 0 NOT NULL,
        reserved_delta INTEGER DEFAULT 0 NOT NULL,
        damaged_delta INTEGER DEFAULT 0 NOT NULL,
        available_after INTEGER NOT NULL,
        reserved_after INTEGER NOT NULL,
        damaged_after INTEGER NOT NULL,
        stock_after_movement INTEGER NOT NULL,
        reference_id UUID,
        reference_type VARCHAR(50),
        reason TEXT,
        created_by UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT inventory_movements_pkey PRIMARY KEY (movement_id),
        CONSTRAINT inventory_movements_movement_type_check CHECK (
            movement_type = ANY ('{inbound,outbound,transfer,adjustment,damage,return}'::text[])
        ),
        CONSTRAINT inventory_movements_kind_check CHECK (
            kind = ANY ('{reserve,release,ship,receive,adjust,damage,repair,write_off,return,return_damaged,'
            'transfer_out,transfer_in}'::text[])
        ),
        CONSTRAINT inventory_movements_quantity_check CHECK (quantity > 0),
        CONSTRAINT inventory_movements_after_check CHECK (
            stock_after_movement = available_after + reserved_after + damaged_after
        ),
        CONSTRAINT inventory_movements_warehouse_id_fkey FOREIGN KEY(warehouse_id)
            REFERENCES warehouses (warehouse_id),
        CONSTRAINT inventory_movements_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_inventory_movements_created_at ON inventory_movements (created_at DESC, sequence DESC)",
    "CREATE INDEX idx_inventory_movements_created_by ON inventory_movements (created_by) WHERE created_by IS NOT NULL",
    "CREATE INDEX idx_inventory_movements_product ON inventory_movements (product_id, warehouse_id, sequence DESC)",
    (
        "CREATE INDEX idx_inventory_movements_reference ON inventory_movements (reference_id)"
        " WHERE reference_id IS NOT NULL"
    ),
    "CREATE INDEX idx_inventory_movements_warehouse ON inventory_movements (warehouse_id, sequence DESC)",
)


def upgrade() -> None:
    """Make the tables and close the ledger to everything but new rows."""
    for statement in TABLES:
        op.execute(statement)
    op.execute(
        "CREATE TRIGGER inventory_movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_movements"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("inventory_movements", "inventory", "warehouses"):
        op.execute(f"DROP TABLE {table}")
