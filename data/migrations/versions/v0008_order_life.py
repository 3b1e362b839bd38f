"""The life of an order: what became of each line's units, parcels, holds with a time to live, refunds, returns."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UNITS = (
    """
    ALTER TABLE order_items
        ADD COLUMN shipped_quantity INTEGER DEFAULT 0 NOT NULL,
        ADD COLUMN cancelled_quantity INTEGER DEFAULT 0 NOT NULL,
        ADD COLUMN returned_quantity INTEGER DEFAULT 0 NOT NULL,
        ADD COLUMN credited_quantity INTEGER DEFAULT 0 NOT NULL
    """,
    "ALTER TABLE orders ADD COLUMN credited_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL",
    # What the states said until now, as units and money.
    """
    UPDATE order_items i
       SET shipped_quantity = CASE WHEN i.fulfillment_status IN ('shipped', 'delivered') THEN i.quantity ELSE 0 END,
           cancelled_quantity = CASE WHEN o.order_status = 'cancelled' THEN i.quantity ELSE 0 END,
           credited_quantity = CASE WHEN o.order_status = 'cancelled' THEN i.quantity ELSE 0 END
      FROM orders o
     WHERE o.order_id = i.order_id
       AND (o.order_status = 'cancelled' OR i.fulfillment_status IN ('shipped', 'delivered'))
    """,
    """
    UPDATE orders o
       SET credited_amount = CASE WHEN o.order_status IN ('cancelled', 'refunded') THEN o.total_amount
                                  ELSE least(o.total_amount, (SELECT coalesce(sum(p.amount), 0) FROM payments p
                                       WHERE p.order_id = o.order_id AND p.kind = 'refund' AND p.status <> 'failed'))
                             END
     WHERE o.order_status IN ('cancelled', 'refunded')
        OR EXISTS (SELECT FROM payments p WHERE p.order_id = o.order_id AND p.kind = 'refund' AND p.status <> 'failed')
    """,
    """
    ALTER TABLE order_items
        ADD COLUMN allocated_quantity INTEGER
            GENERATED ALWAYS AS (quantity - shipped_quantity - cancelled_quantity) STORED,
        ADD CONSTRAINT order_items_units_check CHECK (
            least(shipped_quantity, cancelled_quantity, returned_quantity,
                  quantity - shipped_quantity - cancelled_quantity, shipped_quantity - returned_quantity,
                  quantity - credited_quantity, credited_quantity - cancelled_quantity - returned_quantity) >= 0)
    """,
    """
    ALTER TABLE orders ADD CONSTRAINT orders_credited_amount_check
        CHECK (credited_amount >= 0 AND credited_amount <= total_amount)
    """,
)

SHIPMENTS = (
    """
    CREATE TABLE shipments (
        shipment_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        warehouse_id VARCHAR(50) NOT NULL,
        carrier VARCHAR(50),
        tracking_number VARCHAR(100),
        shipped_at TIMESTAMP WITH TIME ZONE NOT NULL,
        delivered_at TIMESTAMP WITH TIME ZONE,
        created_by UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT shipments_pkey PRIMARY KEY (shipment_id),
        CONSTRAINT shipments_delivered_at_check CHECK (delivered_at >= shipped_at),
        CONSTRAINT shipments_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id),
        CONSTRAINT shipments_warehouse_id_fkey FOREIGN KEY (warehouse_id) REFERENCES warehouses (warehouse_id),
        CONSTRAINT shipments_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_shipments_order_id ON shipments (order_id, shipped_at)",
    "CREATE INDEX idx_shipments_warehouse_id ON shipments (warehouse_id, shipped_at DESC)",
    "CREATE INDEX idx_shipments_tracking_number ON shipments (tracking_number) WHERE tracking_number IS NOT NULL",
    "CREATE INDEX idx_shipments_created_by ON shipments (created_by) WHERE created_by IS NOT NULL",
    """
    CREATE TABLE shipment_items (
        shipment_id UUID NOT NULL,
        order_item_id UUID NOT NULL,
        quantity INTEGER NOT NULL,
        CONSTRAINT shipment_items_pkey PRIMARY KEY (shipment_id, order_item_id),
        CONSTRAINT shipment_items_quantity_check CHECK (quantity > 0),
        CONSTRAINT shipment_items_shipment_id_fkey FOREIGN KEY (shipment_id) REFERENCES shipments (shipment_id),
        CONSTRAINT shipment_items_order_item_id_fkey FOREIGN KEY (order_item_id) REFERENCES order_items (order_item_id)
    )
    """,
    "CREATE INDEX idx_shipment_items_order_item_id ON shipment_items (order_item_id)",
    # What was sent until now: one box for each warehouse of an order.
    """
    INSERT INTO shipments (order_id, warehouse_id, tracking_number, shipped_at, delivered_at)
    SELECT o.order_id, i.warehouse_id, max(i.tracking_number), coalesce(o.shipped_at, o.updated_at),
           CASE WHEN o.delivered_at IS NOT NULL THEN greatest(o.delivered_at, coalesce(o.shipped_at, o.updated_at)) END
      FROM orders o JOIN order_items i USING (order_id)
     WHERE i.shipped_quantity > 0 AND i.warehouse_id IS NOT NULL
     GROUP BY o.order_id, i.warehouse_id
    """,
    """
    INSERT INTO shipment_items (shipment_id, order_item_id, quantity)
    SELECT s.shipment_id, i.order_item_id, i.shipped_quantity
      FROM shipments s JOIN order_items i ON i.order_id = s.order_id AND i.warehouse_id = s.warehouse_id
     WHERE i.shipped_quantity > 0
    """,
)

