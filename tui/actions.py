"""The one registry of actions, made from what the shell, the screens and the lists declare.

The key bar, the ``?`` sheet, the palette, the keymap and docs/keys.md all read it. ``python -m tui.actions`` prints
docs/keys.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
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


#: Small windows over a screen, and what stands in them: dotted class → where its keys answer. No screen names them, so
#: they stand in no ``?`` sheet (each says its keys itself), but in docs/keys.md and the keymap like all others.
OVERLAYS: Mapping[str, str] = {
    "screens.overlay:Overlay": "in any window over a screen",
    "screens.confirm:ConfirmOverlay": "in a question",
    "screens.forms.overlay:FormOverlay": "in a form",
    "widgets.form:Form": "from field to field of a form",
    "widgets.field:SelectInput": "in a field with a few choices",
    "widgets.suggest:SuggestInput": "in a field with suggestions",
    "screens.conflict:ConflictOverlay": "where two people changed the same",
    "screens.palette:Palette": "in the palette",
    "screens.views.overlays:ViewsOverlay": "in the saved views",
    "screens.views.overlays:ColumnsOverlay": "in the columns to choose",
    "screens.help:HelpSheet": "in the sheet of keys",
}


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
        if isinstance(binding, Binding) and binding.id  # one without a name keeps keys from doing anything: no action
    )


def place_of(widget: type[Widget]) -> str:
    """Return where the keys of ``widget`` answer, as a heading says it: its own word for it, else its class's name."""
    return getattr(widget, "KEYS_IN", "") or f"in a {widget.__name__.lower()}"


def _overlaid() -> Iterator[tuple[str, type[Widget]]]:
    """Yield (heading, class) for ``OVERLAYS``, importing them."""
    for dotted, heading in OVERLAYS.items():
        module, _, name = dotted.partition(":")
        yield heading, getattr(import_module(module), name)


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
    #: of widgets that go before all others while they have the focus: (where, keys); their keys conflict with nothing
    panels: tuple[tuple[str, tuple[Action, ...]], ...] = ()

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
            panels = tuple((place_of(widget), widget_actions([widget])) for widget in screen.PANELS)
            known = Scope(screen.ACTIONS, self.shared, widget_actions(screen.KEYS_OF), self.keymap, panels)
            self._scopes[screen] = known
        return known

    def every(self) -> Iterator[tuple[str, Action]]:
        """Yield (group, action) for all actions, importing every screen. A screen's group is its label."""
        for action in self.shared:
            yield "everywhere", action
        screens = [(place.label, place.screen_class()) for place in self.places]
        widgets = dict.fromkeys(widget for _, screen in screens for widget in (*screen.KEYS_OF, *screen.PANELS))
        for where, widget in (*((place_of(widget), widget) for widget in widgets), *_overlaid()):
            for action in widget_actions([widget]):
                yield where, action
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
