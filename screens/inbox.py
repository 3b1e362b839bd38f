"""Inbox: the notes that mention me, unread first of all; Enter opens the order and takes the note as read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from textual.app import ComposeResult

from data.ids import new_id
from screens.action import Action
from screens.base import AppScreen
from screens.shown import when
from widgets.cells import Cell, Column
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.notes.reads import MentionRow
    from data.shop import Shop

COLUMNS = (
    Column("unread", "", 1),
    Column("created_at", "When", 9),
    Column("author", "From", 14),
    Column("order_number", "Order", 9),
    Column("customer", "Customer", 18, min_total=110),
    Column("body", "Note", 24, flex=1),
)


def cells(row: MentionRow) -> tuple[Cell, ...]:
    """Return one mention as the list shows it; what is unread carries a dot."""
    return ("●" if row.read_at is None else "", when(row.created_at), row.author, row.order_number,
            row.customer_name, row.body)  # fmt: skip


class InboxScreen(AppScreen):
    """Read what colleagues wrote to me on orders."""

    NAME = "inbox"
    TITLE_CRUMBS = ("Inbox",)
    ACTIONS = (
        Action(
            "inbox.read", "x", "read", "mark_read", "orders.note", help="Take the marked notes, or this one, as read"
        ),
        Action("inbox.read_all", "X", "all read", "mark_all", "orders.note", help="Take every note as read", rank=60),
        Action("inbox.show", "f", "unread/all", "switch", help="Show unread notes only, or all", rank=55),
        Action("inbox.reload", ("r", "f5"), "reload", "reload", help="Read the list again, stay here", rank=80),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.unread = True
        self.grid: Grid[MentionRow] = Grid(
            COLUMNS,
            cells,
            key=lambda row: str(row.note_id),
            empty=("Nothing new for you.", "f shows what you have read · @name in a note puts it here"),
            id="inbox",
        )

    def compose_query(self) -> Iterable[Widget]:
        """Which notes."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The list."""
        yield self.grid

    def arrive(self, **arguments: Any) -> None:
        """List what is new."""
        self.grid.focus()
        self._list()

    def reload(self) -> None:
        """Read the list again, stay at this row."""
        self.grid.reload()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does here."""
        return (KeyHint("Enter", "open order"),)

    def why_not(self, action: Action) -> str:
        """Reading needs a note."""
        return "no note under the bar" if action.name == "inbox.read" and self.grid.current is None else ""

    def switch(self) -> None:
        """Unread only, or all."""
        self.unread = not self.unread
        self._list()

    def _list(self) -> None:
        word = "unread" if self.unread else "all"
        self.state.show((Piece(f"Notes that mention you · {word}"),))
        self.grid.show(self.pages(_source(self.unread)))

    def on_grid_loaded(self, event: Grid.Loaded) -> None:
        """Say how many there are, where they were seen whole."""
        self.status.facts(f"{event.estimate:,} notes" if event.exact and event.estimate is not None else "newest first")
        self.refresh_keys()

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Open the order; the note is read with it."""
        row: MentionRow = event.row
        self._mark((row.note_id,), quiet=True)
        self.shell.open_screen("order", order_number=row.order_number)

    def mark_read(self) -> None:
        """Take the marked notes, or the one under the bar, as read."""
        marked = tuple(UUID(key) for key in self.grid.marks.keys)
        if not marked and self.grid.current is not None:
            marked = (self.grid.current.note_id,)
        if marked:
            self._mark(marked)

    def mark_all(self) -> None:
        """Take everything as read."""
        self.shell.confirm("Takes every note that mentions you as read; none is deleted.", lambda: self._mark(()))

    def _mark(self, notes: tuple[UUID, ...], *, quiet: bool = False) -> None:
        def done(read: int) -> None:
            self.grid.clear_marks()
            if not quiet:
                self.status.say(f"{read:,} read", "good")
            self.grid.reload()

        self.load(_mark, notes, str(new_id()), then=done, group="mark", doing="marking notes as read")


def _source(unread: bool) -> Any:
    def source(shop: Shop) -> Any:
        from data.notes.reads import list_mentions

        def fetch(*, after: str | None, before: str | None, limit: int) -> Any:
            postgres, me = shop.stores.postgres, shop.actor.user_id
            return list_mentions(postgres, me, unread=unread, after=after, before=before, limit=limit)

        return fetch

    return source


def _mark(shop: Shop, notes: tuple[UUID, ...], key: str) -> int:
    from data.notes.messages import MarkMentionsRead

    read: int = shop.door.run(MarkMentionsRead(note_ids=notes), shop.actor, key=key).result.read
    return read
