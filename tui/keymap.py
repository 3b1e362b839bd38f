"""The person's own keys: a TOML file that maps an action's name to its keys.

    [keys]
    "orders.ship" = "S"
    "grid.down" = ["n", "down"]
    "app.theme" = []            # no key at all

Read before the first paint, checked against all actions afterwards (which imports every screen), so a wrong file costs
a message and never the start.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import Invalid
from screens.action import is_key, normal_key

if TYPE_CHECKING:
    from tui.actions import Registry

Keymap = dict[str, tuple[str, ...]]


def read_keymap(file: Path) -> Keymap:
    """Return what ``file`` maps. Raises ``Invalid`` naming the file and every entry that is no key."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid({str(file): f"cannot be read: {error.strerror}"}) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid({str(file): f"is not TOML: {error}"}) from None
    stray = sorted(document.keys() - {"keys"})
    if stray:
        raise Invalid({str(file): f"has {stray[0]!r} at its top level; actions go under [keys]"})
    wrong: dict[str, str] = {}
    keymap: Keymap = {}
    for name, value in document.get("keys", {}).items():
        keys = [value] if isinstance(value, str) else value
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            wrong[f"{file}: {name}"] = 'wants a key like "s", "ctrl+s", "f9", "g x", or a list of them'
            continue
        bad = [key for key in keys if not is_key(key)]
        if bad:
            wrong[f"{file}: {name}"] = f"{bad[0]!r} is not a key"
        keymap[name] = tuple(normal_key(key) for key in keys)
    if wrong:
        raise Invalid(wrong)
    return keymap


def check_keymap(registry: Registry) -> None:
    """Check the registry's keymap against all actions. Raises ``Invalid`` with each unknown name and conflict."""
    known = [action.name for _, action in registry.every()]
    wrong: dict[str, str] = {}
    for name in registry.keymap:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            wrong[name] = "is no action" + (f"; did you mean {near[0]}?" if near else "")
    for screen, conflict in registry.conflicts():
        if {conflict.first, conflict.second} & registry.keymap.keys():
            wrong.setdefault(f"{screen}: {conflict.key}", str(conflict))
    if wrong:
        raise Invalid(wrong)
