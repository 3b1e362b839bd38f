"""``storekeeper search reindex``."""

from __future__ import annotations

import click

from cli.options import Noun


@click.group(cls=Noun, name="search")
def command() -> None:
    """Rebuild the search index."""
