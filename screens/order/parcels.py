"""The units of an order by key until they have arrived: pick, pack, ship, deliver, serve from elsewhere, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.order.base import OrderBase, Reason
from screens.order.pack import PACKING
from screens.order.page import FOR_GOOD, OPEN, OrderPage
from screens.order.parcel_forms import cancel_form, mark_form, move_form, strategy_form
from screens.order.parcels_sheet import counted
from screens.order.write import free_stock

if TYPE_CHECKING:
    from data.orders.messages import LinesCancelled, LinesMarked, OrderAllocated
    from data.shipments.messages import ParcelsDelivered
    from screens.order.forms import OrderForm

BOXES = "b"


def _box(verb: str, key: str, label: str, handler: str, permission: str, help: str, *arguments: str) -> Action:
    return Action(
        f"order.{verb}",
        f"b {key}",
        label,
        handler,
        permission,
        help=help,
        group="Boxes",
        show=False,
        arguments=arguments,
    )


PARCEL_ACTIONS = (
    _box("ship", "s", "ship", "ship", "orders.ship", "Pack boxes and send them"),
    _box("picked", "p", "picked", "mark", "orders.ship", "The goods are off the shelf", "picked"),
    _box("packed", "b", "packed", "mark", "orders.ship", "The goods are in a box", "packed"),
    _box("shelved", "l", "back on shelf", "mark", "orders.ship", "Neither picked nor packed", "allocated"),
    _box("deliver", "d", "delivered", "deliver", "orders.ship", "The parcel under the bar arrived, or all"),
    _box("move", "w", "other warehouse", "move_units", "orders.allocate", "Serve units of a line from elsewhere"),
    _box("choose", "t", "choose anew", "choose_warehouses", "orders.allocate", "Warehouses by fewest, nearest, most"),
)
CANCEL = Action(
    "order.cancel", "c", "cancel", "cancel", "orders.cancel", help="Cancel all that is not sent, or units", rank=24
)


def _open(page: OrderPage) -> str:
    if page.order.order_status not in OPEN:
        return f"an order that is {page.order.order_status} has nothing to be sent"
    return "" if page.held else "nothing is left to be sent"


def _shippable(page: OrderPage) -> str:
    if page.order.order_status == "pending":
        return "an order that is pending is confirmed first: s"
    return f"on hold: {page.order.hold_reason}; h lets it go" if page.order.hold_reason else _open(page)


def _markable(state: str) -> Reason:
    word = "on the shelf" if state == "allocated" else state

    def reason(page: OrderPage) -> str:
        if why := _open(page):
            return why
        return "" if any(item.fulfillment_status != state for item in page.held) else f"all of it is {word}"

    return reason


def _cancellable(page: OrderPage) -> str:
    if page.order.order_status not in OPEN:
        return f"an order that is {page.order.order_status} can't be cancelled"
    return "" if page.held else "nothing is left to cancel"


def _deliverable(page: OrderPage) -> str:
    return "" if page.travelling or page.order.order_status == "shipped" else "no parcel is on its way"


PARCEL_REASONS: dict[str, Reason] = {
    "order.ship": _shippable,
    "order.picked": _markable("picked"),
    "order.packed": _markable("packed"),
    "order.shelved": _markable("allocated"),
    "order.deliver": _deliverable,
    "order.move": _open,
    "order.choose": _open,
    "order.cancel": _cancellable,
}


class ParcelVerbs(OrderBase):
    """What the menu of boxes does, and cancelling."""

    def parcels_heading(self) -> str:
        """Return what is left to be sent, for the head of the menu."""
        page = self.thing
        if page is None:
            return "Boxes"
        left = sum(item.allocated_quantity for item in page.held)
        return f"Boxes of {page.order.order_number}: {counted(left)} to be sent, {counted(len(page.parcels), 'parcel')}"

    def ship(self) -> None:
        """Go to the packing of boxes."""
        if self.order is not None:
            begun = self.thing is not None and any(one.label == PACKING for one in self.thing.begun)
            order = None if begun else self.order  # boxes that are half packed are waited for
            self.shell.open_screen("order-ship", order_number=self.order.order_number, order=order)

    def mark(self, state: str) -> None:
        """Say how far the floor is, in one warehouse or all."""
        from data.orders.messages import MarkLines

        page = self.thing
        if page is None:
            return
        houses = sorted({item.warehouse_id for item in page.held if item.warehouse_id})
        if len(houses) > 1:
            self._ask_undoable(mark_form(page, state, houses), _marked)
            return
        command = MarkLines(order_id=page.order.order_id, state=state, expected_version=page.order.version)
        self.change(command, _marked, undo=True)

    async def move_units(self) -> None:
        """Serve units of a line from another warehouse."""
        from data.orders.reads import OrderItemRow

        page = self.thing
        if page is None:
            return
        free = await self.read_first(free_stock, sorted({item.product_id for item in page.held}))
        if free is not None:
            self._ask_undoable(move_form(page, free, self.under_bar(OrderItemRow)), _allocated)

    def choose_warehouses(self) -> None:
        """Choose the warehouses anew."""
        if self.thing is not None:
            self._ask_undoable(strategy_form(self.thing), _allocated)

    def _ask_undoable(self, form: OrderForm, said: Any) -> None:
        def done(result: Any) -> None:
            if result is not None:
                key, outcome = result
                self.tell(said(outcome), undo_key=key)

        self.shell.overlay(form, done)

    def deliver(self) -> None:
        """The parcel under the bar arrived; with the bar elsewhere, all that are on their way."""
        from data.shipments.reads import ParcelRow

        page = self.thing
        if page is None:
            return
        under = self.under_bar(ParcelRow)
        parcels = (under,) if under in page.travelling else page.travelling
        if len(parcels) == 1:
            label = " ".join(part for part in (parcels[0].carrier, parcels[0].tracking_number) if part)
            what = f"the parcel {label or f'from {parcels[0].warehouse_id}'}"
        else:
            what = f"all {len(parcels)} parcels" if parcels else page.order.order_number
        who = page.order.customer_name or page.order.email or "the customer"
        self.shell.confirm(
            f"Marks {what} as delivered to {who}. {FOR_GOOD}",
            lambda: self._deliver(page, tuple(parcel.shipment_id for parcel in parcels)),
        )

    def _deliver(self, page: OrderPage, ids: tuple[Any, ...]) -> None:
        from data.orders.messages import ChangeOrderStatus
        from data.shipments.messages import DeliverParcels

        order = page.order
        if ids:
            arrived = DeliverParcels(order_id=order.order_id, shipment_ids=ids, expected_version=order.version)
            self.change(arrived, _delivered)
        else:  # sent before parcels were written down
            step = ChangeOrderStatus(order_id=order.order_id, new_status="delivered", expected_version=order.version)
            self.change(step, f"{order.order_number} is delivered")

    async def cancel(self) -> None:
        """Cancel units that are not sent."""
        if self.thing is not None:
            await self.ask_kept(cancel_form(self.thing), lambda after: self.tell(_cancelled(after)))


def _marked(marked: LinesMarked) -> str:
    lines = counted(marked.lines, "line")
    return f"{marked.order_number}: {lines} {'back on the shelf' if marked.state == 'allocated' else marked.state}"


def _allocated(after: OrderAllocated) -> str:
    if not after.moved:
        return f"{after.order_number}: nothing had to move"
    return f"{after.order_number}: {counted(after.moved)} served from elsewhere"


def _delivered(after: ParcelsDelivered) -> str:
    if after.order_status == "delivered":
        return f"{after.order_number} is delivered"
    return f"{after.order_number}: {counted(after.parcels, 'parcel')} arrived"


def _cancelled(after: LinesCancelled) -> str:
    owed = f", {-after.owed:,.2f} {after.currency} to refund" if after.owed < 0 else ""
    if after.order_status == "cancelled":
        return f"{after.order_number} is cancelled{owed}"
    return f"{after.order_number}: {counted(after.units)} cancelled, {after.credit:,.2f} {after.currency} off{owed}"
