"""``storekeeper orders show|status``; all other verbs stand in modules of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import columns, pairs, shown
from cli.options import Noun, with_key
from cli.order_bulk import VERBS as BULK
from cli.order_edit import edit
from cli.order_files import VERBS as FILES
from cli.order_handling import VERBS as HANDLING
from cli.order_life import VERBS
from cli.order_list import VERBS as LIST
from cli.order_messages import VERBS as MESSAGES
from cli.order_notes import VERBS as NOTES
from cli.order_papers import VERBS as PAPERS
from cli.order_place import VERBS as PLACE
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from data.door import Done
    from data.orders.messages import OrderStatusChanged
    from data.orders.reads import OrderDetail


@click.group(cls=Noun, name="orders")
def command() -> None:
    """Place, show and list orders; take them through their life."""


for _verb in (*PLACE, *LIST, *VERBS, edit, *HANDLING, *BULK, *PAPERS, *NOTES, *MESSAGES, *FILES):
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
            **({"discount code": order.discount_code} if order.discount_code else {}),
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
