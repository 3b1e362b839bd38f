"""Carts that became orders: PostgreSQL remembers them, so that no cart becomes two whatever happens to Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from data.carts.lines import CartLine
from data.errors import Conflict, Invalid
from data.orders.origin_schema import OrderedCart
from data.orders.schema import Order
from data.structs import convert

if TYPE_CHECKING:
    from data.door import OneStatement
    from data.orders.messages import CartRef
    from data.stores.postgres import Postgres

__all__ = ["Ordered", "check_cart", "ordered_as"]

#: ordered_carts.cart_id
_MAX_ID = 100


@dataclass(frozen=True)
class Ordered:
    """The order a cart became, and what of the cart it took."""

    order_number: str
    lines: tuple[CartLine, ...]


def ordered_as(postgres: Postgres, cart_id: str) -> Ordered | None:
    """Return the order that the cart of this id became, or ``None``; other programs write carts, with any ids."""
    if not _may_be(cart_id):
        return None
    statement = (
        select(Order.order_number, OrderedCart.lines)
        .join(Order, Order.order_id == OrderedCart.order_id)
        .where(OrderedCart.cart_id == cart_id)
    )
    with postgres.reading() as connection:
        row = connection.execute(statement).first()
    return Ordered(row.order_number, convert(row.lines, tuple[CartLine, ...])) if row is not None else None


def _may_be(cart_id: str) -> bool:
    return 1 <= len(cart_id) <= _MAX_ID and cart_id.isprintable()


def check_cart(unit: OneStatement, cart: CartRef) -> None:
    """Raise ``Conflict`` where the cart is an order already, ``Invalid`` for an id that none can have."""
    if not _may_be(cart.cart_id):
        raise Invalid({"cart.cart_id": f"has 1 to {_MAX_ID} printable characters"})
    ordered = ordered_as(unit.stores.postgres, cart.cart_id)
    if ordered is not None:
        raise Conflict(
            f"This cart is order {ordered.order_number} already.", current={"order_number": ordered.order_number}
        )
