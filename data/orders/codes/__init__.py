"""Discount codes."""
