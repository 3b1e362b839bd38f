"""Orders → ClickHouse: every line of an order as a fact, written again with the order's version when it changes.

Brand and category are the catalog's at the time of writing: analytics groups by what the shop calls things now. That
is why this topic also waits for MongoDB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from data.analytics.schema import COLUMNS, LINES, ensure_schema
from data.catalog.reads import get_products
from data.catalog.types import CategoryPath
from data.errors import Unavailable
from data.events.outbox import Event
from data.ids import parse_id
from data.stores.clickhouse import UNKNOWN_TABLE, QueryRefused
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.stores import Stores

__all__ = ["OrderFacts", "load_all_orders"]

#: Orders read and written at a time by ``load_all_orders``.
_PAGE = 2000

_LINES_OF = text(
    """
    SELECT o.order_id, i.order_item_id, o.order_number, o.user_id, i.product_id, i.sku,
           coalesce(i.warehouse_id, '') AS warehouse_id, o.channel, i.quantity, i.unit_price, i.total_price,
           i.discount_amount, i.tax_amount, o.order_status, o.currency,
           coalesce(o.shipping_address->>'country', '') AS country, o.created_at AS placed_at, o.version
    FROM orders o JOIN (
        SELECT order_id, order_item_id, product_id, sku, warehouse_id, quantity, unit_price, total_price,
               discount_amount, tax_amount
          FROM order_items WHERE order_id = ANY(:ids)
         UNION ALL  -- what an edit took out counts for nothing from then on
        SELECT order_id, order_item_id, product_id, sku, warehouse_id, 0, unit_price, 0, 0, 0
          FROM removed_order_items WHERE order_id = ANY(:ids)
    ) i USING (order_id)
    ORDER BY o.order_id, i.order_item_id
    """
)
_ORDER_IDS_AFTER = text(
    "SELECT created_at, order_id FROM orders WHERE (created_at, order_id) > (:created_at, :order_id)"
    " ORDER BY created_at, order_id LIMIT :limit"
)
_BEGINNING = {"created_at": datetime.min.replace(tzinfo=UTC), "order_id": UUID(int=0)}


class OrderFacts:
    """The handler of the topic ``orders``; an event's key is the order's id."""

    def __init__(self) -> None:
        self._ensured = False

    def __call__(self, stores: Stores, events: Sequence[Event]) -> int:
        """Write the facts of the events' orders as they stand now. Raises ``LookupError`` for an order that is not."""
        ids = dict.fromkeys(_order_id(event) for event in events)
        self.write(stores, ids)
        return len(events) - len(ids)

    def write(self, stores: Stores, ids: Iterable[UUID]) -> int:
        """Write every line of the orders ``ids``; return how many lines. One block, so one part per month."""
        wanted = list(ids)
        facts = _facts(stores, wanted)
        missing = set(wanted) - {fact[0] for fact in facts}
        if missing:
            raise LookupError(f"no order {min(missing)} with lines in PostgreSQL")
        if not self._ensured:
            ensure_schema(stores.analytics)
            self._ensured = True
        try:
            stores.analytics.insert(LINES, tuple(COLUMNS), facts, token=_token(facts))
        except QueryRefused as refused:
            if refused.code != UNKNOWN_TABLE:
                raise
            self._ensured = False  # Somebody dropped it; the next try makes it again.
            raise Unavailable("clickhouse", f"the table {LINES} is gone") from refused
        return len(facts)


def load_all_orders(stores: Stores, *, report: ReportProgress | None = None) -> int:
    """Write the facts of every order there is, oldest first; return how many lines.

    For an analytics store that was lost or is new. Runs beside the relay: both write versions, the newer one wins.
    Raises ``Unavailable``.
    """
    handler, done, lines = OrderFacts(), 0, 0
    for ids in _all_order_ids(stores):
        lines += handler.write(stores, ids)
        done += len(ids)
        if report is not None:
            report(Progress(done, 0, "orders into analytics"))
    return lines


def _order_id(event: Event) -> UUID:
    order_id = parse_id(event.key)
    if order_id is None:
        raise ValueError(f"the key {event.key!r} is no order id")
    return order_id


def _facts(stores: Stores, ids: list[UUID]) -> list[tuple[Any, ...]]:
    """Return the lines of the orders ``ids``, values in the order of ``COLUMNS``."""
    with stores.postgres.reading() as connection:
        lines = [dict(row) for row in connection.execute(_LINES_OF, {"ids": ids}).mappings()]
    products = get_products(stores.mongo, {line["product_id"] for line in lines})
    for line in lines:
        product = products.get(line["product_id"])
        line["brand"] = product.brand if product else ""
        line["category"] = str(product.category if product else CategoryPath())
    return [tuple(line[column] for column in COLUMNS) for line in lines]


def _token(facts: list[tuple[Any, ...]]) -> str:
    """Return the name of a block by its content: the same batch sent again is dropped, whoever sends it.

    A range of event ids would not do, because a batch that is read again after a kill may hold more events.
    """
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def _all_order_ids(stores: Stores) -> Iterator[list[UUID]]:
    last: dict[str, Any] = _BEGINNING
    while True:
        with stores.postgres.reading() as connection:
            rows = connection.execute(_ORDER_IDS_AFTER, last | {"limit": _PAGE}).all()
        if not rows:
            return
        yield [row.order_id for row in rows]
        last = {"created_at": rows[-1].created_at, "order_id": rows[-1].order_id}
