"""How one order is laid out in lines: the full page but its timeline, and the short form beside the list. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from screens.order.parcels_sheet import parcel_lines, return_lines
from screens.orders.handling import handling_pieces
from screens.shown import address_line, age, exact, now, order_mark, payment_mark, when
from widgets.cells import Cell, Column
from widgets.line import Piece
from widgets.sheet import SheetLine, facts, heading, table_heading, table_row
from widgets.text import visible

if TYPE_CHECKING:
    from data.orders.reads import HistoryRow, OrderDetail, OrderItemRow, PaymentRow
    from screens.order.page import OrderPage

#: More of them push the money out of view on a small terminal: then the heading says how it stands.
MANY_LINES = 10
LINES = (
    Column("sku", "SKU", 10),
    Column("product_name", "Title", 20, flex=1),
    Column("quantity", "Qty", 4, right=True),
    Column("warehouse_id", "From", 6),
    Column("sent", "Sent", 4, right=True),
    Column("unit_price", "Price", 8, right=True),
    Column("total_price", "Total", 9, right=True),
)
_SHORT_LINES = (
    Column("quantity", "Qty", 3, right=True),
    Column("product_name", "Title", 12, flex=1),
    Column("total_price", "Total", 9, right=True),
)
_MONEY_WORDS = {"authorise": "authorised", "capture": "captured", "void": "voided", "refund": "refunded"}


def order_state(order: OrderDetail) -> tuple[list[Piece], list[Piece]]:
    """Return the two ends of row 2: status, when, how and for whom; the version at the right."""
    mark = order_mark(order.order_status)
    by = f" by {order.channel}" if order.channel else ""
    since = now() - order.created_at
    placed = when(order.created_at) if since >= timedelta(hours=24) else f"{age(order.created_at)} ago"
    if since < timedelta(minutes=1):
        placed = "just now"
    told = f" · placed {placed}{by} · {order.customer_name or order.email or 'no customer'}"
    return [Piece(str(mark), mark.tone), Piece(told)], [*handling_pieces(order), Piece(f"v{order.version}", "muted")]


def order_page(page: OrderPage, width: int) -> list[SheetLine]:
    """Return the order below its state, but for its timeline: lines, money, parcels, returns, addresses."""
    order = page.order
    return [
        *_lines(order, width),
        *_money(order, width),
        *parcel_lines(page, width),
        *return_lines(page, width),
        *_people(order, width),
    ]


def order_summary(order: OrderDetail, width: int) -> list[SheetLine]:
    """Return the order in few lines, for the pane beside the list."""
    mark = order_mark(order.order_status)
    lines = [
        SheetLine((Piece(f"{order.order_number}  ", "strong"), Piece(str(mark), mark.tone))),
        SheetLine((Piece(f"{order.customer_name} · {exact(order.created_at)}", "muted"),)),
        *([SheetLine(tuple(handled))] if (handled := handling_pieces(order, reason=True)) else []),
        heading("Lines", width),
        *(table_row(_SHORT_LINES, (item.quantity, item.product_name, item.total_price), width) for item in order.items),
        heading("Money", width, f"total {order.total_amount:,.2f} {order.currency}"),
        *(_payment_line(payment) for payment in order.payments),
        SheetLine((Piece(_due(order), "strong" if order.payment_state != "paid" else "good"),)),
        heading("Deliver to", width),
        SheetLine((Piece(address_line(order.shipping_address)),)),
        heading("Last events", width),
    ]
    lines += [
        SheetLine((Piece(f"{when(step.created_at):<10}", "muted"), Piece(f"{_step(step, order)}  {step.changed_by}")))
        for step in order.history[-5:][::-1]
    ]
    return lines


def _lines(order: OrderDetail, width: int) -> list[SheetLine]:
    count = len(order.items)
    told = f"{count} rows · total {order.total_amount:,.2f} · {_due(order)}" if count > MANY_LINES else ""
    rows = [heading("Lines", width, told), table_heading(LINES, width)]
    rows += [table_row(LINES, _item_cells(item), width, f"item:{item.order_item_id}", item) for item in order.items]
    rows.append(SheetLine((Piece(_sums(order).rjust(width)),)))
    if order.discount_code:
        rows.append(SheetLine((Piece(visible(f"discount code {order.discount_code}").rjust(width), "muted"),)))
    return rows


def _sums(order: OrderDetail) -> str:
    """Return what the total is made of, in one line."""
    discount = f"   discount -{order.discount_amount:,.2f}" if order.discount_amount else ""
    tax = "tax incl." if order.tax_included_amount else "tax"
    items = f"items {order.subtotal:,.2f}   shipping {order.shipping_amount:,.2f}"
    return f"{items}{discount}   {tax} {order.tax_amount:,.2f}"


def _item_cells(item: OrderItemRow) -> tuple[Cell, ...]:
    return (
        item.sku,
        item.product_name,
        item.quantity,
        item.warehouse_id or "–",
        item.shipped_quantity,
        item.unit_price,
        item.total_price,
    )


def _due(order: OrderDetail) -> str:
    due = order.due_amount
    return f"to refund {-due:,.2f}" if due < 0 else f"due {due:,.2f}"


def _money(order: OrderDetail, width: int) -> list[SheetLine]:
    back = f" · refunded {order.refunded_amount:,.2f}" if order.refunded_amount else ""
    rows = [heading("Money", width, f"total {order.total_amount:,.2f} {order.currency}{back} · {_due(order)}")]
    rows += [_payment_line(payment) for payment in order.payments]
    if not order.payments:
        mark = payment_mark(order.payment_state, order.paid_amount, order.order_status)
        how = f" · to be paid by {order.payment_method}" if order.payment_method else ""
        rows.append(SheetLine((Piece(str(mark), mark.tone), Piece(f"{how} · nothing taken yet", "muted"))))
    return rows


def _payment_line(payment: PaymentRow) -> SheetLine:
    word, tone = _MONEY_WORDS.get(payment.kind, payment.kind), "plain"
    state = ""
    if payment.status == "pending":
        word, state, tone = f"{payment.kind} of", " ◌ waits for an answer", "warn"
    elif payment.status == "failed":
        word, state, tone = f"{payment.kind} of", f" ✗ failed{f': {payment.failure}' if payment.failure else ''}", "bad"
    source = " ".join(part for part in (payment.provider, payment.provider_reference) if part)
    about = Piece(f"  {source}  {when(payment.created_at)}", "muted")
    return SheetLine((Piece(f"{word} {payment.amount:,.2f}"), Piece(state, tone), about))


def _people(order: OrderDetail, width: int) -> list[SheetLine]:
    same = order.shipping_address == order.billing_address
    who = " · ".join(part for part in (order.customer_name, order.email, order.phone) if part)
    return [
        heading("Deliver to", width, order.shipping_method),
        *facts(
            [
                ("Customer", who),
                ("Ship to", address_line(order.shipping_address)),
                ("Bill to", "the same" if same else address_line(order.billing_address)),
                ("Notes", order.notes),
            ]
        ),
    ]


def _step(step: HistoryRow, order: OrderDetail) -> str:
    if step.previous_status == step.new_status:  # a box, a return, an edit: the state says nothing of it
        return step.change_reason.partition("\n")[0] or "changed"
    if step.previous_status is not None:
        return step.new_status
    lines = len({item.line_no for item in order.items})
    return f"placed, {lines} line{'s' if lines != 1 else ''}"
