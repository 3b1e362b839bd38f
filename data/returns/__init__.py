"""Returns and exchanges: asked for, received, inspected. See docs/order-life.md."""
