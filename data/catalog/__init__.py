"""Products and categories in MongoDB: their fields, edits, bulk changes and undo. See docs/catalog.md."""
