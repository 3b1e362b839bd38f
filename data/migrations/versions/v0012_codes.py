"""Carts that became orders, discount codes and their uses, the shop's own rates of tax."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE ordered_carts (
        cart_id VARCHAR(100) NOT NULL,
        order_id UUID NOT NULL,
        lines JSONB NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT ordered_carts_pkey PRIMARY KEY (cart_id),
        CONSTRAINT ordered_carts_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX idx_ordered_carts_order_id ON ordered_carts (order_id)",
    """
    CREATE TABLE discount_codes (
        code VARCHAR(50) NOT NULL,
        percent NUMERIC(5, 2),
        amount NUMERIC(10, 2),
        currency VARCHAR(3) DEFAULT 'USD' NOT NULL,
        minimum NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        valid_from TIMESTAMP WITH TIME ZONE,
        valid_until TIMESTAMP WITH TIME ZONE,
        uses_at_most INTEGER,
        used INTEGER DEFAULT 0 NOT NULL,
        is_active BOOLEAN DEFAULT true NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT discount_codes_pkey PRIMARY KEY (code),
        CONSTRAINT discount_codes_off_check CHECK (
            (percent IS NULL) <> (amount IS NULL) AND coalesce(percent, amount) > 0 AND coalesce(percent, 0) <= 100),
        CONSTRAINT discount_codes_minimum_check CHECK (minimum >= 0),
        CONSTRAINT discount_codes_used_check CHECK (used >= 0 AND used <= coalesce(uses_at_most, used))
    )
    """,
    """
    CREATE TABLE code_uses (
        order_id UUID NOT NULL,
        code VARCHAR(50) NOT NULL,
        amount NUMERIC(10, 2) NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT code_uses_pkey PRIMARY KEY (order_id),
        CONSTRAINT code_uses_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE,
        CONSTRAINT code_uses_code_fkey FOREIGN KEY (code) REFERENCES discount_codes (code)
    )
    """,
    "CREATE INDEX idx_code_uses_code ON code_uses (code)",
    """
    CREATE TABLE tax_rates (
        country VARCHAR(2) NOT NULL,
        state VARCHAR(100) NOT NULL,
        category VARCHAR(300) NOT NULL,
        percent NUMERIC(7, 4) NOT NULL,
        label VARCHAR(50) NOT NULL,
        inclusive BOOLEAN,
        on_shipping BOOLEAN NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT tax_rates_pkey PRIMARY KEY (country, state, category),
        CONSTRAINT tax_rates_percent_check CHECK (percent >= 0 AND percent <= 100)
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in ("tax_rates", "code_uses", "discount_codes", "ordered_carts"):
        op.execute(f"DROP TABLE {table}")
