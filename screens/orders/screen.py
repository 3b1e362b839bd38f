"""Orders: the list, filtered by one readable line; beside it, from 100 columns, the order under the bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data.views.rules import View, built_in
from screens.action import Action
from screens.order.sheet import order_summary
from screens.orders.columns import OWN, cells_for, column_names, columns_for
from screens.orders.export import EXPORT, OrderExport
from screens.orders.line import OrderLineHelp
from screens.orders.many import MANY, NEED_ORDER, ManyOrders
from screens.orders.undo import UNDO_LAST, UndoInList
from screens.views.saved import SavedViews, view_actions
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from data.estimate import Approximate
    from data.orders.query import OrderQuery
    from data.orders.reads import OrderDetail, OrderRow
    from data.shop import Shop
    from widgets.cells import Column

#: The views every shop starts with, on the keys from 1 on: name and query.
VIEWS: tuple[tuple[str, str], ...] = tuple((view.name, view.query) for view in built_in("orders"))
#: seconds between two looks at how much the views find, while the list is shown
_COUNTED_EVERY = 30.0


class OrdersScreen(ManyOrders, UndoInList, OrderExport, SavedViews, OrderLineHelp):
    """Find an order, see what it needs, open it."""

    NAME = "orders"
    VIEWS_OF = "orders"
    TITLE_CRUMBS = ("Orders",)
    ACTIONS = (
        Action("orders.filter", "/", "filter", "type_query", help="Edit the line that says which orders", rank=60),
        Action("orders.new", "n", "new", "new_order", permission="orders.place", help="Place an order", rank=20),
        *MANY,
        EXPORT,
        UNDO_LAST,
        Action("orders.edit", "e", "edit", "edit", "orders.edit", help="Change the order under the bar", show=False),
        Action("orders.clear", "ctrl+u", "all", "clear_query", help="Empty the filter line: every order", show=False),
        Action("orders.reload", ("r", "f5"), "reload", "reload", help="Read the list again, stay at this row", rank=80),
        *view_actions("orders"),
    )

    DEFAULT_CSS = """
    OrdersScreen #beside { width: 42; padding-left: 1; display: none; }
    OrdersScreen.-wide #beside, OrdersScreen.-broad #beside { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_line = QueryLine(placeholder="status:processing total:>100 tag:rush assigned:me unpaid, or words")
        self.grid: Grid[OrderRow] = Grid(
            OWN,
            cells_for(OWN),
            key=lambda row: row.order_number,
            empty=("No orders match.", "/ changes the filter · 6 shows all · n places one"),
            id="orders",
        )
        #: the columns that somebody chose; the list's own know by themselves which go first
        self._chosen: tuple[Column, ...] = ()

    def on_mount(self) -> None:
        """Start in the list: its keys are at hand, ``/`` types. What the views find is looked up again now and then."""
        self.query_line.note(self.idle_note())
        self.grid.focus()
        self.set_interval(_COUNTED_EVERY, self._count_again)

    def on_resize(self) -> None:
        """Columns come and go with the width."""
        self.call_after_refresh(self._tell)

    def arrive(self, query: str | None = None, **arguments: Any) -> None:
        """Show the list; the views may have changed meanwhile."""
        super().arrive(query, **arguments)
        self.learn_views()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does here."""
        return (KeyHint("Enter", "open"),)

    def list_for(self, text: str) -> bool:
        """List what the filter line asks for; a line that can't be read is marked and leaves the list as it is."""
        query = self.read_line(text)
        if query is None:
            return False
        name = next((view.name for view in self.views.views if view.query == text), "")
        self.show_crumbs("Orders", *([name] if name else []))
        self.grid.show(self.pages(lambda shop: _source(shop, query)))
        return True

    # -- views and columns --------------------------------------------------------------------------------------------

    def idle_note(self) -> str:
        """The views on keys stand at the end of row 2 while there is nothing to mend."""
        return self.views_note

    def views_known(self) -> None:
        """Row 2 names the views on keys; what they find follows."""
        self.load(_count, self.views.views, then=self._counted, failed=lambda error: None, group="counts")

    def _counted(self, counts: Mapping[UUID, Approximate]) -> None:
        self.counts = counts
        self.mark_again()

    def _count_again(self) -> None:
        if self.is_current and self.saved is not None:
            self.views_known()

    def reload(self) -> None:
        """Read the list again, stay at this row."""
        super().reload()
        self.learn_views()

    def columns_there_are(self) -> Sequence[tuple[str, str]]:
        """Every column of the list."""
        return column_names()

    def show_columns(self, names: tuple[str, ...]) -> None:
        """Show the columns chosen, the list's own where none are."""
        columns = columns_for(names)
        self._chosen = () if columns is OWN else columns
        self.grid.columns, self.grid.cells = columns, cells_for(columns)
        self.grid.column = min(self.grid.column, len(columns) - 1)
        self.grid.refresh()
        self._tell()

    def leave(self) -> bool:
        """Esc: what is under way stops first."""
        return self.stop_exporting() or self.stop_papers() or super().leave()

    def on_screen_suspend(self) -> None:
        """Another screen covers the list."""
        self.go_away()

    def on_screen_resume(self) -> None:
        """Back from a job, the rows are read anew."""
        self.come_back()

    def why_not(self, action: Action) -> str:
        """Some actions need an order under the bar, or a mark."""
        needs = action.name in NEED_ORDER or action.name == "orders.edit"
        return "no order under the bar" if needs and self.grid.current is None and not self.marked() else ""

    # -- the list ---------------------------------------------------------------------------------------------------

    def on_grid_loaded(self, event: Grid.Loaded) -> None:
        """Say how many match."""
        if event.estimate is not None:
            self._about = f"{'' if event.exact else '~'}{event.estimate:,}"
        self._tell()

    def on_grid_marks_changed(self, event: Grid.MarksChanged) -> None:
        """Say how many are marked."""
        self._tell()
        self.refresh_keys()

    def _tell(self) -> None:
        marked = f"{len(self.grid.marks):,} marked · " if len(self.grid.marks) else ""
        match = f"{self._about} match · " if self._about else ""
        hidden = ", ".join(column.label for column in self._chosen if self.grid.size.width < column.min_total)
        self.status.facts(f"{marked}{match}{f'no room for {hidden}' if hidden else 'newest first'}")

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Open the order."""
        self.shell.open_screen("order", order_number=event.row.order_number)

    def look_at(self, row: OrderRow) -> None:
        """Show the order under the bar beside the list."""
        self.load(_read, row.order_number, then=self._show_beside, failed=lambda error: None, group="beside")

    def _show_beside(self, order: OrderDetail) -> None:
        self.beside.show(lambda width: order_summary(order, width), keep=False)

    def edit(self) -> None:
        """Change the order under the bar; the screen says where it can't be changed any more."""
        if self.grid.current is not None:
            self.shell.open_screen("order-edit", order_number=self.grid.current.order_number)

    def new_order(self) -> None:
        """Place an order."""
        self.shell.open_screen("new-order")


def _source(shop: Shop, query: OrderQuery) -> Any:
    from data.orders.reads import list_orders

    query = query.seen_by(shop.actor.user_id)

    def fetch(*, after: str | None, before: str | None, limit: int) -> Any:
        return list_orders(shop.stores.postgres, query, after=after, before=before, limit=limit)

    return fetch


def _read(shop: Shop, order_number: str) -> OrderDetail:
    from data.orders.reads import get_order

    return get_order(shop.stores.postgres, order_number)


def _count(shop: Shop, views: tuple[View, ...]) -> Mapping[UUID, Approximate]:
    from data.orders.views import count_views

    return count_views(shop, views)
