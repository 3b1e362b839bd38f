"""What of an order can be given back, read for who decides on it; the handler looks again under its locks."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from data.orders.lines import worths_of
from data.orders.reads import get_order
from data.payments.refund_rules import CaptureLeft, Refundable, RefundLine, refundable_units
from data.payments.refunding import captures_of, shipping_of
from data.payments.sums import money_of
from data.returns.coming import units_coming

if TYPE_CHECKING:
    from uuid import UUID

    from data.stores.postgres import Postgres

__all__ = ["refundable_of"]


def refundable_of(postgres: Postgres, ref: str | UUID) -> Refundable:
    """Return what of the order (number or id) can be given back. Raises ``NotFound``."""
    order = get_order(postgres, ref)
    with postgres.reading() as connection:
        money = money_of(connection, [order.order_id])[order.order_id]
        whole, given = shipping_of(connection, order, order.items)
        captures = captures_of(connection, order.order_id)
        coming = units_coming(connection, order.order_id)
    worths = worths_of(cast(Any, order), cast(Any, order.items))
    free, at_once = refundable_units(order.items), refundable_units(order.items, coming)
    lines = tuple(
        RefundLine(
            order_item_id=item.order_item_id,
            sku=item.sku,
            title=item.product_name,
            free=free[item.order_item_id],
            restockable=at_once[item.order_item_id],
            quantity=item.quantity,
            credited=item.credited_quantity,
            worth=worths[item.order_item_id],
        )
        for item in order.items
        if free[item.order_item_id] > 0
    )
    return Refundable(
        order_id=order.order_id,
        order_number=order.order_number,
        version=order.version,
        currency=order.currency,
        captured=money.captured,
        refunded=money.refunded,
        left=max(money.refundable, Decimal("0.00")),
        owed=order.total_amount - order.credited_amount - money.captured + money.refunded,
        shipping_left=max(whole - given, Decimal("0.00")),
        lines=lines,
        captures=tuple(
            CaptureLeft(row.payment_id, row.provider, row.provider_reference, row.left_over)
            for row in captures
            if row.left_over > 0
        ),
    )
