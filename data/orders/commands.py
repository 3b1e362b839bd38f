"""Every command of orders, ready to be run: importing this module registers the handlers with the door."""

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