RESERVATIONS = (
    """
    CREATE TABLE reservations (
        reservation_id UUID DEFAULT uuidv7() NOT NULL,
        owner_type VARCHAR(20) NOT NULL,
        owner_id VARCHAR(100) NOT NULL,
        product_id VARCHAR(100) NOT NULL,
        warehouse_id VARCHAR(50) NOT NULL,
        sku VARCHAR(100) NOT NULL,
        quantity INTEGER NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        released_at TIMESTAMP WITH TIME ZONE,
        outcome VARCHAR(20),
        created_by UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT reservations_pkey PRIMARY KEY (reservation_id),
        CONSTRAINT reservations_quantity_check CHECK (quantity > 0),
        CONSTRAINT reservations_owner_type_check CHECK (owner_type IN ('draft', 'cart')),
        CONSTRAINT reservations_outcome_check CHECK (
            (released_at IS NULL) = (outcome IS NULL) AND outcome IN ('released', 'expired', 'ordered')
        ),
        CONSTRAINT reservations_warehouse_id_fkey FOREIGN KEY (warehouse_id) REFERENCES warehouses (warehouse_id),
        CONSTRAINT reservations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (user_id)
    )
    """,
    (
        "CREATE UNIQUE INDEX idx_reservations_owner ON reservations (owner_type, owner_id, product_id, warehouse_id)"
        " WHERE released_at IS NULL"
    ),
    (
        "CREATE INDEX idx_reservations_product ON reservations (product_id, warehouse_id, expires_at)"
        " WHERE released_at IS NULL"
    ),
    "CREATE INDEX idx_reservations_expires_at ON reservations (expires_at) WHERE released_at IS NULL",
    "CREATE INDEX idx_reservations_warehouse_id ON reservations (warehouse_id)",
    "CREATE INDEX idx_reservations_created_by ON reservations (created_by) WHERE created_by IS NOT NULL",
)

