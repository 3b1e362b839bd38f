-- place_orders: everything that one or several placements write, in one statement, one round trip and one commit, under
-- READ COMMITTED.
--
-- In this order: read the stock and allocate every line of every cart, each cart seeing what those before it took;
-- leave out the carts that are refused, nothing having been written; take the idempotency keys, in their order and
-- first of the writes; write orders, lines, first statuses and audit rows; and last, because others wait for them, lock
-- the stock rows by (product_id, warehouse_id), the lock order of the whole program, and take from each what was
-- allocated, if it still has it. So a row that everybody wants is held for as long as it takes to write its movements
-- and to commit, and no longer, and all carts of the call share that commit.
--
-- Two calls cannot wait for each other in a circle: both take keys, then carts, then codes, then stock, each in its
-- order, keys in that of (actor_id, key); every other command takes one key, and before anything else.
--
-- Back comes [outcomes, details], two arrays with an entry for each cart, in the order given:
-- outcome  'placed'  detail: [{"line_no", "product_id", "sku", "warehouse_id", "quantity"}]
--          'short'   detail: [{"line", "available"}], line counting from 1 in the cart
--          'stored'  the key was used before, by a call that committed before or, alone, while this one waited
--          'nobody'  there is no such customer
--          'elsewhere'  detail: the shard the customer is on, where the order number names another
--          Nothing is written for a cart but for 'placed', and what becomes of one cart is no matter to the others.
-- serialization_failure undoes the call: a stock row no longer had what it had when it was read, a customer's cart was
-- ordered or a code used up meanwhile, or, for several carts, a key was taken meanwhile (two carts of the call with one
-- key included). Whoever asks again, each cart alone and with its key, gets the right outcome.
--
-- extras is NULL for nearly every cart, else a document: cart_id and cart_lines of the customer's cart it was made from,
-- the code that took sum_discount off, the draft it was and what that holds, as the caller read it (take_over_holds).
-- What they have to be like is checked by the caller; here is counted.
--
-- All arrays run parallel: those of the carts one entry per cart, lines saying how many lines it has; the line_ arrays
-- one entry per line, carts in the same order, folded by the caller so that (product, warehouse) occurs once in a cart.
-- A null warehouse means "wherever it can be served". Lines that name a warehouse are served first. One that names none
-- goes whole to the warehouse with most free, or is split over the fullest ones where no one can serve it whole.
--
-- Why a function and not one statement of common table expressions: each statement in here has its own snapshot, and
-- costs the server no more. Why each INSERT is for all carts: to start a statement costs as much as several of its
-- rows, so an order among eight costs a third of one alone. Why columns and not one JSON document: jsonb_to_recordset
-- looks up all its types at every call. Why arrays by subscript: unnest of several builds a table of each. Why not lock
-- first and then decide: then everybody who wants the row waits for the writing of whole orders. Ids come from the
-- caller because each one drawn here costs the server a read of /dev/urandom. The plans are forced to be generic, by
-- index, and by the index in the order asked for: they are made once per connection, some of them while the tables are
-- still empty.
CREATE FUNCTION place_orders(
    claim_actor uuid[], claim_key text[], claim_hash bytea[], claim_email text[], claim_host text[],
    new_order_id uuid[], new_order_number text[], new_history_id uuid[], new_audit_id uuid[],
    for_user uuid[], on_shard integer[], placed_at timestamptz[],
    sum_subtotal numeric[], sum_tax numeric[], sum_tax_included numeric[], sum_shipping numeric[],
    sum_discount numeric[], sum_total numeric[], in_currency text[], ship_to jsonb[], bill_to jsonb[],
    with_payment text[], with_shipping text[], with_notes text[], with_channel text[], result_head jsonb[],
    extras jsonb[], lines integer[],
    line_product text[], line_warehouse text[], line_quantity integer[], line_sku text[], line_name text[],
    line_attributes jsonb[], line_price numeric[], line_tax numeric[], line_item_id uuid[], line_movement_id uuid[]
) RETURNS jsonb LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $body$
DECLARE
    outcomes text[];
    details jsonb[];
    placed integer[] := '{}'::integer[];
    -- the levels as read, in lock order; as lines are served from one, its free falls, its taken rises, and it counts
    -- the movements it gets and knows the last one
    stock_product text[];
    stock_warehouse text[];
    stock_free integer[];
    stock_taken integer[];
    stock_moves integer[];
    stock_move integer[];
    first_line integer;
    last_line integer := 0;
    first_stock integer;
    next_stock integer;
    best integer;
    wanted integer;
    part integer;
    move integer;
    reachable bigint;
    -- what serves what: cart, line, stock, units, and units of the same line served before; the item of the result
    part_cart integer[] := '{}'::integer[];
    part_line integer[] := '{}'::integer[];
    part_stock integer[] := '{}'::integer[];
    part_units integer[] := '{}'::integer[];
    part_before integer[] := '{}'::integer[];
    part_item jsonb[] := '{}'::jsonb[];
    -- one movement per cart and stock: its units, and all units this call has taken from the stock when it is done
    move_cart integer[] := '{}'::integer[];
    move_stock integer[] := '{}'::integer[];
    move_units integer[] := '{}'::integer[];
    move_taken integer[] := '{}'::integer[];
    move_id uuid[] := '{}'::uuid[];
    event_product text[] := '{}'::text[];
    -- as it was before the cart, should the cart be short
    short jsonb[];
    parts integer;
    moves integer;
    free_before integer[];
    taken_before integer[];
    moves_before integer[];
    move_before integer[];
    written integer;
