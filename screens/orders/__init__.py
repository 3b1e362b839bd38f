"""The list of orders and what is done from it."""