PAYMENTS = (
    """
    CREATE TABLE refunds (
        refund_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        amount NUMERIC(10, 2) NOT NULL,
        shipping_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        credited_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL,
        currency VARCHAR(3) DEFAULT 'USD' NOT NULL,
        items JSONB DEFAULT '[]' NOT NULL,
        restock BOOLEAN DEFAULT false NOT NULL,
        reason TEXT NOT NULL,
        created_by UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT refunds_pkey PRIMARY KEY (refund_id),
        CONSTRAINT refunds_amount_check CHECK (amount > 0),
        CONSTRAINT refunds_parts_check CHECK (
            least(shipping_amount, credited_amount, amount - shipping_amount) >= 0
        ),
        CONSTRAINT refunds_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id),
        CONSTRAINT refunds_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_refunds_order_id ON refunds (order_id, created_at)",
    "CREATE INDEX idx_refunds_created_by ON refunds (created_by) WHERE created_by IS NOT NULL",
    (
        "CREATE TRIGGER refunds_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON refunds"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ),
    """
    ALTER TABLE payments
        ADD COLUMN parent_payment_id UUID,
        ADD COLUMN refund_id UUID,
        ADD COLUMN failure TEXT,
        ADD CONSTRAINT payments_parent_payment_id_fkey FOREIGN KEY (parent_payment_id) REFERENCES payments (payment_id),
        ADD CONSTRAINT payments_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES refunds (refund_id)
    """,
    "CREATE INDEX idx_payments_parent_payment_id ON payments (parent_payment_id) WHERE parent_payment_id IS NOT NULL",
    "CREATE INDEX idx_payments_refund_id ON payments (refund_id) WHERE refund_id IS NOT NULL",
    # A payment's end may be learned once, with the provider's reference or the reason of its failure.
    """
    CREATE OR REPLACE FUNCTION payments_settle_only() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        IF OLD.status <> 'pending' OR NEW.status = 'pending'
            OR to_jsonb(NEW) - 'status' - 'provider_reference' - 'failure'
               <> to_jsonb(OLD) - 'status' - 'provider_reference' - 'failure'
        THEN
            RAISE EXCEPTION 'payment % may only go from pending to its end', OLD.payment_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END
    $body$
    """,
    # No capture is given back more than once, whatever the code believes. The order's row is locked first.
    """
    CREATE FUNCTION payments_parent_covered() RETURNS trigger LANGUAGE plpgsql AS $body$
    DECLARE
        left_over numeric;
    BEGIN
        PERFORM FROM orders WHERE order_id = NEW.order_id FOR NO KEY UPDATE;
        SELECT p.amount - (SELECT coalesce(sum(c.amount), 0) FROM payments c
                            WHERE c.parent_payment_id = p.payment_id AND c.kind = NEW.kind AND c.status <> 'failed')
          INTO left_over FROM payments p
         WHERE p.payment_id = NEW.parent_payment_id AND p.order_id = NEW.order_id AND p.status = 'succeeded';
        IF left_over IS NULL OR NEW.amount > left_over THEN
            RAISE EXCEPTION 'a % of % is more than the % that is left of the payment it is of',
                NEW.kind, NEW.amount, coalesce(left_over, 0)
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_parent_covered';
        END IF;
        RETURN NEW;
    END
    $body$
    """,
    (
        "CREATE TRIGGER payments_parent_covered BEFORE INSERT ON payments FOR EACH ROW"
        " WHEN (NEW.parent_payment_id IS NOT NULL AND NEW.status <> 'failed')"
        " EXECUTE FUNCTION payments_parent_covered()"
    ),
)
#: What an order took in and did not give back: added up by the database with every payment that succeeds, so that no
#: writer can forget it, and an index can tell what is unpaid. The order's row is locked before its payments, as always.
PAID = (
    "ALTER TABLE orders ADD COLUMN paid_amount NUMERIC(10, 2) DEFAULT 0 NOT NULL",
    """
    UPDATE orders o SET paid_amount = p.paid
      FROM (SELECT order_id, sum(CASE kind WHEN 'capture' THEN amount ELSE -amount END) AS paid FROM payments
             WHERE status = 'succeeded' AND kind IN ('capture', 'refund') GROUP BY order_id) AS p
     WHERE o.order_id = p.order_id
    """,
    # list_orders unpaid status:…: the few of many years that were shipped and are still to be paid
    """
    CREATE INDEX idx_orders_unpaid ON orders (created_at DESC, order_id DESC, order_status)
     WHERE paid_amount < total_amount - credited_amount
    """,
    # A payment is updated once, from pending to its end, so what is new and succeeded was not counted before.
    """
    CREATE FUNCTION payments_add_up() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        UPDATE orders o SET paid_amount = o.paid_amount + p.paid
          FROM (SELECT order_id, sum(CASE kind WHEN 'capture' THEN amount ELSE -amount END) AS paid FROM settled
                 WHERE status = 'succeeded' AND kind IN ('capture', 'refund') GROUP BY order_id) AS p
         WHERE o.order_id = p.order_id;
        RETURN NULL;
    END
    $body$
    """,
    (
        "CREATE TRIGGER payments_add_up_new AFTER INSERT ON payments REFERENCING NEW TABLE AS settled"
        " FOR EACH STATEMENT EXECUTE FUNCTION payments_add_up()"
    ),
    (
        "CREATE TRIGGER payments_add_up_settled AFTER UPDATE ON payments REFERENCING NEW TABLE AS settled"
        " FOR EACH STATEMENT EXECUTE FUNCTION payments_add_up()"
    ),
)
RETURNS = (
    """
    CREATE TABLE returns (
        return_id UUID DEFAULT uuidv7() NOT NULL,
        order_id UUID NOT NULL,
        status VARCHAR(20) DEFAULT 'requested' NOT NULL,
        reason TEXT NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE,
        closed_at TIMESTAMP WITH TIME ZONE,
        created_by UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT returns_pkey PRIMARY KEY (return_id),
        CONSTRAINT returns_status_check CHECK (status IN ('requested', 'received', 'inspected', 'cancelled')),
        CONSTRAINT returns_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (order_id),
        CONSTRAINT returns_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (user_id)
    )
    """,
    "CREATE INDEX idx_returns_order_id ON returns (order_id, created_at)",
    "CREATE INDEX idx_returns_open ON returns (created_at) WHERE status IN ('requested', 'received')",
    "CREATE INDEX idx_returns_created_by ON returns (created_by) WHERE created_by IS NOT NULL",
    """
    CREATE TABLE return_items (
        return_item_id UUID DEFAULT uuidv7() NOT NULL,
        return_id UUID NOT NULL,
        order_item_id UUID NOT NULL,
        quantity INTEGER NOT NULL,
        received_quantity INTEGER DEFAULT 0 NOT NULL,
        restocked_quantity INTEGER DEFAULT 0 NOT NULL,
        damaged_quantity INTEGER DEFAULT 0 NOT NULL,
        rejected_quantity INTEGER DEFAULT 0 NOT NULL,
        warehouse_id VARCHAR(50),
        CONSTRAINT return_items_pkey PRIMARY KEY (return_item_id),
        CONSTRAINT return_items_quantity_check CHECK (quantity > 0),
        CONSTRAINT return_items_units_check CHECK (
            least(restocked_quantity, damaged_quantity, rejected_quantity, quantity - received_quantity,
                  received_quantity - restocked_quantity - damaged_quantity - rejected_quantity) >= 0
        ),
        CONSTRAINT return_items_return_id_order_item_id_key UNIQUE (return_id, order_item_id),
        CONSTRAINT return_items_return_id_fkey FOREIGN KEY (return_id) REFERENCES returns (return_id),
        CONSTRAINT return_items_order_item_id_fkey FOREIGN KEY (order_item_id) REFERENCES order_items (order_item_id),
        CONSTRAINT return_items_warehouse_id_fkey FOREIGN KEY (warehouse_id) REFERENCES warehouses (warehouse_id)
    )
    """,
    "CREATE INDEX idx_return_items_order_item_id ON return_items (order_item_id)",
    "CREATE INDEX idx_return_items_warehouse_id ON return_items (warehouse_id) WHERE warehouse_id IS NOT NULL",
    """
    CREATE TABLE exchanges (
        exchange_id UUID DEFAULT uuidv7() NOT NULL,
        return_id UUID NOT NULL,
        status VARCHAR(20) DEFAULT 'draft' NOT NULL,
        lines JSONB NOT NULL,
        total_amount NUMERIC(10, 2) NOT NULL,
        credit_amount NUMERIC(10, 2) NOT NULL,
        balance_amount NUMERIC(10, 2) NOT NULL,
        currency VARCHAR(3) DEFAULT 'USD' NOT NULL,
        placed_order_id UUID,
        created_by UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT exchanges_pkey PRIMARY KEY (exchange_id),
        CONSTRAINT exchanges_status_check CHECK (status IN ('draft', 'placed', 'cancelled')),
        CONSTRAINT exchanges_placed_check CHECK ((status = 'placed') = (placed_order_id IS NOT NULL)),
        CONSTRAINT exchanges_balance_amount_check CHECK (balance_amount = total_amount - credit_amount),
        CONSTRAINT exchanges_return_id_fkey FOREIGN KEY (return_id) REFERENCES returns (return_id),
        CONSTRAINT exchanges_placed_order_id_fkey FOREIGN KEY (placed_order_id) REFERENCES orders (order_id),
        CONSTRAINT exchanges_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (user_id)
    )
    """,
    "CREATE UNIQUE INDEX idx_exchanges_return_id ON exchanges (return_id) WHERE status <> 'cancelled'",
    "CREATE INDEX idx_exchanges_return_all ON exchanges (return_id)",
    "CREATE INDEX idx_exchanges_placed_order_id ON exchanges (placed_order_id) WHERE placed_order_id IS NOT NULL",
    "CREATE INDEX idx_exchanges_created_by ON exchanges (created_by) WHERE created_by IS NOT NULL",
)
#: ``payments_settle_only`` as revision 0004 made it.
FORMER_SETTLE_ONLY = """
    CREATE OR REPLACE FUNCTION payments_settle_only() RETURNS trigger LANGUAGE plpgsql AS $body$
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


def upgrade() -> None:
    """Make the columns and fill them from what the states say; make the tables."""
    for statement in (*UNITS, *SHIPMENTS, *RESERVATIONS, *PAYMENTS, *PAID, *RETURNS):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables and the columns, with what only they know."""
    op.execute("DROP TRIGGER payments_add_up_new ON payments")
    op.execute("DROP TRIGGER payments_add_up_settled ON payments")
    op.execute("DROP FUNCTION payments_add_up()")
    op.execute("ALTER TABLE orders DROP COLUMN paid_amount")
    op.execute("DROP TRIGGER payments_parent_covered ON payments")
    op.execute("DROP FUNCTION payments_parent_covered()")
    op.execute(FORMER_SETTLE_ONLY)
    op.execute("ALTER TABLE payments DROP COLUMN parent_payment_id, DROP COLUMN refund_id, DROP COLUMN failure")
    op.execute("DROP TABLE refunds")
    for table in ("exchanges", "return_items", "returns", "reservations", "shipment_items", "shipments"):
        op.execute(f"DROP TABLE {table}")
    op.execute(
        "ALTER TABLE order_items DROP COLUMN allocated_quantity, DROP COLUMN shipped_quantity,"
        " DROP COLUMN cancelled_quantity, DROP COLUMN returned_quantity, DROP COLUMN credited_quantity"
    )
    op.execute("ALTER TABLE orders DROP COLUMN credited_amount")
