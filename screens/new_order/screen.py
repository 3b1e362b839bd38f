"""New order: customer, lines, address, shipping, payment and live totals on one screen; ``^S`` places it.

Shape: one frozen ``Basket`` that every key replaces, painted anew; what is typed is kept as a draft after every change,
together with the idempotency key, so that a killed terminal finds the order as it was or as it was placed. Rejected: a
wizard of several steps, which hides the stock and the total from who is on the phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult

from screens.action import Action
from screens.forms.customer import address_form, customer_form
from screens.new_order.basket import PastedRow, entered
from screens.new_order.data import find_customers, read_customer
from screens.new_order.form import OrderForm
from screens.new_order.held import NOT_YET
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine
from widgets.rule import SectionRule
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.customers.reads import CustomerDetail, CustomerRow
    from data.orders.offers import Offer


def _line(verb: str, keys: str | tuple[str, ...], label: str, help: str) -> Action:
    """Return an action that does ``verb`` to the line under the bar."""
    return Action(f"new-order.{verb}", keys, label, "change_line", help=help, show=False, arguments=(verb,))


class NewOrderScreen(OrderForm):
    """Place an order for somebody on the phone or at the counter."""

    NAME = "new-order"
    KEYS_OF: ClassVar[tuple[type[Widget], ...]] = (Sheet,)
    TITLE_CRUMBS = ("New order",)
    TOP_RULE = "Lines"
    ACTIONS = (
        Action("new-order.place", "ctrl+s", "place", "place", "orders.place", help="Place the order", show=False),
        Action("new-order.customer", "ctrl+n", "customer", "new_customer", "customers.edit", help="Add a customer"),
        Action("new-order.address", "ctrl+t", "address", "new_address", "customers.edit", help="Add an address"),
        Action("new-order.cart", "ctrl+g", "cart", "take_cart", help="Take the customer's cart over", show=False),
        Action(
            "new-order.hold", "ctrl+o", "hold", "hold", help="Hold this draft and its stock until a date", show=False
        ),
        Action("new-order.drafts", "ctrl+r", "drafts", "show_drafts", help="Held drafts, to take one on", show=False),
        _line("more", "+", "more", "One unit more of the line"),
        _line("fewer", "-", "fewer", "One unit fewer; none takes the line out"),
        _line("remove", ("del", "backspace"), "remove", "Take the line out"),
        _line("warehouse", "w", "warehouse", "Serve the line from the next warehouse only, or from any again"),
        Action("new-order.quantity", "=", "quantity", "ask_quantity", help="Type the line's quantity", show=False),
        Action("new-order.undo", "u", "undo", "undo", help="Take the last change of the lines back", show=False),
        Action("new-order.search", "/", "find", "type_entry", help="Type a product", show=False),
        Action("new-order.discard", "ctrl+x", "discard", "discard", help="Throw the draft away", rank=70),
    )

    DEFAULT_CSS = """
    NewOrderScreen #lines { height: auto; }
    NewOrderScreen #chooser { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.who = QueryLine(prompt="Customer", placeholder="name, e-mail, phone or order number", id="who")
        self._been_here = False

    def compose_query(self) -> Iterable[Widget]:
        """The customer."""
        yield self.who

    def compose_body(self) -> ComposeResult:
        """Lines, the entry, what it may mean, where to, totals."""
        yield self.lines
        yield self.entry
        yield self.chooser
        yield SectionRule("Deliver and pay")
        yield self.delivery
        yield SectionRule()
        yield self.totals_line

    def on_mount(self) -> None:
        """Say what the lines take."""
        self.show_cart()

    def arrive(self, user_id: str = "", lines: Iterable[tuple[str, int]] = (), **arguments: Any) -> None:
        """Start, go on with the draft, or begin with what somebody had in hand."""
        self.look_at_taxes()
        self.status.unsay(NOT_YET)
        rows = [PastedRow(f"{sku} {quantity}", sku, quantity) for sku, quantity in lines]
        if user_id:
            self._read_customer(user_id)
        if rows:
            self.take_rows(rows)
        if not (user_id or rows or self._been_here):
            self.restore()
        self._been_here = True
        (self.who if self.customer is None and not user_id else self.entry).type()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What the focused part of the screen takes; the amount stands in the key that places."""
        hints = [KeyHint("Tab", "next")]
        if self.lines.has_focus:
            hints += [KeyHint("+ - =", "quantity"), KeyHint("w", "warehouse"), KeyHint("Del", "remove")]
        if self.cart is not None and self.taken is None:
            hints.append(KeyHint("^G", "cart"))
        amount = f" {self.totals.total_amount:,.2f}" if self.totals and self.lines.basket.lines else ""
        return (*hints, KeyHint("^S", f"place{amount}", self.hindrance()))

    def why_not(self, action: Action) -> str:
        """An address needs its customer, undoing a change."""
        if action.name == "new-order.address" and self.customer is None:
            return "choose a customer first"
        if action.name == "new-order.cart" and (self.cart is None or self.taken is not None):
            return "no cart of this customer" if self.cart is None else "it is taken over"
        return "nothing to undo" if action.name == "new-order.undo" and not self.lines.can_undo else ""

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The keys at hand follow the focus."""
        self.refresh_keys()

    def leave(self) -> bool:
        """Esc: from lines and choices to the entry, then away; the draft stays."""
        if self.chooser.has_focus or self.lines.has_focus:
            self.entry.type()
            return True
        return False

    def on_key(self, event: events.Key) -> None:
        """Down goes from a field into its suggestions, up from the entry into the lines."""
        typing = self.who.typing or self.entry.typing
        if event.key == "down" and typing and self.chooser.current is not None:
            event.stop()
            self.chooser.focus()
        elif event.key == "up" and self.entry.typing and self.lines.display:
            event.stop()
            self.lines.focus()

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Somebody types a customer or a product."""
        event.stop()
        self.status.unsay(NOT_YET)
        if event.line is self.who:
            self._customer_typed(event.text, final=event.final)
        else:
            self.entry_typed(event.text, final=event.final)

    # -- customer ---------------------------------------------------------------------------------------------------

    def _customer_typed(self, text: str, *, final: bool) -> None:
        if self.customer is not None and text == self.customer.name:
            if final:
                self.entry.type()
        elif final:
            self.not_later("customers")  # it would come after this one, and undo it
            self._look_for_customers(text, then=self._customers_entered)
        elif text.strip():
            self.later("customers", 0.1, lambda: self._look_for_customers(text, then=self._show_customers))

    def _look_for_customers(self, text: str, then: Callable[[tuple[CustomerRow, ...]], None]) -> None:
        self.load(find_customers, text, then=then, failed=self.not_found, group="customers")

    def _show_customers(self, rows: tuple[CustomerRow, ...]) -> None:
        if self.who.typing:
            self.chooser.show_customers(rows)

    def _customers_entered(self, rows: tuple[CustomerRow, ...]) -> None:
        """Enter: one customer is taken, several are chosen from."""
        self._show_customers(rows)
        if len(rows) == 1:
            self._read_customer(str(rows[0].user_id))
        elif rows:
            self.chooser.focus()

    def _read_customer(self, user_id: str, address: str = "") -> None:
        def read(customer: CustomerDetail) -> None:
            self.show_customer(customer, address)
            self.chooser.clear()
            self.changed()

        self.load(read_customer, user_id, then=read, group="customer", doing="reading the customer")

    def show_customer(self, customer: CustomerDetail | None, address: str = "") -> None:
        """Take ``customer`` and say in row 2 who that is."""
        super().show_customer(customer, address)
        self.who.set(customer.name if customer is not None else "")
        if customer is None:
            self.who.note("")
            self.who.type()
            return
        chosen = self.delivery.address
        town = chosen.city if chosen is not None else "no address"
        orders = f"{customer.order_count:,} order{'' if customer.order_count == 1 else 's'}"
        self.who.note(f"{customer.email} · {orders} · {town}")
        self.entry.type()

    def may_restore(self) -> bool:
        """A draft may come back while nothing is chosen and nothing typed."""
        return super().may_restore() and not self.who.text and not self.entry.text

    def new_customer(self) -> None:
        """Add a customer, beginning with what was typed."""
        typed = self.who.text if self.customer is None else ""
        self.shell.overlay(
            customer_form(typed=typed), lambda saved: self._read_customer(str(saved.user_id)) if saved else None
        )

    def new_address(self) -> None:
        """Add an address to the customer and deliver there."""
        if self.customer is not None:
            user_id = self.customer.user_id
            self.shell.overlay(
                address_form(user_id),
                lambda saved: self._read_customer(str(user_id), str(saved.address_id)) if saved else None,
            )

    # -- lines ------------------------------------------------------------------------------------------------------

    def add(self, offer: Offer, quantity: int) -> None:
        """Put ``quantity`` of ``offer`` into the order."""
        self.lines.add((offer, quantity))
        self.status.say(f"+{quantity} {offer.sku}")

    def add_rows(self, rows: Sequence[tuple[Offer, int]]) -> None:
        """Put a list into the order: one change, which ``u`` takes back as a whole."""
        self.lines.add(*rows)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter on a suggestion takes it; on a line asks for its quantity."""
        event.stop()
        if event.sheet is self.lines:
            self.ask_quantity()
        elif row := self.chooser.draft(event.key):
            self.take_on(row)
        elif self.chooser.offers_for(entered(self.entry.text)[0]):
            self.take_chosen(event.what)  # type: ignore[arg-type]
        else:
            self._read_customer(event.key)

    def change_line(self, how: str) -> None:
        """Change the line under the bar: ``more``, ``fewer``, ``remove``, ``warehouse``."""
        before = self.lines.current
        self.lines.change(how)
        if before is not None and self.lines.key != before.key:
            self.status.say("Line taken out", undo=True)

    def undo(self) -> None:
        """Take the last change of the lines back."""
        self.lines.undo()
        self.status.say("")

    def ask_quantity(self) -> None:
        """Type the quantity of the line under the bar."""
        form = self.lines.quantity_form()
        if form is not None:
            self.shell.overlay(form, lambda quantity: self.lines.set_quantity(int(quantity)) if quantity else None)