BEGIN
    SELECT array_agg(s.product_id), array_agg(s.warehouse_id), array_agg(s.available_stock), array_agg(0),
           (SELECT array_agg(CASE WHEN EXISTS (SELECT FROM idempotency_keys k
                                                WHERE k.actor_id = claim_actor[c.n] AND k.key = claim_key[c.n])
                                      THEN 'stored'
                                  WHEN u.user_id IS NULL THEN 'nobody'
                                  WHEN u.shard <> on_shard[c.n] THEN 'elsewhere' END)
              FROM unnest(for_user) WITH ORDINALITY AS c (user_id, n) LEFT JOIN users u ON u.user_id = c.user_id)
      INTO stock_product, stock_warehouse, stock_free, stock_taken, outcomes
      FROM (SELECT i.product_id, i.warehouse_id, i.available_stock
              FROM inventory i JOIN warehouses w ON w.warehouse_id = i.warehouse_id AND w.is_active
             WHERE i.product_id = ANY (line_product)
             ORDER BY i.product_id, i.warehouse_id) s;
    stock_moves := stock_taken;
    stock_move := stock_taken;
    IF cardinality(array_remove(extras, NULL)) > 0 THEN  -- what is held for an order is free for it
        stock_free := (SELECT array_agg(s.free + coalesce((
                                  SELECT sum((h ->> 'units')::integer)
                                    FROM unnest(extras) AS e (extra), jsonb_array_elements(e.extra -> 'held') AS h
                                   WHERE h ->> 'product_id' = stock_product[s.n]
                                     AND h ->> 'warehouse_id' = stock_warehouse[s.n]), 0)::integer ORDER BY s.n)
                         FROM unnest(stock_free) WITH ORDINALITY AS s (free, n));
    END IF;
    details := array_fill(NULL::jsonb, ARRAY[cardinality(outcomes)]);

    FOR cart IN 1 .. cardinality(outcomes) LOOP
        first_line := last_line + 1;
        last_line := last_line + lines[cart];
        IF outcomes[cart] = 'elsewhere' THEN
            details[cart] := (SELECT to_jsonb(u.shard) FROM users u WHERE u.user_id = for_user[cart]);
        END IF;
        CONTINUE WHEN outcomes[cart] IS NOT NULL;
        short := '{}'::jsonb[];
        parts := cardinality(part_cart);
        moves := cardinality(move_cart);
        free_before := stock_free;
        taken_before := stock_taken;
        moves_before := stock_moves;
        move_before := stock_move;

        FOR turn IN 1 .. 2 LOOP  -- first the lines that name a warehouse, then the others
            FOR l IN first_line .. last_line LOOP
                CONTINUE WHEN (line_warehouse[l] IS NULL) <> (turn = 2);
                best := 0;
                reachable := 0;
                first_stock := array_position(stock_product, line_product[l]);
                next_stock := first_stock;
                WHILE stock_product[next_stock] = line_product[l] LOOP
                    IF line_warehouse[l] IS NULL OR line_warehouse[l] = stock_warehouse[next_stock] THEN
                        reachable := reachable + stock_free[next_stock];
                        IF best = 0 OR stock_free[next_stock] > stock_free[best] THEN
                            best := next_stock;
                        END IF;
                    END IF;
                    next_stock := next_stock + 1;
                END LOOP;
                wanted := line_quantity[l];
                IF reachable < wanted THEN
                    short := short || jsonb_build_object('line', l - first_line + 1, 'available', reachable);
                    CONTINUE;
                END IF;
                LOOP
                    part := least(wanted, stock_free[best]);
                    part_cart := part_cart || cart;
                    part_line := part_line || l;
                    part_stock := part_stock || best;
                    part_units := part_units || part;
                    part_before := part_before || line_quantity[l] - wanted;
                    part_item := part_item || jsonb_build_object(
                        'line_no', l - first_line + 1, 'product_id', line_product[l], 'sku', line_sku[l],
                        'warehouse_id', stock_warehouse[best], 'quantity', part);
                    stock_free[best] := stock_free[best] - part;
                    stock_taken[best] := stock_taken[best] + part;
                    move := stock_move[best];
                    IF move > moves THEN
                        move_units[move] := move_units[move] + part;
                        move_taken[move] := stock_taken[best];
                    ELSE
                        move_cart := move_cart || cart;
                        move_stock := move_stock || best;
                        move_units := move_units || part;
                        move_taken := move_taken || stock_taken[best];
                        move_id := move_id
                            || CASE WHEN part = line_quantity[l] THEN line_movement_id[l] ELSE uuidv7() END;
                        stock_move[best] := cardinality(move_cart);
                        stock_moves[best] := stock_moves[best] + 1;
                    END IF;
                    wanted := wanted - part;
                    EXIT WHEN wanted = 0;
                    FOR s IN first_stock .. next_stock - 1 LOOP
                        IF stock_free[s] > stock_free[best] THEN
                            best := s;
                        END IF;
                    END LOOP;
                END LOOP;
            END LOOP;
        END LOOP;

        IF cardinality(short) = 0 THEN
            outcomes[cart] := 'placed';
            details[cart] := to_jsonb(part_item[parts + 1:]);
            placed := placed || cart;
        ELSE
            outcomes[cart] := 'short';
            details[cart] := (SELECT jsonb_agg(s.line ORDER BY (s.line -> 'line')::integer)
                                FROM unnest(short) AS s (line));
            stock_free := free_before;
            stock_taken := taken_before;
            stock_moves := moves_before;
            stock_move := move_before;
            part_cart := part_cart[:parts];
            part_line := part_line[:parts];
            part_stock := part_stock[:parts];
            part_units := part_units[:parts];
            part_before := part_before[:parts];
            part_item := part_item[:parts];
            move_cart := move_cart[:moves];
            move_stock := move_stock[:moves];
            move_units := move_units[:moves];
            move_taken := move_taken[:moves];
            move_id := move_id[:moves];
        END IF;
    END LOOP;

    IF cardinality(placed) = 0 THEN
        RETURN jsonb_build_array(outcomes, details);
    END IF;

    INSERT INTO idempotency_keys (actor_id, key, command, content_hash, result, created_at)
    SELECT claim_actor[c], claim_key[c], 'orders.place', claim_hash[c],
           result_head[c] || jsonb_build_object('items', details[c]), now()
      FROM unnest(placed) AS c
     ORDER BY claim_actor[c], claim_key[c]
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < cardinality(placed) THEN
        IF cardinality(outcomes) > 1 THEN
            RAISE EXCEPTION 'a key was used meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN '[["stored"], [null]]';
    END IF;

    INSERT INTO orders (order_id, order_number, user_id, subtotal, tax_amount, tax_included_amount, shipping_amount,
                        discount_amount, total_amount, currency, shipping_address, billing_address, created_at,
                        updated_at, payment_method, shipping_method, notes, channel)
    SELECT new_order_id[c], new_order_number[c], for_user[c], sum_subtotal[c], sum_tax[c], sum_tax_included[c],
           sum_shipping[c], sum_discount[c], sum_total[c], in_currency[c], ship_to[c], bill_to[c], placed_at[c],
           placed_at[c], with_payment[c], with_shipping[c], with_notes[c], with_channel[c]
      FROM unnest(placed) AS c;

    -- A split line's tax is shared out so that its parts add up to the cent.
    INSERT INTO order_items (order_item_id, order_id, line_no, product_id, sku, product_name, product_attributes,
                             unit_price, quantity, total_price, tax_amount, fulfillment_status, warehouse_id,
                             created_at)
    SELECT CASE WHEN part_before[p.n] = 0 THEN line_item_id[p.l] ELSE uuidv7() END, new_order_id[part_cart[p.n]],
           (part_item[p.n] -> 'line_no')::integer, line_product[p.l], line_sku[p.l], line_name[p.l],
           line_attributes[p.l], line_price[p.l], part_units[p.n], line_price[p.l] * part_units[p.n],
           round(line_tax[p.l] * (part_before[p.n] + part_units[p.n]) / line_quantity[p.l], 2)
               - round(line_tax[p.l] * part_before[p.n] / line_quantity[p.l], 2),
           'allocated', stock_warehouse[part_stock[p.n]], placed_at[part_cart[p.n]]
      FROM unnest(part_line) WITH ORDINALITY AS p (l, n);

    INSERT INTO order_status_history (history_id, order_id, new_status, changed_by, created_at)
    SELECT new_history_id[c], new_order_id[c], 'pending', claim_actor[c], placed_at[c] FROM unnest(placed) AS c;

    INSERT INTO audit_log (audit_id, at, actor_id, actor_email, command, target_type, target_id, idempotency_key,
                           after, host)
    SELECT new_audit_id[c], now(), claim_actor[c], claim_email[c], 'orders.place', 'order', new_order_id[c]::text,
           claim_key[c], result_head[c], claim_host[c]
      FROM unnest(placed) AS c;

    -- A cart becomes an order once; a code is used no more often than it may be. Others wait here, holding no stock.
    IF cardinality(array_remove(extras, NULL)) > 0 THEN
        INSERT INTO ordered_carts (cart_id, order_id, lines)
        SELECT extras[c] ->> 'cart_id', new_order_id[c], extras[c] -> 'cart_lines'
          FROM unnest(placed) AS c WHERE extras[c] ? 'cart_id'
         ORDER BY 1
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written < (SELECT count(*) FROM unnest(placed) AS c WHERE extras[c] ? 'cart_id') THEN
            RAISE EXCEPTION 'the cart was ordered meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
        PERFORM FROM discount_codes d
          WHERE d.code IN (SELECT extras[c] ->> 'code' FROM unnest(placed) AS c)
          ORDER BY d.code FOR NO KEY UPDATE OF d;
        UPDATE discount_codes d SET used = d.used + asked.times
          FROM (SELECT extras[c] ->> 'code' AS code, count(*) AS times
                  FROM unnest(placed) AS c WHERE extras[c] ? 'code' GROUP BY 1) AS asked
         WHERE d.code = asked.code AND d.is_active AND d.used + asked.times <= coalesce(d.uses_at_most, 2147483647);
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written < (SELECT count(DISTINCT extras[c] ->> 'code') FROM unnest(placed) AS c) THEN
            RAISE EXCEPTION 'the code was used up meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
        INSERT INTO code_uses (order_id, code, amount)
        SELECT new_order_id[c], extras[c] ->> 'code', sum_discount[c]
          FROM unnest(placed) AS c WHERE extras[c] ? 'code';
        IF EXISTS (SELECT FROM unnest(placed) AS c WHERE extras[c] ? 'held') THEN
            IF cardinality(outcomes) > 1 THEN
                RAISE EXCEPTION 'what is held is taken over alone' USING ERRCODE = 'serialization_failure';
            END IF;
            PERFORM take_over_holds(extras[1], claim_actor[1], stock_product, stock_warehouse, stock_taken);
        END IF;
    END IF;

    -- One row is locked by its update; more are locked first, in the order in which they were read.
    IF cardinality(stock_taken) - cardinality(array_positions(stock_taken, 0)) > 1 THEN
        PERFORM FROM unnest(stock_product, stock_warehouse, stock_taken) WITH ORDINALITY
                     AS t (product_id, warehouse_id, units, n)
                JOIN inventory i ON i.product_id = t.product_id AND i.warehouse_id = t.warehouse_id
          WHERE t.units > 0
          ORDER BY t.n
            FOR NO KEY UPDATE OF i;
    END IF;
    WITH moved AS (
        UPDATE inventory i
           SET available_stock = i.available_stock - stock_taken[t.n],
               reserved_stock = i.reserved_stock + stock_taken[t.n],
               version = i.version + stock_moves[t.n], last_updated = now()
          FROM unnest(stock_product) WITH ORDINALITY AS t (product_id, n)
         WHERE i.product_id = t.product_id AND i.warehouse_id = stock_warehouse[t.n] AND stock_taken[t.n] > 0
           AND i.available_stock >= stock_taken[t.n]
        RETURNING t.n, i.available_stock, i.reserved_stock, i.damaged_stock, i.total_stock
    )
    INSERT INTO inventory_movements (movement_id, product_id, warehouse_id, movement_type, kind, quantity,
                                     available_delta, reserved_delta, available_after, reserved_after, damaged_after,
                                     stock_after_movement, reference_id, reference_type, created_by, created_at)
    SELECT move_id[m.n], stock_product[m.stock], stock_warehouse[m.stock], 'outbound', 'reserve', move_units[m.n],
           -move_units[m.n], move_units[m.n], i.available_stock + stock_taken[m.stock] - move_taken[m.n],
           i.reserved_stock - stock_taken[m.stock] + move_taken[m.n], i.damaged_stock, i.total_stock,
           new_order_id[move_cart[m.n]], 'order', claim_actor[move_cart[m.n]], placed_at[move_cart[m.n]]
      FROM unnest(move_stock) WITH ORDINALITY AS m (stock, n) JOIN moved i ON i.n = m.stock
     ORDER BY m.n;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> cardinality(move_cart) THEN
        RAISE EXCEPTION 'the stock was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;

    -- Under the locks, so that a product's events stand in the order of its commits; one tells of all the carts took.
    FOREACH move IN ARRAY move_stock LOOP
        IF array_position(event_product, stock_product[move]) IS NULL THEN
            event_product := event_product || stock_product[move];
        END IF;
    END LOOP;
    INSERT INTO outbox (topic, key, kind, payload)
    SELECT 'orders', new_order_id[c]::text, 'placed', '{}'::jsonb FROM unnest(placed) AS c
    UNION ALL
    SELECT 'stock', e.product_id, 'reserve', '{}'::jsonb FROM unnest(event_product) AS e (product_id);
    RETURN jsonb_build_array(outcomes, details);
