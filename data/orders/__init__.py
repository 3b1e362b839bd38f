"""Orders: placing them, finding them, and their life from placed to closed. See docs/orders.md."""
