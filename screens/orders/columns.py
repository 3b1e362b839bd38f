"""The columns of the list of orders, and what stands in their cells. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from screens.orders.handling import HELD, tags_told
from screens.shown import order_mark, parcel_mark, payment_mark, when
from screens.views.columns import within_room
from widgets.cells import Cell, Column, Runs

if TYPE_CHECKING:
    from data.orders.rows import OrderRow

#: The columns of the list's own.
OWN = (
    Column("order_number", "Order", 9),
    Column("created_at", "Placed", 9),
    Column("customer_name", "Customer", 12, flex=1),
    Column("item_count", "Items", 5, right=True, min_total=80),
    Column("total_amount", "Total", 9, right=True),
    Column("payment_state", "Payment", 10),
    Column("order_status", "Parcel", 11),
)
_FURTHER = (
    Column("state", "State", 12),
    Column("tags", "Tags", 12, flex=1),
    Column("assigned_to", "Assigned", 12),
    Column("hold", "On hold", 16),
    Column("units", "Units", 5, right=True),
    Column("paid_amount", "Paid", 9, right=True),
    Column("currency", "Cur", 3),
    Column("channel", "Channel", 10),
    Column("email", "E-mail", 20, flex=1),
)
_KNOWN = {column.key: column for column in (*OWN, *_FURTHER)}


def column_names() -> list[tuple[str, str]]:
    """Return name and label of every column there is."""
    return [(key, column.label) for key, column in _KNOWN.items()]


def columns_for(names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns called ``names``, the list's own where none of them is known."""
    return within_room(_KNOWN[name] for name in names if name in _KNOWN) or OWN


def cells_for(columns: Sequence[Column]) -> Callable[[OrderRow], tuple[Cell, ...]]:
    """Return what turns a row into the cells of ``columns``."""
    names = [column.key for column in columns]
    tagged = "tags" not in names  # without a column of their own the tags follow the name
    return lambda row: tuple(_cell(row, name, tagged=tagged) for name in names)


def _cell(row: OrderRow, name: str, *, tagged: bool) -> Cell:
    match name:
        case "created_at":
            return when(row.created_at)
        case "customer_name":
            who = row.customer_name or row.email or "–"
            return Runs(((who, "plain"), (f"  {tags_told(row.tags)}", "key"))) if tagged and row.tags else who
        case "payment_state":
            return payment_mark(row.payment_state, row.paid_amount, row.order_status)
        case "order_status":
            return HELD if row.hold_reason else parcel_mark(row.order_status, row.shipped_units, row.units)
        case "state":
            return order_mark(row.order_status)
        case "tags":
            return tags_told(row.tags)
        case "hold":
            until = f"until {when(row.on_hold_until)}: " if row.on_hold_until else ""
            return f"{until}{row.hold_reason}"
    value: Cell = getattr(row, name)
    return value
