"""Orders, their lines, their append-only history, and payments that only ever settle."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


TABLES = (
    """
    CREATE TABLE orders (
        order_id UUID DEFAULT uuidv7() NOT NULL,
        order_number VARCHAR(50) NOT NULL,
        user_id UUID,
        order_status VARCHAR(20) DEFAULT 'pending' NOT NULL,
        subtotal NUMERIC(10, 2) NOT NULL,
        tax_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        tax_included_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        shipping_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        discount_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        total_amount NUMERIC(10, 2) NOT NULL,
        currency VARCHAR(3) DEFAULT 'USD' NOT NULL,
        shipping_address JSONB NOT NULL,
        billing_address JSONB NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        confirmed_at TIMESTAMP WITH TIME ZONE,
        shipped_at TIMESTAMP WITH TIME ZONE,
        delivered_at TIMESTAMP WITH TIME ZONE,
        cancelled_at TIMESTAMP WITH TIME ZONE,
        payment_method VARCHAR(50),
        shipping_method VARCHAR(50),
        notes TEXT,
        channel VARCHAR(20) DEFAULT 'backoffice' NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        CONSTRAINT orders_pkey PRIMARY KEY (order_id),
        CONSTRAINT orders_order_status_check CHECK (
            order_status = ANY ('{pending,confirmed,processing,shipped,delivered,cancelled,refunded}'::text[])
        ),
        CONSTRAINT orders_amounts_check CHECK (
            least(subtotal, tax_amount - tax_included_amount, tax_included_amount, shipping_amount,
            discount_amount, total_amount) >= '0'::numeric
        ),
        CONSTRAINT orders_total_amount_check CHECK (
            total_amount = subtotal + tax_amount - tax_included_amount + shipping_amount - discount_amount
        ),
        CONSTRAINT orders_order_number_key UNIQUE (order_number),
        CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_orders_created_at ON orders (created_at DESC, order_id DESC)",
    (
        "CREATE INDEX idx_orders_open ON orders (created_at, order_status)"
        " WHERE order_status IN ('pending', 'confirmed', 'processing')"
    ),
    "CREATE INDEX idx_orders_status ON orders (order_status, created_at DESC, order_id DESC)",
    # list_orders total:… where few orders are that cheap or dear
    "CREATE INDEX idx_orders_total_amount ON orders (total_amount, created_at DESC, order_id DESC)",
    "CREATE INDEX idx_orders_user_id ON orders (user_id, created_at DESC, order_id DESC)",
    """
    CREATE TABLE order_items (
        order_item_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        line_no INTEGER NOT NULL,
        product_id VARCHAR(100) NOT NULL,
        sku VARCHAR(100) NOT NULL,
        product_name VARCHAR(255) NOT NULL,
        product_attributes JSONB,
        unit_price NUMERIC(10, 2) NOT NULL,
        quantity INTEGER NOT NULL,
        total_price NUMERIC(10, 2) NOT NULL,
        tax_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        discount_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        fulfillment_status VARCHAR(20) DEFAULT 'pending' NOT NULL,
        warehouse_id VARCHAR(50),
        tracking_number VARCHAR(100),
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT order_items_pkey PRIMARY KEY (order_item_id),
        CONSTRAINT order_items_quantity_check CHECK (quantity > 0),
        CONSTRAINT order_items_amounts_check CHECK (
            least(unit_price, tax_amount, discount_amount) >= '0'::numeric AND total_price = unit_price * quantity
        ),
        CONSTRAINT order_items_fulfillment_status_check CHECK (
            fulfillment_status = ANY ('{pending,allocated,picked,packed,shipped,delivered}'::text[])
        ),
        CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX idx_order_items_order_id ON order_items (order_id, line_no)",
    "CREATE INDEX idx_order_items_product_id ON order_items (product_id)",
    "CREATE INDEX idx_order_items_tracking_number ON order_items (tracking_number) WHERE tracking_number IS NOT NULL",
    """
    CREATE TABLE order_status_history (
        history_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        order_version INTEGER DEFAULT 1 NOT NULL,
        previous_status VARCHAR(20),
        new_status VARCHAR(20) NOT NULL,
        changed_by UUID,
        change_reason TEXT,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT order_status_history_pkey PRIMARY KEY (history_id),
        CONSTRAINT order_status_history_order_id_fkey FOREIGN KEY(order_id)
            REFERENCES orders (order_id) ON DELETE CASCADE,
        CONSTRAINT order_status_history_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users (user_id)
    )
    """,
    (
        "CREATE INDEX idx_order_status_history_changed_by ON order_status_history (changed_by)"
        " WHERE changed_by IS NOT NULL"
    ),
    "CREATE INDEX idx_order_status_history_order_id ON order_status_history (order_id, order_version)",
    """
    CREATE TABLE payments (
        payment_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        kind VARCHAR(20) NOT NULL,
        status VARCHAR(20) DEFAULT 'pending' NOT NULL,
        amount NUMERIC(10, 2) NOT NULL,
        currency VARCHAR(3) DEFAULT 'USD' NOT NULL,
        provider VARCHAR(50) NOT NULL,
        provider_reference VARCHAR(100),
        payment_method_id UUID,
        idempotency_key VARCHAR(200) NOT NULL,
        created_by UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT payments_pkey PRIMARY KEY (payment_id),
        CONSTRAINT payments_kind_check CHECK (kind IN ('authorise', 'capture', 'void', 'refund')),
        CONSTRAINT payments_status_check CHECK (status IN ('pending', 'succeeded', 'failed')),
        CONSTRAINT payments_amount_check CHECK (amount > 0),
        CONSTRAINT payments_provider_idempotency_key_key UNIQUE (provider, idempotency_key),
        CONSTRAINT payments_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id),
        CONSTRAINT payments_payment_method_id_fkey FOREIGN KEY(payment_method_id)
            REFERENCES user_payment_methods (payment_method_id),
        CONSTRAINT payments_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_payments_created_by ON payments (created_by) WHERE created_by IS NOT NULL",
    "CREATE INDEX idx_payments_order_id ON payments (order_id, created_at)",
    "CREATE INDEX idx_payments_payment_method_id ON payments (payment_method_id) WHERE payment_method_id IS NOT NULL",
    "CREATE INDEX idx_payments_pending ON payments (created_at) WHERE status = 'pending'",
    (
        "CREATE INDEX idx_payments_provider_reference ON payments (provider, provider_reference)"
        " WHERE provider_reference IS NOT NULL"
    ),
)

