"""The relay, its dead letters, and how well search and cache follow."""
