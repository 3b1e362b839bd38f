"""One order: its state, lines, money, parcels and timeline; the steps it may take next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from textual.app import ComposeResult

from data.errors import Conflict, Unavailable
from data.ids import new_id
from screens.action import Action, show_key
from screens.base import AppScreen
from screens.forms.overlay import FormOverlay
from screens.order_sheet import order_page, order_state
from screens.shown import now
from widgets.field import Field
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.orders.reads import OrderDetail
    from data.shop import Shop

#: What the key ``s`` does from each status: the next one, the word for it, and the sentence the confirm shows.
NEXT: dict[str, tuple[str, str, str]] = {
    "pending": ("confirmed", "confirm", "Confirms {number} for {customer}, total {total}; nothing is charged."),
    "confirmed": ("processing", "start work", "Starts work on {number}: {units} to be picked."),
    "processing": ("shipped", "ship", "Ships {units} of {number} out of {warehouses}: gone from the stock for good."),
    "shipped": ("delivered", "deliver", "Marks {number} as delivered to {customer}."),
}
CANCELLABLE = ("pending", "confirmed", "processing")


STEP = Action(
    "order.step", "s", "next step", "step", "orders.status", help="Confirm, process, ship or deliver", show=False
)


class OrderScreen(AppScreen):
    """See one order and move it on."""

    NAME = "order"
    KEYS_OF = (Sheet,)
    TITLE_CRUMBS = ("Orders",)
    TOP_RULE = None
    #: seconds between looks for changes by others; only a changed order is painted
    REFRESH: ClassVar[float] = 4.0
    ACTIONS = (
        STEP,
        Action("order.cancel", "c", "cancel", "cancel", "orders.status", help="Cancel; reserved units are free again"),
        Action("order.customer", "o", "customer", "open_customer", "customers.view", help="Open its customer", rank=60),
        Action("order.copy", "y", "copy", "copy_number", help="Copy the order number", rank=70),
        Action("order.again", "a", "order again", "again", "orders.place", help="New order with these lines", rank=65),
        Action("order.reload", ("r", "f5"), "reload", "reload", help="Read the order again", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="order")
        self.order: OrderDetail | None = None
        self._number = ""
        self._read_at = now()

    def compose_query(self) -> Iterable[Widget]:
        """The order's state."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The page."""
        yield self.sheet

    def on_mount(self) -> None:
        """Look for changes by others now and then."""
        self.set_interval(self.REFRESH, self._look_again)

    def arrive(self, order_number: str = "", say: str = "", **arguments: Any) -> None:
        """Show the order with this number; ``say`` is the news to put in row 23."""
        if order_number and order_number != self._number:
            self._number, self.order = order_number, None
            self.show_crumbs("Orders", order_number)
            self.state.show(())
            self.sheet.say("Loading …")
            self.status.facts("")
        self.status.say(say, "good")
        self.sheet.focus()
        self.reload()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does on a line, and what the next step is called."""
        status = self.order.order_status if self.order is not None else ""
        word = NEXT[status][1] if status in NEXT else STEP.label
        keys = self.shell.keys_of(STEP)
        step = [KeyHint(show_key(keys[0]), word, self.shell.why_not(STEP))] if keys else []
        return (KeyHint("Enter", "product"), *step)

    def why_not(self, action: Action) -> str:
        """Steps depend on where the order stands."""
        if self.order is None:
            return "no order is loaded"
        status = self.order.order_status
        if action.name == "order.step" and status not in NEXT:
            return f"an order that is {status} has no next step"
        if action.name == "order.cancel" and status not in CANCELLABLE:
            return f"an order that is {status} can't be cancelled"
        if action.name == "order.customer" and self.order.user_id is None:
            return "the order has no customer"
        return ""

    # -- loading ----------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the order again."""
        if self._number:
            self.load(_read, self._number, then=self._show, failed=self._not_read, group="order")

    def _look_again(self) -> None:
        if self.is_current and self.order is not None and self.shell.handle.shop is not None:
            self.load(_read, self._number, then=self._show, failed=self._not_read, group="order")

    def _show(self, order: OrderDetail) -> None:
        self._read_at, self.sheet.stale = now(), False
        self.state.show(*order_state(order))
        if order == self.order:
            return
        self.order = order
        self.sheet.show(lambda width: order_page(order, width))
        self.status.facts("changes arrive by themselves")
        self.refresh_keys()

    def _not_read(self, error: Exception) -> None:
        """Keep what was read, dim, with its age; a number nobody has is said in place of the page."""
        if self.order is None:
            self.sheet.say(*self.explain(error), tone="bad")
            return
        self.sheet.stale = True
        left, _ = order_state(self.order)
        self.state.show(left, (Piece(f"as of {self._read_at.astimezone():%H:%M:%S}", "bad"),))
        if not isinstance(error, Unavailable):
            self.shell.show_error(error, doing=f"reading {self._number}")

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: read the order again."""
        self.reload()

    # -- doing ------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Ask for, then do, the next step."""
        order = self.order
        if order is None or order.order_status not in NEXT:
            return
        status, _, sentence = NEXT[order.order_status]
        self._ask(order, status, sentence)

    def cancel(self) -> None:
        """Ask why, then cancel."""
        order = self.order
        if order is None or order.order_status not in CANCELLABLE:
            return
        paid = f" {order.paid_amount:,.2f} {order.currency} stay to be refunded." if order.paid_amount else ""
        sentence = self._say_what(order, "Cancels {number} for good; {units} reserved for it can be sold again.")
        key = str(new_id())

        def save(shop: Shop, values: dict[str, str]) -> object:
            return _change(shop, order.order_id, order.version, "cancelled", key, values["reason"])

        field = Field("reason", "Reason", required=True, label_width=8)
        form = FormOverlay(sentence + paid, [field], save, verb="cancels the order")
        self.shell.overlay(form, lambda outcome: self._done("cancelled") if outcome else None)

    def _ask(self, order: OrderDetail, status: str, sentence: str) -> None:
        key = str(new_id())
        sentence = self._say_what(order, sentence)
        self.shell.confirm(sentence, lambda: self._do(order.order_id, order.version, status, key))

    def _say_what(self, order: OrderDetail, sentence: str) -> str:
        warehouses = " and ".join(sorted({item.warehouse_id for item in order.items if item.warehouse_id}))
        units = sum(item.quantity for item in order.items)
        return sentence.format(
            number=order.order_number,
            customer=order.customer_name or order.email,
            total=f"{order.total_amount:,.2f} {order.currency}",
            units=f"{units:,} unit{'' if units == 1 else 's'}",
            warehouses=warehouses or "the warehouse",
        )

    def _do(self, order_id: UUID, version: int, status: str, key: str) -> None:
        self.load(
            _change,
            order_id,
            version,
            status,
            key,
            then=lambda outcome: self._done(status),
            failed=self._refused,
            group="change",
            doing=f"changing {self._number}",
        )

    def _done(self, status: str) -> None:
        self.status.say(f"{self._number} is {status}", "good")
        self.reload()

    def _refused(self, error: Exception) -> None:
        if isinstance(error, Conflict):
            self.status.say("Somebody changed it meanwhile: look, then press again", "bad")
            self.reload()
        else:
            self.shell.show_error(error, doing=f"changing {self._number}")

    # -- going ------------------------------------------------------------------------------------------------------

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter on a line: its product."""
        product_id = getattr(event.what, "product_id", "")
        if product_id:
            self.shell.open_screen("product", product_id=product_id)

    def open_customer(self) -> None:
        """Open the customer."""
        if self.order is not None and self.order.user_id is not None:
            self.shell.open_screen("customer", user_id=str(self.order.user_id))

    def again(self) -> None:
        """Start a new order with the same customer and lines."""
        if self.order is not None:
            lines = tuple((item.sku, item.quantity) for item in self.order.items)
            self.shell.open_screen("new-order", user_id=str(self.order.user_id or ""), lines=lines)

    def copy_number(self) -> None:
        """Copy the order number."""
        if self.order is not None:
            self.shell.copy_text(self.order.order_number, "order number")


def _read(shop: Shop, order_number: str) -> OrderDetail:
    from data.orders.reads import get_order

    return get_order(shop.stores.postgres, order_number)


def _change(shop: Shop, order_id: UUID, version: int, status: str, key: str, reason: str = "") -> object:
    from data.orders.commands import ChangeOrderStatus

    command = ChangeOrderStatus(order_id=order_id, new_status=status, expected_version=version, reason=reason)
    return shop.door.run(command, shop.actor, key=key).result
