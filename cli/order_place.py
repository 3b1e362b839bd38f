"""``storekeeper orders place|duplicate|drafts``: orders from lines, a file, a cart, an order of before, held drafts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid5

import click
import msgspec

from cli.answer import Answer, page_document
from cli.columns import columns, shown
from cli.options import JsonCommand, with_after, with_key, with_limit
from cli.order_input import OrderInput, read_line, read_order_file, read_time
from cli.session import carry_out, done_document, opened_shop
from data.errors import NotFound
from data.ids import new_id, parse_id

if TYPE_CHECKING:
    from data.door import Done
    from data.orders.drafts.commands import DraftRow
    from data.orders.drafts.messages import HeldDraft
    from data.orders.messages import PlacedOrder, PlaceOrder
    from data.shop import Shop
    from data.types import Page

__all__ = ["VERBS"]


@click.command(cls=JsonCommand)
@click.argument("customer", required=False)
@click.option("--line", "lines", multiple=True, metavar="SKU=QTY", help="A line; give it once for each product.")
@click.option("--file", "file", metavar="FILE", help="The order as a JSON file, - for standard input.")
@click.option("--cart", "from_cart", is_flag=True, help="What is in the customer's cart; it is emptied by that.")
@click.option("--code", metavar="CODE", help="A discount code.")
@click.option("--hold-until", metavar="TIME", help="Place nothing yet: keep it as a draft and hold its stock; UTC.")
@click.option("--draft", metavar="ID", help="Place this held draft, and nothing else.")
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
    hold_until: str | None,
    draft: str | None,
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
    if draft:
        return _place_draft(draft, key)
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
        if hold_until:
            held = _hold(shop, command, hold_until, order.key)
            return Answer(done_document(held), lambda: [f"draft {held.result.draft_id} held"])
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


def _hold(shop: Shop, command: PlaceOrder, until: str, key: str | None) -> Done[HeldDraft]:
    from data.orders.drafts.messages import DraftContent, DraftLine, HoldDraft

    content = DraftContent(
        user_id=command.user_id,
        lines=tuple(
            DraftLine(sku=line.sku or line.product_id, quantity=line.quantity, warehouse_id=line.warehouse_id or "")
            for line in command.lines
        ),
        address=str(command.shipping_address_id or ""),
        shipping_method=command.shipping_method,
        payment_method=command.payment_method,
        code=command.code,
        cart=command.cart,
    )
    # the same key names the same draft, so that what is sent again is the same content
    draft_id = uuid5(NAMESPACE_OID, f"{shop.actor.user_id} {key}") if key else new_id()
    return shop.door.run(
        HoldDraft(draft_id=draft_id, content=content, until=read_time("until", until)), shop.actor, key=key
    )


def _place_draft(ref: str, key: str | None) -> Answer:
    from data.orders.drafts.commands import as_order, get_draft, place_held
    from data.orders.drafts.messages import TakeDraft

    draft_id = _draft_id(ref)
    with opened_shop() as shop:
        content = get_draft(shop.stores.postgres, draft_id)
        done = place_held(shop, as_order(draft_id, content), draft_id, key=key)
        with suppress(NotFound):  # somebody took it on meanwhile, and can't place it any more
            shop.door.run(TakeDraft(draft_id=draft_id), shop.actor)
    return Answer(done_document(done), lambda: _placed_lines(done))


def _draft_id(ref: str) -> UUID:
    draft_id = parse_id(ref)
    if draft_id is None:
        raise NotFound("held draft", ref)
    return draft_id


@click.command(cls=JsonCommand)
@click.option("--drop", metavar="ID", help="Throw this one away and let its stock go.")
@with_limit
@with_after
@with_key
def drafts(drop: str | None, limit: int, after: str | None, key: str | None) -> Answer:
    """List the drafts that hold stock, everybody's, what runs out first on top."""
    from data.orders.drafts.commands import list_drafts
    from data.orders.drafts.messages import TakeDraft

    if drop:
        done = carry_out(TakeDraft(draft_id=_draft_id(drop), release=True), key)
        return Answer(done_document(done), lambda: [f"draft {done.result.draft_id} thrown away"])
    with opened_shop("orders.view") as shop:
        page = list_drafts(shop.stores.postgres, after=after, limit=limit)
    return Answer(page_document(page, first=after is None), lambda: _draft_lines(page))


def _draft_lines(page: Page[DraftRow]) -> Iterable[str]:
    yield from columns(
        ("draft", "held until", "by", "customer", "lines", "units"),
        [
            (
                str(row.draft_id),
                "over" if row.is_due else row.held_until,
                row.owner,
                row.customer,
                len(row.content.lines),
                row.units,
            )
            for row in page.rows
        ],
    )
    if page.after:
        yield f"More: --after {page.after}"


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


VERBS = (place, duplicate, drafts)
