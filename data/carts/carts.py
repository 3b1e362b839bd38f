"""``cart:{user}``: what a customer is about to order. Seven days from the last change.

A cart is one versioned value and a change is a compare-and-set on its version, tried again when somebody else was
first; two terminals that add to one cart at once both find their line in it. It holds no prices: those are the
catalog's when the cart is shown and when it is placed. Rejected: a Redis hash with a field per line, which cannot say
that the cart as a whole is still the one a person looked at.

``cart_id`` names what is being collected until it is ordered: ``take_out`` takes what was ordered out and gives the
rest a new one. PostgreSQL remembers the ids that became orders (``ordered_carts``), so no cart becomes two.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from data.carts.lines import CartLine
from data.errors import Conflict, Invalid
from data.ids import new_id_text
from data.stores.redis import Redis, translate_errors
from data.structs import decoder

__all__ = [
    "CART_SECONDS",
    "Cart",
    "CartLine",
    "add_line",
    "clear_cart",
    "get_cart",
    "remove_line",
    "set_line",
    "take_out",
]

CART_SECONDS = 7 * 24 * 3600
MAX_LINES = 500
MAX_QUANTITY = 100_000
#: A change is tried this often against others' before it is given up.
_TRIES = 20

_SWAP = (files("data.carts") / "swap.lua").read_text(encoding="utf-8")


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's cart. ``version`` is 0 for one that was never touched; ``updated_at`` is then ``None``.

    ``cart_id`` stays the same until the cart was ordered; ``""`` for one that was never touched.
    """

    user_id: UUID
    lines: tuple[CartLine, ...] = ()
    version: int = 0
    updated_at: datetime | None = None
    cart_id: str = ""

    @property
    def units(self) -> int:
        """All units in the cart."""
        return sum(line.quantity for line in self.lines)


class _Stored(msgspec.Struct):
    lines: tuple[CartLine, ...]
    updated_at: datetime
    cart_id: str = ""


_decode = decoder(_Stored).decode
Lines = tuple[CartLine, ...]


def get_cart(redis: Redis, user_id: UUID) -> Cart:
    """Return the customer's cart, an empty one where there is none. Raises ``Unavailable``."""
    client: Any = redis.durable
    with translate_errors():
        version, value = client.hmget(_key(user_id), "ver", "val")
    if version is None or value is None:
        return Cart(user_id=user_id)
    stored = _decode(value)
    return Cart(
        user_id=user_id,
        lines=stored.lines,
        version=int(version),
        updated_at=stored.updated_at,
        cart_id=stored.cart_id or f"{user_id}:{version}:{stored.updated_at.isoformat()}",  # stored before carts had ids
    )


def add_line(
    redis: Redis, user_id: UUID, product_id: str, sku: str, quantity: int = 1, *, warehouse_id: str = ""
) -> Cart:
    """Add units to the line of this product and warehouse, or add the line; return the cart as it is then.

    Raises ``Invalid`` (quantity, too many lines), ``Conflict`` after too many others were first, ``Unavailable``.
    """

    def change(lines: Lines) -> Lines:
        held = next((line.quantity for line in lines if _is(line, product_id, warehouse_id)), 0)
        return _with(lines, product_id, sku, held + quantity, warehouse_id)

    _checked(quantity)
    return _change(redis, user_id, change)


def set_line(
    redis: Redis,
    user_id: UUID,
    product_id: str,
    sku: str,
    quantity: int,
    *,
    warehouse_id: str = "",
    expected_version: int | None = None,
) -> Cart:
    """Set the line of this product and warehouse to ``quantity`` units; return the cart as it is then.

    Raises ``Invalid``, ``Conflict`` where the cart is no longer at ``expected_version``, and ``Unavailable``.
    """
    _checked(quantity)
    return _change(
        redis, user_id, lambda lines: _with(lines, product_id, sku, quantity, warehouse_id), expected_version
    )


