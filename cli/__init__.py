"""The headless twin: every verb of the terminal as ``storekeeper NOUN VERB --json``, through the same reads and the
same one door for writes.

``main`` is the entry point and the only place that writes to standard output; one module per noun holds its verbs.
A verb is a function that returns an :class:`cli.answer.Answer`, so one JSON document per run holds by construction.
Importing this package imports neither textual nor a database driver.
"""
