"""Stock: what lies where, held for whom; a level never changes without its movement. See docs/architecture.md."""
