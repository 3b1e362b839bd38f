"""The tax table."""
