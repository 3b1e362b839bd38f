"""Every command of orders under one name, beside ``data.stock.commands`` and its like; handlers are elsewhere."""

from data.orders.messages import (
    Address,
    ChangeOrderStatus,
    OrderLineInput,
    OrderStatusChanged,
    PlacedItem,
    PlacedOrder,
    PlaceOrder,
)

__all__ = [
    "Address",
    "ChangeOrderStatus",
    "OrderLineInput",
    "OrderStatusChanged",
    "PlaceOrder",
    "PlacedItem",
    "PlacedOrder",
]