#: A payment's end may be learned once; what it was about never changes.
SETTLE_ONLY = """
CREATE FUNCTION payments_settle_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF OLD.status <> 'pending' OR NEW.status = 'pending'
        OR to_jsonb(NEW) - 'status' - 'provider_reference' <> to_jsonb(OLD) - 'status' - 'provider_reference'
    THEN
        RAISE EXCEPTION 'payment % may only go from pending to its end', OLD.payment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$body$
"""

#: No order gives back more than it took in, whatever the code believes. The order's row is locked first, as everywhere.
REFUND_COVERED = """
CREATE FUNCTION payments_refund_covered() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    left_over numeric;
BEGIN
    PERFORM FROM orders WHERE order_id = NEW.order_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount) FILTER (WHERE kind = 'capture' AND status = 'succeeded'), 0)
           - coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND status <> 'failed'), 0)
      INTO left_over FROM payments WHERE order_id = NEW.order_id AND currency = NEW.currency;
    IF NEW.amount > left_over THEN
        RAISE EXCEPTION 'a refund of % % is more than the % captured and not refunded yet',
            NEW.amount, NEW.currency, left_over
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_refund_covered';
    END IF;
    RETURN NEW;
END
$body$
"""

TRIGGERS = (
    # The seed's ON DELETE CASCADE from orders stays in the DDL, but an order with a history cannot be deleted.
    (
        "CREATE TRIGGER order_status_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_status_history"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ),
    SETTLE_ONLY,
    REFUND_COVERED,
    (
        "CREATE TRIGGER payments_settle_only BEFORE UPDATE ON payments"
        " FOR EACH ROW EXECUTE FUNCTION payments_settle_only()"
    ),
    (
        "CREATE TRIGGER payments_refund_covered BEFORE INSERT ON payments FOR EACH ROW"
        " WHEN (NEW.kind = 'refund' AND NEW.status <> 'failed') EXECUTE FUNCTION payments_refund_covered()"
    ),
    (
        "CREATE TRIGGER payments_append_only BEFORE DELETE OR TRUNCATE ON payments"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ),
)


def upgrade() -> None:
    """Make the tables, then what guards them."""
    for statement in (*TABLES, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables, then the functions."""
    for table in ("payments", "order_status_history", "order_items", "orders"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION payments_settle_only()")
    op.execute("DROP FUNCTION payments_refund_covered()")
