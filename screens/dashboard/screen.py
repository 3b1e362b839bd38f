"""Dashboard: the day in one look; everything on it can be entered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from screens.action import Action, show_key
from screens.base import AppScreen
from screens.dashboard.data import Figures, read_figures
from screens.dashboard.sheet import Way, page
from screens.orders.screen import VIEWS
from screens.shown import now
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget


#: Places the bar leaves out: one goes there for a reason, and the page's own line leads there.
RARE = ("events",)


class DashboardScreen(AppScreen):
    """The first screen."""

    NAME = "dashboard"
    KEYS_OF = (Sheet,)
    TITLE_CRUMBS = ("Today",)
    #: seconds between two readings while somebody looks; only what differs is painted
    REFRESH: ClassVar[float] = 4.0
    ACTIONS = (
        Action("dashboard.reload", ("r", "f5"), "refresh", "reload", help="Read the figures now", show=False),
        *(
            Action(
                f"dashboard.view_{place}",
                str(place),
                name,
                "open_view",
                "orders.view",
                help=f"Orders: {name}",
                group="Views",
                show=False,
                arguments=(query,),
            )
            for place, (name, query) in enumerate(VIEWS, start=1)
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.day = StateLine()
        self.sheet = Sheet(id="today")
        self.figures: Figures | None = None

    def compose_query(self) -> Iterable[Widget]:
        """The day."""
        yield self.day

    def compose_body(self) -> ComposeResult:
        """The figures."""
        yield self.sheet

    def on_mount(self) -> None:
        """Read now and then, while somebody looks."""
        self._show_day()
        self.sheet.say("Loading the day …")
        self.set_interval(self.REFRESH, self._again)

    def arrive(self, **arguments: Any) -> None:
        """Show the day."""
        self.sheet.focus()
        self.reload()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """Enter, the ways on (every place of daily work that has a ``g`` sequence, as the keymap has it), the views."""
        hints = [KeyHint("Enter", "open")]
        for action in self.shell.shared_actions:
            keys = [key for key in self.shell.keys_of(action) if " " in key]
            if action.area == "go" and action.arguments[0] not in (self.NAME, *RARE) and keys:
                hints.append(KeyHint(show_key(keys[0]), action.label, self.shell.why_not(action)))
        return (*hints, KeyHint(f"1–{len(VIEWS)}", "views"))

    def reload(self) -> None:
        """Read all figures."""
        self._read(afresh=True)

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: its figures too."""
        self.reload()

    def _again(self) -> None:
        if self.is_current and self.shop is not None:
            self._read(afresh=False)

    def _read(self, *, afresh: bool) -> None:
        earlier = self.figures
        self.load(
            lambda shop: read_figures(shop, earlier, afresh=afresh),
            then=self._show,
            failed=self._not_read,
            group="figures",
        )

    def _show(self, figures: Figures) -> None:
        self.figures = figures
        self._show_day()
        self.sheet.show(lambda width: page(figures, width))

    def _show_day(self) -> None:
        today = now().astimezone()
        age: tuple[Piece, ...] = ()
        if self.figures is not None and self.figures.books is not None:
            stale = "postgresql" in self.figures.away
            age = (Piece(f"as of {self.figures.books.read_at.astimezone():%H:%M}", "bad" if stale else "muted"),)
        self.day.show((Piece(f"{today:%A} {today.day} {today:%B}"),), age)

    def _not_read(self, error: Exception) -> None:
        if self.figures is None:
            self.sheet.say(*self.explain(error), tone="bad")
        else:
            self.shell.show_error(error, doing="reading the figures")

    def open_view(self, query: str) -> None:
        """Open the orders of a view."""
        self.shell.open_screen("orders", query=query)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Go where the line says."""
        if isinstance(event.what, Way):
            self.shell.open_screen(event.what.screen, **event.what.arguments)
