"""The forms of a return: ask for it, receive it, inspect it, close it, exchange it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data.errors import Invalid
from screens.order.forms import OrderForm, UnitsOf, line_units, units_fields, units_in
from screens.order.kept import Keep
from screens.order.page import FOR_GOOD
from screens.order.parcels_sheet import counted
from screens.order.write import run_command
from widgets.field import Field, Option, SelectField
from widgets.text import visible

if TYPE_CHECKING:
    from uuid import UUID

    from data.orders.messages import OrderLineInput
    from data.returns.reads import ReturnItemRow, ReturnRow
    from data.shop import Shop
    from screens.order.page import OrderPage
    from widgets.form import Form

_LABEL = 22
_DECISIONS = ("restock", "damaged", "reject")


def _keep(row: ReturnRow, label: str, key: str) -> Keep:
    return Keep(row.order_number, label, key, str(row.return_id))


def request_form(page: OrderPage) -> OrderForm:
    """Return the form that notes what a customer wants to send back."""
    order, free = page.order, page.returnable
    lines = [
        UnitsOf(item.order_item_id, item.sku, free[str(item.order_item_id)])
        for item in order.items
        if str(item.order_item_id) in free
    ]
    reason = Field("reason", "Reason", required=True, placeholder="what is wrong with it", label_width=_LABEL)

    def tells(values: Mapping[str, str]) -> str:
        units = sum(units_in(values, lines).values())
        return (
            f"Asks {counted(units)} back. Stock and money move when they are inspected." if units else "Say how many."
        )

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.returns.messages import RequestReturn

        units = line_units(units_in(values, lines))
        if not units:
            raise Invalid({f"line-{lines[0].order_item_id}": "say how many units come back"})
        return run_command(shop, RequestReturn(order_id=order.order_id, lines=units, reason=values["reason"]), key)

    title = f"Return of {order.order_number}"
    keep = Keep(order.order_number, "return", "R n")
    return OrderForm(title, [*units_fields(lines), reason], save, tells, verb="asks for it", keep=keep)


def receive_form(row: ReturnRow, houses: Sequence[str], house: str) -> OrderForm:
    """Return the form that notes what arrived of a return, at one of ``houses``."""
    lines = [
        UnitsOf(item.order_item_id, item.sku, missing, units=missing)
        for item in row.items
        if (missing := item.quantity - item.received_quantity)
    ]
    at = house if house in houses else (houses[0] if houses else "")
    choices = [Option(name, visible(name)) for name in houses]
    fields = [SelectField("warehouse_id", "Arrived at", choices, value=at, required=True, label_width=_LABEL)]

    def tells(values: Mapping[str, str]) -> str:
        units = sum(units_in(values, lines).values())
        return f"Notes {counted(units)} at {values['warehouse_id']}; they are stock once inspected. {FOR_GOOD}"

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.returns.messages import ReceiveReturn

        units = line_units(units_in(values, lines))
        if not units:
            raise Invalid({f"line-{lines[0].order_item_id}": "say how many units arrived"})
        command = ReceiveReturn(
            return_id=row.return_id, warehouse_id=values["warehouse_id"], lines=units, expected_version=row.version
        )
        return run_command(shop, command, key)

    return OrderForm(
        f"Receive: {row.reason}",
        [*fields, *units_fields(lines)],
        save,
        tells,
        verb="notes it",
        keep=_keep(row, "receipt", "R r"),
    )


class InspectForm(OrderForm):
    """What is neither damaged nor rejected goes back into stock, unless another number is typed there."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        #: units that arrived, by line
        self.arrived: Mapping[UUID, int] = {}
        self._rest: dict[UUID, str] = {}
        self._typed: set[UUID] = set()

    def on_form_edited(self, event: Form.Edited) -> None:
        """The rest follows what is typed beside it."""
        for key, units in self.arrived.items():
            rest = self.form.field(f"restock-{key}")
            if rest.value != self._rest.get(key, str(units)):
                self._typed.add(key)
            if key not in self._typed:
                others = (self.form.field(f"{kind}-{key}").value for kind in ("damaged", "reject"))
                left = units - sum(int(text) for text in others if text.isascii() and text.isdigit())
                rest.value = self._rest[key] = str(max(left, 0))
        super().on_form_edited(event)


