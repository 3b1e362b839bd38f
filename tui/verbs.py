"""What screens ask of the shell (``screens.handle.ShellApi``), and what the global keys do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from data.errors import Invalid, Unavailable
from screens.action import Action
from styles.themes import NAMES
from tui.errors import shown_as

if TYPE_CHECKING:
    from data.access.rules import Actor
    from screens.overlay import Overlay
    from tui.app import Shell

Answer = TypeVar("Answer")


class Verbs:
    """The verbs of ``Shell``; kept apart from the app's machinery."""

    # -- for screens ------------------------------------------------------------------------------------------------

    def open_screen(self, name: str, **arguments: Any) -> None:
        """Go to screen ``name``, if the actor may; ``arguments`` are handed to its ``arrive``."""
        shell = _shell(self)
        place = next(place for place in shell.registry.places if place.name == name)
        actor = shell.handle.shop.actor if shell.handle.shop is not None else None
        if place.permission and actor is not None and not actor.may(place.permission):
            shell.bell()
            shell.current.status.say(f"{place.label}: {_lacks(actor, place.permission)}", "warn")
            return
        shell.navigator.open(name, arguments)

    def do(self, action: Action) -> None:
        """Do ``action``, if it is possible now."""
        _shell(self).router.run(action)

    def back(self) -> None:
        """Go one level back."""
        _shell(self).navigator.back()

    def why_not(self, action: Action) -> str:
        """Say why ``action`` is not possible now, ``""`` when it is."""
        shell = _shell(self)
        if action.permission:
            shop = shell.handle.shop
            # Screens wait for the shop by themselves, so one may go to them while it opens.
            if shop is None and action.area != "go":
                return "the shop is not open yet"
            if shop is not None and not shop.actor.may(action.permission):
                return _lacks(shop.actor, action.permission)
        return "" if action in shell.registry.shared else shell.current.why_not(action)

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """The keys of ``action`` after the keymap."""
        return _shell(self).registry.keymap.get(action.name, action.all_keys)

    @property
    def shared_actions(self) -> tuple[Action, ...]:
        """The actions every screen has: the global ones and the ways to other screens."""
        return _shell(self).registry.shared

    def copy_text(self, text: str, what: str) -> None:
        """Put ``text`` on the clipboard and say so honestly; ``what`` names it."""
        from tui.clipboard import MAX_BYTES, clean, copy_natively

        shell = _shell(self)
        text = clean(text)
        if len(text.encode()) > MAX_BYTES:
            shell.current.status.say(f"{what}: too long for a terminal's clipboard", "warn")
            return
        shell.copy_to_clipboard(text)

        def natively() -> None:
            done = copy_natively(text)
            said = f"{what} copied" if done else f"{what} sent to the terminal's clipboard"
            shell.call_later(lambda: shell.current.status.say(said, "good" if done else "plain"))

        shell.run_worker(natively, thread=True, group="clipboard", exit_on_error=False)

    def overlay(self, overlay: Overlay[Answer], then: Callable[[Answer | None], None] | None = None) -> None:
        """Show ``overlay``; ``then`` gets its answer, ``None`` on Esc."""
        shell = _shell(self)
        shell.hold_until_mounted(overlay)
        shell.push_screen(overlay, then)

    def confirm(self, sentence: str, then: Callable[[], None], *, count: int | None = None) -> None:
        """Show the one confirm shape; ``then`` runs on Enter. With ``count`` the number must be typed."""
        from screens.confirm import ConfirmOverlay

        self.overlay(ConfirmOverlay(sentence, count), lambda yes: then() if yes else None)

    def show_error(self, error: BaseException, *, doing: str = "") -> None:
        """Show ``error`` where errors of its kind go (``tui/errors.py``)."""
        shell = _shell(self)
        shown = shown_as(error, doing)
        if isinstance(error, Unavailable):
            shell.opening.suspect(error.store)
        elif isinstance(error, Invalid) and shell.current.show_invalid(error):
            return
        elif shown.where == "dialog":
            self._show_problem(error, doing, shown.text)
        else:
            shell.current.status.say(shown.text, shown.tone)

    def _show_problem(self, error: BaseException, doing: str, text: str) -> None:
        from tui.log import log_problem
        from tui.problem import ProblemOverlay

        shell = _shell(self)
        reference = log_problem(error, doing)
        shell.problems.append(error)
        if any(isinstance(screen, ProblemOverlay) for screen in shell.screen_stack):
            return  # one dialog at a time; the others are in the log

        def closed(copy: str | None) -> None:
            if copy:
                self.copy_text(copy, "reference")

        self.overlay(ProblemOverlay(text, reference, shell.log_file), closed)

    def resumed(self) -> None:
        """A screen is shown (again): dress it with what is known now."""
        shell = _shell(self)
        shell.opening.dress(shell.current)

    def refuse(self, action: Action, reason: str) -> None:
        """Say why ``action`` is not possible."""
        shell = _shell(self)
        shell.bell()
        shell.current.status.say(f"{action.label}: {reason}", "warn")

    # -- the global actions ------------------------------------------------------------------------------------------

    def go_back(self) -> None:
        """Esc: close what is open on the screen, else go back. Never quits."""
        shell = _shell(self)
        if not shell.current.step_back():
            shell.navigator.back()

    def previous_screen(self) -> None:
        """Backquote: swap with the screen before this one."""
        _shell(self).navigator.swap()

    def leave_program(self) -> None:
        """Quit, after a question when something typed would be lost."""
        shell = _shell(self)
        if any(screen.dirty for screen in shell.navigator.screens):
            self.confirm("Leaves the program; what is typed and not saved is lost.", shell.exit)
        else:
            shell.exit()

    def next_theme(self) -> None:
        """The next of the themes."""
        shell = _shell(self)
        at = NAMES.index(shell.theme) if shell.theme in NAMES else -1
        shell.theme = NAMES[(at + 1) % len(NAMES)]
        shell.current.status.say(f"theme {shell.theme}")

    def repaint(self) -> None:
        """``^L``: paint everything anew, where something else wrote into the terminal."""
        shell = _shell(self)
        shell.forget_frames()
        shell.screen.refresh()

    def list_top(self) -> None:
        """``g g``: the first row of the list that has the focus."""
        focused = _shell(self).focused
        if focused is not None and hasattr(focused, "action_top"):
            focused.action_top()

    def open_palette(self) -> None:
        """Open the palette."""
        from screens.palette import Entry, Palette

        shell = _shell(self)
        entries = [
            Entry(action, self.keys_of(action), self.why_not(action))
            for action in shell.router.scope.actions
            if not action.permission or shell.handle.shop is None or shell.handle.shop.actor.may(action.permission)
        ]

        def chosen(choice: Action | tuple[str, dict[str, Any]] | None) -> None:
            if isinstance(choice, Action):
                shell.router.run(choice)
            elif choice is not None:
                self.open_screen(choice[0], **choice[1])

        self.overlay(Palette(entries, shell.handle), chosen)

    def open_help(self) -> None:
        """Open the key sheet of the screen shown."""
        from screens.help import HelpSheet

        shell = _shell(self)
        scope = shell.router.scope
        groups: dict[str, list[Action]] = {}
        for action in scope.own:
            groups.setdefault(action.group or shell.current.NAME, []).append(action)
        groups["in the list"] = list(scope.listing)
        groups |= {where: list(actions) for where, actions in scope.panels}
        groups["everywhere"] = list(scope.shared)
        self.overlay(
            HelpSheet(
                [
                    (heading, [(self.keys_of(action), action, self.why_not(action)) for action in actions])
                    for heading, actions in groups.items()
                ]
            )
        )


def _lacks(actor: Actor, permission: str) -> str:
    return f"needs {permission}, which {actor.name} does not have"


def _shell(verbs: Verbs) -> Shell:
    return cast("Shell", verbs)
