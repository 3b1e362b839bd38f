"""The forms about an order's units before they leave: cancel some, serve some from elsewhere, mark some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from screens.order.forms import OrderForm, UnitsOf, line_units, units_fields, units_in
from screens.order.kept import Keep
from screens.order.page import FOR_GOOD
from screens.order.parcels_sheet import counted
from screens.order.write import run_command
from widgets.field import Field, Option, SelectField, numeric
from widgets.text import visible

if TYPE_CHECKING:
    from data.shop import Shop
    from screens.order.page import OrderPage

_LABEL = 22
_STRATEGIES = (
    ("fewest", "fewest parcels"),
    ("nearest", "nearest to the customer"),
    ("most", "where most is"),
)


def cancel_form(page: OrderPage) -> OrderForm:
    """Return the form that cancels what is not sent: all of it, or fewer units of some lines. It wants a reason."""
    order, held = page.order, page.held
    several = len({item.warehouse_id for item in held}) > 1
    lines = [
        UnitsOf(
            item.order_item_id,
            item.sku,
            item.allocated_quantity,
            f"at {item.warehouse_id}" if several else "",
            item.allocated_quantity,
        )
        for item in held
    ]
    reason = Field("reason", "Reason", required=True, placeholder="why; the customer may ask", label_width=_LABEL)
    whole = sum(line.most for line in lines)
    sent = any(item.shipped_quantity for item in order.items)

    def tells(values: Mapping[str, str]) -> str:
        units = units_in(values, lines)
        count = sum(units.values())
        if not count:
            return "Say how many units are not wanted."
        what = f"Cancels {order.order_number}" if count == whole and not sent else f"Cancels {counted(count)}"
        free = f"{count} reserved can be sold again"
        paid = f", {order.paid_amount:,.2f} {order.currency} stay to be refunded" if order.paid_amount else ""
        credit = _credit(page, units, everything=count == whole and not sent)
        return f"{what}: {credit:,.2f} {order.currency} off the price, {free}{paid}. {FOR_GOOD}"

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.orders.messages import CancelLines

        units = units_in(values, lines)
        asked = () if sum(units.values()) == whole else line_units(units)
        command = CancelLines(
            order_id=order.order_id, reason=values["reason"], lines=asked, expected_version=order.version
        )
        return run_command(shop, command, key)

    keep = Keep(order.order_number, "cancelling", "c")
    return OrderForm(
        f"Cancel {order.order_number}", [reason, *units_fields(lines)], save, tells, verb="cancels", keep=keep
    )


def _credit(page: OrderPage, units: Mapping[Any, int], *, everything: bool) -> Any:
    from data.orders.lines import credit_of

    order = page.order
    if everything:
        return order.total_amount - order.credited_amount
    credit, _ = credit_of(cast(Any, order), cast(Any, order.items), units)
    return credit


def strategy_form(page: OrderPage) -> OrderForm:
    """Return the form that chooses warehouses anew for all that is still to be sent; its result carries the key."""
    order = page.order
    choices = [Option(*one) for one in _STRATEGIES]
    fields = [
        SelectField("strategy", "Choose", choices, value="fewest", required=True, label_width=_LABEL),
        Field("reason", "Reason", placeholder="a word for the timeline", label_width=_LABEL),
    ]
    units = sum(item.allocated_quantity for item in page.held)
    told = f"Chooses warehouses anew for {counted(units)}; what may stay where it is stays. u takes it back."

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.orders.messages import AllocateOrder

        command = AllocateOrder(
            order_id=order.order_id,
            strategy=values["strategy"],
            reason=values["reason"],
            expected_version=order.version,
        )
        return key, run_command(shop, command, key)

    return OrderForm(f"Warehouses of {order.order_number}", fields, save, lambda values: told, verb="chooses")


def move_form(page: OrderPage, free: Mapping[tuple[str, str], int], at: Any = None) -> OrderForm:
    """Return the form that serves units of one line from another warehouse, the line ``at`` first; its result carries
    the key. ``free`` says how many can be had where."""
    order, held = page.order, page.held
    share = at if at in held else held[0]
    choices = [
        Option(str(item.order_item_id), visible(f"{item.allocated_quantity} {item.sku} at {item.warehouse_id}"))
        for item in held
    ]
    houses = sorted({place for _, place in free})
    better = next(
        (place for place in houses if place != share.warehouse_id and free.get((share.product_id, place))), ""
    )
    target = better or next((place for place in houses if place != share.warehouse_id), houses[0] if houses else "")
    fields = [
        SelectField("line", "Units", choices, value=str(share.order_item_id), required=True, label_width=_LABEL),
        Field(
            "quantity",
            "How many",
            value=str(share.allocated_quantity),
            required=True,
            check=numeric(low=1),
            label_width=_LABEL,
        ),
        SelectField(
            "to_warehouse",
            "To",
            [Option(h, visible(h)) for h in houses],
            value=target,
            required=True,
            label_width=_LABEL,
        ),
    ]

    def chosen(values: Mapping[str, str]) -> Any:
        return next((item for item in held if str(item.order_item_id) == values["line"]), share)

    def tells(values: Mapping[str, str]) -> str:
        item, place = chosen(values), values["to_warehouse"]
        if place == item.warehouse_id:
            return f"{place} is where they are."
        there = free.get((item.product_id, place), 0)
        said = f"Serves {values['quantity'] or 0} {item.sku} from {place} instead of {item.warehouse_id}"
        return f"{said}; {place} has {there:,} to spare. u takes it back."

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.orders.messages import AllocateOrder, LineUnits

        item = chosen(values)
        command = AllocateOrder(
            order_id=order.order_id,
            lines=(LineUnits(order_item_id=item.order_item_id, quantity=int(values["quantity"])),),
            from_warehouse=item.warehouse_id or "",
            to_warehouse=values["to_warehouse"],
            expected_version=order.version,
        )
        return key, run_command(shop, command, key)

    return OrderForm(f"Serve from elsewhere: {order.order_number}", fields, save, tells, verb="moves them")


def mark_form(page: OrderPage, state: str, houses: Sequence[str]) -> OrderForm:
    """Return the form that asks in which of ``houses`` units are ``state`` now; its result carries the key."""
    order = page.order
    choices = [*(Option(house, visible(house)) for house in houses), Option("all", "all warehouses")]
    field = SelectField("warehouse_id", "Where", choices, value=houses[0], required=True, label_width=_LABEL)

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.orders.messages import MarkLines

        house = "" if values["warehouse_id"] == "all" else values["warehouse_id"]
        command = MarkLines(order_id=order.order_id, state=state, warehouse_id=house, expected_version=order.version)
        return key, run_command(shop, command, key)

    def tells(values: Mapping[str, str]) -> str:
        return f"Says that what {values['warehouse_id']} has of the order is {state}. u takes it back."

    return OrderForm(f"{state.title()}: {order.order_number}", [field], save, tells, verb="says so")
