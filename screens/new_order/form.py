"""What a new order holds: quoted after every change, kept as a draft, placed. How it is typed is another matter.

``NewOrderScreen`` adds the typing. Kept apart, because this half must be right about money and a lost terminal, and the
other half about keys.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import msgspec

from data.errors import Conflict, Invalid, NotFound, OutOfStock, Unavailable
from data.orders.taxes.rules import STANDARD
from screens.new_order.basket import Basket, pasted_rows
from screens.new_order.data import (
    Draft,
    Placed,
    as_address,
    drop_draft,
    keep_draft,
    place_order,
    read_draft,
    read_taxes,
    refresh,
)
from screens.new_order.held import NOT_YET, HeldDrafts
from screens.new_order.lines import BasketSheet
from screens.new_order.sheet import TotalsLine
from widgets.field import Field

if TYPE_CHECKING:
    from data.customers.reads import CustomerDetail
    from data.orders.messages import PlaceOrder
    from data.orders.offers import Offer
    from data.orders.rules import Totals
    from data.orders.taxes.rules import Taxes


class OrderForm(HeldDrafts):
    """Customer, lines, delivery and totals of an order that is not placed yet."""

    #: seconds between looks at prices and stock of the lines
    REFRESH: ClassVar[float] = 5.0
    #: seconds of rest after which the draft is kept
    KEEP: ClassVar[float] = 0.4

    def __init__(self) -> None:
        super().__init__()
        self.totals_line = TotalsLine(id="totals")
        self.totals: Totals | None = None
        self.taxes = STANDARD
        self._placing = False
        self._draft_owed = False

    def on_mount(self) -> None:
        """Begin empty; look at prices and stock now and then."""
        self.lines.put(Basket())
        self.set_interval(self.REFRESH, self._refresh_offers)

    def show_customer(self, customer: CustomerDetail | None, address: str = "") -> None:
        """Take ``customer``; ``address`` is the id of the address to deliver to, ``""`` their first."""
        another = customer is None or self.customer is None or customer.user_id != self.customer.user_id
        self.customer = customer
        self.delivery.show(customer, address)
        if another:
            self.look_into_cart()

    def may_restore(self) -> bool:
        """Say whether the person has typed nothing yet, so that a draft may come back."""
        return not self.lines.basket.lines and self.customer is None

    # -- totals -----------------------------------------------------------------------------------------------------

    def on_basket_sheet_changed(self, event: BasketSheet.Changed) -> None:
        """Other lines."""
        self.changed()

    def on_field_changed(self, event: Field.Changed) -> None:
        """Another address, shipping method, way to pay or code."""
        event.stop()
        self.look_up_code()
        self.changed()

    def changed(self) -> None:
        """Something of the order is different: quote it anew and keep the draft."""
        self.status.unsay(NOT_YET)
        self._quote()
        self.refresh_keys()
        if self.lines.basket.lines or self.customer is not None or self.rows_left:
            self.later("draft", self.KEEP, self._keep)

    def _quote(self) -> None:
        from data.orders.rules import quote

        basket, stored = self.lines.basket, self.delivery.address
        address = as_address(stored) if stored else None
        lines, method = basket.priced(), self.delivery.shipping.value or "standard"
        try:
            self.totals = quote(lines, address, method, taxes=self.taxes)
            if code := self.code_that_holds(self.totals):
                self.totals = quote(lines, address, method, code, self.taxes)
        except Invalid as error:
            self.totals = None
            self.totals_line.show(None, str(error), "bad")
            return
        if basket.problems:
            self.totals_line.show(self.totals, f"▲ {len(basket.problems)} short", "bad")
        elif lines and self.rows_left:
            self.totals_line.show(self.totals, "▲ rows unknown", "bad")
        elif lines and self.code_problem(self.totals.subtotal, self.totals.currency):
            self.totals_line.show(self.totals, "▲ code", "bad")
        elif hindrance := self.hindrance():
            self.totals_line.show(self.totals if basket.lines else None, hindrance)
        else:
            self.totals_line.show(self.totals, "all in stock", "good")

    def hindrance(self) -> str:
        """Say what is still missing before the order can be placed, ``""`` for nothing."""
        if self.customer is None:
            return "choose a customer first"
        if self.rows_left:
            return f"nobody knows {self.rows_left[:40]}: correct it in the product field, or clear it"
        if not self.lines.basket.lines:
            return "add a line: a SKU, words or a scan"
        if self.delivery.address is None:
            return "no address to ship to: ^T adds one"
        if self.totals is None:
            return "the lines do not go into one order"
        if why := self.code_problem(self.totals.subtotal, self.totals.currency):
            return f"{self.code_typed} {why}: correct the code, or clear it"
        return "; ".join(self.lines.basket.problems[:3])

    def _refresh_offers(self, said: str = "") -> None:
        """Read prices and stock anew; a price that moved is told, after ``said``."""
        if self.is_current and self.shop is not None:
            self.look_at_taxes()
        skus = [line.offer.sku for line in self.lines.basket.lines]
        if skus and self.is_current and not self._placing and self.shop is not None:

            def refreshed(offers: dict[str, Offer]) -> None:
                moved = self.lines.refreshed(offers)
                if moved:
                    self.status.say(said + "; ".join(moved[:2]), "bad" if said else "warn")

            self.load(refresh, skus, self.held, then=refreshed, failed=self._not_refreshed, group="refresh")

    def look_at_taxes(self) -> None:
        """Read the tax table; what it changes is quoted anew."""
        self.load(read_taxes, then=self._taxes_read, failed=self._not_refreshed, group="taxes")

    def _taxes_read(self, taxes: Taxes) -> None:
        if taxes is not self.taxes:
            self.taxes = taxes
            self.changed()

    def _not_refreshed(self, error: Exception) -> None:
        """The banner says which store is away; figures of before are better than none."""
        if not isinstance(error, Unavailable):
            self.shell.show_error(error, doing="reading prices and stock")

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: prices and stock are read at once, and the draft that could not be."""
        if self._draft_owed:
            self.restore()
        self._refresh_offers()

    # -- draft ------------------------------------------------------------------------------------------------------

    def draft_content(self) -> dict[str, Any]:
        """Return what is typed, as a draft keeps it."""
        return {
            "user_id": str(self.customer.user_id) if self.customer else "",
            "lines": self.lines.basket.kept(),
            "key": self.lines.basket.key,
            "rows": self.rows_left,
            "cart": msgspec.to_builtins(self.cart_of_order),
            "held": str(self.held or ""),
            **self.delivery.content(),
        }

    def _keep(self) -> None:
        if not self._placing:
            self.load(keep_draft, self.draft_content(), then=lambda _: self.status.facts("draft saved"), group="keep")

    def restore(self) -> None:
        """Bring the kept draft back, if there is one."""
        self._draft_owed = True
        self.load(read_draft, then=self._restored, failed=self._not_refreshed, group="draft")

    def _restored(self, draft: Draft | None) -> None:
        self._draft_owed = False
        if draft is None:
            self.offer_drafts()
        else:
            self.restored(draft)

    def restored(self, draft: Draft) -> None:
        """Show a draft that was kept, or was taken on."""
        if draft.placed:
            self.status.say(f"Your last draft was placed, as {draft.placed}", "good")
            return
        if not self.may_restore():  # somebody was quicker than the draft, and what is typed counts
            return
        self.chooser.clear()
        basket = Basket(lines=draft.lines, key=str(draft.content.get("key") or Basket().key))
        if draft.customer is not None:
            self.show_customer(draft.customer)
        self.delivery.restore(draft.content)
        self.restore_cart(draft.content.get("cart"))
        self.restore_held(draft.content.get("held"))
        self.lines.put(basket)
        if rows := pasted_rows(str(draft.content.get("rows") or "")):
            self.keep_rows(rows)
        gone = f" · nobody knows {', '.join(draft.unknown[:5])} any more" if draft.unknown else ""
        whose = "The held draft" if self.held else "Your draft"
        self.status.say(f"{whose} is back{gone} · ^X throws it away", "warn" if gone else "plain")

    def discard(self) -> None:
        """Throw the draft away, asked once."""
        lines = len(self.lines.basket.lines)
        if lines or self.customer is not None:
            stock = " and lets its stock go" if self.held else ""
            what = f"this draft of {lines} line{'' if lines == 1 else 's'}"
            self.shell.confirm(f"Throws {what} away{stock}.", self._discard)

    def _discard(self) -> None:
        self.let_go()
        self.begin_anew()
        self.load(drop_draft, group="keep")
        self.status.say("Draft thrown away")

    def begin_anew(self) -> None:
        """Empty everything; the next order has a key of its own."""
        for name in tuple(self._waiting):
            self.not_later(name)
        self.show_customer(None)
        self.forget_rows()
        self.held = None
        self.delivery.code.value = ""
        self.lines.put(Basket())
        self.status.facts("")

    # -- placing ----------------------------------------------------------------------------------------------------

    def place(self) -> None:
        """Place the order; a second press while it is on its way changes nothing."""
        hindrance = self.hindrance()
        if hindrance:
            self.app.bell()
            self.status.say(f"{NOT_YET}{hindrance}", "warn")
        elif not self._placing:
            self._placing = True
            self.status.say("Placing …")
            key = self.lines.basket.key
            self.load(
                place_order, self._command(), key, self.held, then=self._placed, failed=self._refused, group="place"
            )

    def _command(self) -> PlaceOrder:
        from data.orders.messages import OrderLineInput, PlaceOrder

        assert self.customer is not None
        assert self.totals is not None
        return PlaceOrder(
            user_id=self.customer.user_id,
            lines=tuple(
                OrderLineInput(sku=line.offer.sku, quantity=line.quantity, warehouse_id=line.warehouse_id or None)
                for line in self.lines.basket.lines
            ),
            shipping_address_id=UUID(self.delivery.place.value),
            shipping_method=self.delivery.shipping.value,
            payment_method=self.delivery.pay.value,
            channel="backoffice",
            expected_total=Decimal(self.totals.total_amount),
            code=self.code_typed,
            cart=self.cart_of_order,
        )

    def _placed(self, order: Placed) -> None:
        self._placing = False
        self.forget("keep")
        self.begin_anew()
        self.status.say("")
        units = f"{order.units} unit{'' if order.units == 1 else 's'} reserved"
        said = f"Placed {order.order_number}, {units}, {order.total}"
        if order.before:
            said = f"It stood already: {order.order_number}, {order.total}"
        self.shell.open_screen("order", order_number=order.order_number, say=said)

    def _refused(self, error: Exception) -> None:
        """Nothing was placed, or nobody knows: show what is short or what moved, with fresh figures."""
        self._placing = False
        if isinstance(error, OutOfStock | Conflict | NotFound | Invalid):
            self.status.say(f"Not placed: {error}", "bad")
            self.look_again()
            self._refresh_offers("Not placed: ")
        elif isinstance(error, Unavailable):
            self.status.say("Not confirmed: ^S asks again, it is placed once at most", "bad")
            self.shell.show_error(error, doing="placing the order")
        else:
            self.shell.show_error(error, doing="placing the order")
