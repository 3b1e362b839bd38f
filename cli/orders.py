"""``storekeeper orders place|show|list|status``; the verbs of an order's life stand in ``cli.order_life``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import columns, pairs, shown
from cli.options import Noun, with_key
from cli.order_edit import edit
from cli.order_files import VERBS as FILES
from cli.order_handling import VERBS as HANDLING
from cli.order_input import OrderInput, read_line, read_order_file
from cli.order_life import VERBS
from cli.order_list import VERBS as LIST
from cli.order_notes import VERBS as NOTES
from cli.order_papers import VERBS as PAPERS
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from uuid import UUID

    from data.door import Done
    from data.orders.messages import OrderStatusChanged, PlacedOrder
    from data.orders.reads import OrderDetail


@click.group(cls=Noun, name="orders")
def command() -> None:
    """Place, show and list orders; take them through their life."""


for _verb in (*LIST, *VERBS, edit, *HANDLING, *PAPERS, *NOTES, *FILES):
    command.add_command(_verb)


@command.command()
@click.argument("ref")
def show(ref: str) -> Answer:
    """Show one order, by its number or id: lines, money, history."""
    from data.orders.reads import get_order

    with opened_shop("orders.view") as shop:
        order = get_order(shop.stores.postgres, ref)
    return Answer(plain(order), lambda: _detail_lines(order))


def _detail_lines(order: OrderDetail) -> Iterable[str]:
    yield from pairs(
        {
            "order": order.order_number,
            "status": order.order_status,
            "placed": order.created_at,
            "customer": order.customer_name,
            "e-mail": order.email,
            "ship to": order.shipping_address,
            "shipping": order.shipping_method,
            "notes": order.notes,
            **({"tags": ", ".join(order.tags)} if order.tags else {}),
            **({"assigned to": order.assigned_to} if order.assigned_to else {}),
            **({"on hold": order.hold_reason} if order.hold_reason else {}),
        }
    )
    yield ""
    yield from columns(
        ("sku", "title", "warehouse", "quantity", "sent", "cancelled", "returned", "price", "total", "state"),
        [
            (
                item.sku,
                item.product_name,
                item.warehouse_id,
                item.quantity,
                item.shipped_quantity,
                item.cancelled_quantity,
                item.returned_quantity,
                item.unit_price,
                item.total_price,
                item.fulfillment_status,
            )
            for item in order.items
        ],
    )
    yield ""
    yield from pairs(
        {
            "items": order.subtotal,
            "discount": order.discount_amount,
            "tax": order.tax_amount,
            "shipping": order.shipping_amount,
            f"total {shown(order.currency)}": order.total_amount,
            "credited": order.credited_amount,
            "paid": order.paid_amount,
            "due": order.due_amount,
        }
    )
    yield ""
    yield from columns(
        ("when", "status", "by", "reason"),
        [(step.created_at, step.new_status, step.changed_by, step.change_reason) for step in order.history],
    )


@command.command()
@click.argument("customer", required=False)
@click.option("--line", "lines", multiple=True, metavar="SKU=QTY", help="A line; give it once for each product.")
@click.option("--file", "file", metavar="FILE", help="The order as a JSON file, - for standard input.")
@click.option("--warehouse", metavar="CODE", help="Serve every line from this warehouse. Default: wherever stock is.")
@click.option("--ship-to", metavar="ADDRESS_ID", help="A stored address of the customer. Default: the default one.")
@click.option("--shipping-method", metavar="METHOD", help="standard (default) or express.")
@click.option("--payment-method", metavar="TEXT", help="How the customer will pay.")
@click.option("--note", metavar="TEXT", help="A note on the order.")
@with_key
def place(
    customer: str | None,
    lines: tuple[str, ...],
    file: str | None,
    warehouse: str | None,
    ship_to: str | None,
    shipping_method: str | None,
    payment_method: str | None,
    note: str | None,
    key: str | None,
) -> Answer:
    """Place an order for CUSTOMER (e-mail or id). Prices, tax, shipping and totals are the shop's own.

    FILE holds the same as JSON: {"customer": …, "lines": [{"sku": …, "quantity": …, "warehouse_id": …}], "key": …,
    "shipping_method": …, "shipping_address": {…}, "notes": …}. What the command line says wins over the file.
    """
    given = read_order_file(file) if file else OrderInput()
    order = given.overridden(
        customer=customer,
        lines=tuple(read_line(line) for line in lines),
        key=key,
        shipping_address_id=ship_to,
        shipping_method=shipping_method,
        payment_method=payment_method,
        notes=note,
    )
    if not order.customer:
        raise click.UsageError("Say who the order is for: CUSTOMER, or customer in the file.")
    with opened_shop() as shop:
        command = order.command(_customer_id(shop.stores.postgres, order.customer), warehouse)
        done = shop.door.run(command, shop.actor, key=order.key)
    return Answer(done_document(done), lambda: _placed_lines(done))


def _customer_id(postgres: Any, ref: str) -> UUID:
    from data.customers.reads import get_customer

    return get_customer(postgres, ref).user_id


def _placed_lines(done: Done[PlacedOrder]) -> Iterable[str]:
    order = done.result
    before = " (placed before with this key)" if done.replayed else ""
    yield f"Order {shown(order.order_number)}: {shown(order.total_amount)} {shown(order.currency)}{before}"
    yield from columns(
        ("line", "sku", "warehouse", "quantity"),
        [(each.line_no, each.sku, each.warehouse_id, each.quantity) for each in order.items],
    )


@command.command()
@click.argument("ref")
@click.argument("new_status")
@click.option("--reason", default="", metavar="TEXT", help="Why; must be given for a cancellation.")
@click.option("--expected-version", type=int, metavar="N", help="Refuse (exit 5) unless the order has this version.")
@with_key
def status(ref: str, new_status: str, reason: str, expected_version: int | None, key: str | None) -> Answer:
    """Take the order REF (number or id) to NEW_STATUS, as confirmed, processing, shipped, delivered or cancelled."""
    from data.orders.commands import ChangeOrderStatus
    from data.orders.reads import get_order

    with opened_shop() as shop:
        change = ChangeOrderStatus(
            order_id=get_order(shop.stores.postgres, ref).order_id,
            new_status=new_status,
            reason=reason,
            expected_version=expected_version,
        )
        done = shop.door.run(change, shop.actor, key=key)
    return Answer(done_document(done), lambda: _status_lines(done))


def _status_lines(done: Done[OrderStatusChanged]) -> Iterable[str]:
    step = done.result
    yield f"Order {shown(step.order_number)}: {shown(step.previous_status)} → {shown(step.new_status)}"
