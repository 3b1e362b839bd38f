"""Bulk jobs: one, and the list of them."""
