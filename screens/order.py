"""One order: its state, lines, money, parcels and timeline; the steps it may take next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from data.errors import Conflict
from data.ids import new_id
from screens.action import Action, show_key
from screens.detail import DetailScreen
from screens.forms.order_note import note_form, noted
from screens.forms.overlay import FormOverlay
from screens.forms.paper import paper_form
from screens.order_sheet import order_page, order_state
from screens.timeline_sheet import OLDER, timeline_lines
from widgets.field import Field
from widgets.keybar import KeyHint
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.orders.reads import OrderDetail
    from data.orders.timeline import TimelineEntry
    from data.shop import Shop
    from widgets.line import Piece
    from widgets.sheet import SheetLine

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


FILTER = Action("order.filter", "f", "filter", "next_kind", help="The timeline by kind: notes, payments, …", rank=58)

#: what the key of the filter goes through; ``""`` is everything (``data.orders.timeline.KINDS``)
FILTERS = ("", "note", "payment", "parcel", "edit", "return", "status")
#: events read at first, and with each step further back
EVENTS = 60


@dataclass(frozen=True)
class OrderPage:
    """An order with the newest of what happened to it; ``kind`` is what was asked for, ``older``: there is more."""

    order: OrderDetail
    entries: tuple[TimelineEntry, ...]
    kind: str
    older: bool


class OrderScreen(DetailScreen[OrderPage]):
    """See one order and move it on."""

    NAME = NOUN = "order"
    TITLE_CRUMBS = ("Orders",)
    #: seconds between looks for changes by others; only a changed order is painted
    REFRESH: ClassVar[float] = 4.0
    ACTIONS = (
        STEP,
        Action("order.edit", "e", "edit", "edit", "orders.edit", help="Change it; see what that costs first", rank=20),
        Action("order.cancel", "c", "cancel", "cancel", "orders.status", help="Cancel; reserved units are free again"),
        Action("order.note", "m", "note", "note", "orders.note", help="Write a note; @name tells a colleague", rank=55),
        Action(
            "order.print", "p", "print", "print_paper", "orders.view", help="Packing slip, pick list, bill", rank=56
        ),
        FILTER,
        Action("order.customer", "o", "customer", "open_customer", "customers.view", help="Open its customer", rank=60),
        Action("order.copy", "y", "copy", "copy_number", help="Copy the order number", rank=70),
        Action("order.again", "a", "order again", "again", "orders.place", help="New order with these lines", rank=65),
        Action("order.reload", ("r", "f5"), "reload", "reload", help="Read the order again", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self._kind = ""
        self._events = EVENTS

    @property
    def order(self) -> OrderDetail | None:
        """The order, once it is read."""
        return self.thing.order if self.thing is not None else None

    @staticmethod
    def read(shop: Shop, ref: str, kind: str = "", events: int = EVENTS) -> OrderPage:
        """Return the order with this number, and the newest ``events`` of its timeline, of one ``kind`` or all."""
        from data.orders.reads import get_order
        from data.orders.timeline import timeline

        order = get_order(shop.stores.postgres, ref)
        page = timeline(shop.stores.postgres, order.order_id, kinds=(kind,) if kind else (), limit=events)
        return OrderPage(order, tuple(page.rows), kind, page.after is not None)

    def reload(self) -> None:
        """Read the order again, with as much of its timeline as is shown."""
        if self._ref:
            asked = self._ref, self._kind, self._events
            self.load(self.read, *asked, then=self._show, failed=self._not_read, group=self.NOUN)

    def crumb_of(self, thing: OrderPage) -> str:
        """Its number."""
        return thing.order.order_number

    def state_of(self, thing: OrderPage) -> tuple[list[Piece], list[Piece]]:
        """Status, when, how and for whom."""
        return order_state(thing.order)

    def page_of(self, thing: OrderPage, width: int) -> list[SheetLine]:
        """Lines, money, parcels, addresses, timeline."""
        keys = self.shell.keys_of(FILTER)
        key = show_key(keys[0]) if keys else ""
        events = timeline_lines(thing.entries, thing.kind, width, older=thing.older, key=key)
        return [*order_page(thing.order, width), *events]

    def on_mount(self) -> None:
        """Look for changes by others now and then."""
        self.set_interval(self.REFRESH, self._look_again)

    def arrive(self, order_number: str = "", say: str = "", **arguments: Any) -> None:
        """Show the order with this number; ``say`` is the news to put in row 23."""
        if order_number and order_number != self._ref:
            self._kind, self._events = "", EVENTS
        self.open_ref(order_number)
        self.status.say(say, "good")
        self.status.facts("changes arrive by themselves")

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
            return super().why_not(action)
        status = self.order.order_status
        if action.name == "order.step" and status not in NEXT:
            return f"an order that is {status} has no next step"
        if action.name == "order.cancel" and status not in CANCELLABLE:
            return f"an order that is {status} can't be cancelled"
        if action.name == "order.edit" and status not in CANCELLABLE:
            return f"an order that is {status} can't be edited"
        if action.name == "order.customer" and self.order.user_id is None:
            return "the order has no customer"
        return ""

    def _look_again(self) -> None:
        if self.is_current and self.thing is not None and self.shell.handle.shop is not None:
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
            doing=f"changing {self._ref}",
        )

    def _done(self, status: str) -> None:
        self.status.say(f"{self._ref} is {status}", "good")
        self.reload()

    def _refused(self, error: Exception) -> None:
        if isinstance(error, Conflict):
            self.status.say("Somebody changed it meanwhile: look, then press again", "bad")
            self.reload()
        else:
            self.shell.show_error(error, doing=f"changing {self._ref}")

    def edit(self) -> None:
        """Change the order, after seeing what it will cost."""
        if self.order is not None:
            self.shell.open_screen("order-edit", order_number=self.order.order_number)

    # -- notes, papers, the timeline ----------------------------------------------------------------------------------

    def note(self) -> None:
        """Write a note."""
        if self.order is not None:
            self.shell.overlay(note_form(self.order.order_id, self.order.order_number), self._noted)

    def _noted(self, added: Any) -> None:
        if added:
            said, tone = noted(added)
            self.status.say(said, tone)
            self.reload()

    def print_paper(self) -> None:
        """Print or save a document."""
        if self.order is not None:
            self.shell.overlay(paper_form(self.order.order_number), self._printed)

    def _printed(self, said: Any) -> None:
        if said:
            self.status.say(said, "warn" if "no font has" in said else "good")

    def next_kind(self) -> None:
        """Show the next kind of event alone; after the last, all."""
        self._kind = FILTERS[(FILTERS.index(self._kind) + 1) % len(FILTERS)]
        self._events = EVENTS
        self.reload()

    # -- going ------------------------------------------------------------------------------------------------------

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter on a line: its product; on the end of the timeline: what was before."""
        if event.what == OLDER:
            self._events = min(self._events + EVENTS * 2, 1_000)
            self.reload()
            return
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


def _change(shop: Shop, order_id: UUID, version: int, status: str, key: str, reason: str = "") -> object:
    from data.orders.commands import ChangeOrderStatus

    command = ChangeOrderStatus(order_id=order_id, new_status=status, expected_version=version, reason=reason)
    return shop.door.run(command, shop.actor, key=key).result
