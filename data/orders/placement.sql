-- place_order: everything a placement writes, in one statement and one round trip, under READ COMMITTED.
--
-- In this order: look for the idempotency key; lock the stock rows by (product_id, warehouse_id), the lock order of the
-- whole program; allocate every line on the locked figures; refuse with every short line, nothing having been written;
-- else take the key (first of the writes) and write order, lines, levels with their movements, first status, audit row
-- and events.
--
-- Returns outcome and detail: 'placed' with the items, [{"line_no", "warehouse_id", "quantity", ...}]; 'short' with the
-- short lines, [{"line", "available"}], line counting from 1 in the arrays given; 'stored' when the key was used before,
-- here or by a call that committed while this one waited for its locks.
--
-- The arrays describe the lines, folded by the caller so that (product, warehouse) occurs once; a null warehouse means
-- "wherever it can be served". A line that names a warehouse is served first. One that names none goes whole to the
-- warehouse with most free, or is split over the fullest ones where none can serve it whole.
--
-- Why a function and not one statement of common table expressions: each statement in here has its own snapshot, so
-- after the locks are held plain reads are current, and a key taken by a concurrent call can be seen; a single statement
-- keeps the snapshot from before it waited. It also costs the server less (bench/placement.py has the figures).
CREATE FUNCTION place_order(
    claim_actor uuid, claim_key text, claim_hash bytea, actor_email text, actor_host text,
    order_id_ uuid, order_number_ text, user_id_ uuid, placed_at timestamptz,
    subtotal_ numeric, tax_ numeric, tax_included_ numeric, shipping_ numeric, discount_ numeric, total_ numeric,
    currency_ text, ship_to jsonb, bill_to jsonb, payment_method_ text, shipping_method_ text, notes_ text, channel_ text,
    stored_head jsonb,
    line_product text[], line_warehouse text[], line_quantity integer[], line_sku text[], line_name text[],
    line_attributes text[], line_price numeric[], line_tax numeric[], line_discount numeric[],
    OUT outcome text, OUT detail jsonb
) LANGUAGE plpgsql AS $body$
DECLARE
    lines CONSTANT integer := cardinality(line_product);
    stock_product text[];
    stock_warehouse text[];
    stock_free integer[];
    rows_locked integer;
    best integer;
    wanted integer;
    part integer;
    reachable integer;
    -- what serves what: parallel arrays of (line, warehouse, units, units of the line served before)
    by_line integer[] := '{}';
    by_warehouse text[] := '{}';
    by_units integer[] := '{}';
    by_before integer[] := '{}';
    short_line integer[] := '{}';
    short_available integer[] := '{}';
