"""The pieces screens are made of: grid, form, query line, sheet. They know nothing of the shop."""
