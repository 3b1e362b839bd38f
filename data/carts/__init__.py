"""Carts and sessions: what a customer or a terminal has open, in the durable Redis (AOF, no eviction)."""
