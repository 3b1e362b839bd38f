"""Customers: the list and one of them."""
