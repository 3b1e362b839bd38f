"""Changing a placed order: what is wanted, what it costs, what it conflicts with, how it is written."""