BEGIN
    PERFORM FROM idempotency_keys k WHERE k.actor_id = claim_actor AND k.key = claim_key;
    IF FOUND THEN
        outcome := 'stored';
        RETURN;
    END IF;

    SELECT array_agg(s.product_id), array_agg(s.warehouse_id), array_agg(s.available_stock)
      INTO stock_product, stock_warehouse, stock_free
      FROM (SELECT i.product_id, i.warehouse_id, i.available_stock
              FROM inventory i JOIN warehouses w ON w.warehouse_id = i.warehouse_id AND w.is_active
             WHERE i.product_id = ANY (line_product)
             ORDER BY i.product_id, i.warehouse_id
               FOR NO KEY UPDATE OF i) s;
    rows_locked := coalesce(cardinality(stock_product), 0);

    FOR l IN 1 .. lines LOOP
        CONTINUE WHEN line_warehouse[l] IS NULL;
        best := 0;
        FOR s IN 1 .. rows_locked LOOP
            IF stock_product[s] = line_product[l] AND stock_warehouse[s] = line_warehouse[l] THEN
                best := s;
                EXIT;
            END IF;
        END LOOP;
        IF best > 0 AND stock_free[best] >= line_quantity[l] THEN
            stock_free[best] := stock_free[best] - line_quantity[l];
            by_line := by_line || l;
            by_warehouse := by_warehouse || line_warehouse[l];
            by_units := by_units || line_quantity[l];
            by_before := by_before || 0;
        ELSE
            short_line := short_line || l;
            short_available := short_available || CASE WHEN best > 0 THEN stock_free[best] ELSE 0 END;
        END IF;
    END LOOP;

    FOR l IN 1 .. lines LOOP
        CONTINUE WHEN line_warehouse[l] IS NOT NULL;
        wanted := line_quantity[l];
        reachable := 0;
        FOR s IN 1 .. rows_locked LOOP
            IF stock_product[s] = line_product[l] THEN
                reachable := reachable + stock_free[s];
            END IF;
        END LOOP;
        IF reachable < wanted THEN
            short_line := short_line || l;
            short_available := short_available || reachable;
            CONTINUE;
        END IF;
        WHILE wanted > 0 LOOP
            best := 0;
            FOR s IN 1 .. rows_locked LOOP
                IF stock_product[s] = line_product[l] AND (best = 0 OR stock_free[s] > stock_free[best]) THEN
                    best := s;
                END IF;
            END LOOP;
            part := least(wanted, stock_free[best]);
            by_line := by_line || l;
            by_warehouse := by_warehouse || stock_warehouse[best];
            by_units := by_units || part;
            by_before := by_before || line_quantity[l] - wanted;
            stock_free[best] := stock_free[best] - part;
            wanted := wanted - part;
        END LOOP;
    END LOOP;

    IF short_line <> '{}' THEN
        PERFORM FROM idempotency_keys k WHERE k.actor_id = claim_actor AND k.key = claim_key;
        IF FOUND THEN
            outcome := 'stored';
        ELSE
            outcome := 'short';
            detail := (SELECT jsonb_agg(jsonb_build_object('line', u.l, 'available', u.a) ORDER BY u.l)
                         FROM unnest(short_line, short_available) AS u (l, a));
        END IF;
        RETURN;
    END IF;

    detail := (SELECT jsonb_agg(jsonb_build_object('line', u.l, 'warehouse_id', u.w, 'quantity', u.q))
                 FROM unnest(by_line, by_warehouse, by_units) AS u (l, w, q));
    INSERT INTO idempotency_keys (actor_id, key, command, content_hash, result, created_at)
    VALUES (claim_actor, claim_key, 'orders.place', claim_hash, stored_head || jsonb_build_object('items', detail), placed_at)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        outcome := 'stored';
        RETURN;
    END IF;

    INSERT INTO orders (order_id, order_number, user_id, subtotal, tax_amount, tax_included_amount, shipping_amount,
                        discount_amount, total_amount, currency, shipping_address, billing_address, created_at, updated_at,
                        payment_method, shipping_method, notes, channel)
    VALUES (order_id_, order_number_, user_id_, subtotal_, tax_, tax_included_, shipping_, discount_, total_, currency_,
            ship_to, bill_to, placed_at, placed_at, payment_method_, shipping_method_, notes_, channel_);

    INSERT INTO order_items (order_id, line_no, product_id, sku, product_name, product_attributes, unit_price, quantity,
                             total_price, tax_amount, discount_amount, fulfillment_status, warehouse_id, created_at)
    SELECT order_id_, u.l, line_product[u.l], line_sku[u.l], line_name[u.l], line_attributes[u.l]::jsonb, line_price[u.l],
           u.q, line_price[u.l] * u.q,
           -- a split line's tax is shared out so that the parts add up to the cent
           round(line_tax[u.l] * (u.b + u.q) / line_quantity[u.l], 2) - round(line_tax[u.l] * u.b / line_quantity[u.l], 2),
           round(line_discount[u.l] * (u.b + u.q) / line_quantity[u.l], 2)
               - round(line_discount[u.l] * u.b / line_quantity[u.l], 2),
           'allocated', u.w, placed_at
      FROM unnest(by_line, by_warehouse, by_units, by_before) AS u (l, w, q, b);

    WITH taken AS (
        SELECT line_product[u.l] AS product_id, u.w AS warehouse_id, sum(u.q)::integer AS units
          FROM unnest(by_line, by_warehouse, by_units) AS u (l, w, q) GROUP BY 1, 2
    ), moved AS (
        UPDATE inventory i
           SET available_stock = i.available_stock - t.units, reserved_stock = i.reserved_stock + t.units,
               version = i.version + 1, last_updated = placed_at
          FROM taken t WHERE i.product_id = t.product_id AND i.warehouse_id = t.warehouse_id
        RETURNING i.product_id, i.warehouse_id, t.units, i.available_stock, i.reserved_stock, i.damaged_stock, i.total_stock
    )
    INSERT INTO inventory_movements (product_id, warehouse_id, movement_type, kind, quantity, available_delta,
                                     reserved_delta, available_after, reserved_after, damaged_after, stock_after_movement,
                                     reference_id, reference_type, created_by, created_at)
    SELECT m.product_id, m.warehouse_id, 'outbound', 'reserve', m.units, -m.units, m.units, m.available_stock,
           m.reserved_stock, m.damaged_stock, m.total_stock, order_id_, 'order', claim_actor, placed_at
      FROM moved m;

    INSERT INTO order_status_history (order_id, new_status, changed_by, created_at)
    VALUES (order_id_, 'pending', claim_actor, placed_at);

    INSERT INTO audit_log (at, actor_id, actor_email, command, target_type, target_id, idempotency_key, after, host)
    VALUES (placed_at, claim_actor, actor_email, 'orders.place', 'order', order_id_::text, claim_key, stored_head, actor_host);

    INSERT INTO outbox (topic, key, kind, payload)
    SELECT 'orders', order_id_::text, 'placed', '{"version": 1}'::jsonb
    UNION ALL
    SELECT 'stock', p, 'reserve', '{}'::jsonb FROM (SELECT DISTINCT p FROM unnest(line_product) AS u (p)) AS d (p);
    outcome := 'placed';
END
$body$;
