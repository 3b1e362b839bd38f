"""A line of a cart. Apart from ``carts.py``, so that a command can name one without loading a driver."""

from __future__ import annotations

import msgspec

__all__ = ["CartLine"]


class CartLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``quantity`` units of a product, from ``warehouse_id`` or (``""``) from wherever it can be served.

    Product and warehouse together name the line.
    """

    product_id: str
    sku: str
    quantity: int
    warehouse_id: str = ""
