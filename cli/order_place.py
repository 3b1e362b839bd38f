"""``storekeeper orders place|duplicate``: an order from lines, a file, a customer's cart or an order of before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cli.answer import Answer
from cli.columns import columns, shown
from cli.options import JsonCommand, with_key
from cli.order_input import OrderInput, read_line, read_order_file
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from uuid import UUID

    from data.door import Done
    from data.orders.messages import PlacedOrder, PlaceOrder
    from data.shop import Shop

__all__ = ["VERBS"]


@click.command(cls=JsonCommand)
@click.argument("customer", required=False)
@click.option("--line", "lines", multiple=True, metavar="SKU=QTY", help="A line; give it once for each product.")
@click.option("--file", "file", metavar="FILE", help="The order as a JSON file, - for standard input.")
@click.option("--cart", "from_cart", is_flag=True, help="What is in the customer's cart; it is emptied by that.")
@click.option("--code", metavar="CODE", help="A discount code.")
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
    from_cart: bool,
    code: str | None,
    warehouse: str | None,
    ship_to: str | None,
    shipping_method: str | None,
    payment_method: str | None,
    note: str | None,
    key: str | None,
) -> Answer:
    """Place an order for CUSTOMER (e-mail or id). Prices, tax, shipping and totals are the shop's own.

    FILE holds the same as JSON: {"customer": …, "lines": [{"sku": …, "quantity": …, "warehouse_id": …}], "key": …,
    "shipping_method": …, "shipping_address": {…}, "code": …, "notes": …}. What the command line says wins over the
    file. A cart becomes an order once, whoever asks; a code that does not hold places nothing.
    """
    given = read_order_file(file) if file else OrderInput()
    order = given.overridden(
        customer=customer,
        lines=tuple(read_line(line) for line in lines),
        key=key,
        shipping_address_id=ship_to,
        shipping_method=shipping_method,
        payment_method=payment_method,
        code=code,
        notes=note,
    )
    if not order.customer:
        raise click.UsageError("Say who the order is for: CUSTOMER, or customer in the file.")
    if from_cart and order.lines:
        raise click.UsageError("Either the lines of the cart or lines given here.")
    from data.orders.again import place as place_it

    with opened_shop() as shop:
        command = order.command(_customer_id(shop, order.customer), warehouse)
        if from_cart:
            command = _from_cart(shop, command, order.key)
        done = place_it(shop, command, key=order.key)
    return Answer(done_document(done), lambda: _placed_lines(done))


def _from_cart(shop: Shop, command: PlaceOrder, key: str | None) -> PlaceOrder:
    from data.orders.again import cart_lines, cart_ref, open_cart

    cart = open_cart(shop, command.user_id)
    return msgspec.structs.replace(command, lines=cart_lines(shop, cart, key), cart=cart_ref(cart))


@click.command(cls=JsonCommand)
@click.argument("ref")
@with_key
def duplicate(ref: str, key: str | None) -> Answer:
    """Order the same again as in REF (number or id): customer, lines, addresses; prices and tax of today."""
    from data.orders.again import duplicate as same_again

    with opened_shop("orders.view") as shop:
        done = shop.door.run(same_again(shop, ref), shop.actor, key=key)
    return Answer(done_document(done), lambda: _placed_lines(done))


def _customer_id(shop: Shop, ref: str) -> UUID:
    from data.customers.reads import get_customer

    return get_customer(shop.stores.postgres, ref).user_id


def _placed_lines(done: Done[PlacedOrder]) -> Iterable[str]:
    order: Any = done.result
    before = " (placed before with this key)" if done.replayed else ""
    off = f", {shown(order.discount_amount)} off" if order.discount_amount else ""
    yield f"Order {shown(order.order_number)}: {shown(order.total_amount)} {shown(order.currency)}{off}{before}"
    yield from columns(
        ("line", "sku", "warehouse", "quantity"),
        [(each.line_no, each.sku, each.warehouse_id, each.quantity) for each in order.items],
    )


VERBS = (place, duplicate)
