"""Drafts that hold stock until a date."""