def inspect_form(row: ReturnRow) -> OrderForm:
    """Return the form that decides on what arrived: line by line back to stock, damaged, or rejected."""
    waiting = [(item, units) for item in row.items if (units := item.received_quantity - _settled(item))]
    kinds = {
        kind: [
            UnitsOf(item.order_item_id, item.sku, units, kind, units if kind == "restock" else 0)
            for item, units in waiting
        ]
        for kind in _DECISIONS
    }
    made = {kind: units_fields(kinds[kind], f"{kind}-") for kind in _DECISIONS}
    fields = [field for place in range(len(waiting)) for field in (made[kind][place] for kind in _DECISIONS)]
    fields.append(Field("note", "Found", placeholder="what was found", label_width=_LABEL))

    def decided(values: Mapping[str, str]) -> dict[str, dict[UUID, int]]:
        return {kind: units_in(values, kinds[kind], f"{kind}-") for kind in _DECISIONS}

    def too_many(values: Mapping[str, str]) -> dict[str, str]:
        counts = decided(values)
        wrong = {}
        for item, units in waiting:
            asked = sum(counts[kind].get(item.order_item_id, 0) for kind in _DECISIONS)
            if asked > units:
                wrong[f"restock-{item.order_item_id}"] = f"{asked} are decided on, {units} arrived"
        return wrong

    def tells(values: Mapping[str, str]) -> str:
        if wrong := too_many(values):
            return f"Too many: {'; '.join(wrong.values())}."
        good, bad, rejected = (sum(units.values()) for units in decided(values).values())
        told = f"{counted(good)} back in stock, {bad} kept as damaged, {rejected} rejected"
        return f"{told}; all but the rejected come off the price. {FOR_GOOD}"

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.returns.messages import InspectLine, InspectReturn

        counts = decided(values)
        if wrong := too_many(values):
            raise Invalid(wrong)
        lines = tuple(
            InspectLine(
                order_item_id=item.order_item_id,
                restock=counts["restock"].get(item.order_item_id, 0),
                damaged=counts["damaged"].get(item.order_item_id, 0),
                reject=counts["reject"].get(item.order_item_id, 0),
            )
            for item, _ in waiting
            if any(item.order_item_id in counts[kind] for kind in _DECISIONS)
        )
        if not lines:
            raise Invalid({f"restock-{waiting[0][0].order_item_id}": "say what became of which units"})
        command = InspectReturn(return_id=row.return_id, lines=lines, note=values["note"], expected_version=row.version)
        return run_command(shop, command, key)

    form = InspectForm(
        f"Inspect: {row.reason}", fields, save, tells, verb="decides", keep=_keep(row, "inspection", "R i")
    )
    form.arrived = {item.order_item_id: units for item, units in waiting}
    return form


def close_form(row: ReturnRow) -> OrderForm:
    """Return the form that ends a return though not all of it came."""
    field = Field("reason", "Why", required=True, placeholder="the customer keeps it", label_width=_LABEL)
    missing = sum(item.quantity - item.received_quantity for item in row.items)

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.returns.messages import CloseReturn

        command = CloseReturn(return_id=row.return_id, reason=values["reason"], expected_version=row.version)
        return run_command(shop, command, key)

    told = f"Ends the return; {counted(missing)} will not come. {FOR_GOOD}"
    return OrderForm(
        f"Close: {row.reason}", [field], save, lambda values: told, verb="closes it", keep=_keep(row, "closing", "R c")
    )


def exchange_form(row: ReturnRow) -> OrderForm:
    """Return the form that drafts the order that goes out instead; it dismisses with the draft and its balance."""
    same = " ".join(f"{item.sku}={item.quantity}" for item in row.items)
    field = Field("lines", "Instead", value=same, required=True, placeholder="SKU=2 SKU=1", label_width=_LABEL)

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.returns.messages import DraftExchange

        command = DraftExchange(return_id=row.return_id, lines=_lines_in(values["lines"]))
        try:
            return run_command(shop, command, key)
        except Invalid as error:
            raise Invalid({"lines": "; ".join(error.fields.values())}) from None

    told = "Drafts an order at today's prices and says the balance; nothing is reserved before it is placed."
    return OrderForm(
        f"Exchange for: {row.reason}",
        [field],
        save,
        lambda values: told,
        verb="drafts it",
        keep=_keep(row, "exchange", "R x"),
    )


def _lines_in(text: str) -> tuple[OrderLineInput, ...]:
    from data.orders.messages import OrderLineInput

    lines = []
    for word in text.split():
        sku, _, units = word.rpartition("=") if "=" in word else (word, "", "1")
        if not sku or not (units.isascii() and units.isdigit() and int(units)):
            raise Invalid({"lines": f"{word} is not SKU=2"})
        lines.append(OrderLineInput(sku=sku, quantity=int(units)))
    return tuple(lines)


def _settled(item: ReturnItemRow) -> int:
    return item.restocked_quantity + item.damaged_quantity + item.rejected_quantity
