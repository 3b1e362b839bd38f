"""The app: its start, keys, places and health. What it shows is in screens, what of in widgets."""
