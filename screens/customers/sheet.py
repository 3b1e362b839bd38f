"""How one customer is laid out in lines: the page, and the short form beside the list. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.types import StatusMark
from screens.shown import exact, order_mark, when
from widgets.cells import Column
from widgets.line import Piece
from widgets.sheet import SheetLine, facts, heading, table_heading, table_row

if TYPE_CHECKING:
    from data.customers.reads import AddressRow, CustomerDetail, PaymentMethodRow

ORDERS = (
    Column("order_number", "Order", 9),
    Column("created_at", "Placed", 9),
    Column("order_status", "Status", 11, flex=1),
    Column("total_amount", "Total", 9, right=True),
)


def customer_state(customer: CustomerDetail) -> tuple[list[Piece], list[Piece]]:
    """Return the two ends of row 2: whether the account is open, what the customer brought in; the version."""
    mark = StatusMark("●", "open", "good") if customer.is_active else StatusMark("✗", "closed", "bad")
    orders = f"{customer.order_count:,} order{'' if customer.order_count == 1 else 's'}"
    told = f" · {orders} · {worth(customer)} · since {exact(customer.created_at)[:10]}"
    return [Piece(str(mark), mark.tone), Piece(told)], [Piece(f"v{customer.version}", "muted")]


def customer_page(customer: CustomerDetail, width: int) -> list[SheetLine]:
    """Return what stands below the state: facts, orders, addresses, payment methods; orders and addresses open."""
    return [
        heading("Customer", width, customer.name),
        *_facts(customer),
        *_orders(customer, width),
        heading("Addresses", width),
        *(_address(row) for row in customer.addresses),
        *_none(customer.addresses, "No address yet: A adds one."),
        heading("Payment methods", width),
        *(_payment_method(row) for row in customer.payment_methods),
        *_none(customer.payment_methods, "None kept; an order can be paid by invoice."),
    ]


def customer_summary(customer: CustomerDetail, width: int) -> list[SheetLine]:
    """Return the customer in few lines, for the pane beside the list."""
    return [
        SheetLine((Piece(customer.name, "strong"),)),
        SheetLine((Piece(f"{customer.email}  {customer.phone}", "muted"),)),
        *_orders(customer, width),
        heading("Addresses", width),
        *(_address(row) for row in customer.addresses),
        heading("Payment methods", width),
        *(_payment_method(row) for row in customer.payment_methods),
    ]


def worth(customer: CustomerDetail) -> str:
    """Return the lifetime value: ``1,204.00 USD``, several currencies with ``+``."""
    amounts = [f"{amount:,.2f} {currency}" for currency, amount in customer.lifetime_value.items()]
    return " + ".join(amounts) or "nothing yet"


def _none(rows: tuple[object, ...], sentence: str) -> list[SheetLine]:
    return [] if rows else [SheetLine((Piece(sentence, "muted"),))]


def _facts(customer: CustomerDetail) -> list[SheetLine]:
    return facts(
        [
            ("E-mail", customer.email + ("" if customer.email_verified else "  not verified")),
            ("Phone", customer.phone),
            ("Born", str(customer.date_of_birth or "")),
            ("Last seen", exact(customer.last_login) if customer.last_login else ""),
        ]
    )


def _orders(customer: CustomerDetail, width: int) -> list[SheetLine]:
    shown = len(customer.last_orders)
    note = f"last {shown} of {customer.order_count:,}" if customer.order_count > shown else f"{customer.order_count:,}"
    rows = [heading("Orders", width, note)]
    if not customer.last_orders:
        return [*rows, *_none((), "No order yet: n places the first.")]
    rows.append(table_heading(ORDERS, width))
    rows += [
        table_row(
            ORDERS,
            (order.order_number, when(order.created_at), order_mark(order.order_status), order.total_amount),
            width,
            f"order:{order.order_number}",
            order,
        )
        for order in customer.last_orders
    ]
    return rows


def _address(row: AddressRow) -> SheetLine:
    town = f"{row.postal_code} {row.city}"
    text = ", ".join(part for part in (row.street_address, town, row.state, row.country) if part)
    kind = row.address_type + (" ★" if row.is_default else "")
    return SheetLine((Piece(f"{kind:<12}", "muted"), Piece(text)), f"address:{row.address_id}", row)


def _payment_method(row: PaymentMethodRow) -> SheetLine:
    brand = row.card_brand or row.payment_type.replace("_", " ")
    digits = f" ··{row.card_last_four}" if row.card_last_four else ""
    expiry = f"  {row.expiry_month:02d}/{(row.expiry_year or 0) % 100:02d}" if row.expiry_month else ""
    star = " ★" if row.is_default else ""
    return SheetLine((Piece(f"{brand}{digits}{expiry}{star}"),))
