"""The lines of a new order, and the keys that change the one under the bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.message import Message

from screens.forms.overlay import FormOverlay
from screens.new_order.basket import MAX_QUANTITY, Basket, BasketLine
from screens.new_order.sheet import basket_lines
from widgets.field import Field, numeric
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.orders.offers import Offer

#: Lines shown at once; more scroll.
MOST_LINES = 8
#: Changes that can be taken back.
UNDO = 20


class BasketSheet(Sheet):
    """Shows a ``Basket`` and replaces it; posts ``Changed`` whenever it did."""

    class Changed(Message):
        """The basket is another one."""

    def __init__(self) -> None:
        super().__init__(id="lines")
        self.basket = Basket()
        self._before: list[Basket] = []

    def put(self, basket: Basket, *, undoable: bool = False) -> None:
        """Show ``basket`` from now on; with ``undoable`` the one before can be had back."""
        self._before = [*self._before[1 - UNDO :], self.basket] if undoable else []
        self.basket = basket
        self.show(lambda width: basket_lines(basket, width))
        self.display = bool(basket.lines)
        self.styles.height = min(len(basket.lines), MOST_LINES)
        self.post_message(self.Changed())

    def add(self, *rows: tuple[Offer, int]) -> None:
        """Put so many more of each offer into the basket, in one change; the bar goes on the last."""
        self.put(self.basket.add_all(rows), undoable=True)
        self.go_to(rows[-1][0].product_id)

    @property
    def can_undo(self) -> bool:
        """Whether ``undo`` would do anything."""
        return bool(self._before)

    def undo(self) -> None:
        """Take the last change of the lines back."""
        if self._before:
            *earlier, basket = self._before
            self.put(basket)
            self._before = earlier

    def refreshed(self, offers: Mapping[str, Offer]) -> tuple[str, ...]:
        """Take newer prices and stock, by SKU. Return one sentence per line whose price moved."""
        newer = self.basket.refreshed(offers)
        if newer == self.basket:
            return ()
        moved = tuple(
            f"{new.offer.sku} costs {_price(new)} now, not {_price(old)}"
            for old, new in zip(self.basket.lines, newer.lines, strict=True)
            if old.offer.unit_price != new.offer.unit_price
        )
        before = [basket.refreshed(offers) for basket in self._before]
        self.put(newer)
        self._before = before
        return moved

    @property
    def under_bar(self) -> int | None:
        """The place in the basket of the line under the bar."""
        line = self.current
        return int(str(line.what)) if line is not None and self.basket.lines else None

    def change(self, how: str) -> None:
        """Do to the line under the bar what the key says: ``more``, ``fewer``, ``remove``, ``warehouse``."""
        place = self.under_bar
        if place is None:
            return
        line = self.basket.lines[place]
        every: dict[str, dict[str, Any]] = {
            "more": {"quantity": line.quantity + 1},
            "fewer": {"quantity": line.quantity - 1},
            "remove": {"quantity": 0},
            "warehouse": {"warehouse_id": _next_warehouse(line)},
        }
        self.put(self.basket.with_line(place, **every[how]), undoable=True)

    def quantity_form(self) -> FormOverlay | None:
        """Return the form that asks for the quantity of the line under the bar; it dismisses with the number."""
        place = self.under_bar
        if place is None:
            return None
        line = self.basket.lines[place]
        check = numeric(low=1, high=MAX_QUANTITY)
        field = Field("quantity", "Quantity", value=str(line.quantity), required=True, check=check)
        title = f"{line.offer.sku} {line.offer.title}"
        return FormOverlay(title, [field], lambda shop, values: int(values["quantity"]), verb="takes it")

    def set_quantity(self, quantity: int) -> None:
        """Give the line under the bar this quantity."""
        place = self.under_bar
        if place is not None:
            self.put(self.basket.with_line(place, quantity=quantity), undoable=True)


def _next_warehouse(line: BasketLine) -> str:
    """Return the warehouse that follows the line's; after the last one any (``""``)."""
    choices = ["", *(name for name, _ in line.offer.stock)]
    at = choices.index(line.warehouse_id) if line.warehouse_id in choices else 0
    return choices[(at + 1) % len(choices)]


def _price(line: BasketLine) -> str:
    return f"{line.offer.unit_price:,.2f}" if line.offer.unit_price is not None else "nothing known"
