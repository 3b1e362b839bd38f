"""Editing an order: each line as it was and as it will be, and what it all will cost, redrawn at every key.

Shape: one frozen ``EditDraft`` that every key replaces; the rules that the confirm runs under the locks
(``data.orders.editing.rules``) are called here with what was read, so a redraw asks no store. ``^S`` runs the real
command and rolls it back, shows the one sentence, and Enter does it. Rejected: a preview by the server at every key,
which takes locks that placements wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from screens.action import Action
from screens.new_order.basket import MAX_QUANTITY
from screens.order_edit.form import OrderEditForm
from screens.order_edit.forms import (
    address_form,
    discount_form,
    notes_form,
    order_discount_form,
    price_form,
    quantity_form,
)
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine
from widgets.rule import SectionRule
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.orders.editing.messages import EditedLine
    from data.orders.offers import Offer
    from screens.forms.overlay import FormOverlay

#: From here on the changes stand beside.
WIDE = 110


def _line(verb: str, keys: str | tuple[str, ...], label: str, help: str, handler: str = "change_line") -> Action:
    """Return an action on the line under the bar."""
    arguments = (verb,) if handler == "change_line" else ()
    return Action(f"order-edit.{verb}", keys, label, handler, help=help, show=False, arguments=arguments)


class OrderEditScreen(OrderEditForm):
    """See what a change to a placed order will cost, then make it."""

    NAME = "order-edit"
    KEYS_OF: ClassVar[tuple[type[Widget], ...]] = (Sheet,)
    TITLE_CRUMBS = ("Orders",)
    TOP_RULE = "Lines"
    ACTIONS = (
        Action("order-edit.review", "ctrl+s", "review", "review", "orders.edit", help="See what it costs, then do it"),
        _line("more", "+", "more", "One unit more of the line"),
        _line("fewer", "-", "fewer", "One unit fewer; none takes the line out"),
        _line("remove", ("del", "backspace"), "remove", "Take the line out"),
        _line("quantity", "#", "quantity", "Type the line's quantity", "ask_quantity"),
        _line("price", "=", "price", "Another price for the line, with its reason", "ask_price"),
        _line("discount", "%", "discount", "A discount on the line, with its reason", "ask_discount"),
        Action("order-edit.off", "D", "off the order", "ask_off", help="A discount on the whole order", show=False),
        Action("order-edit.address", "A", "address", "ask_address", help="Ship to another address", rank=55),
        Action("order-edit.billing", "B", "bill to", "ask_billing", help="Bill to another address", show=False),
        Action("order-edit.method", "v", "shipping", "next_method", help="The next shipping method", rank=60),
        Action("order-edit.notes", "m", "notes", "ask_notes", help="Change the notes", rank=65),
        Action("order-edit.undo", "u", "undo", "undo", help="Take the last change back", show=False),
        Action("order-edit.search", "/", "add", "type_entry", help="Add a product", rank=45),
        Action("order-edit.discard", "ctrl+x", "discard", "discard", help="Throw the edit away", rank=70),
    )

    DEFAULT_CSS = """
    OrderEditScreen #edit-lines { height: 3; }
    OrderEditScreen #chooser { height: 1fr; }
    OrderEditScreen #edit-work { width: 1fr; }
    OrderEditScreen #edit-aside { width: 40; }
    """

    # -- the screen ---------------------------------------------------------------------------------------------------

    def compose_query(self) -> Iterable[Widget]:
        """What is added."""
        yield self.entry

    def compose_body(self) -> ComposeResult:
        """Lines, what the entry may mean, what it comes to; beside them, where there is room, what changes."""
        with Horizontal():
            with Vertical(id="edit-work"):
                yield self.lines
                yield SectionRule()
                yield self.chooser
                yield self.totals
            yield self.aside

    def on_mount(self) -> None:
        """The totals stand where the choices of the entry will."""
        self.chooser.display = False

    def on_resize(self) -> None:
        """The changes stand beside where there is room."""
        self.aside.display = self.size.width >= WIDE
        super().on_resize()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What the focused part of the screen takes."""
        if self.lines.has_focus:
            line = KeyHint("+ -", "qty"), KeyHint("=", "price"), KeyHint("%", "off line"), KeyHint("Del", "remove")
            return (*line, KeyHint("D", "off order"))
        return (KeyHint("Enter", "add"), KeyHint("↓", "choose"), KeyHint("Esc", "to the lines"))

    def why_not(self, action: Action) -> str:
        """Nothing goes without the order; a review needs a change."""
        if self.draft is None:
            return "no order is loaded"
        if action.name == "order-edit.review" and self.draft.empty:
            return "nothing is changed"
        return "nothing to undo" if action.name == "order-edit.undo" and not self._before else ""

    def leave(self) -> bool:
        """Esc: from the entry and its choices to the lines, then away; the draft stays."""
        if self.chooser.has_focus or self.entry.typing:
            self.entry.set("")
            self.chooser.clear()
            self._swap()
            self.lines.focus()
            return True
        return False

    # -- lines --------------------------------------------------------------------------------------------------------

    def add(self, offer: Offer, quantity: int) -> None:
        """Put ``quantity`` more of ``offer`` into the order, the bar on it."""
        if self.draft is None:
            return
        if offer.why_not:
            self.app.bell()
            self.status.say(f"{offer.sku} {offer.why_not}", "bad")
            return
        self.put(self.draft.with_product(offer, quantity))
        if self.new is not None:
            line = next((line for line in reversed(self.new.lines) if line.product_id == offer.product_id), None)
            self.lines.go_to(f"line:{line.line_no}" if line is not None else "")
        self.status.say(f"+{quantity} {offer.sku} · nothing is written yet")

    def change_line(self, how: str) -> None:
        """Change the line under the bar: ``more``, ``fewer``, ``remove``."""
        line = self.under_bar
        if line is None or self.draft is None:
            return
        units = {"more": line.quantity + 1, "fewer": line.quantity - 1, "remove": 0}[how]
        self.put(self.draft.with_line(line.line_no, quantity=max(0, min(units, MAX_QUANTITY))))

    def _ask_line(self, make: Callable[[EditedLine], FormOverlay]) -> None:
        line = self.under_bar
        if line is not None and self.draft is not None:
            number = line.line_no

            def taken(values: dict[str, Any] | None) -> None:
                if values and self.draft is not None:
                    self.put(self.draft.with_line(number, **values))

            self.shell.overlay(make(line), taken)

    def ask_quantity(self) -> None:
        """Type the quantity of the line under the bar."""
        self._ask_line(quantity_form)

    def ask_price(self) -> None:
        """Type another price for the line under the bar."""
        draft = self.draft
        if draft is not None:
            self._ask_line(lambda line: price_form(draft, line))

    def ask_discount(self) -> None:
        """Type a discount on the line under the bar."""
        draft = self.draft
        if draft is not None:
            self._ask_line(lambda line: discount_form(draft, line))

    # -- the order as a whole -----------------------------------------------------------------------------------------

    def _ask(self, form: FormOverlay, name: str = "") -> None:
        def taken(values: Any) -> None:
            if values is not None and self.draft is not None:
                self.put(self.draft.with_changes(**({name: values} if name else values)))

        self.shell.overlay(form, taken)

    def ask_off(self) -> None:
        """Type a discount on the whole order."""
        if self.draft is not None:
            self._ask(order_discount_form(self.draft))

    def ask_address(self) -> None:
        """Type where the order goes."""
        if self.new is not None:
            self._ask(address_form("Ship to", self.new.shipping_address), "shipping_address")

    def ask_billing(self) -> None:
        """Type who is billed."""
        if self.new is not None:
            self._ask(address_form("Bill to", self.new.billing_address), "billing_address")

    def ask_notes(self) -> None:
        """Type the notes."""
        if self.new is not None:
            self._ask(notes_form(self.new.notes))

    def next_method(self) -> None:
        """Ship by the method after this one."""
        from data.orders.rules import SHIPPING

        if self.draft is not None and self.new is not None:
            codes = list(SHIPPING)
            at = codes.index(self.new.shipping_method) if self.new.shipping_method in codes else -1
            code = codes[(at + 1) % len(codes)]
            self.put(
                self.draft.with_changes(shipping_method=None if code == self.draft.order.shipping_method else code)
            )

    # -- typing -------------------------------------------------------------------------------------------------------

    def _swap(self) -> None:
        """What the entry may mean stands where the totals stand otherwise."""
        self.chooser.display = bool(self.entry.text.strip())
        self.totals.display = not self.chooser.display

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Somebody types a product."""
        event.stop()
        self.entry_typed(event.text, final=event.final)
        self._swap()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The keys at hand follow the focus."""
        self.refresh_keys()

    def on_key(self, event: events.Key) -> None:
        """Down goes from the entry into what it may mean, or to the lines."""
        if event.key == "down" and self.entry.typing:
            event.stop()
            (self.chooser if self.chooser.current is not None else self.lines).focus()

    def on_sheet_line_moved(self, event: Sheet.LineMoved) -> None:
        """The pane beside follows the bar."""
        event.stop()
        if event.sheet is self.lines:
            self._show_aside()

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter on a suggestion takes it; on a line asks for its quantity."""
        event.stop()
        if event.sheet is self.lines:
            self.ask_quantity()
        else:
            self.take_chosen(event.what)  # type: ignore[arg-type]
            self._swap()
