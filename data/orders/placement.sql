-- place_order: everything a placement writes, in one statement and one round trip, under READ COMMITTED.
--
-- In this order: read the stock and allocate every line; refuse with every short line, nothing having been written; take
-- the idempotency key, first of the writes; write order, lines, first status and audit row; and last, because others
-- wait for it, lock the stock rows by (product_id, warehouse_id), the lock order of the whole program, and take from
-- each what was allocated, if it still has it. Where one has not, serialization_failure undoes everything, and the door
-- asks again with the same key: somebody was faster, and now the figures tell. So a row that everybody wants is held for
-- as long as it takes to write a movement and its event and to commit, and no longer.
--
-- outcome  'placed'  detail: [{"line_no", "product_id", "sku", "warehouse_id", "quantity"}]
--          'short'   detail: [{"line", "available"}], line counting from 1 in the arrays given
--          'stored'  the key was used before, by any call that committed before or while this one waited
--          'nobody'  there is no such customer
--          'elsewhere'  detail: the shard the customer is on, where the order number names another
--          Nothing is written but for 'placed'.
--
-- The line_ arrays run parallel, one entry per line, folded by the caller so that (product, warehouse) occurs once. A
-- null warehouse means "wherever it can be served". Lines that name a warehouse are served first. One that names none
-- goes whole to the warehouse with most free, or is split over the fullest ones where no one can serve it whole.
--
-- Why a function and not one statement of common table expressions: each statement in here has its own snapshot, so a
-- key taken by a concurrent call can be seen; and it costs the server less. Why not lock first and then decide: then
-- everybody who wants the row waits for the writing of a whole order. Ids come from the caller because each one drawn here costs the server a read of
-- /dev/urandom. The plans are forced to be generic and by index: they are made once per connection, some of them while
-- the tables are still empty.
CREATE FUNCTION place_order(
    claim_actor uuid, claim_key text, claim_hash bytea, claim_email text, claim_host text,
    new_order_id uuid, new_order_number text, new_history_id uuid, new_audit_id uuid, for_user uuid, on_shard integer,
    placed_at timestamptz,
    sum_subtotal numeric, sum_tax numeric, sum_tax_included numeric, sum_shipping numeric, sum_discount numeric,
    sum_total numeric, in_currency text, ship_to jsonb, bill_to jsonb,
    with_payment text, with_shipping text, with_notes text, with_channel text, result_head jsonb,
    line_product text[], line_warehouse text[], line_quantity integer[], line_sku text[], line_name text[],
    line_attributes text[], line_price numeric[], line_tax numeric[], line_item_id uuid[], line_movement_id uuid[],
    event_topic text[], event_key text[], event_kind text[],
    OUT outcome text, OUT detail jsonb
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $body$
DECLARE
    -- the levels as read; as lines are served from one, its free falls, its taken rises, its movement gets an id
    stock_product text[];
    stock_warehouse text[];
    stock_free integer[];
    stock_taken integer[];
    stock_movement uuid[];
    stocks integer;
    customer_shard integer;
    best integer;
    wanted integer;
    part integer;
    takes integer;
    moved_rows integer;
    reachable bigint;
    -- what serves what: line, stock, units, and units of the same line served before
    part_line integer[] := '{}';
    part_stock integer[] := '{}';
    part_units integer[] := '{}';
    part_before integer[] := '{}';
    short_line integer[] := '{}';
    short_available bigint[] := '{}';
BEGIN
    SELECT array_agg(s.product_id), array_agg(s.warehouse_id), array_agg(s.available_stock), array_agg(0),
           array_agg(NULL::uuid), (SELECT u.shard FROM users u WHERE u.user_id = for_user)
      INTO stock_product, stock_warehouse, stock_free, stock_taken, stock_movement, customer_shard
      FROM (SELECT i.product_id, i.warehouse_id, i.available_stock
              FROM inventory i JOIN warehouses w ON w.warehouse_id = i.warehouse_id AND w.is_active
             WHERE i.product_id = ANY (line_product)
             ORDER BY i.product_id, i.warehouse_id) s;
    stocks := coalesce(cardinality(stock_product), 0);
    IF customer_shard IS DISTINCT FROM on_shard THEN
        outcome := CASE WHEN customer_shard IS NULL THEN 'nobody' ELSE 'elsewhere' END;
        detail := to_jsonb(customer_shard);
        RETURN;
    END IF;

    FOR turn IN 1 .. 2 LOOP  -- first the lines that name a warehouse, then the others
        FOR l IN 1 .. cardinality(line_product) LOOP
            CONTINUE WHEN (line_warehouse[l] IS NULL) <> (turn = 2);
            best := 0;
            reachable := 0;
            FOR s IN 1 .. stocks LOOP
                -- a null warehouse makes the comparison null, which passes
                CONTINUE WHEN stock_product[s] <> line_product[l] OR stock_warehouse[s] <> line_warehouse[l];
                reachable := reachable + stock_free[s];
                IF best = 0 OR stock_free[s] > stock_free[best] THEN
                    best := s;
                END IF;
            END LOOP;
            wanted := line_quantity[l];
            IF reachable < wanted THEN
                short_line := short_line || l;
                short_available := short_available || reachable;
                CONTINUE;
            END IF;
            LOOP
                part := least(wanted, stock_free[best]);
                part_line := part_line || l;
                part_stock := part_stock || best;
                part_units := part_units || part;
                part_before := part_before || line_quantity[l] - wanted;
                stock_free[best] := stock_free[best] - part;
                stock_taken[best] := stock_taken[best] + part;
                IF stock_movement[best] IS NULL THEN
                    stock_movement[best] := CASE WHEN part = line_quantity[l] THEN line_movement_id[l] ELSE uuidv7() END;
                END IF;
                wanted := wanted - part;
                EXIT WHEN wanted = 0;
                FOR s IN 1 .. stocks LOOP
                    IF stock_product[s] = line_product[l] AND stock_free[s] > stock_free[best] THEN
                        best := s;
                    END IF;
                END LOOP;
            END LOOP;
        END LOOP;
    END LOOP;

    IF cardinality(short_line) > 0 THEN
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

    detail := (SELECT jsonb_agg(jsonb_build_object(
                          'line_no', u.l, 'product_id', line_product[u.l], 'sku', line_sku[u.l],
                          'warehouse_id', stock_warehouse[u.s], 'quantity', u.q))
                 FROM unnest(part_line, part_stock, part_units) AS u (l, s, q));
    INSERT INTO idempotency_keys (actor_id, key, command, content_hash, result, created_at)
    VALUES (claim_actor, claim_key, 'orders.place', claim_hash, result_head || jsonb_build_object('items', detail), now())
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        outcome := 'stored';
        detail := NULL;
        RETURN;
    END IF;

    INSERT INTO orders (order_id, order_number, user_id, subtotal, tax_amount, tax_included_amount, shipping_amount,
                        discount_amount, total_amount, currency, shipping_address, billing_address, created_at, updated_at,
                        payment_method, shipping_method, notes, channel)
    VALUES (new_order_id, new_order_number, for_user, sum_subtotal, sum_tax, sum_tax_included, sum_shipping,
            sum_discount, sum_total, in_currency, ship_to, bill_to, placed_at, placed_at,
            with_payment, with_shipping, with_notes, with_channel);

    -- A split line's tax is shared out so that its parts add up to the cent.
    INSERT INTO order_items (order_item_id, order_id, line_no, product_id, sku, product_name, product_attributes,
                             unit_price, quantity, total_price, tax_amount, fulfillment_status, warehouse_id, created_at)
    SELECT CASE WHEN u.b = 0 THEN line_item_id[u.l] ELSE uuidv7() END, new_order_id, u.l, line_product[u.l], line_sku[u.l],
           line_name[u.l], line_attributes[u.l]::jsonb, line_price[u.l], u.q, line_price[u.l] * u.q,
           round(line_tax[u.l] * (u.b + u.q) / line_quantity[u.l], 2) - round(line_tax[u.l] * u.b / line_quantity[u.l], 2),
           'allocated', stock_warehouse[u.s], placed_at
      FROM unnest(part_line, part_stock, part_units, part_before) AS u (l, s, q, b);

    INSERT INTO order_status_history (history_id, order_id, new_status, changed_by, created_at)
    VALUES (new_history_id, new_order_id, 'pending', claim_actor, placed_at);

    INSERT INTO audit_log (audit_id, at, actor_id, actor_email, command, target_type, target_id, idempotency_key, after, host)
    VALUES (new_audit_id, now(), claim_actor, claim_email, 'orders.place', 'order', new_order_id::text, claim_key,
            result_head, claim_host);

    -- One row is locked by its update; more are locked in their order first, so that no two carts wait in a circle.
    takes := stocks - cardinality(array_positions(stock_taken, 0));
    IF takes > 1 THEN
        PERFORM FROM inventory i
                JOIN unnest(stock_product, stock_warehouse, stock_taken) AS t (product_id, warehouse_id, units)
                  ON i.product_id = t.product_id AND i.warehouse_id = t.warehouse_id
          WHERE t.units > 0
          ORDER BY i.product_id, i.warehouse_id
            FOR NO KEY UPDATE OF i;
    END IF;
    WITH moved AS (
        UPDATE inventory i
           SET available_stock = i.available_stock - t.units, reserved_stock = i.reserved_stock + t.units,
               version = i.version + 1, last_updated = now()
          FROM unnest(stock_product, stock_warehouse, stock_taken, stock_movement)
               AS t (product_id, warehouse_id, units, movement_id)
         WHERE i.product_id = t.product_id AND i.warehouse_id = t.warehouse_id AND t.units > 0
           AND i.available_stock >= t.units
        RETURNING t.movement_id, i.product_id, i.warehouse_id, t.units,
                  i.available_stock, i.reserved_stock, i.damaged_stock, i.total_stock
    )
    INSERT INTO inventory_movements (movement_id, product_id, warehouse_id, movement_type, kind, quantity, available_delta,
                                     reserved_delta, available_after, reserved_after, damaged_after, stock_after_movement,
                                     reference_id, reference_type, created_by, created_at)
    SELECT m.movement_id, m.product_id, m.warehouse_id, 'outbound', 'reserve', m.units, -m.units, m.units, m.available_stock,
           m.reserved_stock, m.damaged_stock, m.total_stock, new_order_id, 'order', claim_actor, placed_at
      FROM moved m;
    GET DIAGNOSTICS moved_rows = ROW_COUNT;
    IF moved_rows <> takes THEN
        RAISE EXCEPTION 'the stock was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;

    -- Under the locks, so that a product's events stand in the order of its commits.
    INSERT INTO outbox (topic, key, kind, payload)
    SELECT u.t, u.k, u.d, '{}' FROM unnest(event_topic, event_key, event_kind) AS u (t, k, d);
    outcome := 'placed';
END
$body$;