def remove_line(
    redis: Redis, user_id: UUID, product_id: str, *, warehouse_id: str = "", expected_version: int | None = None
) -> Cart:
    """Take the line of this product and warehouse out, if it is there; return the cart as it is then.

    Raises ``Conflict`` where the cart is no longer at ``expected_version``, and ``Unavailable``.
    """

    def change(lines: Lines) -> Lines:
        return tuple(line for line in lines if not _is(line, product_id, warehouse_id))

    return _change(redis, user_id, change, expected_version)


def clear_cart(redis: Redis, user_id: UUID, *, expected_version: int | None = None) -> Cart:
    """Empty the cart, once it is ordered. The version goes on, so that a late change to the old cart is refused.

    Raises ``Conflict`` where the cart is no longer at ``expected_version``, and ``Unavailable``.
    """
    return _change(redis, user_id, lambda _: (), expected_version)


def take_out(redis: Redis, user_id: UUID, cart_id: str, ordered: Lines) -> Cart:
    """Take the units of ``ordered`` out of the cart that was ordered under ``cart_id``; return the cart as it is then.

    What was put in meanwhile stays, as a cart with an id of its own. A cart with another id is left alone, so that a
    second call does nothing. Raises ``Conflict`` after too many others were first, and ``Unavailable``.
    """

    def rest(lines: Lines) -> Lines:
        taken = {(line.product_id, line.warehouse_id): line.quantity for line in ordered}
        left = ((line, line.quantity - taken.get((line.product_id, line.warehouse_id), 0)) for line in lines)
        return tuple(msgspec.structs.replace(line, quantity=units) for line, units in left if units > 0)

    return _change(redis, user_id, rest, ordered_as=cart_id)


def _key(user_id: UUID) -> str:
    return f"cart:{user_id}"


def _is(line: CartLine, product_id: str, warehouse_id: str) -> bool:
    return line.product_id == product_id and line.warehouse_id == warehouse_id


def _with(lines: Lines, product_id: str, sku: str, quantity: int, warehouse_id: str) -> Lines:
    """Return ``lines`` with this one set, in its old place if it had one. Raises ``Invalid`` for too many."""
    _checked(quantity)
    new = CartLine(product_id=product_id, sku=sku, quantity=quantity, warehouse_id=warehouse_id)
    if any(_is(line, product_id, warehouse_id) for line in lines):
        return tuple(new if _is(line, product_id, warehouse_id) else line for line in lines)
    if len(lines) >= MAX_LINES:
        raise Invalid({"lines": f"a cart holds at most {MAX_LINES} lines"})
    return (*lines, new)


def _checked(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise Invalid({"quantity": f"must be between 1 and {MAX_QUANTITY:,}"})


def _change(
    redis: Redis,
    user_id: UUID,
    change: Callable[[Lines], Lines],
    expected_version: int | None = None,
    ordered_as: str | None = None,
) -> Cart:
    """Swap in what ``change`` makes of the lines; ``ordered_as``: only in the cart of that id, which gets a new one."""
    client: Any = redis.durable
    for _ in range(_TRIES):
        cart = get_cart(redis, user_id)
        if expected_version is not None and cart.version != expected_version:
            raise Conflict("The cart was changed elsewhere.", current=msgspec.to_builtins(cart))
        lines = change(cart.lines)
        done = lines == cart.lines if ordered_as is None else cart.cart_id != ordered_as
        if done:
            return cart
        now = datetime.now(UTC)
        cart_id = cart.cart_id if cart.cart_id and ordered_as is None else new_id_text()
        value = msgspec.json.encode(_Stored(lines, now, cart_id)).decode()
        with translate_errors():
            version = client.eval(_SWAP, 1, _key(user_id), cart.version, value, CART_SECONDS * 1000)
        if version > 0:
            return Cart(user_id=user_id, lines=lines, version=version, updated_at=now, cart_id=cart_id)
    raise Conflict("The cart is being changed by too many at once.")
