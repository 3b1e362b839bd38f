"""Customers: who they are, how they are found, what is known of each. See docs/customers.md."""