END
$body$;

-- Let go of all that a draft holds, under the locks under which its order takes it: nobody else gets in between.
--
-- extra names the draft and has held, an array of reservation_id, version, product_id, warehouse_id, units and
-- the movement_id of the release. Locks as everybody who holds does: its owner, the draft; reservations by id; levels by
-- key, those the order takes from included. serialization_failure where the draft holds something else than that by now.
CREATE FUNCTION take_over_holds(
    extra jsonb, actor uuid, stock_product text[], stock_warehouse text[], stock_taken integer[]
) RETURNS void LANGUAGE plpgsql
AS $body$
DECLARE
    ids uuid[] := (SELECT array_agg((h ->> 'reservation_id')::uuid) FROM jsonb_array_elements(extra -> 'held') AS h);
    found uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('draft:' || (extra ->> 'draft'), 8));
    found := ARRAY(SELECT r.reservation_id FROM reservations r
                    WHERE r.owner_type = 'draft' AND r.owner_id = extra ->> 'draft' AND r.released_at IS NULL
                    ORDER BY r.reservation_id FOR UPDATE);
    IF found <> ARRAY(SELECT id FROM unnest(ids) AS id ORDER BY id) OR EXISTS (
        SELECT FROM jsonb_array_elements(extra -> 'held') AS h JOIN reservations r
            ON r.reservation_id = (h ->> 'reservation_id')::uuid
         WHERE r.version <> (h ->> 'version')::bigint) THEN
        RAISE EXCEPTION 'what is held was changed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    UPDATE reservations SET released_at = now(), outcome = 'ordered' WHERE reservation_id = ANY (ids);
    PERFORM FROM inventory i
      WHERE (i.product_id, i.warehouse_id) IN (
            SELECT t.product_id, t.warehouse_id
              FROM unnest(stock_product, stock_warehouse, stock_taken) AS t (product_id, warehouse_id, units)
             WHERE t.units > 0
            UNION SELECT r.product_id, r.warehouse_id FROM reservations r WHERE r.reservation_id = ANY (ids))
      ORDER BY i.product_id, i.warehouse_id FOR NO KEY UPDATE OF i;
    WITH freed AS (
        UPDATE inventory i
           SET available_stock = i.available_stock + r.quantity, reserved_stock = i.reserved_stock - r.quantity,
               version = i.version + 1, last_updated = now()
          FROM reservations r
         WHERE r.reservation_id = ANY (ids) AND i.product_id = r.product_id AND i.warehouse_id = r.warehouse_id
        RETURNING r.reservation_id, r.quantity, i.product_id, i.warehouse_id, i.available_stock, i.reserved_stock,
                  i.damaged_stock, i.total_stock
    )
    INSERT INTO inventory_movements (movement_id, product_id, warehouse_id, movement_type, kind, quantity,
                                     available_delta, reserved_delta, available_after, reserved_after, damaged_after,
                                     stock_after_movement, reference_id, reference_type, created_by)
    SELECT (h ->> 'movement_id')::uuid, f.product_id, f.warehouse_id, 'adjustment', 'release', f.quantity,
           f.quantity, -f.quantity, f.available_stock, f.reserved_stock, f.damaged_stock, f.total_stock,
           f.reservation_id, 'reservation', actor
      FROM freed f JOIN jsonb_array_elements(extra -> 'held') AS h
        ON (h ->> 'reservation_id')::uuid = f.reservation_id;
    INSERT INTO outbox (topic, key, kind, payload)
    SELECT 'stock', r.product_id, 'release', '{}'::jsonb
      FROM reservations r WHERE r.reservation_id = ANY (ids) GROUP BY r.product_id;
END
$body$;
