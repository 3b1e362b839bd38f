"""Saved views and chosen columns of a list."""
