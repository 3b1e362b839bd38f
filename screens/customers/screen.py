"""Customers: find one by any words; beside the list, from 100 columns, the customer under the bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.customers.sheet import customer_summary
from screens.forms.customer import customer_form
from screens.listing import ListScreen
from screens.shown import when
from widgets.cells import Cell, Column
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine

if TYPE_CHECKING:
    from data.customers.reads import CustomerDetail, CustomerRow
    from data.shop import Shop

COLUMNS = (
    Column("name", "Name", 17, flex=2),
    Column("email", "E-mail", 23, flex=2),
    Column("phone", "Phone", 17, min_total=100),
    Column("city", "Town", 11, flex=1),
    Column("order_count", "Orders", 6, right=True),
    Column("last_order_at", "Last", 9, min_total=76),
)


def cells(row: CustomerRow) -> tuple[Cell, ...]:
    """Return one customer as the list shows it."""
    town = ", ".join(part for part in (row.city, row.country) if part)
    return (row.name, row.email, row.phone, town, row.order_count, when(row.last_order_at))


class CustomersScreen(ListScreen):
    """Find a customer."""

    NAME = "customers"
    TITLE_CRUMBS = ("Customers",)
    ACTIONS = (
        Action("customers.search", "/", "search", "type_query", help="Type words of a name, e-mail or phone", rank=60),
        Action("customers.new", "n", "new", "new_customer", "customers.edit", help="Add a customer", rank=20),
        Action("customers.order", "o", "order for", "order_for", "orders.place", help="New order for the customer"),
        Action("customers.reload", ("r", "f5"), "reload", "reload", help="Read the list again, stay here", rank=80),
    )

    DEFAULT_CSS = """
    CustomersScreen #beside { width: 46; padding-left: 1; display: none; }
    CustomersScreen.-wide #beside, CustomersScreen.-broad #beside { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_line = QueryLine(placeholder="words of a name, an e-mail or a phone number")
        self.grid: Grid[CustomerRow] = Grid(
            COLUMNS,
            cells,
            key=lambda row: str(row.user_id),
            empty=("No customer like that.", "/ changes the words · n adds a customer"),
            id="customers",
        )

    def on_mount(self) -> None:
        """Start in the list."""
        self.grid.focus()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does here."""
        return (KeyHint("Enter", "open"),)

    def why_not(self, action: Action) -> str:
        """An order needs a customer."""
        return "no customer under the bar" if action.name == "customers.order" and self.grid.current is None else ""

    def list_for(self, text: str) -> bool:
        """List whom the words fit."""
        self.grid.show(self.pages(lambda shop: _source(shop, text)))
        return True

    def on_grid_loaded(self, event: Grid.Loaded) -> None:
        """Say how many match."""
        count = "" if event.estimate is None else f"{'' if event.exact else '~'}{event.estimate:,} match · "
        self.status.facts(f"{count}by name")
        self.refresh_keys()

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Open the customer."""
        self.shell.open_screen("customer", user_id=event.key)

    def look_at(self, row: CustomerRow) -> None:
        """Show the customer under the bar beside the list."""
        self.load(_read, str(row.user_id), then=self._show_beside, failed=lambda error: None, group="beside")

    def _show_beside(self, customer: CustomerDetail) -> None:
        self.beside.show(lambda width: customer_summary(customer, width), keep=False)

    def new_customer(self) -> None:
        """Add a customer, beginning with the words typed."""
        self.shell.overlay(customer_form(typed=self.query_line.text), self._saved)

    def _saved(self, saved: Any) -> None:
        if saved:
            self.grid.reload()
            self.shell.open_screen("customer", user_id=str(saved.user_id))

    def order_for(self) -> None:
        """Start an order for the customer under the bar."""
        if self.grid.current is not None:
            self.shell.open_screen("new-order", user_id=str(self.grid.current.user_id))


def _source(shop: Shop, words: str) -> Any:
    from data.customers.reads import search_customers

    def fetch(*, after: str | None, before: str | None, limit: int) -> Any:
        return search_customers(shop.stores.postgres, words, after=after, before=before, limit=limit)

    return fetch


def _read(shop: Shop, user_id: str) -> CustomerDetail:
    from data.customers.reads import get_customer

    return get_customer(shop.stores.postgres, user_id)
