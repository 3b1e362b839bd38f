"""The topics' names. Apart from their handlers (``routes``), so that a status line need not load every driver."""

from __future__ import annotations

__all__ = ["CONSISTENCY", "HEARTBEAT_SECONDS", "MAIL", "ORDERS", "PRODUCTS", "STOCK", "TOPICS"]

ORDERS = "orders"
STOCK = "stock"
#: messages to customers, each under its own key
MAIL = "mail"
#: MongoDB's change stream in status, dead letters and ``relay_state``; in the outbox only what a replay sends.
PRODUCTS = "products"
#: Where the leader notes its last sample of versions in ``relay_state``.
CONSISTENCY = "consistency"
TOPICS = (ORDERS, STOCK, PRODUCTS, MAIL)

#: A quiet MongoDB moves its change stream on this often, in seconds (``periodicNoopIntervalSecs``).
HEARTBEAT_SECONDS = 10.0
