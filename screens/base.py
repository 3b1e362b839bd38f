"""AppScreen: the grammar of every screen (rows 1, 2, 3 to 22, 23, 24), its actions, and what it says of errors.

How it loads data is ``Loads`` (``screens/loading.py``). See docs/screens-howto.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input

from data.errors import Invalid, StorekeeperError, Unavailable
from data.types import Progress
from screens.action import Action, fires_in_input, show_key
from screens.loading import Loads
from screens.quiet import QuietFocus
from widgets.form import Form
from widgets.grid import Grid
from widgets.headerline import HeaderLine
from widgets.keybar import KeyBar, KeyHint
from widgets.opening import OpeningPanel
from widgets.queryline import QueryLine
from widgets.rule import SectionRule
from widgets.statusline import StatusLine
from widgets.still import Still
from widgets.sturdy import Sturdy

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.shop import Shop

Result = TypeVar("Result")


class Pane(Still, Container):
    """A part of the screen that holds widgets."""


class AppScreen(QuietFocus, Sturdy, Still, Loads):
    """Base of every full screen.

    A subclass sets ``NAME`` (its name in the shell), ``TITLE_CRUMBS``, ``ACTIONS``, and overrides ``compose_body`` and,
    where it has one, ``compose_query`` (row 2). ``arrive`` is called whenever somebody goes to it.
    """

    NAME: ClassVar[str] = ""
    TITLE_CRUMBS: ClassVar[tuple[str, ...]] = ()
    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    #: first keys that several actions share (as ``normal_key`` spells them), with the heading of the menu they open
    FAMILIES: ClassVar[Mapping[str, str]] = {}
    #: the heading of the rule in row 3; ``None`` = the body draws its own first line
    TOP_RULE: ClassVar[str | None] = ""
    #: CSS selector of the widget that has the focus at first
    AUTO_FOCUS = ""
    #: the widgets whose own keys (``j``, ``space`` …) its actions must leave alone, and the ``?`` sheet lists
    KEYS_OF: ClassVar[tuple[type[Widget], ...]] = (Grid,)
    #: the widgets whose own keys go before its actions for as long as they have the focus; ``?`` lists them apart
    PANELS: ClassVar[tuple[type[Widget], ...]] = ()

    def __init__(self) -> None:
        super().__init__(name=self.NAME, id=f"screen-{self.NAME}")
        self.header = HeaderLine(self.TITLE_CRUMBS, id="header")
        self.status = StatusLine(id="status")
        self.keybar = KeyBar(id="keys")
        self.top_rule = SectionRule(self.TOP_RULE or "", id="top-rule")

    # -- the rows ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Compose the rows once; only the body differs between screens."""
        yield self.header
        with Pane(id="query"):
            yield from self.compose_query()
        if self.TOP_RULE is not None:
            yield self.top_rule
        with Pane(id="body"):
            yield from self.compose_body()
        yield SectionRule(id="bottom-rule")
        yield self.status
        yield self.keybar

    def compose_query(self) -> Iterable[Widget]:
        """Row 2: what am I looking at. Nothing by default."""
        return ()

    def compose_body(self) -> Iterable[Widget]:
        """Rows 3 to 22: the work."""
        return ()

    def show_crumbs(self, *crumbs: str) -> None:
        """Change the breadcrumb behind the product's name."""
        self.header.show_crumbs(crumbs)

    # -- life -------------------------------------------------------------------------------------------------------

    @property
    def shop(self) -> Shop | None:
        """The open shop, ``None`` until it is open. Handlers read ``shop.actor``; stores are for ``load`` only."""
        return self.shell.handle.shop

    def on_screen_resume(self) -> None:
        """The screen is shown (again): rows 1, 23 and 24 tell how things are now."""
        self.shell.resumed()
        self.refresh_keys()

    def on_resize(self) -> None:
        """The key bar says more where there is room."""
        self.refresh_keys()

    def arrive(self, **arguments: Any) -> None:
        """Somebody goes to this screen (at first, after its mount). Going back to it as it was does not call it."""

    def entered(self, **arguments: Any) -> None:
        """Called by the shell when somebody goes to this screen by its name or key; calls ``arrive``."""
        for line in self.query(QueryLine):
            line.input.arrived = True
        self.arrive(**arguments)

    @property
    def dirty(self) -> bool:
        """Whether leaving the program would lose something typed."""
        return False

    def leave(self) -> bool:
        """``Esc`` was pressed: close what is open on this screen. Return True when there was something to close."""
        return False

    def step_back(self) -> bool:
        """Go one level back inside this screen: what is open, marks, a field. Return whether there was one."""
        if self.leave():
            return True
        grids = list(self.query(Grid))
        if any(grid.clear_marks() for grid in grids):
            return True
        if isinstance(self.focused, Input) and grids and grids[0].can_focus and grids[0].display:
            grids[0].focus()
            return True
        return False

    def reload(self) -> None:
        """Read again what is shown, and stay where one is. Override where there is something to read."""

    def recovered(self, stores: tuple[str, ...]) -> None:
        """``stores`` are back: lists that could not be read are read again. Override for other loads."""
        for grid in self.query(Grid):
            if grid.failed:
                grid.reload()

    def show_invalid(self, error: Invalid) -> bool:
        """Show refused fields under their inputs. Return False where the screen has no such field."""
        rest = dict(error.fields)
        for form in self.query(Form):
            rest = form.show_errors(rest)
        return not rest

    def show_opening(self, progress: Progress | None) -> None:
        """Cover the work rows with how far opening the shop is; ``None`` uncovers them."""
        panels = self.query(OpeningPanel)
        if progress is None:
            panels.remove()
        elif self.is_mounted:
            panel = panels.first() if panels else OpeningPanel()
            if not panels:
                self.query_one("#body").mount(panel)
            panel.show(progress)

    # -- actions ----------------------------------------------------------------------------------------------------

    def why_not(self, action: Action) -> str:
        """Say why ``action`` makes no sense now ("no row chosen"), ``""`` when it does. Permissions come first."""
        return ""

    def answers(self, action: Action) -> bool:
        """Say whether the key of ``action`` would be heard now; the key bar leaves out those that would not.

        A screen whose input has the focus may leave out the letters: they would be typed.
        """
        return True

    def fires_while_typing(self, action: Action) -> bool:
        """Say whether the key of ``action`` is one that no text takes."""
        return any(map(fires_in_input, self.shell.keys_of(action)[:1]))

    def more_hints(self) -> tuple[KeyHint, ...]:
        """Hints for keys that belong to widgets (``Enter open``), put before the actions in the key bar."""
        return ()

    def refresh_keys(self) -> None:
        """Show the key bar anew; call it when what is possible has changed."""
        if not self.is_attached:
            return
        shown = sorted(
            (action for action in self.ACTIONS if action.show and self.answers(action)), key=lambda action: action.rank
        )
        hints = [*self.more_hints()]
        hints += [self._hint(action) for action in shown if self.shell.keys_of(action)]
        palette = next(action for action in self.shell.shared_actions if action.name == "app.palette")
        if self.answers(palette):
            hints += [self._hint(palette)] if self.shell.keys_of(palette) else []
            hints.append(KeyHint("?", "keys" if self.size.width >= 100 else ""))
        self.keybar.show(tuple(hints))

    def open_family(self, first: str) -> None:
        """Show the actions whose keys begin with ``first`` as a menu; the one chosen is done."""
        from screens.family import open_menu

        open_menu(self, first, self.family_heading(first))

    def family_heading(self, first: str) -> str:
        """Return what stands above the menu that ``first`` opens; override to say how things stand."""
        return self.FAMILIES[first]

    def _hint(self, action: Action) -> KeyHint:
        return KeyHint(show_key(self.shell.keys_of(action)[0]), action.label, self.shell.why_not(action))

    # -- what is going on -------------------------------------------------------------------------------------------

    def tell_waiting(self, keys: int) -> None:
        """Say in row 23 how many keys wait, and that Esc drops them."""
        self.status.prompt(
            f"{keys} key{'s' if keys != 1 else ''} typed ahead, done once it is read · Esc drops them" if keys else ""
        )

    def tell_dropped(self, keys: int) -> None:
        """Say in row 23 that they were dropped."""
        self.status.say(f"{keys} key{'s' if keys != 1 else ''} typed ahead dropped: it could not be read", "warn")

    def report(self, progress: Progress | None) -> None:
        """Show progress in row 23; may be called from a worker thread (hand it to ``data`` as ``report``)."""
        self.app.call_later(self.status.progress, progress)

    def explain(self, error: Exception) -> tuple[str, str]:
        """Return what a grid shows for ``error``: one sentence, and what to press."""
        if isinstance(error, Unavailable):
            return (str(error), "It is tried again by itself; r tries now")
        if isinstance(error, Invalid):
            return (str(error), "/ changes the query")
        if isinstance(error, StorekeeperError):
            return (str(error), "r tries again")
        return (f"Something went wrong: {type(error).__name__}", "r tries again; the log has the details")

    def on_grid_copy_requested(self, event: Grid.CopyRequested) -> None:
        """``y`` or ``Y`` in a list."""
        event.stop()
        self.shell.copy_text(event.text, event.what)

    def on_grid_load_failed(self, event: Grid.LoadFailed) -> None:
        """A page could not be had: the grid shows why, and unexpected errors go to the log."""
        event.stop()
        event.grid.show_error(*self.explain(event.error))
        if isinstance(event.error, Unavailable) or not isinstance(event.error, StorekeeperError):
            self.shell.show_error(event.error, doing="loading the list")
