-- A shop's years of orders, made set-based: :orders of them (current_setting('bench.orders')) over three years.
--
-- What it looks like: 100,000 customers, of whom a tenth place half of the orders; one to three lines, low product
-- numbers sold most; nearly all delivered and paid, 2 % cancelled, 0.5 % refunded; the newest 1.5 % still open, half
-- of them unpaid, and shipped ones between. Each order has its history, payments, and the movement that reserved it.
--
-- Runs as the superuser with triggers off (session_replication_role): the rows are right by construction, and a check
-- of a million foreign keys measures nothing. Everything follows from n by hashing, so two runs are equal, and no two
-- properties depend on each other (by multiplication they did: no customer whose number ends so had an open order).

CREATE FUNCTION pg_temp.spread(n bigint, salt bigint, size bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(n, salt) & 9223372036854775807) % size $$;

-- A number as data.ids makes it: six digits to the base 32 after the shard's 0, and the check symbol.
CREATE FUNCTION pg_temp.symbol(d bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', d::int + 1, 1) $$;
CREATE FUNCTION pg_temp.check_of(v bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT (3 * (v >> 25 & 31) + 4 * (v >> 20 & 31) + 5 * (v >> 15 & 31) + 6 * (v >> 10 & 31) + 7 * (v >> 5 & 31)
           + 8 * (v & 31)) % 37 $$;
CREATE FUNCTION pg_temp.order_number(v bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT '0' || pg_temp.symbol(v >> 25 & 31) || pg_temp.symbol(v >> 20 & 31) || pg_temp.symbol(v >> 15 & 31) || '-'
          || pg_temp.symbol(v >> 10 & 31) || pg_temp.symbol(v >> 5 & 31) || pg_temp.symbol(v & 31)
          || pg_temp.symbol(pg_temp.check_of(v)) $$;

INSERT INTO users (user_id, email, password_hash, first_name, last_name, phone)
SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'c' || n || '@bench.example', '!',
       (ARRAY['Ann', 'Bob', 'Chen', 'Dora', 'Emil', 'Fay', 'Gus', 'Hana'])[1 + n % 8],
       (ARRAY['Lee', 'Wei', 'Keller', 'Okafor', 'Silva', 'Novak', 'Haddad'])[1 + n / 8 % 7] || n / 500, '+49 30 ' || n
  FROM generate_series(1, 100000) n;

CREATE TEMP TABLE made AS
SELECT n, now() - (current_setting('bench.orders')::bigint - n) * interval '1095 days' / current_setting('bench.orders')::bigint AS at,
       uuidv7(-((current_setting('bench.orders')::bigint - n) * interval '1095 days' / current_setting('bench.orders')::bigint)) AS order_id, v,
       CASE WHEN pg_temp.spread(n, 1, 2) = 0 THEN 1 + pg_temp.spread(n, 2, 10000) ELSE 1 + pg_temp.spread(n, 3, 100000) END AS customer,
       CASE WHEN n > 0.985 * current_setting('bench.orders')::bigint
            THEN (ARRAY['pending', 'confirmed', 'processing', 'shipped'])[1 + pg_temp.spread(n, 4, 4)]
            WHEN pg_temp.spread(n, 4, 1000) < 20 THEN 'cancelled' WHEN pg_temp.spread(n, 4, 1000) < 25 THEN 'refunded'
            WHEN pg_temp.spread(n, 4, 100000) = 99999 THEN 'confirmed'  -- forgotten
            ELSE 'delivered' END AS status,
       1 + pg_temp.spread(n, 5, 3) AS lines
  FROM (SELECT row_number() OVER (ORDER BY i) AS n, v
          FROM (SELECT i, i * 637105001 % 1073741824 AS v FROM generate_series(1, current_setting('bench.orders')::bigint * 2) i) AS drawn
         WHERE pg_temp.check_of(v) < 32 LIMIT current_setting('bench.orders')::bigint) AS numbered;

CREATE TEMP TABLE sold AS
SELECT m.n, m.order_id, m.status, m.at, l AS line_no, 1 + pg_temp.spread(m.n, 10 + l, 3) AS units,
       p.product_id, p.sku, p.name, p.price, 'WH' || 1 + pg_temp.spread(m.n, 20 + l, 4) AS warehouse_id
  FROM made m CROSS JOIN LATERAL generate_series(1, m.lines) l
  JOIN bench_products p ON p.n = 1 + floor((SELECT count(*) FROM bench_products) * power(pg_temp.spread(m.n, 30 + l, 1000) / 1000.0, 2));

INSERT INTO orders (order_id, order_number, user_id, order_status, subtotal, shipping_amount, total_amount,
                    credited_amount, paid_amount, shipping_address, billing_address, created_at, updated_at, confirmed_at, shipped_at,
                    delivered_at, cancelled_at, payment_method, shipping_method, channel, version)
SELECT m.order_id, pg_temp.order_number(m.v), ('00000000-0000-7000-8000-' || lpad(m.customer::text, 12, '0'))::uuid,
       m.status, s.subtotal, 4.90, s.subtotal + 4.90,
       CASE WHEN m.status IN ('cancelled', 'refunded') THEN s.subtotal + 4.90 ELSE 0 END,
       CASE WHEN m.status IN ('shipped', 'delivered')
                 OR (m.status NOT IN ('cancelled', 'refunded') AND pg_temp.spread(m.n, 7, 2) = 0)
            THEN s.subtotal + 4.90 ELSE 0 END, a.address, a.address, m.at, m.at,
       CASE WHEN m.status NOT IN ('pending', 'cancelled') THEN m.at + interval '1 minute' END,
       CASE WHEN m.status IN ('shipped', 'delivered', 'refunded') THEN m.at + interval '2 minutes' END,
       CASE WHEN m.status IN ('delivered', 'refunded') THEN m.at + interval '3 minutes' END,
       CASE WHEN m.status = 'cancelled' THEN m.at + interval '1 minute' END,
       'card', 'standard', (ARRAY['web', 'web', 'web', 'phone', 'import'])[1 + pg_temp.spread(m.n, 6, 5)], 2
  FROM made m JOIN (SELECT n, sum(units * price) AS subtotal FROM sold GROUP BY n) AS s USING (n)
 CROSS JOIN LATERAL (SELECT jsonb_build_object('street_address', m.n % 90 || ' Main St', 'city', 'Portland', 'state', 'OR',
                                               'postal_code', '97201', 'country', 'US') AS address) AS a
 ORDER BY m.n;

INSERT INTO order_items (order_id, line_no, product_id, sku, product_name, unit_price, quantity, total_price,
                         fulfillment_status, warehouse_id, created_at, shipped_quantity, cancelled_quantity, credited_quantity)
SELECT order_id, line_no, product_id, sku, name, price, units, price * units,
       CASE status WHEN 'delivered' THEN 'delivered' WHEN 'refunded' THEN 'delivered' WHEN 'shipped' THEN 'shipped'
                   WHEN 'cancelled' THEN 'pending' ELSE 'allocated' END, warehouse_id, at,
       CASE WHEN status IN ('delivered', 'refunded', 'shipped') THEN units ELSE 0 END,
       CASE WHEN status = 'cancelled' THEN units ELSE 0 END,
       CASE WHEN status IN ('cancelled', 'refunded') THEN units ELSE 0 END
  FROM sold ORDER BY n, line_no;

INSERT INTO order_status_history (order_id, order_version, previous_status, new_status, created_at)
SELECT order_id, 1, NULL, 'pending', at FROM made
UNION ALL
SELECT order_id, 2, 'pending', status, at + interval '3 minutes' FROM made WHERE status <> 'pending';

INSERT INTO payments (order_id, kind, status, amount, provider, idempotency_key, created_at)
SELECT o.order_id, k.kind, 'succeeded', o.total_amount, 'card', k.kind || m.n, m.at
  FROM made m JOIN orders o USING (order_id) CROSS JOIN (VALUES ('capture'), ('refund')) AS k (kind)
 WHERE CASE k.kind WHEN 'refund' THEN m.status = 'refunded'
            ELSE m.status IN ('shipped', 'delivered', 'refunded')
                 OR (m.status <> 'cancelled' AND pg_temp.spread(m.n, 7, 2) = 0) END;

INSERT INTO inventory_movements (product_id, warehouse_id, movement_type, kind, quantity, available_delta, reserved_delta,
                                 available_after, reserved_after, damaged_after, stock_after_movement, reference_id,
                                 reference_type, created_at)
SELECT product_id, warehouse_id, 'outbound', 'reserve', sum(units), -sum(units), sum(units), 1000, 1000, 0, 2000, order_id,
       'order', min(at)
  FROM sold GROUP BY n, order_id, product_id, warehouse_id ORDER BY n;

-- What open orders hold is reserved, so that an edit may let go of it.
UPDATE inventory i
   SET reserved_stock = h.units, total_stock = i.available_stock + h.units
  FROM (SELECT product_id, warehouse_id, sum(allocated_quantity) AS units FROM order_items
         WHERE allocated_quantity > 0 GROUP BY product_id, warehouse_id) AS h
 WHERE i.product_id = h.product_id AND i.warehouse_id = h.warehouse_id;

DROP TABLE made, sold;
