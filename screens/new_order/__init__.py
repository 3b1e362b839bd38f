"""Taking a new order."""
