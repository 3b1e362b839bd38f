"""One customer: what support asks for on one page; Enter opens an order or changes an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.customers.sheet import customer_page, customer_state
from screens.detail import DetailScreen
from screens.forms.customer import address_form, customer_form
from widgets.keybar import KeyHint
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.customers.reads import CustomerDetail
    from data.shop import Shop
    from widgets.line import Piece
    from widgets.sheet import SheetLine


ADDRESS = Action(
    "customer.address",
    "A",
    "address",
    "add_address",
    "customers.edit",
    help="Add an address; Enter changes one",
    rank=30,
)


class CustomerScreen(DetailScreen["CustomerDetail"]):
    """See and change one customer."""

    NAME = NOUN = "customer"
    TITLE_CRUMBS = ("Customers",)
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

    @staticmethod
    def read(shop: Shop, ref: str) -> CustomerDetail:
        """Return the customer with this id or e-mail."""
        from data.customers.reads import get_customer

        return get_customer(shop.stores.postgres, ref)

    def crumb_of(self, thing: CustomerDetail) -> str:
        """Their name."""
        return thing.name

    def state_of(self, thing: CustomerDetail) -> tuple[list[Piece], list[Piece]]:
        """Whether the account is open, and what the customer brought in."""
        return customer_state(thing)

    def page_of(self, thing: CustomerDetail, width: int) -> list[SheetLine]:
        """Facts, orders, addresses, payment methods."""
        return customer_page(thing, width)

    def arrive(self, user_id: str = "", **arguments: Any) -> None:
        """Show the customer with this id or e-mail."""
        self.open_ref(user_id)

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "open"),)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Open the order, or change the address."""
        kind, _, ref = event.key.partition(":")
        if kind == "order":
            self.shell.open_screen("order", order_number=ref)
        elif kind == "address" and self.thing is not None:
            if reason := self.shell.why_not(ADDRESS):
                self.app.bell()
                self.status.say(f"edit address: {reason}", "warn")
            else:
                self.shell.overlay(address_form(self.thing.user_id, event.what), self._saved)  # type: ignore[arg-type]

    def edit(self) -> None:
        """Change name, e-mail or phone."""
        if self.thing is not None:
            self.shell.overlay(customer_form(self.thing), self._saved)

    def add_address(self) -> None:
        """Add an address."""
        if self.thing is not None:
            self.shell.overlay(address_form(self.thing.user_id), self._saved)

    def _saved(self, saved: Any) -> None:
        if saved:
            self.status.say("saved", "good")
            self.reload()

    def new_order(self) -> None:
        """Start an order for the customer."""
        if self.thing is not None:
            self.shell.open_screen("new-order", user_id=str(self.thing.user_id))

    def all_orders(self) -> None:
        """List every order of theirs."""
        if self.thing is not None:
            self.shell.open_screen("orders", query=f"customer:{self.thing.email}")

    def copy_email(self) -> None:
        """Copy the e-mail."""
        if self.thing is not None:
            self.shell.copy_text(self.thing.email, "e-mail")
