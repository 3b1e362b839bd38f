"""New order: customer, lines, address, shipping, payment and live totals on one screen; ``^S`` places it.

Shape: one frozen ``Basket`` that every key replaces, painted anew; what is typed is kept as a draft after every change,
together with the idempotency key, so that a killed terminal finds the order as it was or as it was placed. Rejected: a
wizard of several steps, which hides the stock and the total from who is on the phone.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from textual import events
from textual.app import ComposeResult
from textual.timer import Timer

from data.errors import Conflict, NotFound, OutOfStock
from screens.action import Action
from screens.base import AppScreen
from screens.basket import MAX_QUANTITY, Basket, entered, pasted_rows
from screens.forms.customer import address_form, customer_form
from screens.forms.overlay import FormOverlay
from screens.new_order_data import (
    Draft,
    as_address,
    drop_draft,
    find,
    find_customers,
    keep_draft,
    place_order,
    read_customer,
    read_draft,
    read_rows,
    refresh,
    shipping_label,
    ways_to_pay,
)
from screens.new_order_sheet import TotalsLine, basket_lines, customer_lines, offer_lines
from screens.shown import address_line
from widgets.field import Field, Option, SelectField, SelectInput, numeric
from widgets.keybar import KeyHint
from widgets.queryline import QueryInput, QueryLine
from widgets.rule import SectionRule
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.customers.reads import CustomerDetail, CustomerRow
    from data.orders.messages import PlacedOrder, PlaceOrder
    from data.orders.offers import Offer
    from data.orders.rules import Totals

#: Lines shown at once at 80×24; more scroll.
MOST_LINES = 8
_LINES = "SKU, words, scan, or paste rows of SKU and quantity"


class EntryInput(QueryInput):
    """The entry for lines: a paste of several rows goes to the screen whole."""

    def _on_paste(self, event: events.Paste) -> None:
        if pasted_rows(event.text) and isinstance(self.screen, NewOrderScreen):
            event.stop()
            event.prevent_default()
            self.screen.take_rows(pasted_rows(event.text))


class EntryLine(QueryLine):
    """The line ``>`` that takes products."""

    def __init__(self) -> None:
        super().__init__(prompt=">", id="entry")
        self.input = EntryInput("", prompt=">", placeholder=_LINES)


class NewOrderScreen(AppScreen):
    """Place an order for somebody on the phone or at the counter."""

    NAME = "new-order"
    KEYS_OF = (Sheet,)
    TITLE_CRUMBS = ("New order",)
    TOP_RULE = "Lines"
    ACTIONS = (
        Action("new-order.place", "ctrl+s", "place", "place", "orders.place", help="Place the order", show=False),
        Action("new-order.customer", "ctrl+n", "customer", "new_customer", "customers.edit", help="Add a customer"),
        Action("new-order.address", "ctrl+t", "address", "new_address", "customers.edit", help="Add an address"),
        Action("new-order.more", ("+",), "more", "more", help="One unit more of the line", show=False),
        Action("new-order.fewer", ("-",), "fewer", "fewer", help="One unit fewer; none takes the line out", show=False),
        Action("new-order.remove", ("del", "backspace"), "remove", "drop_line", help="Take the line out", show=False),
        Action("new-order.quantity", ("=",), "quantity", "ask_quantity", help="Type the line's quantity", show=False),
        Action(
            "new-order.warehouse",
            "w",
            "warehouse",
            "next_warehouse",
            help="Serve the line from one warehouse",
            show=False,
        ),
        Action("new-order.search", "/", "find", "type_entry", help="Type a product", show=False),
        Action("new-order.discard", "ctrl+x", "discard", "discard", help="Throw the draft away", rank=70),
    )

    DEFAULT_CSS = """
    NewOrderScreen #lines { height: auto; }
    NewOrderScreen #chooser { height: 1fr; }
    NewOrderScreen Field { height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.who = QueryLine(prompt="Customer", placeholder="name, e-mail or phone", id="who")
        self.lines = Sheet(id="lines")
        self.entry = EntryLine()
        self.chooser = Sheet(margin=4, id="chooser", focusable=False)
        self.deliver = SelectField("address", "Deliver to", (), label_width=12)
        self.shipping = SelectField("shipping_method", "Shipping", (), label_width=12)
        self.pay = SelectField("payment_method", "Pay with", (), label_width=12)
        self.totals_line = TotalsLine(id="totals")
        self.basket = Basket()
        self.customer: CustomerDetail | None = None
        self.totals: Totals | None = None
        self._waiting: dict[str, Timer] = {}
        self._choosing = ""
        self._offers: tuple[Offer, ...] = ()
        self._offers_for = ""
        self._taken = 0
        self._placing = False
        self._restored = False

    def compose_query(self) -> Iterable[Widget]:
        """The customer."""
        yield self.who

    def compose_body(self) -> ComposeResult:
        """Lines, the entry, what it may mean, where to, totals."""
        yield self.lines
        yield self.entry
        yield self.chooser
        yield SectionRule("Deliver and pay")
        yield self.deliver
        yield self.shipping
        yield self.pay
        yield SectionRule()
        yield self.totals_line

    def on_mount(self) -> None:
        """Offer the shipping methods, look at the stock now and then."""
        from data.orders.rules import SHIPPING

        self.top_rule.show("Lines", _LINES)
        methods = [Option(code, shipping_label(way.label, way.amount)) for code, way in SHIPPING.items()]
        self._offer_choices(self.shipping, methods)
        self._show_customer(None)
        self.set_interval(5.0, self._refresh_offers)

    def arrive(self, user_id: str = "", lines: Iterable[tuple[str, int]] = (), **arguments: Any) -> None:
        """Start, go on with the draft, or begin with what somebody had in hand."""
        rows = tuple(lines)
        if rows or user_id:
            self._restored = True
            if user_id:
                self.load(read_customer, user_id, then=self._take_customer, group="customer")
            if rows:
                self.take_rows(list(rows))
        elif not self._restored:
            self._restored = True
            self.load(read_draft, then=self._restore, failed=lambda error: None, group="draft")
        (self.who if self.customer is None and not user_id else self.entry).type()

    @property
    def dirty(self) -> bool:
        """Nothing is lost by leaving: the draft is kept."""
        return False

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What the focused part of the screen takes; the amount stands in the key that places."""
        hints = [KeyHint("Tab", "next")]
        if self.lines.has_focus:
            hints.append(KeyHint("+ - =", "quantity"))
            hints.append(KeyHint("Del", "remove"))
        amount = f" {self.totals.total_amount:,.2f}" if self.totals and self.basket.lines else ""
        hints.append(KeyHint("^S", f"place{amount}", self._hindrance()))
        return tuple(hints)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The keys at hand follow the focus."""
        self.refresh_keys()

    def leave(self) -> bool:
        """Esc: from the choices to the entry, then away; the draft stays."""
        if self.chooser.has_focus or self.lines.has_focus:
            self.entry.type()
            return True
        return False

    # -- customer ---------------------------------------------------------------------------------------------------

    def _later(self, name: str, delay: float, what: Any) -> None:
        if name in self._waiting:
            self._waiting[name].stop()
        self._waiting[name] = self.set_timer(delay, what)

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Somebody types a customer or a product."""
        event.stop()
        if event.line is self.who:
            self._customer_typed(event.text, final=event.final)
        else:
            self._entry_typed(event.text, final=event.final)

    def _customer_typed(self, text: str, *, final: bool) -> None:
        if self.customer is not None and text == self.customer.name:
            if final:
                self.entry.type()
            return
        if final:
            self.forget("customers")
            self.load(find_customers, text, then=self._customer_found, group="customers", doing="looking for customers")
        elif text.strip():
            self._later("customers", 0.1, lambda: self._look_for_customers(text))

    def _look_for_customers(self, text: str) -> None:
        self.load(find_customers, text, then=self._show_customers, group="customers", doing="looking for customers")

    def _show_customers(self, rows: tuple[CustomerRow, ...]) -> None:
        if not self.who.typing:
            return
        self._choosing = "customer"
        self.chooser.can_focus = bool(rows)
        if rows:
            self.chooser.show(lambda width: customer_lines(rows, width), keep=False)
        else:
            self.chooser.say("No customer like that.", "^N adds one")

    def _customer_found(self, rows: tuple[CustomerRow, ...]) -> None:
        """Enter: one customer is taken, several are chosen from."""
        self._show_customers(rows)
        if len(rows) == 1:
            self._choose_customer(str(rows[0].user_id))
        elif rows:
            self.chooser.focus()

    def _choose_customer(self, user_id: str) -> None:
        self.load(read_customer, user_id, then=self._take_customer, group="customer", doing="reading the customer")
        self.entry.type()

    def _take_customer(self, customer: CustomerDetail, address: str = "") -> None:
        self._show_customer(customer)
        if address:
            self.deliver.value = address
        self._clear_choices()
        self._changed()

    def _show_customer(self, customer: CustomerDetail | None) -> None:
        self.customer = customer
        addresses = [] if customer is None else [row for row in customer.addresses if row.address_type == "shipping"]
        if customer is not None:
            town = addresses[0].city if addresses else "no address"
            self.who.set(customer.name)
            self.who.note(f"{customer.email} · {customer.order_count:,} orders · {town}")
        else:
            self.who.set("")
            self.who.note("")
        places = [
            Option(str(row.address_id), f"{place} {address_line(vars(row))}")
            for place, row in enumerate(addresses, start=1)
        ]
        self._offer_choices(self.deliver, places, afresh=True)
        ways = [
            Option(value, f"{place} {label}") for place, (value, label) in enumerate(ways_to_pay(customer), start=1)
        ]
        self._offer_choices(self.pay, ways, afresh=True)

    def _offer_choices(self, field: SelectField, options: list[Option], *, afresh: bool = False) -> None:
        select = field.input
        assert isinstance(select, SelectInput)
        select.options = tuple(options)
        if afresh or field.value not in [option.value for option in options]:
            field.value = options[0].value if options else ""
        select.refresh()

    def new_customer(self) -> None:
        """Add a customer, beginning with what was typed."""
        typed = self.who.text if self.customer is None else ""
        self.app.push_screen(customer_form(typed=typed), self._customer_saved)

    def _customer_saved(self, saved: Any) -> None:
        if saved:
            self._choose_customer(str(saved.user_id))

    def new_address(self) -> None:
        """Add an address to the customer."""
        if self.customer is not None:
            self.app.push_screen(address_form(self.customer.user_id), self._address_saved)

    def _address_saved(self, saved: Any) -> None:
        if saved and self.customer is not None:
            self.load(
                read_customer,
                str(self.customer.user_id),
                then=lambda customer: self._take_customer(customer, address=str(saved.address_id)),
                group="customer",
            )

    # -- lines ------------------------------------------------------------------------------------------------------

    def type_entry(self) -> None:
        """Type a product."""
        self.entry.type()

    def _entry_typed(self, text: str, *, final: bool) -> None:
        words, quantity = entered(text)
        if final:
            self._enter(words, quantity)
        elif words:
            self._later("offers", 0.08, lambda: self._look_for_offers(words))
        else:
            self._clear_choices()

    def _look_for_offers(self, words: str) -> None:
        self.load(find, words, then=lambda offers: self._show_offers(words, offers), group="offers", doing="searching")

    def _show_offers(self, words: str, offers: tuple[Offer, ...]) -> None:
        if entered(self.entry.text)[0] != words:
            return
        self._choosing, self._offers, self._offers_for = "offer", offers, words
        self.chooser.can_focus = bool(offers)
        if offers:
            self.chooser.show(lambda width: offer_lines(offers, width), keep=False)
        else:
            self.chooser.say(f"Nothing found for {words}.", "Another word, or a SKU")

    def _enter(self, words: str, quantity: int) -> None:
        """Enter: take what was found for these very words, else look them up and take the best (a scan is quicker)."""
        if not words:
            return
        self.forget("offers")
        self.entry.set("")
        if self._offers_for == words and self._offers:
            self._add(self._offers[0], quantity)
            self._clear_choices()
            return
        self._taken += 1
        self.load(
            find,
            words,
            then=lambda offers: self._take_best(words, offers, quantity),
            group=f"take-{self._taken}",
            doing="looking it up",
        )

    def _take_best(self, words: str, offers: tuple[Offer, ...], quantity: int) -> None:
        if offers:
            self._add(offers[0], quantity)
        else:
            self.app.bell()
            self.status.say(f"Nothing found for {words}", "bad")

    def take_rows(self, rows: list[tuple[str, int]]) -> None:
        """Take a pasted list of SKU and quantity."""
        self._taken += 1
        self.load(read_rows, rows, then=self._rows_read, group=f"take-{self._taken}", doing="reading the rows")

    def _rows_read(self, read: tuple[tuple[tuple[Offer, int], ...], tuple[str, ...]]) -> None:
        known, unknown = read
        for offer, quantity in known:
            self.basket = self.basket.add(offer, quantity)
        if unknown:
            self.app.bell()
            self.status.say(f"Nobody knows {', '.join(unknown[:5])}{' …' if len(unknown) > 5 else ''}", "bad")
        self._changed()

    def _add(self, offer: Offer, quantity: int) -> None:
        self.basket = self.basket.add(offer, quantity)
        self.status.say(f"+{quantity} {offer.sku}")
        self._changed()
        self.lines.go_to(offer.product_id)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter on a suggestion takes it; on a line asks for its quantity."""
        event.stop()
        if event.sheet is self.lines:
            self.ask_quantity()
        elif self._choosing == "customer":
            self._choose_customer(event.key)
        else:
            self._add(event.what, entered(self.entry.text)[1])  # type: ignore[arg-type]
            self.entry.set("")
            self._clear_choices()
            self.entry.type()

    def on_key(self, event: events.Key) -> None:
        """Down goes from a field into its suggestions, up from their first back."""
        if event.key == "down" and (self.who.typing or self.entry.typing) and self.chooser.current is not None:
            event.stop()
            self.chooser.focus()

    @property
    def _place_in_basket(self) -> int | None:
        line = self.lines.current
        return int(str(line.what)) if line is not None and self.basket.lines else None

    def _change_line(self, **changes: Any) -> None:
        place = self._place_in_basket
        if place is not None:
            self.basket = self.basket.with_line(place, **changes)
            self._changed()

    def more(self) -> None:
        """One unit more."""
        if (place := self._place_in_basket) is not None:
            self._change_line(quantity=self.basket.lines[place].quantity + 1)

    def fewer(self) -> None:
        """One unit fewer."""
        if (place := self._place_in_basket) is not None:
            self._change_line(quantity=self.basket.lines[place].quantity - 1)

    def drop_line(self) -> None:
        """Take the line out."""
        self._change_line(quantity=0)

    def next_warehouse(self) -> None:
        """Serve the line from the next warehouse only; after the last one from any."""
        if (place := self._place_in_basket) is not None:
            line = self.basket.lines[place]
            choices = ["", *(name for name, _ in line.offer.stock)]
            self._change_line(warehouse_id=choices[(choices.index(line.warehouse_id) + 1) % len(choices)])

    def ask_quantity(self) -> None:
        """Type the quantity of the line under the bar."""
        if (place := self._place_in_basket) is None:
            return
        line = self.basket.lines[place]
        field = Field("quantity", "Quantity", value=str(line.quantity), required=True, check=numeric(high=MAX_QUANTITY))
        form = FormOverlay(
            f"{line.offer.sku} {line.offer.title}", [field], lambda shop, values: int(values["quantity"])
        )

        def typed(quantity: int | None) -> None:
            if quantity is not None:
                self._change_line(quantity=int(quantity))

        self.app.push_screen(form, typed)

    # -- totals, draft ----------------------------------------------------------------------------------------------

    def _clear_choices(self) -> None:
        self._choosing, self._offers, self._offers_for = "", (), ""
        self.chooser.can_focus = False
        self.chooser.show(lambda width: (), keep=False)

    def on_field_changed(self, event: Field.Changed) -> None:
        """Another address, shipping method or way to pay."""
        event.stop()
        self._changed()

    def _changed(self) -> None:
        basket = self.basket
        self.lines.show(lambda width: basket_lines(basket, width))
        self.lines.display = bool(basket.lines)
        self.lines.styles.height = min(len(basket.lines), MOST_LINES)
        self._quote()
        self.refresh_keys()
        if basket.lines or self.customer is not None:
            self._later("draft", 0.4, self._keep)

    def _quote(self) -> None:
        from data.errors import Invalid
        from data.orders.rules import quote

        address = self._address()
        try:
            self.totals = quote(
                self.basket.priced(), as_address(address) if address else None, self.shipping.value or "standard"
            )
        except Invalid as error:
            self.totals = None
            self.totals_line.show(None, str(error), "bad")
            return
        problems = self.basket.problems
        if problems:
            self.totals_line.show(self.totals, f"▲ {len(problems)} short", "bad")
        elif self.basket.lines:
            self.totals_line.show(self.totals, "all in stock", "good")
        else:
            self.totals_line.show(None, "")

    def _address(self) -> Any:
        if self.customer is None:
            return None
        return next((row for row in self.customer.addresses if str(row.address_id) == self.deliver.value), None)

    def _content(self) -> dict[str, Any]:
        return {
            "user_id": str(self.customer.user_id) if self.customer else "",
            "lines": [[line.offer.sku, line.quantity] for line in self.basket.lines],
            "key": self.basket.key,
            "address": self.deliver.value,
            "shipping_method": self.shipping.value,
            "payment_method": self.pay.value,
        }

    def _keep(self) -> None:
        if not self._placing:
            self.load(keep_draft, self._content(), then=lambda _: self.status.facts("draft saved"), group="keep")

    def _restore(self, draft: Draft | None) -> None:
        if draft is None or self.basket.lines or self.customer is not None:
            return
        content = draft.content
        self.basket = Basket(key=str(content.get("key") or self.basket.key))
        for offer, quantity in draft.lines:
            self.basket = self.basket.add(offer, quantity)
        if not self.who.text:  # else somebody was quicker than the draft, and what is typed counts
            self._show_customer(draft.customer)
        for field, name in (
            (self.deliver, "address"),
            (self.shipping, "shipping_method"),
            (self.pay, "payment_method"),
        ):
            select = field.input
            assert isinstance(select, SelectInput)
            if content.get(name) in [option.value for option in select.options]:
                field.value = str(content[name])
        self._changed()
        self.status.say("Your draft is back · ^X throws it away")
        if self.customer is not None:
            self.entry.type()

    def discard(self) -> None:
        """Throw the draft away, asked once."""
        if self.basket.lines or self.customer is not None:
            self.shell.confirm(f"Throws this draft of {len(self.basket.lines)} lines away.", self._discard)

    def _discard(self) -> None:
        self._begin_anew()
        self.load(drop_draft, group="keep")
        self.status.say("Draft thrown away")
        self.who.type()

    def _begin_anew(self) -> None:
        for timer in self._waiting.values():
            timer.stop()
        self.basket = Basket()
        self._show_customer(None)
        self._clear_choices()
        self._changed()
        self.status.facts("")

    def _refresh_offers(self) -> None:
        if self.is_current and self.basket.lines and not self._placing and self.shop is not None:
            skus = [line.offer.sku for line in self.basket.lines]
            self.load(refresh, skus, then=self._refreshed, failed=lambda error: None, group="refresh")

    def _refreshed(self, offers: dict[str, Offer]) -> None:
        newer = self.basket.refreshed(offers)
        if newer != self.basket:
            self.basket = newer
            self._changed()

    # -- placing ----------------------------------------------------------------------------------------------------

    def _hindrance(self) -> str:
        """Say what is still missing before the order can be placed."""
        if self.customer is None:
            return "choose a customer first"
        if not self.basket.lines:
            return "there are no lines"
        if self._address() is None:
            return "the customer has no shipping address: ^T adds one"
        return "; ".join(self.basket.problems[:3])

    def place(self) -> None:
        """Place the order; a second press while it is on its way changes nothing."""
        hindrance = self._hindrance()
        if hindrance:
            self.app.bell()
            self.status.say(f"Not yet: {hindrance}", "warn")
            return
        if self._placing:
            return
        self._placing = True
        self.status.say("Placing …")
        self.load(place_order, self._command(), self.basket.key, then=self._placed, failed=self._refused, group="place")

    def _command(self) -> PlaceOrder:
        from data.orders.messages import OrderLineInput, PlaceOrder

        assert self.customer is not None
        assert self.totals is not None
        return PlaceOrder(
            user_id=self.customer.user_id,
            lines=tuple(
                OrderLineInput(sku=line.offer.sku, quantity=line.quantity, warehouse_id=line.warehouse_id or None)
                for line in self.basket.lines
            ),
            shipping_address_id=UUID(self.deliver.value),
            shipping_method=self.shipping.value,
            payment_method=self.pay.value,
            channel="backoffice",
            expected_total=Decimal(self.totals.total_amount),
        )

    def _placed(self, order: PlacedOrder) -> None:
        self._placing = False
        self._begin_anew()
        units = sum(item.quantity for item in order.items)
        self.status.say("")
        self.shell.open_screen(
            "order",
            order_number=order.order_number,
            say=f"Placed {order.order_number}, {units} reserved, {order.total_amount:,.2f} {order.currency}",
        )

    def _refused(self, error: Exception) -> None:
        """Nothing was placed: show what is short or what moved, with fresh figures."""
        self._placing = False
        if isinstance(error, OutOfStock | Conflict | NotFound):
            self.status.say(str(error), "bad")
            self._refresh_offers()
        else:
            self.shell.show_error(error, doing="placing the order")
