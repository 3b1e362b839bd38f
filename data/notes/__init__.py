"""Notes on orders, internal or public, and the inbox of those a note mentions. See docs/notes.md."""
