"""Editing one order with a live preview."""
