"""Where a new order goes, how it is sent, how it will be paid, and its discount code: one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from screens.new_order.data import ways_to_pay
from screens.shown import address_line
from widgets.field import Field, FieldLabel, Option, SelectField, SelectInput
from widgets.line import OneLine, Piece
from widgets.sturdy import Sturdy

if TYPE_CHECKING:
    from data.customers.reads import AddressRow, CustomerDetail


class CodeNote(OneLine):
    """What the code takes off, or why it does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self._piece = Piece("")

    def show(self, text: str, tone: str) -> None:
        """Show ``text`` in ``tone``."""
        self._piece = Piece(text, tone)
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """The one sentence."""
        return [self._piece]


class CodeField(Field):
    """The discount code as it is typed, and beside it what comes of it."""

    DEFAULT_CSS = """
    CodeField LineInput { width: 22; }
    """

    def __init__(self) -> None:
        super().__init__("code", "Code", placeholder="none", label_width=14)  # where the choices begin
        self.note = CodeNote()

    def compose(self) -> ComposeResult:
        """Label, input and note in one row."""
        with Horizontal():
            yield FieldLabel(self.label, self.label_width, required=False)
            yield self.input
            yield self.note


class Delivery(Sturdy, Vertical):
    """The choices that follow from the customer; ``Field.Changed`` tells of each."""

    DEFAULT_CSS = """
    Delivery { height: 4; }
    Delivery Field { height: 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="delivery")
        self.place = SelectField("address", "Deliver to", (), label_width=12)
        self.shipping = SelectField("shipping_method", "Shipping", (), label_width=12)
        self.pay = SelectField("payment_method", "Pay with", (), label_width=12)
        self.code = CodeField()
        self._addresses: tuple[AddressRow, ...] = ()

    def compose(self) -> ComposeResult:
        """All of them, under each other."""
        yield self.place
        yield self.shipping
        yield self.pay
        yield self.code

    def on_mount(self) -> None:
        """Offer the shipping methods, which are everybody's."""
        from data.orders.rules import SHIPPING

        _offer(self.shipping, [Option(way.code, f"{way.label} {way.amount:,.2f}") for way in SHIPPING.values()])
        self.show(None)

    def show(self, customer: CustomerDetail | None, address: str = "") -> None:
        """Offer what ``customer`` has; ``address`` is the id of the one to choose."""
        rows = customer.addresses if customer is not None else ()
        self._addresses = tuple(row for row in rows if row.address_type == "shipping")
        places = [
            Option(str(row.address_id), f"{place} {address_line(vars(row))}")
            for place, row in enumerate(self._addresses, start=1)
        ]
        _offer(self.place, places or [Option("", "no address yet: ^T adds one" if customer else "–")])
        _offer(self.pay, [Option(way, f"{place} {label}") for place, (way, label) in _numbered(customer)])
        if address:
            self.place.value = address

    @property
    def address(self) -> AddressRow | None:
        """The address chosen."""
        return next((row for row in self._addresses if str(row.address_id) == self.place.value), None)

    def content(self) -> dict[str, str]:
        """Return what is chosen, for the draft."""
        return {field.field_name: field.value for field in (self.place, self.shipping, self.pay, self.code)}

    def restore(self, content: Mapping[str, Any]) -> None:
        """Choose again what a draft holds, where it is still offered."""
        for field in (self.place, self.shipping, self.pay):
            wanted = content.get(field.field_name)
            if wanted in [option.value for option in field.options]:
                field.value = str(wanted)
        self.code.value = str(content.get(self.code.field_name) or "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes the choice and goes on to the next."""
        event.stop()
        self.screen.focus_next()


def _numbered(customer: CustomerDetail | None) -> list[tuple[int, tuple[str, str]]]:
    return list(enumerate(ways_to_pay(customer), start=1))


def _offer(field: SelectField, options: Sequence[Option]) -> None:
    """Offer ``options`` and choose the first."""
    field.options = tuple(options)
    select = field.input
    assert isinstance(select, SelectInput)
    select.options = field.options
    field.value = options[0].value
    select.refresh()
