"""Demo data: a believable shop of any size, the same for the same seed. ``load.load_demo`` is the whole offer."""
