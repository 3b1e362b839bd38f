"""What became of the units of an order's lines: the one place that writes these counters, and what they are worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, text

from data.errors import Invalid
from data.orders.life import Units
from data.orders.worth import LineAmounts, OrderAmounts, line_worths, units_worth

if TYPE_CHECKING:
    import sqlalchemy

    from data.orders.messages import LineUnits

__all__ = ["LineChange", "apply_changes", "chosen", "credit_of", "units_of", "worths_of"]

_APPLY = text(
    """
    UPDATE order_items i
       SET shipped_quantity = i.shipped_quantity + k.shipped, cancelled_quantity = i.cancelled_quantity + k.cancelled,
           returned_quantity = i.returned_quantity + k.returned, credited_quantity = i.credited_quantity + k.credited,
           fulfillment_status = k.status, tracking_number = coalesce(k.tracking, i.tracking_number)
      FROM unnest(CAST(:ids AS uuid[]), CAST(:shipped AS integer[]), CAST(:cancelled AS integer[]),
                  CAST(:returned AS integer[]), CAST(:credited AS integer[]), CAST(:statuses AS text[]),
                  CAST(:tracking AS text[])) AS k (id, shipped, cancelled, returned, credited, status, tracking)
     WHERE i.order_item_id = k.id
    """
)


@dataclass(frozen=True)
class LineChange:
    """Units that ``item`` (a locked row of ``order_items``) gains in each state; ``status`` is what it becomes."""

    item: Row[Any]
    status: str
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0
    credited: int = 0
    tracking: str | None = None

    @property
    def units(self) -> Units:
        """The line's units after the change."""
        before = units_of(self.item)
        return Units(
            before.ordered,
            before.shipped + self.shipped,
            before.cancelled + self.cancelled,
            before.returned + self.returned,
        )


def units_of(item: Row[Any]) -> Units:
    """Return the units of a row of ``order_items``."""
    return Units(item.quantity, item.shipped_quantity, item.cancelled_quantity, item.returned_quantity)


def apply_changes(connection: sqlalchemy.Connection, changes: Sequence[LineChange]) -> None:
    """Write ``changes``, at most one for each line."""
    if not changes:
        return
    connection.execute(
        _APPLY,
        {
            "ids": [change.item.order_item_id for change in changes],
            "shipped": [change.shipped for change in changes],
            "cancelled": [change.cancelled for change in changes],
            "returned": [change.returned for change in changes],
            "credited": [change.credited for change in changes],
            "statuses": [change.status for change in changes],
            "tracking": [change.tracking for change in changes],
        },
    )


def worths_of(order: Row[Any], items: Sequence[Row[Any]]) -> dict[UUID, Decimal]:
    """Return what each of ``items``, which are all of the order's, is worth in whole."""
    split = line_worths(
        OrderAmounts(order.total_amount, order.shipping_amount, order.tax_amount, order.tax_included_amount),
        [LineAmounts(item.total_price, item.discount_amount, item.tax_amount) for item in items],
    )
    return {item.order_item_id: worth for item, worth in zip(items, split.lines, strict=True)}


def credit_of(order: Row[Any], items: Sequence[Row[Any]], gone: Mapping[UUID, int]) -> tuple[Decimal, dict[UUID, int]]:
    """Return what the customer need not pay for ``gone`` units (by line, cancelled or come back), and the units of
    each line it is for. Units whose price was given back before, without a return, are not credited again.

    ``items`` are all of the order's.
    """
    worths, credit, units = worths_of(order, items), Decimal("0.00"), dict[UUID, int]()
    for item in items:
        taken = gone.get(item.order_item_id, 0)
        fresh = max(0, item.cancelled_quantity + item.returned_quantity + taken - item.credited_quantity)
        if taken and fresh:
            worth = worths[item.order_item_id]
            credit += units_worth(worth, item.quantity, item.credited_quantity, fresh)
            units[item.order_item_id] = fresh
    return min(credit, order.total_amount - order.credited_amount), units


def chosen(
    items: Iterable[Row[Any]], asked: Sequence[LineUnits], free: Mapping[UUID, int], what: str
) -> dict[UUID, int]:
    """Return the units of each line that ``asked`` names by id or SKU; a SKU takes from its lines in their order.

    ``free`` says how many units of each line there are to choose from, ``what`` they are called. Raises ``Invalid``
    naming the entry that asks for more than there is, or for nothing the order holds.
    """
    left, taken = dict(free), dict[UUID, int]()
    ordered = sorted(items, key=lambda item: (item.line_no, item.order_item_id))
    for place, one in enumerate(asked):
        named = [item for item in ordered if one.order_item_id in (None, item.order_item_id)]
        named = [item for item in named if not one.sku or item.sku == one.sku]
        if one.quantity < 1 or not (one.sku or one.order_item_id):
            raise Invalid({f"lines[{place}]": "needs a sku or an order_item_id, and 1 unit or more"})
        reachable = sum(left.get(item.order_item_id, 0) for item in named)
        if reachable < one.quantity:
            name = one.sku or str(one.order_item_id)
            raise Invalid({f"lines[{place}]": f"{name} has {reachable} {what}, not {one.quantity}"})
        wanted = one.quantity
        for item in named:
            part = min(wanted, left.get(item.order_item_id, 0))
            if part:
                left[item.order_item_id] -= part
                taken[item.order_item_id] = taken.get(item.order_item_id, 0) + part
                wanted -= part
    return taken
