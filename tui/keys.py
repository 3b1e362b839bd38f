"""From a key to an action: control and function keys before the widgets, everything else after them.

So a letter typed into a field stays there, ``^S`` saves from inside it, and a list keeps its own keys.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from textual import events

from screens.action import Action, fires_in_input, show_key
from screens.base import AppScreen
from tui.actions import Registry, Scope

if TYPE_CHECKING:
    from tui.app import Shell


class KeyRouter:
    """Resolves keys and sequences on the screen shown."""

    def __init__(self, shell: Shell, registry: Registry) -> None:
        self._shell = shell
        self._registry = registry
        self._pending = ""

    def _scope(self) -> Scope | None:
        screen = self._shell.screen
        if isinstance(screen, AppScreen):
            return self._registry.scope(screen.NAME, screen.ACTIONS)
        return None

    def before_widgets(self, event: events.Key) -> bool:
        """Handle ``event`` if it must not reach the focused widget. Return whether it was handled."""
        scope = self._scope()
        if scope is None:
            self._pending = ""
            return False
        if self._pending:
            return self._continue(scope, event)
        if fires_in_input(event.key):
            action = scope.by_key.get(event.key)
            if action is not None:
                self.run(action)
                return True
        if event.key in scope.prefixes and not self._consumed(event):
            self._pending = event.key
            self._hint(scope)
            return True
        return False

    def _continue(self, scope: Scope, event: events.Key) -> bool:
        sequence = f"{self._pending} {event.key}"
        self._pending = ""
        self._shell.hide_sequence()
        action = scope.by_key.get(sequence)
        if action is not None:
            self.run(action)
        elif event.key != "escape":
            self._shell.bell()
        return True

    def _hint(self, scope: Scope) -> None:
        ways = [
            f"{show_key(key.removeprefix(self._pending + ' '))} {action.label}"
            for key, action in scope.by_key.items()
            if key.startswith(self._pending + " ")
        ]
        self._shell.show_sequence(f"{show_key(self._pending)} –  " + "  ".join(ways))

    def after_widgets(self, event: events.Key) -> None:
        """Handle ``event``, which no widget wanted."""
        scope = self._scope()
        if scope is None or self._consumed(event):
            return
        action = scope.by_key.get(event.key)
        if action is not None:
            self.run(action)

    def _consumed(self, event: events.Key) -> bool:
        focused = self._shell.focused
        return focused is not None and focused.check_consume_key(event.key, event.character)

    def run(self, action: Action) -> None:
        """Do ``action`` if it is possible now, else say why not."""
        reason = self._shell.why_not(action)
        if reason:
            self._shell.refuse(action, reason)
            return
        screen = self._shell.screen
        handler: Any = getattr(screen, action.handler, None) or getattr(self._shell, action.handler)
        target = screen if hasattr(screen, action.handler) else self._shell
        handler = getattr(target, action.handler)
        target.call_later(self._guarded, action, handler)

    async def _guarded(self, action: Action, handler: Any) -> None:
        try:
            outcome = handler(*action.arguments)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:  # noqa: BLE001 - an action never takes the program down
            self._shell.show_error(error, doing=action.label)
