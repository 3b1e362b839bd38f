"""The conflict screen: what differs, in three columns, and who is right field by field.

For any record: it shows fields with ``was``, ``theirs`` and ``mine`` and hands back those to give up. Rejected: a text
to be merged by hand, which asks people to know a format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from screens.overlay import Overlay
from widgets.cells import Cell, Column, Runs
from widgets.sheet import Sheet, SheetLine, table_heading, table_row
from widgets.text import visible

if TYPE_CHECKING:
    from data.orders.editing.conflict import Clash

_COLUMNS = (
    Column("label", "Field", 20, flex=1),
    Column("was", "Was", 8, flex=1),
    Column("theirs", "Theirs", 12, flex=1),
    Column("mine", "Mine", 12, flex=1),
)
_KEYS = "t theirs  m mine  T M all  b goes on with these  x drops mine  Esc"


@dataclass(frozen=True)
class Chosen:
    """The fields whose own change is given up; ``discard`` for all of it."""

    give_up: frozenset[str] = frozenset()
    discard: bool = False


class ConflictOverlay(Overlay[Chosen]):
    """Dismisses with what was chosen, ``None`` on Esc: then nothing is decided and nothing lost."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "choose('theirs')", "theirs", id="conflict.theirs"),
        Binding("m", "choose('mine')", "mine", id="conflict.mine"),
        Binding("T", "choose_all('theirs')", "all theirs", id="conflict.all_theirs"),
        Binding("M", "choose_all('mine')", "all mine", id="conflict.all_mine"),
        Binding("b", "rebase", "go on", id="conflict.rebase"),
        Binding("x", "discard", "throw mine away", id="conflict.discard"),
    ]

    DEFAULT_CSS = """
    ConflictOverlay .title { text-style: bold; }
    ConflictOverlay Sheet { height: 10; margin-top: 1; }
    ConflictOverlay .trouble { color: $error; }
    """

    def __init__(self, title: str, fields: Sequence[Clash]) -> None:
        super().__init__()
        self._title = visible(title)
        self._fields = tuple(fields)
        self._choice: dict[str, str] = {}
        self._sheet = Sheet(id="differences")
        self._hint = Static(Content(_KEYS), classes="hint")

    def compose(self) -> ComposeResult:
        """What happened, the fields, the keys."""
        with Vertical(classes="overlay"):
            yield Static(Content(self._title), classes="title")
            yield self._sheet
            yield self._hint

    def on_mount(self) -> None:
        """The bar stands on the first field that needs a choice."""
        self._sheet.styles.height = min(len(self._fields) + 1, 12)
        self._show()
        self._sheet.focus()

    def _show(self) -> None:
        self._sheet.show(self._rows)

    def _rows(self, width: int) -> list[SheetLine]:
        rows = [table_row(_COLUMNS, self._cells(one), width, one.field, one) for one in self._fields]
        return [table_heading(_COLUMNS, width), *rows]

    def _cells(self, one: Clash) -> tuple[Cell, ...]:
        """The value that will count carries ``●``, one that is given up ``○``, an open pair ``?``."""
        choice = self._choice.get(one.field) or ("" if one.open else "mine" if one.mine_moved else "theirs")
        marks = {"": "??", "theirs": "●○", "mine": "○●"}[choice]
        tones = {"●": "strong", "○": "muted", "?": "warn"}
        theirs, mine = (
            (f"{mark} {text}", tones[mark]) for mark, text in zip(marks, (one.theirs, one.mine), strict=True)
        )
        return (one.label, one.was, Runs((theirs,)), Runs((mine,)))

    def action_choose(self, who: str) -> None:
        """``t`` and ``m``: whose value counts for the field under the bar."""
        line = self._sheet.current
        if line is None:
            return
        if self._may(line.what, who):  # type: ignore[arg-type]
            self._choice[line.key] = who
            self._show()
            self._sheet.action_move(1)
        else:
            self.app.bell()
            self._say("Only they changed it: that stays")

    def action_choose_all(self, who: str) -> None:
        """``T`` and ``M``: whose values count wherever both changed something."""
        self._choice |= {one.field: who for one in self._fields if one.open}
        self._show()

    def _may(self, one: Clash, who: str) -> bool:
        return who == "theirs" or one.mine_moved

    def action_rebase(self) -> None:
        """``b``: go on with what was chosen, on the record as it is now."""
        left = [one for one in self._fields if one.open and one.field not in self._choice]
        if left:
            self.app.bell()
            self._sheet.go_to(left[0].field)
            self._say(f"Choose t or m for {left[0].label}")
            return
        self.dismiss(Chosen(frozenset(name for name, who in self._choice.items() if who == "theirs")))

    def action_discard(self) -> None:
        """``x``: throw my changes away."""
        self.dismiss(Chosen(discard=True))

    def _say(self, text: str) -> None:
        self._hint.update(Content(visible(f"{text}\n{_KEYS}")))
