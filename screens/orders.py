"""Orders: the list, filtered by one readable line; beside it, from 100 columns, the order under the bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.errors import Invalid
from screens.action import Action
from screens.listing import ListScreen
from screens.order_export import EXPORT, OrderExport
from screens.order_sheet import order_summary
from screens.shown import parcel_mark, payment_mark, when
from widgets.cells import Cell, Column
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine

if TYPE_CHECKING:
    from data.orders.query import OrderQuery
    from data.orders.reads import OrderDetail, OrderRow
    from data.shop import Shop

COLUMNS = (
    Column("order_number", "Order", 9),
    Column("created_at", "Placed", 9),
    Column("customer_name", "Customer", 12, flex=1),
    Column("item_count", "Items", 5, right=True, min_total=80),
    Column("total_amount", "Total", 9, right=True),
    Column("payment_state", "Payment", 10),
    Column("order_status", "Parcel", 11),
)

#: The views every shop starts with, on the keys 1 to 6: name and query.
VIEWS: tuple[tuple[str, str], ...] = (
    ("Open", "status:pending,confirmed,processing"),
    ("To ship", "status:confirmed,processing"),
    ("Unpaid", "unpaid status:pending,confirmed,processing"),
    ("Late", "status:pending,confirmed,processing created:>3d"),
    ("Shipped", "status:shipped"),
    ("All", ""),
)

_HINT = "1 Open  2 To ship  3 Unpaid  …"


def cells(row: OrderRow) -> tuple[Cell, ...]:
    """Return one order as the list shows it."""
    return (
        row.order_number,
        when(row.created_at),
        row.customer_name or row.email or "–",
        row.item_count,
        row.total_amount,
        payment_mark(row.payment_state, row.paid_amount, row.order_status),
        parcel_mark(row.order_status, row.shipped_units, row.units),
    )


class OrdersScreen(OrderExport, ListScreen):
    """Find an order, see what it needs, open it."""

    NAME = "orders"
    TITLE_CRUMBS = ("Orders",)
    ACTIONS = (
        Action("orders.filter", "/", "filter", "type_query", help="Edit the line that says which orders", rank=60),
        Action("orders.new", "n", "new", "new_order", permission="orders.place", help="Place an order", rank=20),
        EXPORT,
        Action("orders.edit", "e", "edit", "edit", "orders.edit", help="Change the order under the bar", show=False),
        Action("orders.clear", "ctrl+u", "all", "clear_query", help="Empty the filter line: every order", show=False),
        Action("orders.reload", ("r", "f5"), "reload", "reload", help="Read the list again, stay at this row", rank=80),
        *(
            Action(
                f"orders.view_{place}",
                str(place),
                name,
                "show_query",
                help=f"View {name}: {query or 'every order'}",
                group="Views",
                show=False,
                arguments=(query,),
            )
            for place, (name, query) in enumerate(VIEWS, start=1)
        ),
    )

    DEFAULT_CSS = """
    OrdersScreen #beside { width: 42; padding-left: 1; display: none; }
    OrdersScreen.-wide #beside, OrdersScreen.-broad #beside { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_line = QueryLine(placeholder="status:processing total:>100 customer:ann unpaid, or any words")
        self.grid: Grid[OrderRow] = Grid(
            COLUMNS,
            cells,
            key=lambda row: row.order_number,
            empty=("No orders match.", "/ changes the filter · 6 shows all · n places one"),
            id="orders",
        )
        self._estimate = ""

    def on_mount(self) -> None:
        """Start in the list: its keys are at hand, ``/`` types."""
        self.query_line.note(_HINT)
        self.grid.focus()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does here."""
        return (KeyHint("Enter", "open"),)

    def list_for(self, text: str) -> bool:
        """List what the filter line asks for; a line that can't be read is marked."""
        from data.orders.query import parse_order_query

        try:
            query = parse_order_query(text)
        except Invalid as error:
            token, why = next(iter(error.fields.items()))
            self.query_line.note(f"▲ {token[:24]}", "bad")
            self.status.say(why, "bad")
            return False
        name = next((name for name, asked in VIEWS if asked == text), "")
        self.query_line.note(_HINT)
        self.status.say("")
        self.show_crumbs("Orders", *([name] if name else []))
        self.grid.show(self.pages(lambda shop: _source(shop, query)))
        return True

    def leave(self) -> bool:
        """Esc: an export under way stops first."""
        return self.stop_exporting() or super().leave()

    # -- the list ---------------------------------------------------------------------------------------------------

    def on_grid_loaded(self, event: Grid.Loaded) -> None:
        """Say how many match."""
        self._estimate = (
            f"{'' if event.exact else '~'}{event.estimate:,} match · " if event.estimate is not None else ""
        )
        self._tell()

    def on_grid_marks_changed(self, event: Grid.MarksChanged) -> None:
        """Say how many are marked."""
        self._tell()

    def _tell(self) -> None:
        marked = f"{len(self.grid.marks):,} marked · " if len(self.grid.marks) else ""
        self.status.facts(f"{marked}{self._estimate}newest first")

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

    def fetch(*, after: str | None, before: str | None, limit: int) -> Any:
        return list_orders(shop.stores.postgres, query, after=after, before=before, limit=limit)

    return fetch


def _read(shop: Shop, order_number: str) -> OrderDetail:
    from data.orders.reads import get_order

    return get_order(shop.stores.postgres, order_number)
