"""``cart:{user}``: what a customer is about to order. Seven days from the last change.

A cart is one versioned value and a change is a compare-and-set on its version, tried again when somebody else was
first; two terminals that add to one cart at once both find their line in it. It holds no prices: those are the
catalog's when the cart is shown and when it is placed. Rejected: a Redis hash with a field per line, which cannot say
that the cart as a whole is still the one a person looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from data.errors import Conflict, Invalid
from data.stores.redis import Redis, translate_errors

__all__ = ["CART_SECONDS", "Cart", "CartLine", "add_line", "clear_cart", "get_cart", "remove_line", "set_line"]

CART_SECONDS = 7 * 24 * 3600
MAX_LINES = 500
MAX_QUANTITY = 100_000
#: A change is tried this often against others' before it is given up.
_TRIES = 20

_SWAP = (files("data.carts") / "swap.lua").read_text(encoding="utf-8")


class CartLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``quantity`` units of a product, from ``warehouse_id`` or (``""``) from wherever it can be served.

    Product and warehouse together name the line.
    """

    product_id: str
    sku: str
    quantity: int
    warehouse_id: str = ""


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's cart. ``version`` is 0 for one that was never touched; ``updated_at`` is then ``None``."""

    user_id: UUID
    lines: tuple[CartLine, ...] = ()
    version: int = 0
    updated_at: datetime | None = None

    @property
    def units(self) -> int:
        """All units in the cart."""
        return sum(line.quantity for line in self.lines)


class _Stored(msgspec.Struct):
    lines: tuple[CartLine, ...]
    updated_at: datetime


_decode = msgspec.json.Decoder(_Stored).decode
Lines = tuple[CartLine, ...]


def get_cart(redis: Redis, user_id: UUID) -> Cart:
    """Return the customer's cart, an empty one where there is none. Raises ``Unavailable``."""
    client: Any = redis.durable
    with translate_errors():
        version, value = client.hmget(_key(user_id), "ver", "val")
    if version is None or value is None:
        return Cart(user_id=user_id)
    stored = _decode(value)
    return Cart(user_id=user_id, lines=stored.lines, version=int(version), updated_at=stored.updated_at)


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


def _change(redis: Redis, user_id: UUID, change: Callable[[Lines], Lines], expected_version: int | None = None) -> Cart:
    client: Any = redis.durable
    for _ in range(_TRIES):
        cart = get_cart(redis, user_id)
        if expected_version is not None and cart.version != expected_version:
            raise Conflict("The cart was changed elsewhere.", current=msgspec.to_builtins(cart))
        lines = change(cart.lines)
        if lines == cart.lines:
            return cart
        now = datetime.now(UTC)
        value = msgspec.json.encode(_Stored(lines, now)).decode()
        with translate_errors():
            version = client.eval(_SWAP, 1, _key(user_id), cart.version, value, CART_SECONDS * 1000)
        if version > 0:
            return Cart(user_id=user_id, lines=lines, version=version, updated_at=now)
    raise Conflict("The cart is being changed by too many at once.")
