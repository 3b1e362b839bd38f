"""From a key to an action: control and function keys before the widgets, everything else after them.

So a letter typed into a field stays there, ``^S`` saves from inside it, and a list keeps its own keys. Over an overlay
only the ways out answer: a function key closes it and goes, ``^Q`` quits.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from textual import events
from textual.message_pump import MessagePump

from screens.action import Action, fires_in_input, show_key
from screens.base import AppScreen
from tui.actions import Registry, Scope
from tui.typeahead import Work

if TYPE_CHECKING:
    from tui.app import Shell


class KeyRouter:
    """Resolves keys and sequences on the screen shown, and runs actions."""

    def __init__(self, shell: Shell, registry: Registry) -> None:
        self._shell = shell
        self._registry = registry
        self._pending = ""
        self.work = Work()

    @property
    def scope(self) -> Scope:
        """What answers on the screen shown (below an overlay)."""
        return self._registry.scope(type(self._shell.current))

    def is_free(self, event: events.Event) -> bool:
        """Say whether ``event`` needs nothing of the screen shown: Esc, and what every screen answers to."""
        if not isinstance(event, events.Key):
            return False
        return bool(self._pending) or self.scope.by_key.get(event.key) in self._registry.shared

    def before_widgets(self, event: events.Key) -> bool:
        """Handle ``event`` if it must not reach the focused widget. Return whether it was handled."""
        overlaid = not isinstance(self._shell.screen, AppScreen)
        if self._pending and not overlaid:
            return self._continue(event)
        self._pending = ""
        if fires_in_input(event.key):
            action = self.scope.by_key.get(event.key)
            if action is not None and (not overlaid or _leads_out(action)):
                self.run(action)
                return True
        if not overlaid and event.key in self.scope.prefixes and not self._consumed(event):
            family = self._shell.current.FAMILIES.get(event.key)
            if family is not None:
                self.run(Action("app.family", event.key, family, "open_family", arguments=(event.key,)))
                return True
            self._pending = event.key
            self._shell.current.status.prompt(self._ways())
            return True
        return False

    def _continue(self, event: events.Key) -> bool:
        sequence = f"{self._pending} {event.key}"
        self._pending = ""
        self._shell.current.status.prompt("")
        action = self.scope.by_key.get(sequence)
        if action is not None:
            self.run(action)
        elif event.key != "escape":
            self._shell.bell()
        return True

    def _ways(self) -> str:
        """The keys that can follow the pending one, as row 23 shows them."""
        first = self._pending + " "
        ways = [
            f"{show_key(key.removeprefix(first))} {action.label}"
            for key, action in self.scope.by_key.items()
            if key.startswith(first)
        ]
        return f"{show_key(self._pending)} …  " + "  ".join(ways)

    def after_widgets(self, event: events.Key) -> None:
        """Handle ``event``, which no widget wanted."""
        self.work.touch()
        if not isinstance(self._shell.screen, AppScreen) or self._consumed(event):
            return
        action = self.scope.by_key.get(event.key)
        if action is not None:
            self.run(action)

    def _consumed(self, event: events.Key) -> bool:
        focused = self._shell.focused
        return focused is not None and focused.check_consume_key(event.key, event.character)

    def run(self, action: Action) -> None:
        """Do ``action`` if it is possible now, else say why not. Its handler runs in the pump of the screen."""
        reason = self._shell.why_not(action)
        if reason:
            self._shell.refuse(action, reason)
            return
        target = self._shell if action in self._registry.shared else self._shell.current
        if target.call_later(self._perform, target, action):
            self.work.begin()

    async def _perform(self, target: MessagePump, action: Action) -> None:
        try:
            outcome = getattr(target, action.handler)(*action.arguments)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:  # noqa: BLE001 - an action never takes the program down
            self._shell.show_error(error, doing=action.label)
        finally:
            self.work.end()


def _leads_out(action: Action) -> bool:
    """Whether ``action`` answers over an overlay too."""
    return action.area == "go" or action.name in ("app.quit", "app.repaint")
