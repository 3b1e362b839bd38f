"""Papers of an order: packing slip, pick list, invoice, as text and PDF. See docs/documents.md."""
