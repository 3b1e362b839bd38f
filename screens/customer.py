"""One customer: what support asks for on one page; Enter opens an order or changes an address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from screens.action import Action
from screens.base import AppScreen
from screens.customer_sheet import customer_page, customer_state
from screens.forms.customer import address_form, customer_form
from screens.shown import now
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.customers.reads import CustomerDetail
    from data.shop import Shop


ADDRESS = Action(
    "customer.address",
    "A",
    "address",
    "add_address",
    "customers.edit",
    help="Add an address; Enter changes one",
    rank=30,
)


class CustomerScreen(AppScreen):
    """See and change one customer."""

    NAME = "customer"
    KEYS_OF = (Sheet,)
    TITLE_CRUMBS = ("Customers",)
    TOP_RULE = None
    ACTIONS = (
        Action("customer.edit", "e", "edit", "edit", "customers.edit", help="Change name, e-mail or phone", rank=20),
        ADDRESS,
        Action("customer.order", "n", "new order", "new_order", "orders.place", help="New order for them", rank=40),
        Action(
            "customer.orders", "o", "all orders", "all_orders", "orders.view", help="Every order of theirs", rank=50
        ),
        Action("customer.copy", "y", "copy e-mail", "copy_email", help="Copy the e-mail", rank=70),
        Action("customer.reload", ("r", "f5"), "reload", "reload", help="Read the customer again", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="customer")
        self.customer: CustomerDetail | None = None
        self._ref = ""
        self._read_at = now()

    def compose_query(self) -> Iterable[Widget]:
        """Whether the account is open, and what the customer brought in."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The page."""
        yield self.sheet

    def arrive(self, user_id: str = "", **arguments: Any) -> None:
        """Show the customer with this id or e-mail."""
        if user_id and user_id != self._ref:
            self._ref, self.customer = user_id, None
            self.show_crumbs("Customers")
            self.state.show(())
            self.sheet.say("Loading …")
            self.status.say("")
        self.sheet.focus()
        self.reload()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "open"),)

    def why_not(self, action: Action) -> str:
        """Everything here needs the customer."""
        return "" if self.customer is not None or action.name == "customer.reload" else "no customer is loaded"

    def reload(self) -> None:
        """Read the customer again."""
        if self._ref:
            self.load(_read, self._ref, then=self._show, failed=self._not_read, group="customer")

    def _show(self, customer: CustomerDetail) -> None:
        self._read_at, self.sheet.stale = now(), False
        self.customer = customer
        self.show_crumbs("Customers", customer.name)
        self.state.show(*customer_state(customer))
        self.sheet.show(lambda width: customer_page(customer, width))
        self.refresh_keys()

    def _not_read(self, error: Exception) -> None:
        """Keep what was read, dim, with its age; a customer nobody knows is said in place of the page."""
        if self.customer is None:
            self.sheet.say(*self.explain(error), tone="bad")
            return
        self.sheet.stale = True
        left, _ = customer_state(self.customer)
        self.state.show(left, (Piece(f"as of {self._read_at.astimezone():%H:%M:%S}", "bad"),))
        self.shell.show_error(error, doing="reading the customer")

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: read the customer again."""
        self.reload()

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Open the order, or change the address."""
        kind, _, ref = event.key.partition(":")
        if kind == "order":
            self.shell.open_screen("order", order_number=ref)
        elif kind == "address" and self.customer is not None:
            if reason := self.shell.why_not(ADDRESS):
                self.app.bell()
                self.status.say(f"edit address: {reason}", "warn")
            else:
                self.shell.overlay(address_form(self.customer.user_id, event.what), self._saved)  # type: ignore[arg-type]

    def edit(self) -> None:
        """Change name, e-mail or phone."""
        if self.customer is not None:
            self.shell.overlay(customer_form(self.customer), self._saved)

    def add_address(self) -> None:
        """Add an address."""
        if self.customer is not None:
            self.shell.overlay(address_form(self.customer.user_id), self._saved)

    def _saved(self, saved: Any) -> None:
        if saved:
            self.status.say("saved", "good")
            self.reload()

    def new_order(self) -> None:
        """Start an order for the customer."""
        if self.customer is not None:
            self.shell.open_screen("new-order", user_id=str(self.customer.user_id))

    def all_orders(self) -> None:
        """List every order of theirs."""
        if self.customer is not None:
            self.shell.open_screen("orders", query=f"customer:{self.customer.email}")

    def copy_email(self) -> None:
        """Copy the e-mail."""
        if self.customer is not None:
            self.shell.copy_text(self.customer.email, "e-mail")


def _read(shop: Shop, ref: str) -> CustomerDetail:
    from data.customers.reads import get_customer

    return get_customer(shop.stores.postgres, ref)
