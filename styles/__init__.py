"""Textual style sheets."""
