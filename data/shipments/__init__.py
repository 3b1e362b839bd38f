"""Parcels: what left which warehouse in which box. See docs/order-life.md."""
