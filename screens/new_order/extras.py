"""What a new order may have besides lines: the customer's own cart taken over, and a discount code.

``OrderForm`` quotes and places with them. Kept apart, because both come from elsewhere while somebody types: a cart is
offered once its customer is known, a code is looked up and holds or does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from data.orders.codes.rules import normal_code
from data.structs import convert
from screens.new_order.basket import PastedRow
from screens.new_order.data import read_cart, read_code, read_rows
from screens.new_order.delivery import Delivery
from screens.new_order.lines import BasketSheet
from screens.product_entry import ProductEntry

if TYPE_CHECKING:
    from data.customers.reads import CustomerDetail
    from data.orders.codes.rules import CodeTerms
    from data.orders.messages import CartRef
    from data.orders.offers import Offer
    from data.orders.rules import Totals


class OrderExtras(ProductEntry):
    """Cart and code of an order that is not placed yet."""

    #: seconds of rest after which a typed code is looked up
    LOOK_UP = 0.15

    def __init__(self) -> None:
        super().__init__()
        self.lines = BasketSheet()
        self.delivery = Delivery()
        self.customer: CustomerDetail | None = None
        #: what is in the customer's cart, and what of it was taken over into this order
        self.cart: CartRef | None = None
        self.taken: CartRef | None = None
        self._terms: CodeTerms | None = None
        self._looked_up = ""

    def changed(self) -> None:
        """Something of the order is different."""
        raise NotImplementedError

    # -- the customer's cart ----------------------------------------------------------------------------------------

    def look_into_cart(self) -> None:
        """Ask for the cart of the customer; what was taken from another customer's belongs to this order no more."""
        self.cart = self.taken = None
        self.show_cart()
        if self.customer is not None:
            self.load(read_cart, self.customer.user_id, then=self._cart_read, group="cart")

    def _cart_read(self, cart: CartRef | None) -> None:
        self.cart = cart
        self.show_cart()
        self.refresh_keys()

    def show_cart(self) -> None:
        """Say above the lines that there is a cart, or what the lines take."""
        if self.cart is not None and self.taken is None:
            lines = len(self.cart.lines)
            self.top_rule.show("Lines", f"cart: {lines} line{'' if lines == 1 else 's'}, ^G takes it over")
        else:
            self.top_rule.show("Lines", "SKU, words, scan, or paste rows of SKU and quantity")

    def take_cart(self) -> None:
        """Put what is in the customer's cart into the order; the cart is emptied when the order stands."""
        cart = self.cart
        if cart is None or self.taken is not None:
            return
        rows = [PastedRow(f"{line.sku} {line.quantity}", line.sku, line.quantity) for line in cart.lines]

        def read(found: tuple[tuple[tuple[Offer, int], ...], tuple[PastedRow, ...]]) -> None:
            self.taken = cart
            self.show_cart()
            self.rows_read(found)
            if not found[1]:
                self.status.say("The cart is taken over; it is emptied when the order stands")

        self.load(read_rows, rows, then=read, group="cart", doing="reading the cart")

    @property
    def cart_of_order(self) -> CartRef | None:
        """The cart this order is made from; ``None`` where nothing of it is left among the lines."""
        if self.taken is None:
            return None
        here = {line.offer.product_id for line in self.lines.basket.lines}
        return self.taken if any(line.product_id in here for line in self.taken.lines) else None

    def restore_cart(self, kept: Any) -> None:
        """Take over again what a draft had taken over."""
        from data.orders.messages import CartRef

        try:
            self.taken = convert(kept, CartRef) if kept else None
        except msgspec.ValidationError:
            self.taken = None
        self.show_cart()

    # -- the discount code ------------------------------------------------------------------------------------------

    @property
    def code_typed(self) -> str:
        """The code in the field, as it would be stored."""
        return normal_code(self.delivery.code.value)

    def look_up_code(self) -> None:
        """Ask for the terms of the code, once somebody rests."""
        code = self.code_typed
        if not code:
            self._terms, self._looked_up = None, ""
            return
        if code != self._looked_up:
            self.later("code", self.LOOK_UP, lambda: self._look_up(code))

    def look_again(self) -> None:
        """Ask for the code anew: it was stopped or used up meanwhile, or may have been."""
        if self.code_typed:
            self._look_up(self.code_typed)

    def _look_up(self, code: str) -> None:
        def found(terms: CodeTerms | None) -> None:
            if code == self.code_typed:
                self._terms, self._looked_up = terms, code
                self.changed()

        self.load(read_code, code, then=found, group="code", doing="looking the code up")

    def code_problem(self, goods: Decimal, currency: str) -> str:
        """Say why the typed code takes nothing off goods of this worth, ``""`` where it does or none is typed."""
        code = self.code_typed
        if not code:
            return ""
        if code != self._looked_up:
            return "is being looked up"
        if self._terms is None:
            return "is no code of this shop"
        return self._terms.spent(datetime.now(UTC)) or self._terms.why_not(goods, currency)

    def code_that_holds(self, totals: Totals) -> CodeTerms | None:
        """Return the code if it holds for an order of these totals; say beside the field what it takes off or why not.

        An order without lines is told nothing yet.
        """
        note = self.delivery.code.note
        code = self.code_typed
        if not code or not totals.lines:
            note.show("", "muted")
            return None
        if why := self.code_problem(totals.subtotal, totals.currency):
            pending = code != self._looked_up
            note.show("…" if pending else f"▲ {why}", "muted" if pending else "bad")
            return None
        assert self._terms is not None
        note.show(f"{self._terms.label}: −{self._terms.off(totals.subtotal):,.2f}", "good")
        return self._terms
