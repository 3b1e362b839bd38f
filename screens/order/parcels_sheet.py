"""How parcels, what is still to be packed, and returns stand on the page of an order. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from screens.shown import when
from widgets.cells import Column
from widgets.line import Piece
from widgets.sheet import SheetLine, heading, table_row

if TYPE_CHECKING:
    from data.orders.reads import OrderItemRow
    from data.returns.reads import ReturnItemRow, ReturnRow
    from data.shipments.reads import ParcelRow
    from screens.order.page import OrderPage

#: how far the floor is with what waits, furthest behind first
_FLOOR = {"allocated": "to pick", "picked": "to pack", "packed": "to ship"}
_PARCELS = (
    Column("number", "", 2, right=True),
    Column("warehouse", "", 6),
    Column("units", "", 8, right=True),
    Column("state", "", 18),
    Column("label", "", 20, flex=1),
)
_MARKS = {
    "requested": ("○", "asked for", "warn"),
    "received": ("◑", "to inspect", "warn"),
    "inspected": ("●", "inspected", "good"),
    "cancelled": ("✗", "closed", "muted"),
}


def counted(units: int, noun: str = "unit") -> str:
    """Return ``3 units``, ``1 unit``."""
    return f"{units:,} {noun}{'' if units == 1 else 's'}"


def parcel_lines(page: OrderPage, width: int) -> list[SheetLine]:
    """Return the section of parcels: each that left, then what waits in each warehouse."""
    lines = [heading("Parcels", width, _left(page))]
    for number, parcel in enumerate(page.parcels, start=1):
        lines.append(table_row(_PARCELS, _parcel(number, parcel), width, f"parcel:{parcel.shipment_id}", parcel))
    waiting: dict[str, list[OrderItemRow]] = {}
    for item in page.held:
        waiting.setdefault(item.warehouse_id or "", []).append(item)
    for place, items in sorted(waiting.items()):
        lines.append(table_row(_PARCELS, _waiting(place, items), width))
    if len(lines) == 1:
        lines.append(SheetLine((Piece(_nothing(page), "muted"),)))
    return lines


def _left(page: OrderPage) -> str:
    left = sum(item.allocated_quantity for item in page.held)
    return f"{counted(left)} to be sent" if left and page.parcels else ""


def _nothing(page: OrderPage) -> str:
    if page.order.order_status == "cancelled":
        return "Nothing goes out: what was reserved is free again."
    return "Sent before parcels were written down." if any(i.shipped_quantity for i in page.order.items) else "None."


def _parcel(number: int, parcel: ParcelRow) -> tuple[str, ...]:
    state = f"arrived {when(parcel.delivered_at)}" if parcel.delivered_at else f"sent {when(parcel.shipped_at)}"
    label = " ".join(part for part in (parcel.carrier, parcel.tracking_number) if part)
    inside = ", ".join(f"{item.quantity} {item.sku}" for item in parcel.items)
    units = counted(sum(item.quantity for item in parcel.items))
    return (str(number), parcel.warehouse_id, units, state, f"{label} · {inside}" if label else inside)


def _waiting(place: str, items: list[OrderItemRow]) -> tuple[str, ...]:
    states = [state for state in _FLOOR if any(item.fulfillment_status == state for item in items)]
    inside = ", ".join(f"{item.allocated_quantity} {item.sku}" for item in items)
    units = counted(sum(item.allocated_quantity for item in items))
    return ("–", place, units, ", ".join(_FLOOR[state] for state in states), inside)


def return_lines(page: OrderPage, width: int) -> list[SheetLine]:
    """Return the section of returns, empty where there is none."""
    if not page.returns:
        return []
    lines = [heading("Returns", width)]
    for number, row in enumerate(page.returns, start=1):
        glyph, word, tone = _MARKS.get(row.status, ("?", row.status, "plain"))
        told = f"{number}  {', '.join(f'{item.quantity} {item.sku}' for item in row.items)} – {row.reason}"
        mark = Piece(f"{glyph} {word:<11}", tone)
        lines.append(SheetLine((mark, Piece(told), Piece(f"  {when(row.created_at)}", "muted")), key(row), row))
        lines += [SheetLine((Piece(f"{'':16}{text}", "muted"),)) for text in _progress(row)]
    return lines


def key(row: ReturnRow) -> str:
    """Return the key of the return's line on the page."""
    return f"return:{row.return_id}"


def _progress(row: ReturnRow) -> Iterator[str]:
    for item in row.items:
        if told := _told(item):
            yield f"{item.sku}: {told}"
    if (exchange := row.exchange) is not None:
        placed = f"placed as {exchange.placed_order}" if exchange.placed_order else exchange.status
        yield f"exchange {placed}, balance {exchange.balance_amount:,.2f} {exchange.currency}"


def _told(item: ReturnItemRow) -> str:
    counts = (
        (item.received_quantity, f"of {item.quantity} at {item.warehouse_id}"),
        (item.restocked_quantity, "restocked"),
        (item.damaged_quantity, "damaged"),
        (item.rejected_quantity, "rejected"),
    )
    return ", ".join(f"{units} {word}" for units, word in counts if units)
