"""What lies where, and why."""
