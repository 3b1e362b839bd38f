"""Money of an order: authorised, captured, refunded, through a provider, as a ledger. See docs/order-life.md."""
