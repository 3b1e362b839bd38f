"""Everything that is not the terminal: settings, the five stores, the domain, events, the local engines.

Nothing in here imports textual or rich; import-linter holds that in ``make check``.
"""
