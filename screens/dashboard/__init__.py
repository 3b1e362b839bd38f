"""The day in one look."""
