"""The one registry of actions, made from what the screens and the shell declare.

``python -m tui.actions`` prints docs/keys.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from screens.action import Action, show_key
from screens.places import PLACES, Place

GLOBAL: tuple[Action, ...] = (
    Action("app.palette", (":", "ctrl+p"), "go", "open_palette", help="Find an action or jump to anything", rank=90),
    Action("app.help", ("?", "f1"), "keys", "open_help", help="All keys of this screen", show=False),
    Action("app.back", "escape", "back", "go_back", help="One level back; never quits", show=False),
    Action("app.previous", "`", "previous", "previous_screen", help="The screen before this one", show=False),
    Action("app.quit", "ctrl+q", "quit", "leave_program", help="Leave the program", show=False),
    Action("app.theme", (), "theme", "next_theme", help="The next theme", show=False),
    Action("list.top", "g g", "first row", "list_top", help="The first row of the list", show=False),
)


def go_actions() -> tuple[Action, ...]:
    """Return one action per place that has keys."""
    return tuple(
        Action(
            f"go.{place.name}",
            place.keys,
            place.label,
            "open_screen",
            permission=place.permission,
            help=f"Go to {place.label}",
            group="Go",
            show=False,
            arguments=(place.name,),
        )
        for place in PLACES
        if place.keys
    )


@dataclass(frozen=True)
class Conflict:
    """Two actions under one key where only one can answer."""

    key: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{show_key(self.key)} is {self.first} and {self.second}"


@dataclass
class Scope:
    """The actions that answer on one screen: its own before the global ones."""

    own: tuple[Action, ...]
    shared: tuple[Action, ...]
    keymap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_key: dict[str, Action] = {}
        self.prefixes: set[str] = set()
        self.conflicts: list[Conflict] = []
        for action in (*self.own, *self.shared):
            for key in self.keys_of(action):
                taken = self.by_key.setdefault(key, action)
                if taken is not action:
                    self.conflicts.append(Conflict(key, taken.name, action.name))
                if " " in key:
                    self.prefixes.add(key.rpartition(" ")[0])
        for prefix in self.prefixes & self.by_key.keys():
            self.conflicts.append(Conflict(prefix, self.by_key[prefix].name, "the first key of a sequence"))

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """Return the keys of ``action`` after the keymap."""
        return self.keymap.get(action.name, action.all_keys)

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions of the scope."""
        return (*self.own, *self.shared)


class Registry:
    """All actions there are."""

    def __init__(self, keymap: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.keymap = dict(keymap or {})
        self.shared = (*GLOBAL, *go_actions())
        self._scopes: dict[tuple[str, int], Scope] = {}

    def scope(self, name: str, own: tuple[Action, ...]) -> Scope:
        """Return the scope of the screen called ``name`` with its ``own`` actions."""
        key = (name, id(own))
        if key not in self._scopes:
            self._scopes[key] = Scope(own, self.shared, self.keymap)
        return self._scopes[key]


def places_with_classes() -> Iterable[Place]:
    """Return the places whose module exists."""
    return PLACES
