"""``storekeeper config show``: the settings in force, secrets masked."""

from __future__ import annotations

from pathlib import Path

import click

from cli.answer import Answer
from cli.columns import pairs
from cli.options import Noun
from data.settings import Settings, load_settings, mask_url


@click.group(cls=Noun, name="config")
def command() -> None:
    """Show the settings in force."""


@command.command()
def show() -> Answer:
    """Show every setting; passwords are masked, an empty URL means the local engine."""
    settings = load_settings()
    document = {name: _masked(getattr(settings, name)) for name in Settings.__struct_fields__}
    return Answer(document, lambda: pairs(document))


def _masked(value: object) -> object:
    if isinstance(value, str):
        return mask_url(value)
    return str(value) if isinstance(value, Path) else value
