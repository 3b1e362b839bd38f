"""Carts that became orders, discount codes and their uses, the shop's own rates of tax, drafts that hold stock."""

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
    """
    CREATE TABLE order_drafts (
        draft_id UUID DEFAULT uuidv7() NOT NULL,
        owner_id UUID NOT NULL,
        customer_id UUID,
        content JSONB NOT NULL,
        held_until TIMESTAMP WITH TIME ZONE NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT order_drafts_pkey PRIMARY KEY (draft_id),
        CONSTRAINT order_drafts_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (user_id),
        CONSTRAINT order_drafts_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_order_drafts_held_until ON order_drafts (held_until, draft_id)",
    "CREATE INDEX idx_order_drafts_owner_id ON order_drafts (owner_id)",
    "CREATE INDEX idx_order_drafts_customer_id ON order_drafts (customer_id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in ("order_drafts", "tax_rates", "code_uses", "discount_codes", "ordered_carts"):
        op.execute(f"DROP TABLE {table}")
