"""Do the books agree? Every level against the fold of its movements, the ledger's running balances, the open orders.

One statement, so all of it is of one moment; set-based, so a shop of millions of movements takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from data.stores.postgres import Postgres

__all__ = ["Mismatch", "reconcile"]


@dataclass(frozen=True)
class Mismatch:
    """One figure that is not what it should be, in units.

    ``what`` is ``available_stock``, ``reserved_stock`` or ``damaged_stock`` (the level against the sum of its
    movements), ``reserved for open orders`` (the level against the lines and reservations that hold stock), or
    ``balance of movement N`` (what movement N says was available after it, against the balance before it and its own
    difference); for an order, ``held by order N`` (its lines against its own movements) and ``sent in boxes of order
    N`` (its line against what is in its parcels), or ``paid for order N, in cents`` (its ``paid_amount`` against its
    payments).
    """

    product_id: str
    warehouse_id: str
    sku: str
    what: str
    stored: int
    expected: int


_FIND = text(
    """
    WITH ledger AS (
        SELECT product_id, warehouse_id, sum(available_delta) AS available, sum(reserved_delta) AS reserved,
               sum(damaged_delta) AS damaged
          FROM inventory_movements GROUP BY product_id, warehouse_id
    ), held AS (
        SELECT product_id, warehouse_id, sum(units) AS units FROM (
            SELECT product_id, warehouse_id, allocated_quantity AS units FROM order_items
             WHERE allocated_quantity > 0 AND warehouse_id IS NOT NULL
               AND fulfillment_status IN ('allocated', 'picked', 'packed')
            UNION ALL
            SELECT product_id, warehouse_id, quantity FROM reservations WHERE released_at IS NULL
            ) AS promise
         GROUP BY product_id, warehouse_id
    ), levels AS (
        SELECT product_id, warehouse_id, coalesce(v.sku, '') AS sku,
               coalesce(v.available_stock, 0) AS available, coalesce(l.available, 0) AS ledger_available,
               coalesce(v.reserved_stock, 0) AS reserved, coalesce(l.reserved, 0) AS ledger_reserved,
               coalesce(v.damaged_stock, 0) AS damaged, coalesce(l.damaged, 0) AS ledger_damaged,
               coalesce(h.units, 0) AS held
          FROM inventory v FULL JOIN ledger l USING (product_id, warehouse_id)
          FULL JOIN held h USING (product_id, warehouse_id)
    ), figures AS (
        SELECT product_id, warehouse_id, sku, f.what, f.stored, f.expected
          FROM levels CROSS JOIN LATERAL (VALUES
               ('available_stock', available, ledger_available), ('reserved_stock', reserved, ledger_reserved),
               ('damaged_stock', damaged, ledger_damaged), ('reserved for open orders', reserved, held)
          ) AS f (what, stored, expected)
    ), balances AS (
        SELECT product_id, warehouse_id, sequence, available_after, reserved_after, damaged_after,
               available_delta + coalesce(lag(available_after) OVER level, 0) AS available,
               reserved_delta + coalesce(lag(reserved_after) OVER level, 0) AS reserved,
               damaged_delta + coalesce(lag(damaged_after) OVER level, 0) AS damaged
          FROM inventory_movements WINDOW level AS (PARTITION BY product_id, warehouse_id ORDER BY sequence)
    ), promised AS (
        SELECT order_id, product_id, warehouse_id, sum(allocated_quantity) AS units FROM order_items
         WHERE allocated_quantity > 0 AND warehouse_id IS NOT NULL
           AND fulfillment_status IN ('allocated', 'picked', 'packed')
         GROUP BY order_id, product_id, warehouse_id
    ), taken AS (
        SELECT reference_id AS order_id, product_id, warehouse_id, sum(reserved_delta) AS units
          FROM inventory_movements WHERE reference_type = 'order' AND reserved_delta <> 0
         GROUP BY reference_id, product_id, warehouse_id HAVING sum(reserved_delta) <> 0
    )
    SELECT * FROM figures WHERE stored <> expected
    UNION ALL
    SELECT product_id, warehouse_id, coalesce(v.sku, ''), 'held by order ' || o.order_number,
           coalesce(p.units, 0), coalesce(t.units, 0)
      FROM promised p FULL JOIN taken t USING (order_id, product_id, warehouse_id)
      JOIN orders o USING (order_id) LEFT JOIN inventory v USING (product_id, warehouse_id)
     WHERE p.units IS DISTINCT FROM t.units
    UNION ALL
    SELECT '', coalesce(i.warehouse_id, ''), i.sku, 'sent in boxes of order ' || o.order_number,
           i.shipped_quantity, coalesce(b.units, 0)
      FROM order_items i JOIN orders o USING (order_id) LEFT JOIN (
           SELECT order_item_id, sum(quantity) AS units FROM shipment_items GROUP BY order_item_id) AS b
           USING (order_item_id)
     WHERE i.shipped_quantity <> coalesce(b.units, 0)
    UNION ALL
    SELECT '', '', '', 'paid for order ' || o.order_number || ', in cents',
           (o.paid_amount * 100)::bigint, (coalesce(p.paid, 0) * 100)::bigint
      FROM orders o LEFT JOIN (
           SELECT order_id, sum(CASE kind WHEN 'capture' THEN amount ELSE -amount END) AS paid FROM payments
            WHERE status = 'succeeded' AND kind IN ('capture', 'refund') GROUP BY order_id) AS p USING (order_id)
     WHERE o.paid_amount <> coalesce(p.paid, 0)
    UNION ALL
    SELECT b.product_id, b.warehouse_id, coalesce(v.sku, ''), 'balance of movement ' || b.sequence,
           CASE WHEN available_after <> available THEN available_after
                WHEN reserved_after <> reserved THEN reserved_after ELSE damaged_after END,
           CASE WHEN available_after <> available THEN available
                WHEN reserved_after <> reserved THEN reserved ELSE damaged END
      FROM balances b LEFT JOIN inventory v USING (product_id, warehouse_id)
     WHERE (available_after, reserved_after, damaged_after) IS DISTINCT FROM (available, reserved, damaged)
     ORDER BY product_id, warehouse_id, what
    """
)


def reconcile(postgres: Postgres) -> tuple[Mismatch, ...]:
    """Return every figure that differs, by product and warehouse; empty when the books agree.

    Reads the whole ledger: no limit of time is set on it. Raises ``Unavailable``.
    """
    with postgres.reading() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        return tuple(Mismatch(**row) for row in connection.execute(_FIND).mappings())
