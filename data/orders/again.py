"""Orders made from what there is: a customer's cart, an order of before. Each goes through ``orders.place``.

A cart becomes an order exactly once: its id is written by the statement that places it, and whoever is second is
refused. Redis is emptied after that, so a crash in between leaves a cart that is an order already; whoever opens it
next finds that out and takes out what was ordered. Rejected: marking the cart in Redis first, which leaves a mark that
nobody can judge where the marker died.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from data.carts.carts import Cart, get_cart, take_out
from data.errors import Conflict, Invalid, Unavailable
from data.orders.messages import Address, CartRef, OrderLineInput, PlaceOrder
from data.orders.ordered_carts import ordered_as
from data.orders.reads import get_order, placed_with
from data.structs import convert

if TYPE_CHECKING:
    from uuid import UUID

    from data.door import Done
    from data.shop import Shop

__all__ = ["cart_lines", "cart_ref", "duplicate", "open_cart", "place"]


def open_cart(shop: Shop, user_id: UUID) -> Cart:
    """Return what is in the customer's cart and is no order yet. Raises ``Unavailable``."""
    cart = get_cart(shop.stores.redis, user_id)
    ordered = ordered_as(shop.stores.postgres, cart.cart_id) if cart.lines else None
    return cart if ordered is None else take_out(shop.stores.redis, user_id, cart.cart_id, ordered.lines)


def cart_ref(cart: Cart) -> CartRef:
    """Return how a command names the cart it is made from."""
    return CartRef(cart_id=cart.cart_id, lines=cart.lines)


def cart_lines(shop: Shop, cart: Cart, key: str | None) -> tuple[OrderLineInput, ...]:
    """Return the cart's lines as an order takes them.

    Raises ``Invalid`` for an empty cart, ``Conflict`` where ``key`` made it an order before (an answer got lost).
    """
    if not cart.lines:
        number = placed_with(shop.stores.postgres, shop.actor.user_id, key) if key else None
        if number is not None:
            raise Conflict(f"This key placed order {number} already.", current={"order_number": number})
        raise Invalid({"cart": "is empty"})
    return tuple(
        OrderLineInput(product_id=line.product_id, quantity=line.quantity, warehouse_id=line.warehouse_id or None)
        for line in cart.lines
    )


def place(shop: Shop, command: PlaceOrder, *, key: str | None = None) -> Done[Any]:
    """Place the order and, once it stands, take what it took out of the customer's cart. Raises as ``PlaceOrder``.

    Where Redis is away just then, the order stands and ``open_cart`` takes it out later.
    """
    done = shop.door.run(command, shop.actor, key=key)
    if command.cart is not None:
        with contextlib.suppress(Unavailable, Conflict):
            take_out(shop.stores.redis, command.user_id, command.cart.cart_id, command.cart.lines)
    return done


def duplicate(shop: Shop, ref: str) -> PlaceOrder:
    """Return the command that orders the same again: customer, lines, addresses, shipping, payment; today's prices.

    Raises ``NotFound``, and ``Invalid`` for an order whose customer is gone.
    """
    order = get_order(shop.stores.postgres, ref)
    if order.user_id is None:
        raise Invalid({"order": f"{order.order_number} has no customer"})
    units: dict[str, int] = {}
    for item in order.items:
        units[item.product_id] = units.get(item.product_id, 0) + item.quantity
    return PlaceOrder(
        user_id=order.user_id,
        lines=tuple(OrderLineInput(product_id=product_id, quantity=count) for product_id, count in units.items()),
        shipping_address=convert(dict(order.shipping_address), Address),
        billing_address=convert(dict(order.billing_address), Address),
        shipping_method=order.shipping_method or "standard",
        payment_method=order.payment_method or "",
    )
