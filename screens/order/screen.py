"""One order: its state, lines, money, parcels, returns and timeline; everything that may happen to it, by key.

Shape: a letter for what is done all day (the next step, edit, cancel, note), one key for each family of the rest, which
opens a menu (``b`` boxes, ``$`` money, ``R`` returns). The families stand in modules of their own
(``order_parcels``, ``order_money``, ``order_returns``). Rejected: a letter for each of thirty verbs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from screens.action import Action, show_key
from screens.forms.order_note import note_form, noted
from screens.forms.paper import paper_form
from screens.order.desk import DESK_ACTIONS, DESK_REASONS, DeskVerbs
from screens.order.messages import MESSAGE_ACTIONS, MESSAGE_REASONS, MESSAGES, MessageVerbs
from screens.order.money import MONEY, MONEY_ACTIONS, MONEY_REASONS, MoneyVerbs
from screens.order.page import OPEN, OrderPage, read_page
from screens.order.parcels import BOXES, CANCEL, PARCEL_ACTIONS, PARCEL_REASONS, ParcelVerbs
from screens.order.parcels_sheet import counted
from screens.order.returns import RETURN_ACTIONS, RETURN_REASONS, RETURNS, ReturnVerbs
from screens.order.sheet import order_page, order_state
from screens.order.timeline_sheet import OLDER, timeline_lines
from screens.order.undo import UNDO, UndoVerb
from widgets.keybar import KeyHint
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.shop import Shop
    from screens.order.base import Reason
    from widgets.line import Piece
    from widgets.sheet import SheetLine

#: What the key ``s`` does from each status: the word for it, and the permission it takes.
STEPS = {
    "pending": ("confirm", "orders.status"),
    "confirmed": ("start work", "orders.status"),
    "processing": ("ship", "orders.ship"),
    "shipped": ("deliver", "orders.ship"),
}
STEP = Action("order.step", "s", "next step", "step", help="Confirm, start work, ship or deliver", show=False)
FILTER = Action("order.filter", "f", "filter", "next_kind", help="The timeline by kind: notes, payments, …", rank=58)

#: what the key of the filter goes through; ``""`` is everything (``data.orders.timeline.KINDS``)
FILTERS = ("", "note", "message", "payment", "parcel", "edit", "return", "status")
#: events read at first, and with each step further back
EVENTS = 60


def _editable(page: OrderPage) -> str:
    status = page.order.order_status
    return "" if status in OPEN else f"an order that is {status} can't be edited"


REASONS: dict[str, Reason] = {
    **PARCEL_REASONS,
    **MONEY_REASONS,
    **RETURN_REASONS,
    **DESK_REASONS,
    **MESSAGE_REASONS,
    "order.edit": _editable,
    "order.customer": lambda page: "" if page.order.user_id is not None else "the order has no customer",
}


class OrderScreen(MoneyVerbs, ParcelVerbs, ReturnVerbs, MessageVerbs, DeskVerbs, UndoVerb):
    """See one order and do to it whatever may be done."""

    TITLE_CRUMBS = ("Orders",)
    #: seconds between looks for changes by others; only a changed order is painted
    REFRESH: ClassVar[float] = 4.0
    FAMILIES: ClassVar[dict[str, str]] = {
        BOXES: "Boxes",
        MONEY: "Money",
        RETURNS: "Returns",
        MESSAGES: "Messages",
    }
    ACTIONS = (
        STEP,
        Action("order.edit", "e", "edit", "edit", "orders.edit", help="Change it; see what that costs first", rank=20),
        CANCEL,
        *PARCEL_ACTIONS,
        *MONEY_ACTIONS,
        *RETURN_ACTIONS,
        *MESSAGE_ACTIONS,
        *DESK_ACTIONS,
        Action("order.note", "m", "note", "note", "orders.note", help="Write a note; @name tells a colleague", rank=50),
        UNDO,
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

    # -- the page -----------------------------------------------------------------------------------------------------

    @staticmethod
    def read(shop: Shop, ref: str, kind: str = "", events: int = EVENTS) -> OrderPage:
        """Return the order with this number, and the newest ``events`` of its timeline, of one ``kind`` or all."""
        return read_page(shop, ref, kind, events)

    def asked(self) -> tuple[Any, ...]:
        """As much of the timeline as is shown."""
        return self._kind, self._events

    def crumb_of(self, thing: OrderPage) -> str:
        """Its number."""
        return thing.order.order_number

    def state_of(self, thing: OrderPage) -> tuple[list[Piece], list[Piece]]:
        """Status, when, how and for whom."""
        return order_state(thing.order)

    def page_of(self, thing: OrderPage, width: int) -> list[SheetLine]:
        """Lines, money, parcels, returns, addresses, timeline."""
        keys = self.shell.keys_of(FILTER)
        key = show_key(keys[0]) if keys else ""
        events = timeline_lines(thing.entries, thing.kind, width, older=thing.older, key=key)
        return [*order_page(thing, width), *events]

    def on_mount(self) -> None:
        """Look for changes by others now and then."""
        self.set_interval(self.REFRESH, self._look_again)

    def arrive(self, order_number: str = "", say: str = "", **arguments: Any) -> None:
        """Show the order with this number; ``say`` is the news to put in row 23."""
        if order_number and order_number != self._ref:
            self._kind, self._events = "", EVENTS
        if say or (order_number and order_number != self._ref):
            self.undo_key = ""  # what is told was done elsewhere, and is not what was done here last
        self._news = say, "good"
        self.status.say("")
        self.open_ref(order_number)

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does on a line, what the next step is called, and the families."""
        keys = self.shell.keys_of(STEP)
        word, _ = STEPS.get(self.order.order_status if self.order is not None else "", (STEP.label, ""))
        step = [KeyHint(show_key(keys[0]), word, self.shell.why_not(STEP))] if keys else []
        families = [KeyHint(show_key(key), f"{name.lower()}…") for key, name in self.FAMILIES.items()]
        return (KeyHint("Enter", "open"), *step, *families)

    def family_heading(self, first: str) -> str:
        """How things stand, above each menu."""
        if first == MONEY:
            return self.money_heading()
        if first == MESSAGES:
            return f"Messages to {self.order.email if self.order is not None else 'the customer'}, begun with"
        return self.parcels_heading() if first == BOXES else "Returns and exchanges"

    def why_not(self, action: Action) -> str:
        """What may be done depends on where the order stands."""
        page = self.thing
        if page is None:
            return super().why_not(action)
        if action.name == STEP.name:
            return self._why_no_step(page)
        reason = REASONS.get(action.name)
        return reason(page) if reason is not None else ""

    def _why_no_step(self, page: OrderPage) -> str:
        status = page.order.order_status
        if status not in STEPS:
            return f"an order that is {status} has no next step"
        actor, permission = self.shop.actor if self.shop is not None else None, STEPS[status][1]
        if actor is not None and not actor.may(permission):
            return f"needs {permission}, which {actor.name} does not have"
        return REASONS["order.ship"](page) if status == "processing" else ""

    def _look_again(self) -> None:
        if self.is_current and self.thing is not None and self.shell.handle.shop is not None:
            self.reload()

    # -- doing --------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Do what usually comes next, after one question."""
        page = self.thing
        status = page.order.order_status if page is not None else ""
        if status == "processing":
            self.ship()
        elif status == "shipped":
            self.deliver()
        elif page is not None and status in STEPS:
            self._ask_step(page)

    def _ask_step(self, page: OrderPage) -> None:
        from data.orders.messages import ChangeOrderStatus

        order = page.order
        if order.order_status == "pending":
            who, total = order.customer_name or order.email, f"{order.total_amount:,.2f} {order.currency}"
            after = "confirmed"
            sentence = f"Confirms {order.order_number} for {who}, total {total}; nothing is charged. u takes it back."
        else:
            after = "processing"
            units = counted(sum(item.allocated_quantity for item in page.held))
            sentence = f"Starts work on {order.order_number}: {units} to be picked. u takes it back."
        command = ChangeOrderStatus(order_id=order.order_id, new_status=after, expected_version=order.version)
        self.shell.confirm(sentence, lambda: self.change(command, f"{order.order_number} is {after}", undo=True))

    def edit(self) -> None:
        """Change the order, after seeing what it will cost."""
        if self.order is not None:
            self.shell.open_screen("order-edit", order_number=self.order.order_number)

    # -- notes, papers, the timeline ----------------------------------------------------------------------------------

    async def note(self) -> None:
        """Write a note."""
        if self.order is not None:
            form = note_form(self.order.order_id, self.order.order_number)
            await self.ask_kept(form, lambda added: self.tell(*noted(added)))

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

    # -- going --------------------------------------------------------------------------------------------------------

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter on a line: its product; on a return: its next step; on the end of the timeline: what was before."""
        kind, _, _ = event.key.partition(":")
        if event.what == OLDER:
            self._events = min(self._events + EVENTS * 2, 1_000)
            self.reload()
        elif kind == "return":
            self.enter_return(event.what)  # type: ignore[arg-type]
        elif kind == "parcel":
            self._tell_parcel(event.what)
        elif product_id := getattr(event.what, "product_id", ""):
            self.shell.open_screen("product", product_id=product_id)

    def _tell_parcel(self, parcel: Any) -> None:
        if parcel.tracking_number:
            self.shell.copy_text(parcel.tracking_number, "tracking number")
        else:
            self.status.say("the parcel has no tracking number")

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
