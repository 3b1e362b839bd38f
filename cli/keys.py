"""``storekeeper keys``: every key of the terminal app, the person's own keymap applied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from cli.answer import Answer
from cli.columns import columns
from cli.options import JsonCommand
from data.settings import load_settings


@click.command("keys", cls=JsonCommand)
def command() -> Answer:
    """List every action of the terminal app with its keys, the settings' keymap applied."""
    from screens.action import show_key
    from tui.actions import Registry
    from tui.keymap import read_keymap

    settings = load_settings()
    keymap = read_keymap(settings.keymap) if settings.keymap else {}
    rows = [
        {
            "name": action.name,
            "keys": [show_key(key) for key in keymap.get(action.name, action.all_keys)],
            "where": group,
            "help": action.help or action.label,
            "permission": action.permission or None,
        }
        for group, action in Registry(keymap=keymap).every()
    ]
    return Answer({"total": len(rows), "total_exact": True, "rows": rows}, lambda: _lines(rows))


def _lines(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    yield from columns(
        ("where", "keys", "does", "name"), [(row["where"], row["keys"], row["help"], row["name"]) for row in rows]
    )
