"""The one registry of actions, made from what the shell, the screens and the lists declare.

The key bar, the ``?`` sheet, the palette, the keymap and docs/keys.md all read it. ``python -m tui.actions`` prints
docs/keys.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.binding import Binding

from screens.action import Action, show_key
from screens.places import PLACES, Place

if TYPE_CHECKING:
    from textual.widget import Widget

    from screens.base import AppScreen

GLOBAL: tuple[Action, ...] = (
    Action("app.palette", (":", "ctrl+p"), "go", "open_palette", help="Find an action, or jump to anything", rank=90),
    Action("app.help", ("?", "f1"), "keys", "open_help", help="All keys of this screen", show=False),
    Action("app.back", "escape", "back", "go_back", help="One level back; never quits", show=False),
    Action("app.previous", "`", "previous screen", "previous_screen", help="Swap with the screen before", show=False),
    Action("app.theme", "f9", "theme", "next_theme", help="The next of the four themes", show=False),
    Action("app.repaint", "ctrl+l", "repaint", "repaint", help="Paint everything anew", show=False),
    Action("app.quit", "ctrl+q", "quit", "leave_program", help="Leave the program", show=False),
    Action("list.top", "g g", "first row", "list_top", help="The first row of the list", show=False),
)


def go_actions(places: Sequence[Place]) -> tuple[Action, ...]:
    """Return one action per place that has keys."""
    return tuple(
        Action(
            f"go.{place.name}",
            place.keys,
            place.label,
            "open_screen",
            permission=place.permission,
            help=f"Go to {place.label}",
            show=False,
            arguments=(place.name,),
        )
        for place in places
        if place.keys
    )


def widget_actions(widgets: Sequence[type[Widget]]) -> tuple[Action, ...]:
    """Return the keys ``widgets`` take while they have the focus; they do them themselves, so there is no handler."""
    return tuple(
        Action(binding.id or "", tuple(binding.key.split(",")), binding.description, "", help=binding.description)
        for widget in widgets
        for binding in widget.BINDINGS
        if isinstance(binding, Binding)
    )


@dataclass(frozen=True)
class Conflict:
    """Two actions under one key where only one can answer."""

    key: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{show_key(self.key)} stands for both {self.first} and {self.second}"


@dataclass
class Scope:
    """What answers on one screen: its own actions, the global ones, and the list's where it has one."""

    own: tuple[Action, ...]
    shared: tuple[Action, ...]
    listing: tuple[Action, ...] = ()
    keymap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_key: dict[str, Action] = {}
        self.prefixes: set[str] = set()
        self.conflicts: list[Conflict] = []
        for action in (*self.own, *self.shared):
            for key in self.keys_of(action):
                self._claim(key, action)
        for action in self.listing:
            for key in self.keys_of(action):
                taken = self.by_key.get(key)
                if taken is not None:
                    self.conflicts.append(Conflict(key, taken.name, action.name))
        for prefix in sorted(self.prefixes & self.by_key.keys()):
            self.conflicts.append(Conflict(prefix, self.by_key[prefix].name, "the first key of a sequence"))

    def _claim(self, key: str, action: Action) -> None:
        taken = self.by_key.setdefault(key, action)
        if taken is not action:
            self.conflicts.append(Conflict(key, taken.name, action.name))
        if " " in key:
            self.prefixes.add(key.rpartition(" ")[0])

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """Return the keys of ``action`` after the keymap."""
        return self.keymap.get(action.name, action.all_keys)

    @property
    def actions(self) -> tuple[Action, ...]:
        """The screen's own and the global actions."""
        return (*self.own, *self.shared)


class Registry:
    """All actions there are, for the ``places`` there are, under the person's ``keymap`` (name → keys)."""

    def __init__(self, places: Sequence[Place] = PLACES, keymap: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.places = tuple(places)
        self.keymap: dict[str, tuple[str, ...]] = dict(keymap or {})
        self.shared = (*GLOBAL, *go_actions(self.places))
        self._scopes: dict[type[AppScreen], Scope] = {}

    def scope(self, screen: type[AppScreen]) -> Scope:
        """Return what answers on ``screen``."""
        known = self._scopes.get(screen)
        if known is None:
            known = Scope(screen.ACTIONS, self.shared, widget_actions(screen.KEYS_OF), self.keymap)
            self._scopes[screen] = known
        return known

    def every(self) -> Iterator[tuple[str, Action]]:
        """Yield (group, action) for all actions, importing every screen. A screen's group is its label."""
        for action in self.shared:
            yield "everywhere", action
        screens = [(place.label, place.screen_class()) for place in self.places]
        widgets = dict.fromkeys(widget for _, screen in screens for widget in screen.KEYS_OF)
        for widget in widgets:
            for action in widget_actions([widget]):
                yield f"in a {widget.__name__.lower()}", action
        for label, screen in screens:
            for action in screen.ACTIONS:
                yield label, action

    def conflicts(self) -> list[tuple[str, Conflict]]:
        """Return (screen, conflict) for every screen, importing all of them."""
        found = []
        for place in self.places:
            found += [(place.name, conflict) for conflict in self.scope(place.screen_class()).conflicts]
        return found


def keys_page(registry: Registry) -> str:
    """Return docs/keys.md."""
    lines = ["# Keys", "", "Made by `python -m tui.actions`; names are what the keymap file uses (docs/keymap.md).", ""]
    group = ""
    for heading, action in registry.every():
        if heading != group:
            group = heading
            lines += [f"## {heading[:1].upper()}{heading[1:]}", "", "| Key | Does | Name |", "|---|---|---|"]
        keys = " or ".join(f"`{show_key(key)}`" if "`" not in show_key(key) else "backquote" for key in action.all_keys)
        need = f" (needs {action.permission})" if action.permission else ""
        lines.append(f"| {keys} | {action.help or action.label}{need} | {action.name} |")
    return "\n".join(_with_gaps(lines)) + "\n"


def _with_gaps(lines: list[str]) -> Iterator[str]:
    """Yield ``lines`` with an empty one before each heading."""
    for line in lines:
        if line.startswith("## "):
            yield ""
        yield line


if __name__ == "__main__":
    print(keys_page(Registry()), end="")
