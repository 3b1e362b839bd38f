"""One order: its page, its parcels, money and returns."""
